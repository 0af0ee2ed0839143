package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"example.com/rollcall/wire"
)

// source is what a put reads.
type source struct {
	r    io.ReaderAt
	size int64
	// check, if any, returns an error that wraps ErrChanged when the source is
	// not what it was, and the code to tell the other side.
	check func() (wire.Code, error)
}

func (s source) verify() (wire.Code, error) {
	if s.check == nil {
		return wire.CodeNone, nil
	}
	return s.check()
}

// read reads a piece that has to be there.
func (s source) read(b []byte, offset int64) (wire.Code, error) {
	n, err := s.r.ReadAt(b, offset)
	switch {
	case n == len(b):
		return wire.CodeNone, nil
	case err == nil, errors.Is(err, io.EOF):
		return wire.CodeSizeMismatch, fmt.Errorf("%w: it ends at %d, before %d", ErrChanged, offset+int64(n), s.size)
	default:
		return wire.CodeStorageFailed, fmt.Errorf("client: reading the source: %w", err)
	}
}

// hashPiece is how much is read at one time to be hashed.
const hashPiece = 256 << 10

// hash reads the whole source, and hashes one piece while it reads the next.
func (s source) hash(ctx context.Context) ([]byte, error) {
	h := sha256.New()
	read, free := make(chan []byte, 1), make(chan []byte, 2)
	for range cap(free) {
		free <- make([]byte, min(hashPiece, s.size))
	}
	hashed := make(chan struct{})
	go func() {
		defer close(hashed)
		for piece := range read {
			_, _ = h.Write(piece) // never fails
			free <- piece
		}
	}()
	err := s.pieces(ctx, read, free)
	close(read)
	<-hashed
	if err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}

// pieces reads the whole source into buffers that are free, in order.
func (s source) pieces(ctx context.Context, read chan<- []byte, free <-chan []byte) error {
	for offset := int64(0); offset < s.size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		buf := <-free
		piece := buf[:min(int64(len(buf)), s.size-offset)]
		if _, err := s.read(piece, offset); err != nil {
			return err
		}
		read <- piece
		offset += int64(len(piece))
	}
	return nil
}
