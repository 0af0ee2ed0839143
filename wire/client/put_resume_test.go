package client

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// guards G5: a put goes on over the next connection from what the server holds,
// wherever the connection broke.
func TestPutResumes(t *testing.T) {
	data := content(1000)
	for _, x := range []struct {
		name string
		cut  func(p *peer) // plays the first connection up to its end
		held uint64        // what the server holds after that
		sent int64         // over both connections
	}{
		{"before the answer", func(p *peer) { expect[*wire.Put](p) }, 0, 1000},
		{"before the first chunk", func(p *peer) { p.grant(1, 0, 0, 100) }, 0, 1000},
		{"in the middle", func(p *peer) { p.grant(1, 0, 500, 100); p.chunks(1, nil, 500, 100) }, 500, 1000},
		{"of which some was lost", func(p *peer) { p.grant(1, 0, 500, 100); p.chunks(1, nil, 500, 100) }, 123, 1377},
		{"of which all was lost", func(p *peer) { p.grant(1, 0, 500, 100); p.chunks(1, nil, 500, 100) }, 0, 1500},
		{"before done", func(p *peer) { p.grant(1, 0, 1000, 100); p.chunks(1, nil, 1000, 100) }, 1000, 1000},
		{"in a chunk", func(p *peer) {
			p.grant(1, 0, 500, 100)
			p.chunks(1, nil, 300, 100)
			if _, err := p.nc.Read(make([]byte, 50)); err != nil {
				p.t.Error(err)
			}
		}, 300, 1100},
	} {
		t.Run(x.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				put := putOf(c, data, PutOptions{Media: "x/y", To: []string{"bob", "carol"}})
				x.cut(p)
				synctest.Wait()
				p.cut()
				p = s.reconnected()
				m := p.grant(9, x.held, 1000, 100)
				want := wire.Put{
					Request: m.Request, Name: "a", Size: 1000, Media: "x/y", SHA256: hashOf(data), To: []string{"bob", "carol"},
				}
				if a, b := frameOf(m), frameOf(&want); !bytes.Equal(a, b) {
					t.Errorf("not the same put: %+v", m)
				}
				if got := p.chunks(9, bytes.Clone(data[:x.held]), 1000, 100); !bytes.Equal(got, data) {
					t.Error("another content came")
				}
				p.send(&wire.Done{Transfer: 9, File: testFileID})
				wantPut(t, <-put, PutResult{File: testFileID, Sent: x.sent})
				closeBoth(c, p)
			})
		})
	}
}

// The next life of a program goes on with what an earlier one has left.
func TestPutOfAnotherLife(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := putOf(c, content(1000), PutOptions{SHA256: hashOf(content(1000))})
		p.grant(1, 600, 1000, 1000)
		p.chunks(1, content(1000)[:600], 1000, 1000)
		p.send(&wire.Done{Transfer: 1, File: testFileID})
		wantPut(t, <-put, PutResult{File: testFileID, Sent: 400, Resumed: 600})
		closeBoth(c, p)
	})
}

// When the word that a file is stored was lost, it is not stored twice.
func TestPutWhoseDoneWasLost(t *testing.T) {
	data := content(1000)
	mine := described(data)
	mine.Owner, mine.Name, mine.Everyone, mine.To = "alice", "a", false, []string{"bob"}
	old, other, everyone, foreign := mine, mine, mine, mine
	old.ID, old.Stored = wire.FileID("fedcba9876543210"), 0
	other.Name, everyone.Everyone, foreign.Owner = "b", true, "carol"
	for name, found := range map[string][]wire.File{
		"stored":     {old, other, mine, foreign},
		"not stored": {other, everyone, foreign},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				put := putOf(c, data, PutOptions{})
				p.grant(1, 0, 1000, 100)
				p.chunks(1, nil, 1000, 100)
				p.cut()
				p = s.reconnected()
				p.grant(2, 0, 1000, 100)
				m := expect[*wire.Files](p)
				p.send(&wire.FileList{Request: m.Request, Next: "more"})
				m = expect[*wire.Files](p)
				if m.Cursor != "more" {
					t.Errorf("cursor %q", m.Cursor)
				}
				p.send(&wire.FileList{Request: m.Request, Files: found})
				sent := int64(1000)
				if len(found) == 4 {
					p.expectAbort(2, wire.CodeCancelled)
				} else {
					p.chunks(2, nil, 1000, 100)
					p.send(&wire.Done{Transfer: 2, File: testFileID})
					sent = 2000
				}
				wantPut(t, <-put, PutResult{File: testFileID, Sent: sent})
				closeBoth(c, p)
			})
		})
	}
}

