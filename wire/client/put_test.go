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

func TestPut(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		data := content(1000)
		var told []Progress
		put := putOf(c, data, PutOptions{
			Name: "../../etc/passwd", Media: "text/plain", To: []string{"bob", "carol"}, Everyone: true,
			Progress: func(now Progress) { told = append(told, now) },
		})
		m := p.grant(7, 0, 1000, 300)
		if m.Name != "../../etc/passwd" || m.Media != "text/plain" || len(m.To) != 2 || !m.Everyone || m.Relay ||
			m.Size != 1000 || !bytes.Equal(m.SHA256, hashOf(data)) {
			t.Errorf("put %+v", m)
		}
		if got := p.chunks(7, nil, 1000, 300); !bytes.Equal(got, data) {
			t.Error("another content came")
		}
		time.Sleep(time.Second)
		p.send(&wire.Credit{Transfer: 7, Offset: 500, Limit: 1000})
		p.quiet()
		p.send(&wire.Done{Transfer: 7, File: testFileID})
		wantPut(t, <-put, PutResult{File: testFileID, Sent: 1000})
		if len(told) != 3 || told[0] != (Progress{Size: 1000}) || told[1].Offset != 500 || told[2].Offset != 1000 {
			t.Errorf("progress %+v", told)
		}
		closeBoth(c, p)
	})
}

func TestPutKeepsToTheWindow(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		data := content(1000)
		put := putOf(c, data, PutOptions{})
		p.grant(1, 0, 250, 100)
		got := p.chunks(1, nil, 250, 100)
		p.quiet()
		p.send(&wire.Credit{Transfer: 1, Offset: 10, Limit: 251})
		got = p.chunks(1, got, 251, 100)
		p.send(&wire.Credit{Transfer: 1, Offset: 250, Limit: 250}) // a lower limit is ignored
		p.quiet()
		p.send(&wire.Credit{Transfer: 1, Offset: 250, Limit: 1 << 60})
		if got = p.chunks(1, got, 1000, 100); !bytes.Equal(got, data) {
			t.Error("another content came")
		}
		p.quiet()
		p.send(&wire.Done{Transfer: 1, File: testFileID})
		wantPut(t, <-put, PutResult{File: testFileID, Sent: 1000})
		closeBoth(c, p)
	})
}

// A chunk fits the server's frames, whatever the server says of chunks.
func TestPutFitsFrames(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		data := content(300 << 10)
		put := putOf(c, data, PutOptions{})
		p.grant(1, 0, 1<<40, wire.MaxMaxFrame)
		if got := p.chunks(1, nil, len(data), wire.DefaultMaxFrame-wire.MaxChunkOverhead); !bytes.Equal(got, data) {
			t.Error("another content came")
		}
		p.send(&wire.Done{Transfer: 1, File: testFileID})
		wantPut(t, <-put, PutResult{File: testFileID, Sent: int64(len(data))})
		closeBoth(c, p)
	})
}

// guards N21: with puts that run flat out, what else is to be sent waits behind
// one chunk at most.
func TestPutDelaysNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		data := content(100_000)
		var puts []<-chan result[PutResult]
		for i := range uint64(3) {
			puts = append(puts, putOf(c, data, PutOptions{}))
			p.grant(i+1, 0, 0, 1000)
		}
		for i := range uint64(3) {
			p.send(&wire.Credit{Transfer: i + 1, Limit: uint64(len(data))})
		}
		synctest.Wait() // chunks wait, and one is being written
		next := func(what string, is func(wire.Message) bool) {
			t.Helper()
			for range 2 {
				m, err := p.read()
				if err != nil {
					t.Fatal(err)
				}
				if is(m) {
					return
				}
			}
			t.Errorf("%s had to wait behind two chunks", what)
		}
		for range 20 {
			p.send(&wire.Ping{Time: 5})
			synctest.Wait()
			next("a pong", func(m wire.Message) bool { _, ok := m.(*wire.Pong); return ok })
			ping := later(func() (time.Duration, error) { return c.Ping(context.Background()) })
			synctest.Wait()
			next("a ping", func(m wire.Message) bool {
				q, ok := m.(*wire.Ping)
				if ok {
					p.send(&wire.Pong{Echo: q.Time})
				}
				return ok
			})
			<-ping
			if err := c.Post("bob", "", []byte("hi")); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			next("a message", func(m wire.Message) bool { _, ok := m.(*wire.Send); return ok })
		}
		p.cut()
		p = s.reconnected()
		p.drain()
		_ = c.Close()
		for _, put := range puts {
			wantErr(t, (<-put).err, ErrClosed)
		}
	})
}

