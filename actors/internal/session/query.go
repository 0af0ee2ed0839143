package session

import (
	"time"

	"example.com/rollcall/actors/internal/roster"
	"example.com/rollcall/wire"
)

// User is one user as it is now: a copy, which the caller may keep.
type User struct {
	Name     string
	Since    int64     // when it came online, Unix ms; a return within the grace keeps it
	Sessions []Session // ascending by connection; empty while it is held

	Held   bool          // no session is left, and a grace runs
	Until  time.Duration // when the grace ends, if Held
	Reason wire.Reason   // why the last session ended, if Held
}

// Session is one session of a user.
type Session struct {
	ID    uint64
	Conn  uint64
	Since int64 // when this connection logged in, Unix ms
}

// Of returns the user, or false when it is neither logged in nor held.
func (b *Book) Of(user string) (User, bool) {
	p := b.users[user]
	if p == nil {
		return User{}, false
	}
	return b.describe(p), true
}

// UserOf returns the user and the session of the connection, or false when it
// has none. It does not allocate.
func (b *Book) UserOf(conn uint64) (user string, session uint64, ok bool) {
	l := b.conns[conn]
	if l == nil {
		return "", 0, false
	}
	return l.person.name, l.session, true
}

// IsAdmitted reports whether the book holds the connection, logged in or not.
func (b *Book) IsAdmitted(conn uint64) bool {
	_, ok := b.conns[conn]
	return ok
}

// Connections returns the connections on which the user is logged in, ascending;
// none for a user that is held or offline. This is the hot path of routing: one
// look into a map, no allocation. The slice must not be written to; it is never
// changed afterwards, and so may be kept and ranged over while the book changes.
func (b *Book) Connections(user string) []uint64 {
	p := b.users[user]
	if p == nil {
		return nil
	}
	return p.conns[:len(p.conns):len(p.conns)]
}

// Page returns up to limit users who are online or held, in the order in which
// they came online, that come after the cursor, zero for the beginning; the
// cursor of the next page; and whether there is more. A user who stays online
// between two pages is on exactly one of them.
func (b *Book) Page(cursor roster.Seq, limit int) (users []User, next roster.Seq, more bool) {
	people, next, more := b.order.After(cursor, limit)
	users = make([]User, len(people))
	for i, p := range people {
		users[i] = b.describe(p)
	}
	return users, next, more
}

// Counts are the sizes of a book.
type Counts struct {
	Users    int // with at least one session
	Held     int // without a session, in their grace: watchers see them online
	Sessions int
	Admitted int // connections, logged in or not
}

// Counts returns the sizes of the book, in constant time.
func (b *Book) Counts() Counts {
	return Counts{
		Users:    len(b.users) - len(b.held),
		Held:     len(b.held),
		Sessions: b.sessions,
		Admitted: len(b.conns),
	}
}

func (b *Book) describe(p *person) User {
	u := User{Name: p.name, Since: p.since}
	if len(p.conns) > 0 {
		u.Sessions = make([]Session, len(p.conns))
	}
	for i, c := range p.conns {
		l := b.conns[c]
		u.Sessions[i] = Session{ID: l.session, Conn: c, Since: l.since}
	}
	if a := p.absence; a != nil && a.index >= 0 {
		u.Held, u.Until, u.Reason = true, a.until, a.reason
	}
	return u
}