func TestPutWaitsForTheServer(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		began := time.Now()
		put := putOf(c, content(10), PutOptions{})
		// Interrupted leaves the way open: asked again, less and less often.
		var last time.Duration
		for i := range 4 {
			m := expect[*wire.Put](p)
			if d := time.Since(began); i > 0 && d < 2*last {
				t.Errorf("asked again after %v", d)
			}
			last, began = time.Since(began), time.Now()
			p.send(&wire.Error{Request: m.Request, Code: wire.CodeInterrupted})
		}
		p.grant(1, 0, 0, 10)
		p.send(&wire.Abort{Transfer: 1, Code: wire.CodeInterrupted})
		// A server that shuts down is left alone until its next life.
		m := expect[*wire.Put](p)
		p.send(&wire.Error{Request: m.Request, Code: wire.CodeShuttingDown})
		p.quiet()
		p.send(&wire.Bye{Reason: wire.ReasonServerShutdown})
		p.cut()
		p = s.reconnected()
		p.grant(1, 0, 10, 10)
		p.chunks(1, nil, 10, 10)
		p.send(&wire.Done{Transfer: 1, File: testFileID})
		wantPut(t, <-put, PutResult{File: testFileID, Sent: 10})
		closeBoth(c, p)
	})
}

func TestPutIsCancelled(t *testing.T) {
	for name, keep := range map[string]bool{"taken back": false, "kept": true} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				begin := func() (<-chan result[PutResult], context.CancelFunc) {
					ctx, cancel := context.WithCancel(t.Context())
					return later(func() (PutResult, error) {
						return c.Put(ctx, bytes.NewReader(content(1000)), 1000,
							PutOptions{Name: "a", Everyone: true, KeepOnCancel: keep})
					}), cancel
				}
				ended := func(number uint64) {
					t.Helper()
					if !keep {
						p.expectAbort(number, wire.CodeCancelled)
					}
					p.quiet()
				}
				// Before the server has agreed.
				put, cancel := begin()
				m := expect[*wire.Put](p)
				cancel()
				wantErr(t, (<-put).err, context.Canceled)
				p.quiet()
				p.send(&wire.PutOK{Request: m.Request, Transfer: 1, Limit: 1000, Chunk: 100})
				ended(1)
				// In the middle.
				put, cancel = begin()
				p.grant(2, 0, 500, 100)
				p.chunks(2, nil, 500, 100)
				synctest.Wait()
				cancel()
				wantErr(t, (<-put).err, context.Canceled)
				ended(2)
				// At the moment when the server agrees.
				for i := range uint64(20) {
					put, cancel = begin()
					m := expect[*wire.Put](p)
					cancel()
					p.send(&wire.PutOK{Request: m.Request, Transfer: 10 + i, Chunk: 100})
					wantErr(t, (<-put).err, context.Canceled)
					ended(10 + i)
				}
				// While there is no connection.
				put, cancel = begin()
				expect[*wire.Put](p)
				p.cut()
				synctest.Wait()
				cancel()
				wantErr(t, (<-put).err, context.Canceled)
				p = s.reconnected()
				p.quiet()
				closeBoth(c, p)
			})
		})
	}
}

// The end of the client ends its puts without taking them back.
func TestCloseInterruptsPuts(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := putOf(c, content(1000), PutOptions{})
		p.grant(1, 0, 500, 100)
		p.chunks(1, nil, 500, 100)
		closeBoth(c, p)
		wantErr(t, (<-put).err, ErrClosed)
	})
}

func TestLogoutEndsTransfers(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := putOf(c, content(1000), PutOptions{})
		p.grant(1, 0, 0, 100)
		get := later(func() (GetResult, error) {
			return c.Get(context.Background(), testFileID, &memoryTarget{}, GetOptions{})
		})
		p.send(&wire.GetOK{Request: expect[*wire.Get](p).Request, Transfer: 2, File: described(content(10))})
		out := later(func() (int, error) { return 0, c.Logout(context.Background()) })
		p.send(&wire.OK{Request: expect[*wire.Logout](p).Request})
		if err := (<-out).err; err != nil {
			t.Error(err)
		}
		wantErr(t, (<-put).err, ErrLoggedOut)
		wantErr(t, (<-get).err, ErrLoggedOut)
		p.quiet()
		closeBoth(c, p)
	})
}
