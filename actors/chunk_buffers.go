package actors

import (
	"bytes"
	"sync"

	"example.com/rollcall/wire"
)

// The memory of chunks. What a client sends is copied once, out of its reader's
// buffer into one that lives until the disk has it, and is used again; what a
// client gets is read from the disk to where it is sent from.
//
// A client chooses how long its chunks are. So those that wait are joined: what
// waits for one transfer takes no more than twice its window and one chunk,
// however short they are (G6).

// chunkBuffers are buffers of maxChunk bytes that are not in use. Any goroutine
// may use them.
type chunkBuffers struct{ free sync.Pool }

func (p *chunkBuffers) take() []byte {
	if b, ok := p.free.Get().(*[maxChunk]byte); ok {
		return b[:0]
	}
	return make([]byte, 0, maxChunk)
}

// give takes a buffer back that nobody uses any more. One that was not taken
// from here is left to the collector.
func (p *chunkBuffers) give(b []byte) {
	if cap(b) == maxChunk {
		p.free.Put((*[maxChunk]byte)(b[:maxChunk]))
	}
}

// clone copies data: what is long goes to a buffer, what is short does not hold
// one.
func (p *chunkBuffers) clone(data []byte) []byte {
	if len(data) < maxChunk/2 || len(data) > maxChunk {
		return bytes.Clone(data)
	}
	return append(p.take(), data...)
}

// join puts a chunk behind those that wait, into the last of their buffers if it
// has room.
func (p *chunkBuffers) join(waiting [][]byte, data []byte) [][]byte {
	if n := len(waiting); n > 0 && len(data) <= cap(waiting[n-1])-len(waiting[n-1]) {
		waiting[n-1] = append(waiting[n-1], data...)
		p.give(data)
		return waiting
	}
	if len(data) < maxChunk/2 {
		data = append(p.take(), data...)
	}
	return append(waiting, data)
}

// bulk is a part of a file on its way to a client.
type bulk struct {
	number, offset uint64
	buf            []byte // room for the chunk's head, then the data
}

// headRoom is the room in front of the data.
const headRoom = 4 + wire.MaxChunkOverhead

// newBulk makes room for size bytes of data.
func newBulk(number, offset uint64, size int) bulk {
	return bulk{number: number, offset: offset, buf: make([]byte, headRoom+size)}
}

func (b *bulk) data() []byte { return b.buf[headRoom:] }

// join puts another part behind this one, if it is the next of the same file and
// both make one chunk of at most most bytes.
func (b *bulk) join(next bulk, most int) bool {
	if next.number != b.number || next.offset != b.offset+uint64(len(b.data())) || len(b.data())+len(next.data()) > most {
		return false
	}
	b.buf = append(b.buf, next.data()...)
	return true
}

// cut takes the first most bytes of data off; whole is whether that is all there
// was.
func (b *bulk) cut(most int) (first bulk, whole bool) {
	if len(b.data()) <= most {
		return *b, true
	}
	first = newBulk(b.number, b.offset, most)
	copy(first.data(), b.data())
	b.offset, b.buf = b.offset+uint64(most), b.buf[most:] //nolint:gosec // positive
	return first, false
}

// frame makes the chunk's frame, in place.
func (b *bulk) frame() ([]byte, error) {
	var space [headRoom]byte
	head, err := wire.AppendChunkHead(space[:0], b.number, b.offset, len(b.data()))
	if err != nil {
		return nil, err
	}
	frame := b.buf[headRoom-len(head):]
	copy(frame, head)
	return frame, nil
}
