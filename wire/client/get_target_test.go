package client

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"example.com/rollcall/wire"
)

func TestGetIsCancelled(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		ctx, cancel := context.WithCancel(t.Context())
		begin := func() <-chan result[GetResult] {
			return later(func() (GetResult, error) { return c.Get(ctx, testFileID, &memoryTarget{}, GetOptions{}) })
		}
		late, get := begin(), begin()
		first := expect[*wire.Get](p)
		p.offerGet(1, described(content(1000)), 0)
		p.give(1, 0, content(500), 500)
		if m := expect[*wire.Credit](p); m.Offset != 500 {
			t.Errorf("%+v", m)
		}
		cancel()
		p.expectAbort(1, wire.CodeCancelled)
		p.send(&wire.GetOK{Request: first.Request, Transfer: 2, File: described(content(1000))})
		p.expectAbort(2, wire.CodeCancelled)
		wantErr(t, (<-get).err, context.Canceled)
		wantErr(t, (<-late).err, context.Canceled)
		p.send(&wire.Chunk{Transfer: 1, Offset: 500, Data: []byte("late")})
		p.quiet()
		closeBoth(c, p)
	})
}

// The end of a context and the server's answer can come at the same moment.
func TestGetIsCancelledAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		for i := range uint64(20) {
			ctx, cancel := context.WithCancel(t.Context())
			get := later(func() (GetResult, error) { return c.Get(ctx, testFileID, &memoryTarget{}, GetOptions{}) })
			m := expect[*wire.Get](p)
			cancel()
			p.send(&wire.GetOK{Request: m.Request, Transfer: i + 1, File: described(content(10))})
			p.expectAbort(i+1, wire.CodeCancelled)
			wantErr(t, (<-get).err, context.Canceled)
		}
		closeBoth(c, p)
	})
}

// A chunk of no transfer is answered, once.
func TestStrayChunks(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		p.send(&wire.Chunk{Transfer: 9, Data: []byte("x")})
		p.expectAbort(9, wire.CodeNotFound)
		p.send(&wire.Chunk{Transfer: 9, Offset: 1, Data: []byte("x")})
		p.send(&wire.Credit{Transfer: 9}, &wire.Done{Transfer: 9}, &wire.Abort{Transfer: 9, Code: 1})
		p.quiet()
		// However many there are, the answers that wait are few.
		for i := range uint64(1000) {
			p.send(&wire.Chunk{Transfer: 100 + i, Data: []byte("x")})
		}
		for answers := 0; ; answers++ {
			p.send(&wire.Ping{Time: 1})
			if _, ok := expect[wire.Message](p).(*wire.Pong); ok {
				break
			}
			if answers > 2*maxStrays {
				t.Fatalf("%d answers", answers)
			}
		}
		p.drain()
		_ = c.Close()
	})
}

func TestFailingTarget(t *testing.T) {
	broken := errors.New("broken")
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		for _, size := range []int{0, 10} { // Sync fails, and WriteAt
			get := getTo(c, &memoryTarget{fail: broken}, GetOptions{})
			p.offerGet(1, described(content(size)), 0)
			p.give(1, 0, content(size), 10)
			p.expectAbort(1, wire.CodeStorageFailed)
			wantErr(t, (<-get).err, broken)
		}
		closeBoth(c, p)
	})
}

// onlyWriter hides all but what a target has to have.
type onlyWriter struct{ GetTarget }

func TestGetWithOffset(t *testing.T) {
	data := content(1000)
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		dst := &memoryTarget{b: bytes.Clone(data[:400])}
		get := getTo(c, dst, GetOptions{Offset: 400})
		p.offerGet(1, described(data), 400)
		p.give(1, 400, data[400:], 600)
		p.expectDone(1)
		wantGet(t, <-get, 600, 400)
		if !bytes.Equal(dst.b, data) {
			t.Error("another content came")
		}
		for name, err := range map[string]error{
			"not readable": (<-getTo(c, onlyWriter{dst}, GetOptions{Offset: 10})).err,
			"too short":    (<-getTo(c, &memoryTarget{}, GetOptions{Offset: 10})).err,
			"negative":     (<-getTo(c, &memoryTarget{}, GetOptions{Offset: -1})).err,
		} {
			if !errors.Is(err, errTarget) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// What the target holds is more than the file has.
		get = getTo(c, dst, GetOptions{Offset: 1000})
		p.offerGet(2, described(data[:999]), 1000)
		p.expectAbort(2, wire.CodeBadRequest)
		wantErr(t, (<-get).err, errStart)
		closeBoth(c, p)
	})
}

func TestStreamTarget(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		var out bytes.Buffer
		get := getTo(c, StreamTarget(&out), GetOptions{})
		p.offerGet(1, described(content(1000)), 0)
		p.give(1, 0, content(1000)[:500], 100)
		synctest.Wait()
		p.drain()
		p.cut()
		p = s.reconnected()
		p.offerGet(1, described(content(1000)), 500)
		p.give(1, 500, content(1000)[500:], 100)
		p.expectDone(1)
		wantGet(t, <-get, 1000, 0)
		if !bytes.Equal(out.Bytes(), content(1000)) {
			t.Error("another content came")
		}
		if _, err := StreamTarget(io.Discard).WriteAt([]byte("x"), 1); !errors.Is(err, errSeek) {
			t.Error(err)
		}
		closeBoth(c, p)
	})
}
