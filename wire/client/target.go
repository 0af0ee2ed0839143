package client

import (
	"errors"
	"io"
)

// errSeek is a target that can only be written from its beginning to its end.
var errSeek = errors.New("client: a stream cannot be resumed")

// StreamTarget makes a target of a stream, such as standard output. Whoever
// reads the stream has bytes that are not verified yet: the file is what it
// should be only when the call that writes it returns no error.
func StreamTarget(w io.Writer) GetTarget { return &streamTarget{w: w} }

type streamTarget struct {
	w       io.Writer
	written int64
}

func (s *streamTarget) WriteAt(b []byte, offset int64) (int, error) {
	if offset != s.written {
		return 0, errSeek
	}
	n, err := s.w.Write(b)
	s.written += int64(n)
	return n, err
}

func (s *streamTarget) Sync() error { return nil }
