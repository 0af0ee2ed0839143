package client

import (
	"context"
	"sync"
)

// Bounds of the outbound queue.
const (
	maxQueued = 256 << 10 // bytes of data that wait, or one frame if that is longer
	maxPongs  = 16        // pongs that wait; past it the oldest gives way
	maxBatch  = 16 << 10  // bytes that go out in one write, or one frame if that is longer
	maxStrays = 64        // frames that steer transfers; with more, stray chunks get no answer
)

// outbox is the one way out of a connection. It has three ranks, and each goes
// out only when nothing of the ranks before it waits:
//
//   - control: pongs, pings, and what steers transfers, in this order;
//   - messages: all other data;
//   - bulk: chunks, one at a time, the lanes of the transfers in turn.
//
// So heartbeats never queue behind data (N21): at most one batch or one chunk,
// which the transport already has, is before them.
//
// Its bounds: data as above, where a caller waits or is told of a full queue;
// pongs as above; the heartbeat's ping one; pings of callers as many as a
// connection may have outstanding requests; of each transfer one accept, one
// credit and one end, and laneDepth chunks; frames of the watches one at a time,
// which is for their plumbing to keep.
type outbox struct {
	wake chan struct{} // tells the writer that there is work; holds one token

	mu     sync.Mutex
	pongs  [][]byte
	beat   []byte // the heartbeat's ping
	pings  [][]byte
	flows  []flow
	data   [][]byte
	queued int           // bytes in data
	room   chan struct{} // closed, and made anew, when data was taken
	bulk   []*lane       // those that have a chunk, in the order of their turns
	bye    []byte        // goes out after everything but chunks, then nothing
	closed bool          // nothing more is accepted
}

// flow is a frame that steers a transfer.
type flow struct {
	frame  []byte
	credit uint64 // of which transfer, if it is a credit; else 0
}

func newOutbox() *outbox {
	return &outbox{wake: make(chan struct{}, 1), room: make(chan struct{})}
}

func (o *outbox) signal() { wake(o.wake) }

// pong queues the answer to a ping.
func (o *outbox) pong(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if len(o.pongs) == maxPongs {
		o.pongs = append(o.pongs[:0], o.pongs[1:]...)
	}
	o.pongs = append(o.pongs, frame)
	o.signal()
}

// heartbeat queues the heartbeat's ping, and reports false when an earlier one
// still waits.
func (o *outbox) heartbeat(frame []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.beat != nil {
		return false
	}
	o.beat = frame
	o.signal()
	return true
}

// ping queues a ping of a caller's.
func (o *outbox) ping(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.pings = append(o.pings, frame)
	o.signal()
}

// steer queues a frame that steers a transfer. They keep their order; a credit
// takes the place of an older one of its transfer that still waits.
func (o *outbox) steer(f flow) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if f.credit != 0 {
		for i := range o.flows {
			if o.flows[i].credit == f.credit {
				o.flows[i] = f
				return
			}
		}
	}
	o.flows = append(o.flows, f)
	o.signal()
}

// stray queues the answer to a chunk of no transfer, unless others wait.
func (o *outbox) stray(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed && len(o.flows) < maxStrays {
		o.flows = append(o.flows, flow{frame: frame})
		o.signal()
	}
}

// control queues a frame of the client's own behind the data, whatever the bound.
func (o *outbox) control(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.closed {
		o.add(frame)
	}
}

// add queues data. The caller holds mu.
func (o *outbox) add(frame []byte) {
	o.data = append(o.data, frame)
	o.queued += len(frame)
	o.signal()
}

// try queues data if there is room, and reports ErrQueueFull or ErrDisconnected
// if not.
func (o *outbox) try(frame []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrDisconnected
	}
	if o.queued > 0 && o.queued+len(frame) > maxQueued {
		return ErrQueueFull
	}
	o.add(frame)
	return nil
}

// put queues data, and waits for room until ctx ends or done is closed.
func (o *outbox) put(ctx context.Context, done <-chan struct{}, frame []byte) error {
	for {
		o.mu.Lock()
		room := o.room
		o.mu.Unlock()
		err := o.try(frame)
		if err != ErrQueueFull { //nolint:errorlint // try wraps nothing
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		case <-done:
			return ErrDisconnected
		}
	}
}

// finish queues the bye, after which nothing is accepted any more.
func (o *outbox) finish(bye []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.closed = true
	o.bye = bye
	o.signal()
}

// take fills batch with what goes out next, chunks left out. It is empty when
// nothing waits; last tells that nothing will ever follow it.
func (o *outbox) take(batch []byte) (out []byte, last bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range o.pongs {
		batch = append(batch, f...)
	}
	batch = append(batch, o.beat...)
	o.beat = nil
	for _, f := range o.pings {
		batch = append(batch, f...)
	}
	clear(o.pongs)
	clear(o.pings)
	o.pongs, o.pings = o.pongs[:0], o.pings[:0]
	for _, f := range o.flows {
		batch = append(batch, f.frame...)
	}
	clear(o.flows)
	o.flows = o.flows[:0]
	n := 0
	for n < len(o.data) && (len(batch) == 0 || len(batch)+len(o.data[n]) <= maxBatch) {
		batch = append(batch, o.data[n]...)
		o.queued -= len(o.data[n])
		n++
	}
	if n > 0 {
		kept := copy(o.data, o.data[n:])
		clear(o.data[kept:])
		o.data = o.data[:kept]
		close(o.room)
		o.room = make(chan struct{})
	}
	if o.closed && len(o.data) == 0 {
		return append(batch, o.bye...), true
	}
	return batch, false
}
