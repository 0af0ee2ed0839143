package client

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

func getTo(c *Client, dst GetTarget, o GetOptions) <-chan result[GetResult] {
	return later(func() (GetResult, error) { return c.Get(context.Background(), testFileID, dst, o) })
}

// offerGet takes a get from offset on and agrees to it.
func (p *peer) offerGet(transfer uint64, f wire.File, offset uint64) *wire.Get {
	p.t.Helper()
	m := expect[*wire.Get](p)
	if m.Offset != offset || m.Limit != offset+DefaultWindow || !bytes.Equal(m.File, testFileID) {
		p.t.Errorf("%+v, want offset %d", m, offset)
	}
	p.send(&wire.GetOK{Request: m.Request, Transfer: transfer, File: f})
	return m
}

// expectDone skips credits and wants the client to be done with a transfer.
func (p *peer) expectDone(transfer uint64) {
	p.t.Helper()
	for {
		m, err := p.read()
		if err != nil {
			p.t.Fatal(err)
		}
		switch m := m.(type) {
		case *wire.Credit:
		case *wire.Done:
			if m.Transfer != transfer {
				p.t.Errorf("done with %d", m.Transfer)
			}
			return
		default:
			p.t.Fatalf("the client sent %T %+v", m, m)
		}
	}
}

func wantGet(t *testing.T, got result[GetResult], received, resumed int64) {
	t.Helper()
	if got.err != nil || got.v.Received != received || got.v.Resumed != resumed {
		t.Errorf("%+v, %v, want %d received, %d resumed", got.v, got.err, received, resumed)
	}
}

func TestGet(t *testing.T) {
	for _, size := range []int{0, 1, 1000, DefaultWindow, DefaultWindow + 1} {
		bubble(t, func(t *testing.T, s *script) {
			c, p := s.connect(s.fileOptions())
			data := content(size)
			dst := &memoryTarget{}
			var told []Progress
			get := getTo(c, dst, GetOptions{Progress: func(now Progress) { told = append(told, now) }})
			p.offerGet(5, described(data), 0)
			done := make(chan bool)
			go func() { p.expectDone(5); close(done) }()
			for offset := 0; offset < size; offset += 60_000 {
				p.give(5, offset, data[offset:min(offset+60_000, size)], 60_000)
				synctest.Wait()
			}
			<-done
			got := <-get
			wantGet(t, got, int64(size), 0)
			if !bytes.Equal(dst.b, data) || dst.synced != 1 || got.v.File.Name != "../a" {
				t.Errorf("%d bytes, synced %d times, %+v", len(dst.b), dst.synced, got.v.File)
			}
			if last := told[len(told)-1]; told[0].Offset != 0 || last.Offset != int64(size) || last.Size != int64(size) {
				t.Errorf("progress %+v", told)
			}
			closeBoth(c, p)
		})
	}
}

// A slow target slows its sender, takes no more memory than the window, and
// holds up nothing else.
//
// guards N21
func TestSlowTarget(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.fileOptions()
		o.Window = minWindow
		c, p := s.connect(o)
		data := content(3 * minWindow)
		release := make(chan bool)
		dst := &memoryTarget{before: func() { <-release }}
		get := getTo(c, dst, GetOptions{})
		m := expect[*wire.Get](p)
		if m.Limit != minWindow {
			t.Fatalf("limit %d", m.Limit)
		}
		p.send(&wire.GetOK{Request: m.Request, Transfer: 1, File: described(data)})
		p.give(1, 0, data[:minWindow], 1000)
		for range 3 {
			p.send(&wire.Ping{Time: 1})
			expect[*wire.Pong](p) // no credit comes before it
		}
		sent, limit := minWindow, minWindow
		for sent < len(data) {
			release <- true
			synctest.Wait()
			p.send(&wire.Ping{Time: 1})
			for {
				m, err := p.read()
				if err != nil {
					t.Fatal(err)
				}
				if _, ok := m.(*wire.Pong); ok {
					break
				}
				credit := m.(*wire.Credit) //nolint:forcetypeassert // nothing else may come
				if int(credit.Limit) <= limit || int(credit.Limit)-len(dst.b) > minWindow || int(credit.Offset) > len(dst.b) {
					t.Fatalf("%+v after %d bytes were written", credit, len(dst.b))
				}
				limit = int(credit.Limit)
			}
			n := min(limit, len(data)) - sent
			p.give(1, sent, data[sent:sent+n], 700)
			sent += n
		}
		close(release)
		p.expectDone(1)
		wantGet(t, <-get, int64(len(data)), 0)
		if !bytes.Equal(dst.b, data) {
			t.Error("another content came")
		}
		closeBoth(c, p)
	})
}

// A server may keep less on its way than the client would allow: then it needs
// to hear as soon as everything was taken.
func TestGetFromASmallWindow(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		data := content(1000)
		get := getTo(c, &memoryTarget{}, GetOptions{})
		p.offerGet(1, described(data), 0)
		for offset := 0; offset < 900; offset += 100 {
			p.give(1, offset, data[offset:offset+100], 100)
			if m := expect[*wire.Credit](p); m.Offset != uint64(offset+100) { //nolint:gosec // small
				t.Fatalf("%+v", m)
			}
		}
		p.give(1, 900, data[900:], 100)
		p.expectDone(1)
		wantGet(t, <-get, 1000, 0)
		closeBoth(c, p)
	})
}