// Transfers that may send take turns, chunk by chunk.
func TestPutsAreFair(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		const n = 4
		data := content(50_000)
		var puts []<-chan result[PutResult]
		for i := range uint64(n) {
			puts = append(puts, putOf(c, data, PutOptions{}))
			p.grant(i+1, 0, 0, 1000)
		}
		for i := range uint64(n) {
			p.send(&wire.Credit{Transfer: i + 1, Limit: uint64(len(data))})
		}
		var came [n + 1]int
		for range n * 50 {
			synctest.Wait() // all read ahead as far as they may
			m := expect[*wire.Chunk](p)
			came[m.Transfer] += len(m.Data)
			for _, other := range came[1:] {
				if came[m.Transfer]-other > 3000 {
					t.Fatalf("unfair: %v", came[1:])
				}
			}
		}
		for i, put := range puts {
			p.send(&wire.Done{Transfer: uint64(i + 1), File: testFileID}) //nolint:gosec // small
			wantPut(t, <-put, PutResult{File: testFileID, Sent: int64(len(data))})
		}
		closeBoth(c, p)
	})
}

func TestPutOfNothing(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := putOf(c, nil, PutOptions{})
		if m := p.grant(1, 0, 0, 100); m.Size != 0 || !bytes.Equal(m.SHA256, hashOf(nil)) {
			t.Errorf("put %+v", m)
		}
		p.quiet()
		p.send(&wire.Done{Transfer: 1, File: testFileID})
		wantPut(t, <-put, PutResult{File: testFileID})
		closeBoth(c, p)
	})
}

func TestPutIsRefused(t *testing.T) {
	for _, code := range []wire.Code{
		wire.CodeNotLoggedIn, wire.CodeUnsupported, wire.CodeNotAllowed, wire.CodeStorageFull, wire.CodeQuotaExceeded,
		wire.CodeFileTooLarge, wire.CodeTooMany, wire.CodeUserOffline,
	} {
		t.Run(code.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				put := putOf(c, content(10), PutOptions{})
				p.send(&wire.Error{Request: expect[*wire.Put](p).Request, Code: code, Text: "no"})
				got := <-put
				wantErr(t, got.err, code)
				var refused *RequestError
				if !errors.As(got.err, &refused) || refused.Text != "no" {
					t.Errorf("error %v", got.err)
				}
				closeBoth(c, p)
			})
		})
	}
}

func TestPutIsAborted(t *testing.T) {
	for _, code := range []wire.Code{
		wire.CodeStorageFull, wire.CodeQuotaExceeded, wire.CodeStorageFailed, wire.CodeChecksumMismatch,
		wire.CodeSizeMismatch, wire.CodeDeclined, wire.CodeCancelled, wire.CodeExpired, wire.CodeInternal, 200,
	} {
		t.Run(code.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				put := putOf(c, content(1000), PutOptions{})
				p.grant(1, 0, 500, 100)
				p.chunks(1, nil, 300, 100)
				synctest.Wait() // one chunk is being written
				p.send(&wire.Abort{Transfer: 1, Code: code, Text: "sorry", By: "bob"})
				got := <-put
				wantErr(t, got.err, code)
				var refused *RequestError
				if !errors.As(got.err, &refused) || refused.By != "bob" || refused.Text != "sorry" {
					t.Errorf("error %v", got.err)
				}
				// Late words are ignored, and nothing follows that chunk.
				p.send(&wire.Credit{Transfer: 1, Limit: 1000}, &wire.Done{Transfer: 1}, &wire.Abort{Transfer: 1, Code: code})
				expect[*wire.Chunk](p)
				p.quiet()
				closeBoth(c, p)
			})
		})
	}
}

func TestPutOfWhatCannotBe(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		for name, o := range map[string]PutOptions{
			"no name":      {To: []string{"bob"}},
			"a bad name":   {Name: "a\x00b", To: []string{"bob"}},
			"for nobody":   {Name: "a"},
			"a short hash": {Name: "a", To: []string{"bob"}, SHA256: []byte{1}},
			"relay to two": {Name: "a", To: []string{"bob", "carol"}, Relay: true},
		} {
			if _, err := c.Put(t.Context(), bytes.NewReader(nil), 0, o); !errors.Is(err, wire.ErrField) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := c.Put(t.Context(), bytes.NewReader(nil), -1, PutOptions{Name: "a", Everyone: true}); err == nil {
			t.Error("a negative size is accepted")
		}
		p.quiet()
		closeBoth(c, p)
	})
}

// A server that does not keep to the protocol ends the transfer, or, where the
// stream makes no sense any more, the connection.
func TestPutWithBrokenServer(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := putOf(c, content(10), PutOptions{})
		p.grant(1, 11, 11, 100)
		p.expectAbort(1, wire.CodeBadRequest)
		wantErr(t, (<-put).err, errProtocol)

		put = putOf(c, content(10), PutOptions{})
		p.grant(2, 0, 0, 100)
		p.send(&wire.Chunk{Transfer: 2, Data: []byte("x")})
		p.expectAbort(2, wire.CodeBadRequest)
		wantErr(t, (<-put).err, errProtocol)

		first := putOf(c, content(10), PutOptions{})
		p.grant(3, 0, 0, 100)
		second := putOf(c, content(11), PutOptions{})
		p.grant(3, 0, 0, 100)
		p.expectEnd()
		p = s.reconnected()
		p.drain()
		_ = c.Close()
		wantErr(t, (<-first).err, ErrClosed)
		wantErr(t, (<-second).err, ErrClosed)
	})
}
