package actors

import "sync/atomic"

// parcel are the messages of one client to one user that came together, on their way:
// from the sender's connection to the user manager, and from there to each session's
// connection; so a hop is for many. Their outcomes go back to the sender one by one. Its
// bound is the sender's credits.
type parcel struct {
	// static after construction
	from *connection
	to   string
	all  []delivery // in the order in which they came (N16)
	one  [1]delivery
	size int // of all's frames, which share memory,
	held int // and of that

	// owned by the first recipient's connection
	first arrival
}

// delivery is one of them. It has exactly one outcome: each recipient's connection
// settles its share, also while it is ending.
type delivery struct {
	// static after construction
	id     uint64
	frame  []byte // the encoded Deliver, shared by all recipients
	credit int32
	noAck  bool

	// atomic
	busy     atomic.Bool  // a recipient had no room
	left     atomic.Int32 // recipients that have not settled
	accepted atomic.Int32
}

// arrival is a parcel as one recipient's connection has it, which owns it: those before
// next are settled there.
type arrival struct {
	*parcel
	next int
}

// settle is called once by each recipient's connection, for each message in its turn.
func (a *arrival) settle(ok bool) {
	d := &a.all[a.next]
	a.next++ // first: should something panic, it is settled once
	if ok {
		d.accepted.Add(1)
	}
	if d.left.Add(-1) == 0 {
		a.finish(d)
	}
}

// settleBusy is settle for a recipient that reads, but has no room just now.
func (a *arrival) settleBusy() {
	a.all[a.next].busy.Store(true)
	a.settle(false)
}

// refuse settles what is left.
func (a *arrival) refuse() {
	for a.next < len(a.all) {
		a.settle(false)
	}
}

// finish tells the sender how one of them ended.
func (p *parcel) finish(d *delivery) {
	n := int(d.accepted.Load())
	if n > 0 && d.noAck {
		p.from.credits.give(int(d.credit)) // nothing to tell: save the hop
		return
	}
	p.from.tell(delivered{id: d.id, sessions: n, busy: d.busy.Load(), noAck: d.noAck, credit: int(d.credit)})
}

// abandon finishes those that have gone to nobody.
func (p *parcel) abandon() {
	for i := range p.all {
		if d := &p.all[i]; d.left.Load() == 0 {
			p.finish(d)
		}
	}
}
