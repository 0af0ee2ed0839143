package actors

import (
	"fmt"
	"runtime/debug"
	"sync"

	"example.com/rollcall/wire"
)

// intake turns what a parked transport has read into messages for its
// connection. It is read's counterpart: the same frames, credits and marks,
// without a goroutine and without a buffer of its own while nothing is left over.
// Whoever reads the transport owns it.
type intake struct {
	greeted bool
	dropped bool // what comes is dropped: the connection is ending
	rest    *remainder
}

// remainder is what is kept between two reads. Its bound is one frame and what
// one read brings, or the room of a buffer that all share.
type remainder struct {
	bytes []byte    // a frame that has begun; behind a frame that waits, whole ones too
	waits paidFrame // a frame for which there were no credits; msg is nil: none
}

// smallRest is up to how many bytes a remainder has room of its own: as much as
// it needs. A longer one, which most often is a part of a file, borrows a buffer.
const smallRest = 4 << 10

// restBuffers are for long remainders.
var restBuffers = sync.Pool{New: func() any { return new([restRoom]byte) }}

// restRoom is the size of such a buffer. What is longer has one made for it.
const restRoom = 128 << 10

// keep keeps what is left over, which may be a part of what was kept.
func (in *intake) keep(left []byte, waits paidFrame) {
	var old []byte
	if in.rest != nil {
		old = in.rest.bytes
	}
	if len(left) == 0 && waits.msg == nil {
		in.rest = nil
		returnRest(old)
		return
	}
	if in.rest == nil {
		in.rest = new(remainder)
	}
	in.rest.waits = waits
	if len(left) > smallRest && len(left) <= restRoom && cap(old) == restRoom {
		in.rest.bytes = append(old[:0], left...)
		return
	}
	var room []byte
	if len(left) > smallRest && len(left) <= restRoom {
		if b, ok := restBuffers.Get().(*[restRoom]byte); ok { // always
			room = b[:0]
		}
	}
	in.rest.bytes = append(room, left...)
	returnRest(old)
}

// returnRest gives a buffer back that was borrowed.
func returnRest(b []byte) {
	if cap(b) == restRoom {
		restBuffers.Put((*[restRoom]byte)(b[:restRoom]))
	}
}

// lead copies a frame that has begun to the front of the buffer that is read into
// next, and returns its length: so that it is not what comes that is copied. Zero
// when the frame is so long that little would be left of the buffer.
func (in *intake) lead(buf []byte) int {
	if in.rest == nil || in.rest.waits.msg != nil || len(in.rest.bytes) > len(buf)/2 {
		return 0
	}
	return copy(buf, in.rest.bytes)
}

// feed takes in bytes that were read, behind the lead of what was kept, 0 for
// none; b is the caller's again afterwards. It reports whether the connection
// waits for credits: then nothing more is to be read until wake was called. The
// round is that of the poller that calls it; nil for all others.
func (c *connection) feed(in *intake, b []byte, lead int, wake waker, r *round) (held bool) {
	batch := newBatch()
	rest, held, err := c.cut(batch, in, b, lead, wake)
	if len(batch.frames) > 0 {
		if r != nil {
			r.frames += len(batch.frames)
		}
		c.tellIn(r, inbound{batch})
	} else {
		batch.done()
	}
	switch {
	case err != nil:
		in.dropped, in.rest = true, nil
		c.tell(readEnded{err: err, reason: frameReason(err)})
		return false
	case held:
		return true
	case rest > 0:
		c.markPartial()
	}
	return false
}

// cut decodes the whole frames of what is left over and of b, pays for them, and
// keeps the rest.
func (c *connection) cut(batch *batch, in *intake, b []byte, lead int, wake waker) (rest int, held bool, err error) {
	all := b
	if in.rest != nil && lead == 0 {
		if f := in.rest.waits; f.msg != nil {
			taken, closed := c.credits.takeOr(f.credit, c.freed, wake)
			switch {
			case closed:
				return 0, false, errEnding
			case !taken:
				in.rest.bytes = append(in.rest.bytes, b...)
				return 0, true, nil
			}
			in.rest.waits = paidFrame{}
			batch.frames = append(batch.frames, f)
		}
		all = append(in.rest.bytes, b...)
	}
	left := all
	for {
		limit := wire.MaxHelloFrame
		if in.greeted {
			limit = c.sys.set.MaxFrame
		}
		f, n, err := wire.Cut(left, limit)
		if err != nil {
			return 0, false, err
		}
		if n == 0 {
			break
		}
		m, err := c.open(batch, f, in.greeted)
		if err != nil {
			return 0, false, err
		}
		left = left[n:]
		if m == nil {
			continue
		}
		in.greeted = true // whether it is a hello is the actor's to judge
		paid := paidFrame{m, creditsFor(n-wire.HeaderSize, c.sys.set.Credits)}
		taken, closed := c.credits.takeOr(paid.credit, c.freed, wake)
		if closed {
			return 0, false, errEnding
		}
		if !taken {
			in.keep(left, paid.kept())
			return len(left), true, nil
		}
		batch.frames = append(batch.frames, paid)
	}
	if in.rest != nil && lead == 0 && len(left) == len(all) && len(left) > 0 {
		in.rest.bytes = all // it has grown in its own buffer, and goes on there
	} else {
		in.keep(left, paidFrame{})
	}
	return len(left), false, nil
}

// waiting reports whether a frame waits for credits.
func (in *intake) waiting() bool { return in.rest != nil && in.rest.waits.msg != nil }

// midFrame reports whether the stream would end within a frame here.
func (in *intake) midFrame() bool { return in.rest != nil && len(in.rest.bytes) > 0 }

// heard notes that n bytes have come.
func (c *connection) heard(n int) {
	c.lastHeard.Store(int64(c.sys.now()))
	c.bytesIn.Add(uint64(n))           //nolint:gosec // n > 0
	c.sys.count.bytesIn.Add(uint64(n)) //nolint:gosec // n > 0
}

// broke ends a connection whose reading has panicked (H1).
func (c *connection) broke(value any) {
	c.sys.fault(c.name(), c.transport, value, debug.Stack())
	c.tell(readEnded{err: fmt.Errorf("%w: %v", errHandlerPanic, value), reason: wire.ReasonPanic})
}
