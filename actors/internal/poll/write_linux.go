package poll

import (
	"errors"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// TryWrite writes as much of the frames as the socket takes at once, in one
// system call for each 1024 of them, and returns how many bytes that was. That it takes nothing is no
// error. Nobody else may write meanwhile.
func (s *Seat) TryWrite(frames [][]byte) (int64, error) {
	if s.raw == nil {
		return 0, nil
	}
	a := attempts.Get().(*attempt) //nolint:forcetypeassert // nothing else is in it
	a.frames, a.n, a.err = frames, 0, nil
	err := s.raw.Write(a.call)
	if err == nil {
		err = a.err
	}
	n := a.n
	a.frames, a.err = nil, nil
	attempts.Put(a)
	return int64(n), err
}

// attempt is one call of TryWrite. It is used again: its closure would be an
// allocation a write otherwise.
type attempt struct {
	frames [][]byte
	n      int
	err    error
	call   func(fd uintptr) bool
}

var attempts = sync.Pool{New: func() any {
	a := new(attempt)
	a.call = a.write
	return a
}}

// maxVector is how many pieces Linux writes in one call: IOV_MAX of writev(2).
const maxVector = 1024

func (a *attempt) write(fd uintptr) bool {
	for len(a.frames) > 0 {
		piece := a.frames[:min(len(a.frames), maxVector)]
		var n int
		var err error
		if len(piece) == 1 {
			n, err = unix.Write(int(fd), piece[0]) //nolint:gosec // a descriptor fits
		} else {
			n, err = unix.Writev(int(fd), piece) //nolint:gosec // a descriptor fits
		}
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return true
		case err != nil:
			a.err = os.NewSyscallError("write", err)
			return true
		}
		a.n += n
		if n < size(piece) {
			return true
		}
		a.frames = a.frames[len(piece):]
	}
	return true
}

func size(frames [][]byte) (n int) {
	for _, f := range frames {
		n += len(f)
	}
	return n
}