// guards G5: a get goes on over the next connection from where it was.
func TestGetResumes(t *testing.T) {
	data := content(1000)
	for _, x := range []struct {
		name string
		cut  func(p *peer)
		held uint64
	}{
		{"before the answer", func(p *peer) { expect[*wire.Get](p) }, 0},
		{"before the first chunk", func(p *peer) { p.offerGet(1, described(data), 0) }, 0},
		{"in the middle", func(p *peer) { p.offerGet(1, described(data), 0); p.give(1, 0, data[:500], 500) }, 500},
		{"within a chunk", func(p *peer) {
			p.offerGet(1, described(data), 0)
			p.give(1, 0, data[:300], 100)
			p.sendRaw(frameOf(&wire.Chunk{Transfer: 1, Offset: 300, Data: data[300:400]})[:80])
		}, 300},
		{"by an abort", func(p *peer) {
			p.offerGet(1, described(data), 0)
			p.give(1, 0, data[:300], 100)
			p.send(&wire.Abort{Transfer: 1, Code: wire.CodeInterrupted})
			p.drain()
			synctest.Wait()
		}, 300},
	} {
		t.Run(x.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				dst := &memoryTarget{}
				get := getTo(c, dst, GetOptions{})
				x.cut(p)
				synctest.Wait()
				p.cut()
				p = s.reconnected()
				p.offerGet(3, described(data), x.held)
				p.give(3, int(x.held), data[x.held:], 100) //nolint:gosec // small
				p.expectDone(3)
				wantGet(t, <-get, 1000, 0)
				if !bytes.Equal(dst.b, data) {
					t.Error("another content came")
				}
				closeBoth(c, p)
			})
		})
	}
}

// What has come in whole is verified and kept, though the connection is gone.
func TestGetThatIsWholeAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		dst := &memoryTarget{before: func() { time.Sleep(time.Second) }}
		get := getTo(c, dst, GetOptions{})
		p.offerGet(1, described(content(1000)), 0)
		p.give(1, 0, content(1000), 1000)
		p.cut()
		wantGet(t, <-get, 1000, 0)
		p = s.reconnected()
		p.quiet()
		closeBoth(c, p)
	})
}

func TestGetIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		get := getTo(c, &memoryTarget{}, GetOptions{})
		p.send(&wire.Error{Request: expect[*wire.Get](p).Request, Code: wire.CodeNotFound})
		wantErr(t, (<-get).err, wire.CodeNotFound)
		if _, err := c.Get(t.Context(), wire.FileID("short"), &memoryTarget{}, GetOptions{}); !errors.Is(err, wire.ErrField) {
			t.Error(err)
		}
		get = getTo(c, &memoryTarget{}, GetOptions{})
		p.offerGet(1, described(content(10)), 0)
		p.send(&wire.Abort{Transfer: 1, Code: wire.CodeRemoved, By: "bob"})
		wantErr(t, (<-get).err, wire.CodeRemoved)
		p.quiet()
		closeBoth(c, p)
	})
}

// What a server may not do ends the transfer with its code.
func TestGetFromABrokenServer(t *testing.T) {
	data := content(DefaultWindow + 1000)
	other := described(data)
	other.ID = wire.FileID("fedcba9876543210")
	for _, x := range []struct {
		name string
		file wire.File
		do   func(p *peer)
		code wire.Code
	}{
		{"another file", other, func(*peer) {}, wire.CodeBadRequest},
		{"a gap", described(data), func(p *peer) { p.give(1, 1, data[:10], 10) }, wire.CodeBadRequest},
		{"twice", described(data), func(p *peer) { p.give(1, 0, data[:10], 10); p.give(1, 0, data[:10], 10) }, wire.CodeBadRequest},
		{"past the end", described(data[:5]), func(p *peer) { p.give(1, 0, data[:10], 10) }, wire.CodeSizeMismatch},
		{"past the limit", described(data), func(p *peer) { p.give(1, 0, data[:DefaultWindow+1], 1<<15) }, wire.CodeWindowExceeded},
		{"done", described(data), func(p *peer) { p.send(&wire.Done{Transfer: 1}) }, wire.CodeBadRequest},
		{"another content", described(data[:5]), func(p *peer) { p.give(1, 0, data[1:6], 5) }, wire.CodeChecksumMismatch},
	} {
		t.Run(x.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				hold := make(chan bool)
				dst := &memoryTarget{before: func() { <-hold }}
				get := getTo(c, dst, GetOptions{})
				p.offerGet(1, x.file, 0)
				go func() { x.do(p); synctest.Wait(); close(hold) }()
				for {
					m, err := p.read()
					if err != nil {
						t.Fatal(err)
					}
					if a, ok := m.(*wire.Abort); ok {
						if a.Code != x.code {
							t.Errorf("%+v", a)
						}
						break
					}
				}
				if got := <-get; got.err == nil || dst.synced > 0 {
					t.Errorf("%v, synced %d times", got.err, dst.synced)
				}
				closeBoth(c, p)
			})
		})
	}
}

func TestGetOfAFileThatIsAnotherNow(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		get := getTo(c, &memoryTarget{}, GetOptions{})
		p.offerGet(1, described(content(1000)), 0)
		p.cut()
		p = s.reconnected()
		p.offerGet(2, described(content(1001)), 0)
		p.expectAbort(2, wire.CodeBadRequest)
		wantErr(t, (<-get).err, errProtocol)
		closeBoth(c, p)
	})
}
