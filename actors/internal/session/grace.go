package session

import (
	"cmp"
	"container/heap"
	"slices"
	"time"

	"example.com/rollcall/wire"
)

// absence remembers the lost sessions of a user that a token may bring back,
// and, once the last session was lost, the grace that holds it online.
type absence struct {
	lost []lost // oldest first

	// set while the user is held, when index >= 0
	person  *person
	until   time.Duration
	at      int64
	conn    uint64
	session uint64
	reason  wire.Reason
	index   int // in Book.held
}

type lost struct {
	session uint64
	until   time.Duration
}

// lose notes that the session of p may be resumed until the grace is over.
func (b *Book) lose(now time.Duration, p *person, session uint64) {
	if p.absence == nil {
		p.absence = &absence{person: p, index: -1}
	}
	a := p.absence
	a.purge(now)
	if len(a.lost) >= b.cfg.MaxPerUser {
		a.lost = slices.Delete(a.lost, 0, 1) // the bound: the oldest is given up
	}
	a.lost = append(a.lost, lost{session: session, until: now + b.cfg.Grace})
}

// hold keeps p online until a deadline. Its absence is there already.
func (b *Book) hold(at int64, p *person, until time.Duration, conn, session uint64, reason wire.Reason) {
	a := p.absence
	a.until, a.at, a.conn, a.session, a.reason = until, at, conn, session, reason
	heap.Push(&b.held, a)
}

// Restore puts a user back who was online when an earlier life of the server was
// lost (G7): it is held until the deadline, and a login before that is invisible
// to watchers. Since is when the user had come online, alive when it was last
// known online, both Unix ms. Whoever is not back in time goes offline with
// wire.ReasonNodeLost, and Departure.At is alive. It is false, and nothing has
// changed, when the user is here already, or when Config.MaxHeld are held.
func (b *Book) Restore(user string, since, alive int64, until time.Duration) bool {
	if b.users[user] != nil || len(b.held) >= b.cfg.MaxHeld {
		return false
	}
	p := &person{name: user, since: since}
	p.absence = &absence{person: p, index: -1}
	p.seq = b.order.Add(p)
	b.users[user] = p
	b.hold(alive, p, until, 0, 0, wire.ReasonNodeLost)
	return true
}

// regain calls off the grace of p, if one runs, and reports whether the session
// is a lost one that may still come back. A grace whose deadline has passed but
// which Expire has not told of is called off too: nobody has heard of it.
func (b *Book) regain(now time.Duration, p *person, session uint64) bool {
	a := p.absence
	if a == nil {
		return false
	}
	if a.index >= 0 {
		heap.Remove(&b.held, a.index)
	}
	a.purge(now)
	i := slices.IndexFunc(a.lost, func(l lost) bool { return l.session == session })
	if i >= 0 {
		a.lost = slices.Delete(a.lost, i, i+1)
	}
	if len(a.lost) == 0 {
		p.absence = nil
	}
	return i >= 0
}

// purge drops the lost sessions whose time is over.
func (a *absence) purge(now time.Duration) {
	a.lost = slices.DeleteFunc(a.lost, func(l lost) bool { return l.until <= now })
}

// Expire returns the users whose grace has run out at now, in the order of their
// deadlines, then of their names (P3), each with WentOffline set. The book has
// forgotten them.
func (b *Book) Expire(now time.Duration) []Departure { return b.ExpireSome(now, len(b.held)) }

// ExpireSome does the same with the first most of them. When it returns as many,
// there may be more.
func (b *Book) ExpireSome(now time.Duration, most int) []Departure {
	return b.expire(most, func(a *absence) bool { return a.until <= now })
}

// ExpireAll does the same with every grace that runs, at the end of the server's
// life.
func (b *Book) ExpireAll() []Departure {
	return b.expire(len(b.held), func(*absence) bool { return true })
}

func (b *Book) expire(most int, due func(*absence) bool) (all []Departure) {
	for len(all) < most && len(b.held) > 0 && due(b.held[0]) {
		a := heap.Pop(&b.held).(*absence)
		b.forget(a.person)
		all = append(all, a.departure())
	}
	return all
}

func (a *absence) departure() Departure {
	return Departure{
		User: a.person.name, Session: a.session, Conn: a.conn, WentOffline: true,
		Until: a.until, Reason: a.reason, At: a.at,
	}
}

// GiveUp ends the grace of a user now, as if it had run out; false when none runs.
func (b *Book) GiveUp(user string) (Departure, bool) {
	p := b.users[user]
	if p == nil || p.absence == nil || p.absence.index < 0 {
		return Departure{}, false
	}
	a := p.absence
	heap.Remove(&b.held, a.index)
	b.forget(p)
	return a.departure(), true
}

// Next returns when the next grace runs out, or false when none runs. A login
// may call that grace off: Expire then returns nothing.
func (b *Book) Next() (time.Duration, bool) {
	if len(b.held) == 0 {
		return 0, false
	}
	return b.held[0].until, true
}

// holds is a heap of the graces that run, the next deadline first. It holds
// exactly one entry for each held user.
type holds []*absence

func (h holds) Len() int { return len(h) }

func (h holds) Less(i, j int) bool {
	if c := cmp.Compare(h[i].until, h[j].until); c != 0 {
		return c < 0
	}
	return h[i].person.name < h[j].person.name
}

func (h holds) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is called by container/heap alone.
func (h *holds) Push(x any) {
	a := x.(*absence)
	a.index = len(*h)
	*h = append(*h, a)
}

// Pop is called by container/heap alone.
func (h *holds) Pop() any {
	old := *h
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	a.index = -1
	return a
}
