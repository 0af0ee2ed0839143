package session

import (
	"slices"
	"time"

	"example.com/rollcall/actors/internal/roster"
	"example.com/rollcall/wire"
)

// Book holds who is logged in. It is owned by one actor and is not safe for use
// by several goroutines. Connection and session IDs are never zero.
type Book struct {
	// static after construction
	cfg Config

	// owned by whoever calls
	conns    map[uint64]*live // every admitted connection; nil while nobody has logged in on it
	users    map[string]*person
	order    roster.List[*person] // users in the order of coming online, for paging
	held     holds
	sessions int
	last     uint64 // the newest session ID given out
}

// live is one session. It goes with its connection.
type live struct {
	person  *person
	session uint64
	since   int64
}

// person is a user who has a session or is held.
type person struct {
	name  string
	since int64 // when it came online, Unix ms
	// conns are the connections of its sessions, ascending. The slice is never
	// changed in place: a login or an end makes a new one, so that Connections
	// can hand it out.
	conns   []uint64
	absence *absence // nil while no lost session may come back
	seq     roster.Seq
}

// New returns an empty book. A config that Validate refuses is read as far as it
// makes sense.
func New(cfg Config) *Book {
	return &Book{
		cfg:   cfg.withDefaults(),
		conns: make(map[uint64]*live),
		users: make(map[string]*person),
	}
}

// Admit notes that the registry holds the connection: from now on it may log in.
// A second Admit of it changes nothing. A connection must not be admitted after
// its End; IDs are never reused, so that only a defect could do it.
func (b *Book) Admit(conn uint64) {
	if _, ok := b.conns[conn]; !ok {
		b.conns[conn] = nil
	}
}

// Departure tells how a session ended, and what that means for its user.
type Departure struct {
	User        string // empty: the connection had no session, and nothing changed
	Session     uint64
	Conn        uint64        // the connection of the session; 0 for a restored user
	WentOffline bool          // presence must change to offline, with Reason
	Held        bool          // it was the last session, and offline is held back
	Until       time.Duration // when the grace ends, if Held
	Reason      wire.Reason
	// At is when the last session ended, Unix ms. For a grace that has run out
	// it lies back by the grace; a presence change is stamped by the caller.
	At           int64
	SessionsLeft int
}

// Logout ends the connection's session with reason logout and keeps the
// connection admitted: it may log in again. Errors: ErrGone, ErrNotLoggedIn.
func (b *Book) Logout(now time.Duration, at int64, conn uint64) (Departure, error) {
	l, ok := b.conns[conn]
	if !ok {
		return Departure{}, ErrGone
	}
	if l == nil {
		return Departure{}, ErrNotLoggedIn
	}
	b.conns[conn] = nil
	return b.leave(now, at, conn, l, wire.ReasonLogout), nil
}

// End forgets the connection, and with it its session if it has one. It is
// idempotent: the end of a connection that the book does not hold, because it
// was replaced or has ended before, returns a zero Departure (N6).
func (b *Book) End(now time.Duration, at int64, conn uint64, reason wire.Reason) Departure {
	l, ok := b.conns[conn]
	if !ok {
		return Departure{}
	}
	delete(b.conns, conn)
	if l == nil {
		return Departure{}
	}
	return b.leave(now, at, conn, l, reason)
}

// leave takes the session l of conn from its user and decides whether the user
// is still online.
func (b *Book) leave(now time.Duration, at int64, conn uint64, l *live, reason wire.Reason) Departure {
	p := l.person
	p.conns = without(p.conns, conn)
	b.sessions--
	d := Departure{User: p.name, Session: l.session, Conn: conn, Reason: reason, At: at, SessionsLeft: len(p.conns)}
	graced := b.cfg.Grace > 0 && reason.Involuntary()
	if graced {
		b.lose(now, p, l.session)
	}
	if len(p.conns) > 0 {
		return d
	}
	if graced && len(b.held) < b.cfg.MaxHeld {
		b.hold(at, p, now+b.cfg.Grace, conn, l.session, reason)
		d.Held, d.Until = true, p.absence.until
		return d
	}
	b.forget(p)
	d.WentOffline = true
	return d
}

// forget removes a user who is neither logged in nor held.
func (b *Book) forget(p *person) {
	delete(b.users, p.name)
	b.order.Remove(p.seq)
}

// without returns a new slice that lacks id.
func without(ids []uint64, id uint64) []uint64 {
	i, ok := slices.BinarySearch(ids, id)
	if !ok {
		return ids
	}
	if len(ids) == 1 {
		return nil
	}
	return append(append(make([]uint64, 0, len(ids)-1), ids[:i]...), ids[i+1:]...)
}

// with returns a new slice that has id too, ascending.
func with(ids []uint64, id uint64) []uint64 {
	i, ok := slices.BinarySearch(ids, id)
	if ok {
		return ids
	}
	return append(append(append(make([]uint64, 0, len(ids)+1), ids[:i]...), id), ids[i:]...)
}
