package wire

import (
	"encoding/binary"
	"fmt"
)

// Frame is one frame as it came: a type and a body that is not yet decoded.
type Frame struct {
	Type Type
	Body []byte
}

// Splitter cuts a stream of bytes into frames. Push bytes by reading into
// [Splitter.Space] and calling [Splitter.Filled], then call [Splitter.Next]
// until it has no more.
//
// Its buffer starts at the size asked for and grows only with bytes that have
// arrived, at most to one whole frame and that size once more: a header that
// promises a megabyte costs nothing. It shrinks again when it is empty. When the
// stream ends while bytes are buffered, it ended within a frame.
//
// A Splitter is a plain value, owned by whoever reads; its zero value refuses
// every frame.
type Splitter struct {
	limit int
	small int
	buf   []byte // buf[start:] is what has come and is not yet handed out
	start int
}

// NewSplitter returns a splitter that refuses frames with a length above limit,
// and reads into a buffer of small bytes (at least [HeaderSize]) while frames
// fit it. A limit below 1 refuses every frame.
func NewSplitter(limit, small int) *Splitter {
	return &Splitter{limit: max(limit, 0), small: max(small, HeaderSize)}
}

// SetLimit changes the limit for the frames that Next has not returned yet.
func (s *Splitter) SetLimit(limit int) { s.limit = max(limit, 0) }

// Buffered returns how many bytes wait for the rest of their frame, or for Next.
func (s *Splitter) Buffered() int { return len(s.buf) - s.start }

// Space returns room to read into, never empty. It invalidates the frames that
// Next has returned. Call it when Next has no more: whole frames that are left
// in the buffer make it grow.
func (s *Splitter) Space() []byte {
	s.small = max(s.small, HeaderSize) // of the zero value
	if s.start == len(s.buf) {
		s.start = 0
		if cap(s.buf) > s.small {
			s.buf = nil // a large frame has passed: do not hold its memory while idle
		}
		if s.buf == nil {
			s.buf = make([]byte, 0, s.small)
		}
		s.buf = s.buf[:0]
	}
	if s.start > 0 {
		n := copy(s.buf, s.buf[s.start:])
		s.buf, s.start = s.buf[:n], 0
	}
	if len(s.buf) == cap(s.buf) {
		// A partial frame is shorter than limit + 4, so the bound leaves room; the
		// last term is for a caller who has not called Next.
		size := min(2*cap(s.buf), max(s.limit+HeaderSize-1, len(s.buf))+s.small)
		grown := make([]byte, len(s.buf), size)
		copy(grown, s.buf)
		s.buf = grown
	}
	return s.buf[len(s.buf):cap(s.buf)]
}

// Filled tells the splitter that n bytes were read into Space.
func (s *Splitter) Filled(n int) { s.buf = s.buf[:len(s.buf)+n] }

// Next returns the next whole frame, or false when more bytes are needed. The
// frame's body lies in the splitter's buffer and is valid until Space is called.
// The error wraps [ErrFrameTooLarge] or [ErrMalformed]; after it the stream
// cannot be read any further.
func (s *Splitter) Next() (Frame, bool, error) {
	f, n, err := Cut(s.buf[s.start:], s.limit)
	s.start += n
	return f, n > 0, err
}

// Cut takes the first whole frame from b and returns how many bytes it took; 0
// when more are needed. The frame's body lies in b. A length above limit is
// refused from the header alone. The error wraps [ErrFrameTooLarge] or
// [ErrMalformed].
func Cut(b []byte, limit int) (f Frame, n int, err error) {
	if len(b) < 4 {
		return Frame{}, 0, nil
	}
	length := binary.BigEndian.Uint32(b)
	if uint64(length) > uint64(max(limit, 0)) { //nolint:gosec // not negative
		return Frame{}, 0, fmt.Errorf("%w: %d bytes, more than %d", ErrFrameTooLarge, length, limit)
	}
	if length == 0 {
		return Frame{}, 0, fmt.Errorf("%w: a frame without a type", ErrMalformed)
	}
	end := 4 + int(length)
	if len(b) < end {
		return Frame{}, 0, nil
	}
	return Frame{Type: Type(b[4]), Body: b[HeaderSize:end:end]}, end, nil
}
