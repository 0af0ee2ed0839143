package actors

import (
	"sync"

	"example.com/rollcall/wire"
)

// batch is what a reader hands on at one time. Batches are used again: who has
// handled one keeps nothing of it but the messages, and of a ping only a copy.
// Its bound is the connection's credits.
type batch struct {
	frames []paidFrame
	ping   wire.Ping // of the first ping: most batches are one ping
	pinged bool
}

// paidFrame is a message that has been paid for with credits.
type paidFrame struct {
	msg    wire.Message
	credit int
}

// kept is the frame as one that outlives its batch.
func (f paidFrame) kept() paidFrame {
	if p, ok := f.msg.(*wire.Ping); ok {
		own := *p
		f.msg = &own
	}
	return f
}

var batches = sync.Pool{New: func() any { return new(batch) }}

func newBatch() *batch { return batches.Get().(*batch) } //nolint:forcetypeassert // nothing else is in it

// decodePing decodes a ping without memory of its own, if it is the first.
func (b *batch) decodePing(body []byte) (wire.Message, error) {
	if b.pinged {
		return wire.Decode(wire.TypePing, body)
	}
	var err error
	if b.ping, err = wire.DecodePing(body); err != nil {
		return nil, err
	}
	b.pinged = true
	return &b.ping, nil
}

// keptFramesOfBatch bounds the room that a batch keeps.
const keptFramesOfBatch = 64

// done gives a batch back that nobody uses any more.
func (b *batch) done() {
	clear(b.frames)
	if b.frames = b.frames[:0]; cap(b.frames) > keptFramesOfBatch {
		b.frames = nil
	}
	b.pinged = false
	batches.Put(b)
}
