package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"example.com/rollcall/wire"
)

// What scripted tests of files share.

// content is n bytes that do not repeat soon.
func content(n int) []byte {
	b := make([]byte, n)
	x := uint32(n)*2654435761 + 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

func hashOf(b []byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}

var testFileID = wire.FileID("0123456789abcdef")

// described is how a server describes a file of this content.
func described(b []byte) wire.File {
	return wire.File{
		ID: testFileID, Owner: "bob", Name: "../a", Size: uint64(len(b)), SHA256: hashOf(b), Everyone: true, Stored: 1,
	}
}

// login options for files.
func (s *script) fileOptions() Options {
	o := s.options()
	o.User = "alice"
	return o
}

// reconnected takes the client's next connection.
func (s *script) reconnected() *peer {
	s.t.Helper()
	p := s.accept().greet()
	p.login(2)
	return p
}

// putOf starts a Put of b.
func putOf(c *Client, b []byte, o PutOptions) <-chan result[PutResult] {
	if o.Name == "" {
		o.Name = "a"
	}
	if o.To == nil {
		o.To = []string{"bob"}
	}
	return later(func() (PutResult, error) {
		return c.Put(context.Background(), bytes.NewReader(b), int64(len(b)), o)
	})
}

// grant takes a put and agrees to it.
func (p *peer) grant(transfer, offset, limit, chunk uint64) *wire.Put {
	p.t.Helper()
	m := expect[*wire.Put](p)
	p.send(&wire.PutOK{Request: m.Request, Transfer: transfer, Offset: offset, Limit: limit, Chunk: chunk})
	return m
}

// chunks takes chunks of a transfer, which have to join on to have, until it has
// n bytes.
func (p *peer) chunks(transfer uint64, have []byte, n, most int) []byte {
	p.t.Helper()
	for len(have) < n {
		m := expect[*wire.Chunk](p)
		if m.Transfer != transfer || m.Offset != uint64(len(have)) || len(m.Data) > most {
			p.t.Fatalf("a chunk of %d bytes for %d at %d, want at most %d for %d at %d",
				len(m.Data), m.Transfer, m.Offset, most, transfer, len(have))
		}
		have = append(have, m.Data...)
	}
	if len(have) != n {
		p.t.Fatalf("%d bytes came, %d were wanted", len(have), n)
	}
	return have
}

// give sends b as chunks from offset on.
func (p *peer) give(transfer uint64, offset int, b []byte, chunk int) {
	p.t.Helper()
	for len(b) > 0 {
		n := min(chunk, len(b))
		p.send(&wire.Chunk{Transfer: transfer, Offset: uint64(offset), Data: b[:n]}) //nolint:gosec // small
		offset, b = offset+n, b[n:]
	}
}

// quiet wants the client to say nothing for a while.
func (p *peer) quiet() {
	p.t.Helper()
	_ = p.nc.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if m, err := p.read(); !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("the client sent %T %+v (%v), want silence", m, m, err)
	}
	_ = p.nc.SetReadDeadline(time.Time{})
}

// drain reads what the client says until its stream ends.
func (p *peer) drain() {
	go func() {
		for {
			if _, err := p.read(); err != nil {
				return
			}
		}
	}()
}

// expectAbort wants an abort of a transfer with a code.
func (p *peer) expectAbort(transfer uint64, code wire.Code) {
	p.t.Helper()
	if m := expect[*wire.Abort](p); m.Transfer != transfer || m.Code != code {
		p.t.Fatalf("abort of %d with %v, want %d with %v", m.Transfer, m.Code, transfer, code)
	}
}

func wantPut(t *testing.T, got result[PutResult], want PutResult) {
	t.Helper()
	if got.err != nil || got.v.Sent != want.Sent || got.v.Resumed != want.Resumed || !bytes.Equal(got.v.File, want.File) {
		t.Errorf("%+v, %v, want %+v", got.v, got.err, want)
	}
}

// memoryTarget is a target in memory.
type memoryTarget struct {
	b      []byte
	synced int
	fail   error
	before func() // runs before each write
}

func (m *memoryTarget) WriteAt(b []byte, offset int64) (int, error) {
	if m.before != nil {
		m.before()
	}
	if m.fail != nil {
		return 0, m.fail
	}
	if int(offset) != len(m.b) {
		return 0, errors.New("out of order")
	}
	m.b = append(m.b, b...)
	return len(b), nil
}

func (m *memoryTarget) ReadAt(b []byte, offset int64) (int, error) {
	return bytes.NewReader(m.b).ReadAt(b, offset)
}

func (m *memoryTarget) Sync() error {
	m.synced++
	return m.fail
}

var _ io.ReaderAt = (*memoryTarget)(nil)
