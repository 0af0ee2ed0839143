package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// feed pushes a stream into a splitter as fast as it has room, hands on each
// frame, and returns copies of all of them, the number of bytes not yet handed
// out, and the first error.
func feed(s *Splitter, stream []byte, each func(Frame) error) ([]Frame, int, error) {
	var all []Frame
	for len(stream) > 0 {
		n := copy(s.Space(), stream)
		s.Filled(n)
		stream = stream[n:]
		for {
			f, ok, err := s.Next()
			if err != nil {
				return all, s.Buffered(), err
			}
			if !ok {
				break
			}
			if err := each(f); err != nil {
				return all, s.Buffered(), err
			}
			all = append(all, Frame{f.Type, bytes.Clone(f.Body)})
		}
	}
	return all, s.Buffered(), nil
}

func nothing(Frame) error { return nil }

// TestSplitterAnyChunks: however a stream is cut into pieces, the frames are the
// same, and what is left over is exactly the part of a frame that has come.
// guards N1: a stream that ends within a frame leaves bytes buffered.
func TestSplitterAnyChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 300
		var stream []byte
		var want []Frame
		for range rapid.IntRange(0, 8).Draw(t, "frames") {
			f := Frame{
				Type: Type(rapid.Byte().Draw(t, "type")),
				Body: rapid.SliceOfN(rapid.Byte(), 0, limit-1).Draw(t, "body"),
			}
			want = append(want, f)
			stream = append(stream, frameOf(f.Type, f.Body)...)
		}
		cut := frameOf(TypePing, make([]byte, limit-1))
		partial := rapid.IntRange(0, len(cut)-1).Draw(t, "partial")
		stream = append(stream, cut[:partial]...)

		small := rapid.IntRange(0, 64).Draw(t, "small")
		s := NewSplitter(limit, small)
		var have []Frame
		for len(stream) > 0 {
			n := min(len(stream), rapid.IntRange(1, 2*limit).Draw(t, "chunk"))
			for chunk := stream[:n]; len(chunk) > 0; {
				took := min(len(chunk), len(s.Space()))
				frames, _, err := feed(s, chunk[:took], nothing)
				if err != nil {
					t.Fatal(err)
				}
				have = append(have, frames...)
				chunk = chunk[took:]
				if bound := limit + 4 + max(small, HeaderSize); cap(s.buf) > bound {
					t.Fatalf("a buffer of %d bytes, more than %d", cap(s.buf), bound)
				}
			}
			stream = stream[n:]
		}
		if len(have) != len(want) {
			t.Fatalf("%d frames, want %d", len(have), len(want))
		}
		for i := range want {
			if have[i].Type != want[i].Type || !bytes.Equal(have[i].Body, want[i].Body) {
				t.Fatalf("frame %d is %v, want %v", i, have[i], want[i])
			}
		}
		if s.Buffered() != partial {
			t.Fatalf("%d bytes buffered, want %d", s.Buffered(), partial)
		}
	})
}

// TestSplitterLimit tries the limit at and past its edge, and the change of it
// between two frames of one read.
func TestSplitterLimit(t *testing.T) {
	at := frameOf(TypePing, make([]byte, 99))
	past := frameOf(TypePing, make([]byte, 100))
	s := NewSplitter(100, 16)
	if frames, _, err := feed(s, at, nothing); err != nil || len(frames) != 1 {
		t.Fatalf("at the limit: %d frames, %v", len(frames), err)
	}
	// The header is enough, and the error stays.
	_, _, err := feed(s, past[:4], nothing)
	if !errors.Is(err, ErrFrameTooLarge) {
		t.Fatalf("past the limit: %v", err)
	}
	if _, ok, err := s.Next(); ok || !errors.Is(err, ErrFrameTooLarge) {
		t.Fatalf("once more: %v, %v", ok, err)
	}

	s = NewSplitter(100, 512)
	raise := func(Frame) error { s.SetLimit(101); return nil }
	frames, _, err := feed(s, append(bytes.Clone(at), past...), raise)
	if err != nil || len(frames) != 2 {
		t.Fatalf("after the limit was raised: %d frames, %v", len(frames), err)
	}
}

