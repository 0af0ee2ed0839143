package session

import (
	"errors"
	"time"
)

// Why a login or a logout is refused. Nothing has changed then.
var (
	// ErrGone is a connection that the registry has not admitted, or that has
	// ended or was replaced (N8). There is nobody left to tell.
	ErrGone = errors.New("session: the connection is gone")
	// ErrAlreadyLoggedIn is a connection that has a session.
	ErrAlreadyLoggedIn = errors.New("session: the connection has logged in already")
	// ErrNotLoggedIn is a logout of a connection that has no session.
	ErrNotLoggedIn = errors.New("session: the connection has not logged in")
	// ErrOlder is a login that would end a session of a connection that was
	// accepted after this one (S3): the peer is told wire.ReasonReplaced.
	ErrOlder = errors.New("session: a newer connection holds the session")
	// ErrAlreadyOnline is a second login under the policy Refuse.
	ErrAlreadyOnline = errors.New("session: the user is online already")
	// ErrTooMany is a login past Config.MaxPerUser.
	ErrTooMany = errors.New("session: the user has too many sessions")
)

// Login is what a login that went well has done.
type Login struct {
	// Session is the ID of the connection's session: a new one, or the resumed
	// one, which keeps its ID. IDs count up from 1 in the life of a book.
	Session uint64
	// Resumed tells that the token's session goes on. A session can be resumed
	// while an older connection holds it, and for the grace after it was lost
	// for an involuntary reason, as long as its user has not gone offline.
	Resumed bool
	// Replaced are the connections to be ended with wire.ReasonReplaced,
	// ascending. The book has forgotten them: their End changes nothing.
	Replaced []uint64
	// ReplacedSessions are the sessions that they had, in the same order. A
	// resumed one is among them: it goes on with the newer connection.
	ReplacedSessions []uint64
	// CameOnline tells that presence must change to online. It is false when
	// the user was online or held: a return within the grace is invisible.
	CameOnline bool
	// Sessions is how many sessions the user has now.
	Sessions int
}

// Login gives the connection a session of the user, whose credential has been
// checked. Resume is the session ID that a valid token of this user proves, or
// zero; an ID that is not, or no longer, a session of the user is ignored. Now
// is time since the server's start, at is Unix ms.
//
// Errors: ErrGone, ErrAlreadyLoggedIn, ErrOlder, ErrAlreadyOnline, ErrTooMany.
func (b *Book) Login(now time.Duration, at int64, conn uint64, user string, resume uint64) (Login, error) {
	l, ok := b.conns[conn]
	if !ok {
		return Login{}, ErrGone
	}
	if l != nil {
		return Login{}, ErrAlreadyLoggedIn
	}
	p := b.users[user]
	holder := b.holder(p, resume)
	if err := b.allowed(conn, p, holder); err != nil {
		return Login{}, err
	}
	// From here on nothing can fail (S1).
	var done Login
	if p == nil {
		p = &person{name: user, since: at}
		p.seq = b.order.Add(p)
		b.users[user] = p
		done.CameOnline = true
	}
	switch {
	case b.cfg.Policy == Replace:
		done.Replaced = p.conns
	case holder != 0:
		done.Replaced = []uint64{holder}
	}
	done.Resumed = holder != 0 || b.regain(now, p, resume)
	for _, c := range done.Replaced {
		done.ReplacedSessions = append(done.ReplacedSessions, b.conns[c].session)
		delete(b.conns, c)
		p.conns = without(p.conns, c)
		b.sessions--
	}
	if done.Resumed {
		done.Session = resume
	} else {
		b.last++
		done.Session = b.last
	}
	b.conns[conn] = &live{person: p, session: done.Session, since: at}
	p.conns = with(p.conns, conn)
	b.sessions++
	done.Sessions = len(p.conns)
	return done, nil
}

// holder returns the connection of p that holds the session, or zero.
func (b *Book) holder(p *person, session uint64) uint64 {
	if p == nil || session == 0 {
		return 0
	}
	for _, c := range p.conns {
		if b.conns[c].session == session {
			return c
		}
	}
	return 0
}

// allowed applies the policy to a login of conn as p, which may be nil, whose
// token names the session that holder has, or none if it is zero.
func (b *Book) allowed(conn uint64, p *person, holder uint64) error {
	if p == nil || len(p.conns) == 0 {
		return nil
	}
	newest := p.conns[len(p.conns)-1]
	switch {
	case b.cfg.Policy == Replace && newest > conn, holder > conn:
		return ErrOlder
	case holder != 0, b.cfg.Policy == Replace:
		return nil
	case b.cfg.Policy == Refuse:
		return ErrAlreadyOnline
	case len(p.conns) >= b.cfg.MaxPerUser:
		return ErrTooMany
	default:
		return nil
	}
}
