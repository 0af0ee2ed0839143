package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/rollcall/wire"
)

// samples are the messages of the benchmarks: the smallest, the one on the way
// of every chat message, and the one of a departure storm.
func samples() []wire.Message {
	delta := &wire.Delta{Epoch: 7, From: 1000, To: 1100}
	for v := uint64(1001); v <= 1100; v++ {
		delta.Changes = append(delta.Changes, wire.Change{
			Version: v, User: fmt.Sprintf("user-%06d", v), Reason: wire.ReasonEOF, At: 1_764_000_000_000,
		})
	}
	return []wire.Message{
		&wire.Ping{Time: 1 << 40},
		&wire.Deliver{
			ID: 12, From: "alice", Body: []byte(strings.Repeat("x", 256)), Kind: "chat",
			Connection: 99, At: 1_764_000_000_000,
		},
		delta,
	}
}

func label(m wire.Message) string {
	if d, ok := m.(*wire.Delta); ok {
		return fmt.Sprintf("%s(%d)", m.Type(), len(d.Changes))
	}
	return m.Type().String()
}

// BenchmarkAppend appends to a buffer that is large enough: one allocation, of the
// buffer's header.
func BenchmarkAppend(b *testing.B) {
	for _, m := range samples() {
		b.Run(label(m), func(b *testing.B) {
			frame, err := wire.Append(nil, m)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				if frame, err = wire.Append(frame[:0], m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecode allocates the message, and what it keeps: one allocation for
// each text and byte string, and one for each array.
func BenchmarkDecode(b *testing.B) {
	for _, m := range samples() {
		b.Run(label(m), func(b *testing.B) {
			frame, err := wire.Append(nil, m)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(frame)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := wire.Decode(m.Type(), frame[wire.HeaderSize:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSplitter cuts a stream of a thousand delivers that comes in reads of 4
// KiB, without an allocation.
func BenchmarkSplitter(b *testing.B) {
	var stream []byte
	for range 1000 {
		var err error
		if stream, err = wire.Append(stream, samples()[1]); err != nil {
			b.Fatal(err)
		}
	}
	s := wire.NewSplitter(wire.DefaultMaxFrame, 4<<10)
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		frames := 0
		for left := stream; len(left) > 0; {
			n := copy(s.Space(), left)
			s.Filled(n)
			left = left[n:]
			for {
				_, ok, err := s.Next()
				if err != nil {
					b.Fatal(err)
				}
				if !ok {
					break
				}
				frames++
			}
		}
		if frames != 1000 {
			b.Fatalf("%d frames", frames)
		}
	}
}
