package wire_test

import (
	"bytes"
	"testing"

	"example.com/rollcall/wire"
)

// BenchmarkChunk compares the ways of 60 KiB of a file: Append copies the data
// into the frame (one allocation, of the buffer's header) and Decode out of it
// (the data, and the message); AppendChunkHead and DecodeChunk copy and allocate
// nothing.
func BenchmarkChunk(b *testing.B) {
	chunk := &wire.Chunk{Transfer: 7, Offset: 1 << 30, Data: bytes.Repeat([]byte("data"), 15<<10)}
	frame, err := wire.Append(nil, chunk)
	if err != nil {
		b.Fatal(err)
	}
	body := bytes.Clone(frame[wire.HeaderSize:])
	for _, way := range []struct {
		name string
		run  func() error
	}{
		{"Append", func() (err error) {
			frame, err = wire.Append(frame[:0], chunk)
			return err
		}},
		{"AppendChunkHead", func() (err error) {
			frame, err = wire.AppendChunkHead(frame[:0], chunk.Transfer, chunk.Offset, len(chunk.Data))
			return err
		}},
		{"Decode", func() error {
			_, err := wire.Decode(wire.TypeChunk, body)
			return err
		}},
		{"DecodeChunk", func() error {
			_, err := wire.DecodeChunk(body)
			return err
		}},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.SetBytes(int64(len(chunk.Data)))
			b.ReportAllocs()
			for b.Loop() {
				if err := way.run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
