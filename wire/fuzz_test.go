package wire

import (
	"bytes"
	"errors"
	"testing"
)

// FuzzSplitter: a stream read in one way and in another gives the same frames
// and the same end, and never takes more memory than one frame and one read.
func FuzzSplitter(f *testing.F) {
	var stream []byte
	for _, frame := range goldenFrames(f) {
		f.Add(frame, uint8(3))
		if len(stream) < 4096 {
			stream = append(stream, frame...)
		}
	}
	f.Add(stream, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, chunk uint8) {
		const limit = 2048
		whole, wholeRest, wholeErr := feed(NewSplitter(limit, 4096), stream, nothing)

		s := NewSplitter(limit, 16)
		var pieces []Frame
		var err error
		for left := stream; len(left) > 0 && err == nil; {
			n := min(len(left), int(chunk)+1)
			var frames []Frame
			frames, _, err = feed(s, left[:n], nothing)
			pieces = append(pieces, frames...)
			left = left[n:]
			if bound := limit + 4 + 16; cap(s.buf) > bound {
				t.Fatalf("a buffer of %d bytes, more than %d", cap(s.buf), bound)
			}
		}
		if (err == nil) != (wholeErr == nil) || (err == nil && s.Buffered() != wholeRest) {
			t.Fatalf("in pieces: %v, %d bytes over; whole: %v, %d", err, s.Buffered(), wholeErr, wholeRest)
		}
		if len(pieces) != len(whole) {
			t.Fatalf("%d frames in pieces, %d whole", len(pieces), len(whole))
		}
		used := 0
		for i, f := range whole {
			if pieces[i].Type != f.Type || !bytes.Equal(pieces[i].Body, f.Body) {
				t.Fatalf("frame %d differs", i)
			}
			used += HeaderSize + len(f.Body)
		}
		if wholeErr == nil && used+wholeRest != len(stream) {
			t.Fatalf("%d bytes in frames and %d over, of %d", used, wholeRest, len(stream))
		}
	})
}

func seedBodies(f *testing.F) {
	for _, frame := range goldenFrames(f) {
		if len(frame) >= HeaderSize {
			f.Add(frame[4], frame[HeaderSize:])
		}
	}
}

// FuzzDecode: a body of any type either decodes to a message that keeps every
// limit, or gives one of the three errors. What is admitted, a strict CBOR library
// admits as well.
func FuzzDecode(f *testing.F) {
	seedBodies(f)
	f.Fuzz(func(t *testing.T, typ uint8, body []byte) {
		m, err := Decode(Type(typ), body)
		if err == nil {
			if err := m.check(); err != nil {
				t.Fatalf("decoded to what breaks a limit: %v", err)
			}
			if m.Type() != Type(typ) {
				t.Fatalf("type %d decoded to %T", typ, m)
			}
			if err := decoding.Wellformed(body); err != nil {
				t.Fatalf("admitted what is not well-formed: %v", err)
			}
			return
		}
		if m != nil {
			t.Fatalf("a message beside the error %v", err)
		}
		if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrField) && !errors.Is(err, ErrUnknownType) {
			t.Fatalf("an odd error: %v", err)
		}
	})
}

// FuzzDecodeEncode: what decodes can be sent on, and then reads the same:
// decode, append, decode, append gives one and the same frame.
func FuzzDecodeEncode(f *testing.F) {
	seedBodies(f)
	f.Fuzz(func(t *testing.T, typ uint8, body []byte) {
		m, err := Decode(Type(typ), body)
		if err != nil {
			return
		}
		frame, err := Append(nil, m)
		if err != nil {
			t.Fatalf("%+v cannot be sent on: %v", m, err)
		}
		back, err := Decode(Type(typ), frame[HeaderSize:])
		if err != nil {
			t.Fatalf("%x cannot be read: %v", frame, err)
		}
		again, err := Append(nil, back)
		if err != nil || !bytes.Equal(again, frame) {
			t.Fatalf("%x, then %x (%v)", frame, again, err)
		}
		if len(frame) > HeaderSize+len(body)+requiredSize {
			t.Fatalf("%d bytes from a body of %d", len(frame), len(body))
		}
	})
}

// requiredSize is the most that the required fields that a body has left out
// add to it, when each of them is zero.
const requiredSize = 16