func TestSplitterRefusesEmptyFrame(t *testing.T) {
	s := NewSplitter(100, 16)
	if _, _, err := feed(s, make([]byte, 4), nothing); !errors.Is(err, ErrMalformed) {
		t.Errorf("error %v, want %v", err, ErrMalformed)
	}
}

// TestSplitterOddLimits: no limit, and one that overflowed, refuse every frame.
func TestSplitterOddLimits(t *testing.T) {
	for name, s := range map[string]*Splitter{
		"zero value": new(Splitter), "zero": NewSplitter(0, 0), "negative": NewSplitter(-1, -1),
		"set negative": func() *Splitter { s := NewSplitter(9, 9); s.SetLimit(-1); return s }(),
	} {
		if _, _, err := feed(s, frameOf(TypePing, nil), nothing); !errors.Is(err, ErrFrameTooLarge) {
			t.Errorf("%s: %v, want %v", name, err, ErrFrameTooLarge)
		}
	}
}

// TestSplitterPromises: a header is worth four bytes, whatever it promises: the
// buffer grows with what has come.
func TestSplitterPromises(t *testing.T) {
	s := NewSplitter(MaxMaxFrame, 512)
	header := binary.BigEndian.AppendUint32(nil, 0xffffffff)
	if _, _, err := feed(s, header, nothing); !errors.Is(err, ErrFrameTooLarge) || cap(s.buf) != 512 {
		t.Errorf("4 GiB: a buffer of %d, %v", cap(s.buf), err)
	}
	s = NewSplitter(MaxMaxFrame, 512)
	frame := frameOf(TypeApp, make([]byte, MaxMaxFrame-1))
	came := 0
	for _, n := range []int{4, 500, 512, 4096, len(frame) - 4 - 500 - 512 - 4096 - 1} {
		if _, _, err := feed(s, frame[came:came+n], nothing); err != nil {
			t.Fatal(err)
		}
		came += n
		if cap(s.buf) > max(512, 2*came) {
			t.Errorf("a buffer of %d for %d bytes", cap(s.buf), came)
		}
	}
	if frames, rest, err := feed(s, frame[came:], nothing); len(frames) != 1 || rest != 0 || err != nil {
		t.Fatalf("%d frames, %d bytes over, %v", len(frames), rest, err)
	}
	// Empty again, it gives the memory back.
	if space := s.Space(); len(space) != 512 || cap(s.buf) != 512 {
		t.Errorf("room for %d in a buffer of %d, want 512", len(space), cap(s.buf))
	}
}

// TestSplitterWithoutNext: a caller that reads on while whole frames wait gets
// room all the same, and all its frames.
func TestSplitterWithoutNext(t *testing.T) {
	s := NewSplitter(8, 8)
	frame := frameOf(TypePing, []byte{0xa0})
	var stream []byte
	for range 100 {
		stream = append(stream, frame...)
	}
	for left := stream; len(left) > 0; {
		n := copy(s.Space(), left)
		if n == 0 {
			t.Fatal("no room")
		}
		s.Filled(n)
		left = left[n:]
	}
	s.SetLimit(2)
	for i := range 100 {
		if _, ok, err := s.Next(); !ok || err != nil {
			t.Fatalf("frame %d: %v, %v", i, ok, err)
		}
	}
}

// TestSplitterBodyIsBounded: appending to a frame's body does not write over
// the next frame.
func TestSplitterBodyIsBounded(t *testing.T) {
	s := NewSplitter(100, 64)
	stream := append(frameOf(TypePing, []byte{1}), frameOf(TypePong, []byte{2})...)
	frames, _, err := feed(s, stream, func(f Frame) error {
		_ = append(f.Body, 0xff, 0xff, 0xff, 0xff, 0xff)
		return nil
	})
	if err != nil || len(frames) != 2 || frames[1].Body[0] != 2 {
		t.Errorf("frames %v, %v", frames, err)
	}
}
