package simulations

import (
	"slices"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// Resumption, a part of the sessions: a token brings back the session that it was
// given for, of the same user, once for each time that it was lost; and as long as
// that may be, it does.
//
// What a login has led to is known when its login_ok is written, what has become of
// a session when the server has told its program. Either can be behind the other
// by a moment: what takes both is judged when nothing moves.

// attempt is a login that the server has read.
type attempt struct {
	token string
	order uint64
	at    time.Duration
}

// session is one number of a life of the server's.
type session struct {
	number uint64
	user   string
	fresh  bool            // a login_ok has told it as a new one
	on     *link           // whom a login_ok has told it last; nil: nobody
	ended  map[uint64]bool // connections on which it has ended

	state  uint8
	order  uint64        // of what made it so
	since  time.Duration // the same
	losses int           // of its user, up to its own
	taken  uint64        // the order of its latest end by a newer connection
}

const (
	sessionUnsure uint8 = iota
	sessionLives
	sessionLost // may come back
	sessionOver // may not
)

// issued is whom a token was given to.
type issued struct {
	user string
	*session
}

// resumption is what the world knows of sessions and tokens, of one life of the
// server. Its bound are the logins of a plan.
type resumption struct {
	order    uint64 // counts what has happened
	sessions map[uint64]*session
	tokens   map[string]issued
	lost     map[string][]*session // by user, the oldest first
	losses   map[string]int
	doubts   []suspicion
}

// suspicion is a login whose token should have brought a session back, or should
// not have. It is judged when nothing moves, and all that was told is known.
type suspicion struct {
	of      *session
	state   uint8 // that it had
	order   uint64
	claim   string // what should be
	link    *link
	attempt attempt
}

func newResumption() resumption {
	return resumption{
		sessions: make(map[uint64]*session), tokens: make(map[string]issued),
		lost: make(map[string][]*session), losses: make(map[string]int),
	}
}

// tries is told of a login that the server has read.
func (m *model) tries(k *link, x *wire.Login) {
	if k.facts.attempts == nil {
		k.facts.attempts = make(map[uint64]attempt)
	}
	m.resumes.order++
	k.facts.attempts[x.Request] = attempt{string(x.Token), m.resumes.order, m.w.now()}
}

// granted is told of a login_ok that the server has written.
func (m *model) granted(k *link, x *wire.LoginOK) {
	r, w := &m.resumes, m.w
	a, asked := k.facts.attempts[x.Request]
	delete(k.facts.attempts, x.Request)
	r.order++
	s := r.sessions[x.Session]
	if s == nil {
		s = &session{number: x.Session, user: x.User, ended: make(map[uint64]bool)}
		r.sessions[x.Session] = s
	}
	if s.user != x.User {
		w.fail("sessions", "a session of one user", "session %d of %q was %q's", x.Session, x.User, s.user)
	}
	switch {
	case x.Resumed:
		if asked && !k.corrupts {
			m.mayResume(k, s, a)
		}
		if !k.corrupts {
			w.effect("resumed a session")
		}
	default:
		if s.fresh || len(s.ended) > 0 && !s.ended[k.facts.connection] {
			w.fail("sessions", "a new session has a number of its own", "link %d: session %d of %q is not new", k.id, x.Session, x.User)
		}
		s.fresh = true
		if asked && !k.corrupts {
			m.shouldResume(k, x.User, a)
		}
	}
	r.tokens[string(x.Token)] = issued{x.User, s}
	if !s.ended[k.facts.connection] { // else it is over already
		s.on, s.state, s.order, s.since = k, sessionLives, r.order, w.now()
	}
}

// mayResume checks that a session could come back.
func (m *model) mayResume(k *link, s *session, a attempt) {
	r, w := &m.resumes, m.w
	given, ok := r.tokens[a.token]
	if !ok || given.session != s {
		w.fail("sessions", "the session whose token was given", "link %d: session %d of %q was resumed with another one's token", k.id, s.number, s.user)
		return
	}
	// What was told before the server has read the login was so before it judged it.
	if s.order > a.order {
		return
	}
	switch grace := w.plan.Server.Grace; {
	case s.state == sessionOver:
		w.fail("sessions", "no session comes back that is over", "link %d: session %d of %q was over at %v, and was resumed by a login of %v", k.id, s.number, s.user, s.since, a.at)
	case s.state == sessionLost && a.at > s.since+grace:
		r.doubts = append(r.doubts, suspicion{s, s.state, s.order, backLate, k, a})
	}
}

// shouldResume looks whether a session should have come back.
func (m *model) shouldResume(k *link, user string, a attempt) {
	r, w := &m.resumes, m.w
	given, ok := r.tokens[a.token]
	if !ok || given.user != user || given.order > a.order || m.panics > 0 {
		return
	}
	s := given.session
	switch {
	case s.state == sessionLives && s.on != k:
		r.doubts = append(r.doubts, suspicion{s, s.state, s.order, "a session is taken over with its token", k, a})
	case s.state == sessionLost && w.now() < s.since+w.plan.Server.Grace && m.stallEnded < s.since && r.losses[user]-s.losses < w.plan.Server.maxLost():
		r.doubts = append(r.doubts, suspicion{s, s.state, s.order, "a lost session comes back with its token", k, a})
	}
}

// sessionLeft is told that a session has ended on a connection.
func (m *model) sessionLeft(x supervisor.SessionEnded) {
	r := &m.resumes
	r.order++
	s := r.sessions[x.Session]
	if s == nil { // its login_ok was not written, or is not yet
		s = &session{number: x.Session, user: x.User, ended: make(map[uint64]bool)}
		r.sessions[x.Session] = s
	}
	switch {
	case s.user != x.User:
		m.w.fail("sessions", "a session of one user", "session %d of %q was %q's", x.Session, x.User, s.user)
	case s.ended[x.Connection]:
		m.w.fail("sessions", "a session ends once on a connection", "session %d of %q ends again on %d", x.Session, x.User, x.Connection)
	}
	s.ended[x.Connection] = true
	if s.on != nil && s.on.facts.connection != x.Connection && !s.ended[s.on.facts.connection] {
		return // another connection has it already
	}
	s.order, s.since = r.order, m.w.now()
	switch {
	case x.Reason == wire.ReasonReplaced:
		s.state, s.taken = sessionUnsure, r.order // it goes on with the newer connection, or it does not
	case x.Reason.Involuntary() && m.w.plan.Server.Grace > 0:
		s.state = sessionLost
		r.losses[x.User]++
		s.losses = r.losses[x.User]
		r.lost[x.User] = append(slices.DeleteFunc(r.lost[x.User], func(o *session) bool { return o == s || o.state != sessionLost }), s)
	default:
		s.state = sessionOver
	}
}

// allOver is told that a user has gone offline: nothing of it comes back.
func (m *model) allOver(user string) {
	r := &m.resumes
	r.order++
	for _, s := range r.lost[user] {
		if s.state == sessionLost {
			s.state, s.order, s.since = sessionOver, r.order, m.w.now()
		}
	}
	delete(r.lost, user)
}

// backLate is the claim that is broken by a login which was granted.
const backLate = "no session comes back after its grace"

// suspected judges, when nothing moves, what was in doubt.
func (m *model) suspected() {
	doubts := m.resumes.doubts
	m.resumes.doubts = nil
	for _, d := range doubts {
		s := d.of
		stands := s.state == d.state && s.order == d.order
		switch {
		case d.claim == backLate:
			stands = s.taken < d.attempt.order // else somebody had it, unseen, up to then
		case d.state == sessionLives:
			stands = stands && s.on.holds(m, s.user)
		}
		if stands {
			m.w.fail("sessions", d.claim, "link %d, by a login of %v: session %d of %q, of %v", d.link.id, d.attempt.at, s.number, s.user, s.since)
			return
		}
	}
}

// maxLost is how many lost sessions of a user may come back.
func (p ServerPlan) maxLost() int { return orInt(p.MaxSessions, defaultSessions) }

// maxSessions is how many sessions a user may have.
func (p ServerPlan) maxSessions() int {
	if supervisor.Policy(p.Policy) != supervisor.Many { //nolint:gosec // validated by the supervisor
		return 1
	}
	return orInt(p.MaxSessions, defaultSessions)
}
