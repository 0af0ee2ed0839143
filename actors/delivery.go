package actors

import (
	"sync/atomic"

	"example.com/rollcall/wire"
)

// delivery is one user-to-user message on its way: from the sender's
// connection to the user manager, from there to each session's connection, and
// its outcome back to the sender. Every delivery has exactly one outcome: each
// recipient's connection settles its share, also while it is ending.
type delivery struct {
	// static after construction
	from   *connection
	send   *wire.Send
	frame  []byte // the encoded Deliver, shared by all recipients
	credit int

	// atomic
	left     atomic.Int32 // recipients that have not settled
	accepted atomic.Int32
	busy     atomic.Bool // a recipient had no room
}

// settle is called once by each recipient's connection.
func (d *delivery) settle(ok bool) {
	if ok {
		d.accepted.Add(1)
	}
	if d.left.Add(-1) == 0 {
		d.finish()
	}
}

// settleBusy is settle for a recipient that reads, but has no room just now.
func (d *delivery) settleBusy() {
	d.busy.Store(true)
	d.settle(false)
}

// finish tells the sender how it ended.
func (d *delivery) finish() {
	n := int(d.accepted.Load())
	if n > 0 && d.send.NoAck {
		d.from.credits.give(d.credit) // nothing to tell: save the hop
		return
	}
	d.from.tell(delivered{id: d.send.ID, sessions: n, busy: d.busy.Load(), noAck: d.send.NoAck, credit: d.credit})
}
