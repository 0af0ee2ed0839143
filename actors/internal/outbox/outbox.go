package outbox

import (
	"errors"
	"math"
)

// ErrFull is returned for a frame that a lane's bound does not admit: the
// peer reads too slowly, and the connection is to be ended for it.
var ErrFull = errors.New("outbox: the peer does not read fast enough")

// Bounds of an outbox. Frames of the data lane that have been handed out and
// not yet been confirmed count as well: the peer has not read them either.
type Bounds struct {
	Bytes   int // bytes in the data lane
	Frames  int // frames in the data lane
	Control int // frames in the control lane
}

// Outbox is a plain value, owned by its connection's actor. The frames are
// shared and never written to, but for the one in the pad.
type Outbox struct {
	bounds  Bounds
	pad     [padRoom]byte
	padded  padState
	control [][]byte
	data    queue
	state   queue
	bulk    queue
	last    []byte // the goodbye: handed out after everything else
	closed  bool

	// What was handed out and not yet confirmed.
	flying bool
	all    load
	ofData load // what of it was in the data lane
}

// padRoom is room for the frame of any heartbeat.
const padRoom = 32

// padState is what the pad is used for.
type padState uint8

const (
	padFree   padState = iota
	padQueued          // by a frame that waits
	padFlying          // by one that was handed out
)

// Pad returns room for one control frame that need not be allocated, empty; or nil
// while that is in use. The frame that is made in it has to be queued next.
func (o *Outbox) Pad() []byte {
	if o.padded != padFree || o.closed {
		return nil
	}
	o.padded = padQueued
	return o.pad[:0]
}

// load is how much some frames are.
type load struct{ frames, bytes int }

func (l *load) add(f []byte) { l.frames++; l.bytes += len(f) }

// queue is a first-in-first-out list of frames that gives its memory back when
// it runs empty.
type queue struct {
	frames [][]byte
	head   int
	bytes  int
}

func (q *queue) push(f []byte) { q.frames = append(q.frames, f); q.bytes += len(f) }
func (q *queue) len() int      { return len(q.frames) - q.head }

func (q *queue) pop() []byte {
	f := q.frames[q.head]
	q.frames[q.head] = nil
	q.head++
	q.bytes -= len(f)
	switch {
	case q.head == len(q.frames):
		q.head = 0
		if q.frames = q.frames[:0]; cap(q.frames) > 8 {
			q.frames = nil // an idle connection holds no queue
		}
	case q.head >= 64 && q.head*2 >= len(q.frames):
		n := copy(q.frames, q.frames[q.head:])
		clear(q.frames[n:])
		q.frames, q.head = q.frames[:n], 0
	}
	return f
}

// New returns an empty outbox.
func New(b Bounds) Outbox { return Outbox{bounds: b} }

// Control queues a frame ahead of all others. It returns [ErrFull] past the
// bound and is ignored after Finish.
func (o *Outbox) Control(f []byte) error {
	if o.closed {
		return nil
	}
	if len(o.control) >= o.bounds.Control {
		return ErrFull
	}
	o.control = append(o.control, f)
	return nil
}

// Data queues a frame in order. It returns [ErrFull] past the bound and is
// ignored after Finish. One frame is always admitted to an empty lane, however large it is.
func (o *Outbox) Data(f []byte) error {
	if o.closed {
		return nil
	}
	count, bytes := o.data.len()+o.ofData.frames, o.data.bytes+o.ofData.bytes
	if count > 0 && (count >= o.bounds.Frames || bytes+len(f) > o.bounds.Bytes) {
		return ErrFull
	}
	o.data.push(f)
	return nil
}

// Fits reports whether [Outbox.Data] would admit so many frames of so many bytes together.
func (o *Outbox) Fits(frames, bytes int) bool {
	count, queued := o.data.len()+o.ofData.frames, o.data.bytes+o.ofData.bytes
	return count+frames <= o.bounds.Frames && queued+bytes <= o.bounds.Bytes
}

// hardBound is how many times the data lane's bounds Force may go past them, and
// fewFrames how many frames count as few, whatever the bound.
const (
	hardBound = 4
	fewFrames = 256
)

// Force queues a frame past the data lane's bounds: for answers that a client
// which reads is owed, however many it asked for at once. It returns [ErrFull]
// at four times the bounds, or of 256 frames if that is more.
func (o *Outbox) Force(f []byte) error {
	if o.closed {
		return nil
	}
	if o.data.len() >= hardBound*max(o.bounds.Frames, fewFrames) || o.data.bytes+len(f) > hardBound*o.bounds.Bytes {
		return ErrFull
	}
	o.data.push(f)
	return nil
}

