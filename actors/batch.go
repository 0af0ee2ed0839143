package actors

import (
	"bytes"
	"sync"

	"example.com/rollcall/wire"
)

// batch is what a reader hands on at one time. Batches are used again: who has
// handled one keeps nothing of it but the messages, and of a ping, a pong or a send
// only a copy (kept). Where hooks are set they are not, for a hook may keep what it was
// shown. Its bound is the connection's credits.
type batch struct {
	frames []paidFrame
	ping   wire.Ping // of the first ping: most batches are one ping,
	pinged bool
	pong   wire.Pong // or one pong
	ponged bool
	sends  []wire.Send
	data   []byte // of the sends
}

// paidFrame is a message that has been paid for with credits.
type paidFrame struct {
	msg    wire.Message
	credit int
}

// kept is the frame as one that outlives its batch.
func (f paidFrame) kept() paidFrame {
	switch m := f.msg.(type) {
	case *wire.Ping:
		own := *m
		f.msg = &own
	case *wire.Pong:
		own := *m
		f.msg = &own
	case *wire.Send:
		own := *m
		own.Body = bytes.Clone(m.Body)
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

// decodePong does the same with a pong.
func (b *batch) decodePong(body []byte) (wire.Message, error) {
	if b.ponged {
		return wire.Decode(wire.TypePong, body)
	}
	var err error
	if b.pong, err = wire.DecodePong(body); err != nil {
		return nil, err
	}
	b.ponged = true
	return &b.pong, nil
}

// decodeSend decodes a message to a user into the batch's own memory. What was decoded
// before stays where it was, should there be more room needed.
func (b *batch) decodeSend(body []byte) (wire.Message, error) {
	var to string
	if n := len(b.sends); n > 0 {
		to = b.sends[n-1].To // most often they are for the same
	}
	m, err := wire.DecodeSend(body, to)
	if err != nil {
		return nil, err
	}
	if m.Body != nil {
		begin := len(b.data)
		b.data = append(b.data, m.Body...)
		m.Body = b.data[begin:len(b.data):len(b.data)]
	}
	b.sends = append(b.sends, m)
	return &b.sends[len(b.sends)-1], nil
}

const (
	// keptFramesOfBatch bounds the room that a batch keeps for frames,
	keptFramesOfBatch = 64
	// and keptDataOfBatch that for their data.
	keptDataOfBatch = 16 << 10
)

// done gives a batch back that nobody uses any more.
func (b *batch) done() {
	clear(b.frames)
	if b.frames = b.frames[:0]; cap(b.frames) > keptFramesOfBatch {
		b.frames = nil
	}
	clear(b.sends)
	if b.sends = b.sends[:0]; cap(b.sends) > keptFramesOfBatch {
		b.sends = nil
	}
	if b.data = b.data[:0]; cap(b.data) > keptDataOfBatch {
		b.data = nil
	}
	b.pinged, b.ponged = false, false
	batches.Put(b)
}