// Renew queues a control frame past the lane's bound, for a client that reads
// and has sent many heartbeats at once. At 16 times the bound it takes the place
// of the newest that waits.
func (o *Outbox) Renew(f []byte) {
	switch n := len(o.control); {
	case o.closed:
	case n < 16*max(o.bounds.Control, 1):
		o.control = append(o.control, f)
	default:
		o.control[n-1] = f
	}
}

// State queues presence frames in order. The lane has no bound of its own: the
// caller queues deltas while [Outbox.StateQueued] is small, and a few snapshots
// at most.
func (o *Outbox) State(frames ...[]byte) {
	if o.closed {
		return
	}
	for _, f := range frames {
		o.state.push(f)
	}
}

// Bulk queues a part of a file, behind everything else. The lane has no bound of
// its own: the windows of the transfers bound it.
func (o *Outbox) Bulk(f []byte) {
	if !o.closed {
		o.bulk.push(f)
	}
}

// StateQueued returns the frames in the state lane that wait.
func (o *Outbox) StateQueued() int { return o.state.len() }

// Queued returns the frames and bytes that wait in all lanes or are on their
// way to the transport.
func (o *Outbox) Queued() (frames, bytes int) {
	frames = len(o.control) + o.data.len() + o.state.len() + o.bulk.len() + o.all.frames
	bytes = o.data.bytes + o.state.bytes + o.bulk.bytes + o.all.bytes
	for _, f := range o.control {
		bytes += len(f)
	}
	return frames, bytes
}

// Finish makes last the final frame (nil for none): frames queued before it
// are still handed out, unless drop is set; frames queued later are ignored.
func (o *Outbox) Finish(last []byte, drop bool) {
	if o.closed {
		return
	}
	o.closed, o.last, o.bulk = true, last, queue{} // a file is never finished here
	if drop {
		o.control, o.data, o.state = nil, queue{}, queue{}
	}
}

// Take hands out the frames of the next write, at most about budget bytes but
// at least one frame; none when nothing waits or the write before it has not
// been confirmed by [Outbox.Written]. The frames are appended to dst.
func (o *Outbox) Take(dst [][]byte, budget int) [][]byte {
	if o.flying {
		return dst
	}
	start := len(dst)
	left := budget
	for _, f := range o.control {
		dst, left = append(dst, f), left-len(f)
		o.all.add(f)
	}
	clear(o.control)
	o.control = o.control[:0]
	if o.padded == padQueued {
		o.padded = padFlying
	}
	dst, left = o.take(dst, &o.data, left, left/2, start)
	dst, left = o.takeState(dst, left, start)
	dst, left = o.take(dst, &o.data, left, 0, start)
	dst = o.takeBulk(dst, left)
	if left > 0 && o.last != nil && o.data.len() == 0 && o.state.len() == 0 {
		dst = append(dst, o.last)
		o.last = nil
	}
	o.flying = len(dst) > start
	return dst
}

// take moves frames of one lane until less than floor of the budget is left.
func (o *Outbox) take(dst [][]byte, q *queue, left, floor, start int) ([][]byte, int) {
	if o.state.len() == 0 || o.data.len() == 0 {
		floor = 0 // nobody to share with
	}
	for q.len() > 0 {
		next := len(q.frames[q.head])
		if len(dst) > start && left-next < floor {
			break
		}
		f := q.pop()
		dst = append(dst, f)
		left -= next
		o.all.add(f)
		if q == &o.data {
			o.ofData.add(f)
		}
		if left <= 0 {
			left = math.MinInt / 2 // one frame past the budget, no more
			break
		}
	}
	return dst, left
}

// takeState moves what the budget allows, and one frame in any case: no flood of
// large messages keeps presence back (G3).
func (o *Outbox) takeState(dst [][]byte, left, start int) ([][]byte, int) {
	if o.state.len() == 0 {
		return dst, left
	}
	f := o.state.pop()
	dst = append(dst, f)
	o.all.add(f)
	return o.take(dst, &o.state, left-len(f), 0, start)
}

// takeBulk moves one part of a file, whatever else there is, so that files go
// on beside messages; and more of them while the budget lasts.
func (o *Outbox) takeBulk(dst [][]byte, left int) [][]byte {
	for first := true; o.bulk.len() > 0 && (first || left > 0); first = false {
		f := o.bulk.pop()
		dst = append(dst, f)
		left -= len(f)
		o.all.add(f)
	}
	return dst
}

// Written confirms that what Take handed out has been written.
func (o *Outbox) Written() {
	o.flying, o.all, o.ofData = false, load{}, load{}
	if o.padded == padFlying {
		o.padded = padFree
	}
}

// Idle reports whether nothing waits and nothing is on its way.
func (o *Outbox) Idle() bool {
	return !o.flying && o.last == nil && len(o.control) == 0 && o.data.len() == 0 && o.state.len() == 0 && o.bulk.len() == 0
}
