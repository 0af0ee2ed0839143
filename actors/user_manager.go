package actors

import (
	"errors"
	"slices"
	"time"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

// userManager is the one actor that owns sessions and presence. What it knows
// of connections it has from the registry: who is established, and who has
// terminated (N8).
type userManager struct {
	guard

	// static after construction
	sys *System

	// owned by the actor
	conns     map[uint64]*connection // established, not yet terminated; bounded by MaxConnections
	book      *session.Book
	board     *presence.Board
	flushed   time.Duration // when presence was last flushed
	flushing  *time.Timer
	armed     bool // the flush timer runs
	grace     *time.Timer
	graceNext time.Duration // for when the grace timer is set; 0: it is not
	paced     time.Duration // graces run out no earlier: many are told of in portions, or we have stalled
	crew      crew
}

func (u *userManager) woken() *crew { return &u.crew }

func newUserManager(s *System, restored int) *userManager {
	u := &userManager{
		sys: s, conns: make(map[uint64]*connection),
		book: session.New(session.Config{
			Policy: s.set.Policy, Grace: s.set.Grace, MaxPerUser: s.set.MaxSessions,
			MaxHeld: max(session.DefaultMaxHeld, restored), // nobody who was online is given up for want of room
		}),
		board: presence.New(s.set.Epoch, s.set.History),
	}
	u.board.LimitFrames(s.frameBudget())
	return u
}

func (u *userManager) receive(msg any) {
	switch m := msg.(type) {
	case *parcel:
		u.deliver(m)
	case established:
		u.admit(m.c)
	case terminated:
		u.terminate(m)
	case loginUser:
		u.login(m)
	case logoutUser:
		u.logout(m)
	case watchUsers:
		u.watch(m)
	case unwatchUsers:
		u.unwatch(m)
	case resnapshot:
		u.resnapshot(m.c)
	case pushUser:
		u.push(m)
	case flushDue:
		u.armed = false
	case graceDue:
		u.expire()
	case liveSet:
		u.reconcile(m.live)
	case userQuery:
		m.ask(u)
	case quit:
		u.close()
		if u.flushing != nil {
			u.flushing.Stop()
		}
		if u.grace != nil {
			u.grace.Stop()
		}
		u.stop()
	}
}

// turn tells the watchers what this batch of messages has changed, or gathers
// it when they were told just before.
func (u *userManager) turn() {
	u.flush()
	u.armGrace()
}

func (u *userManager) recovered(msg, value any, stack []byte) {
	u.sys.fault(u.name(), msg, value, stack)
	// What the message wanted is answered or done here; the rest is found by the
	// registry's next sweep (S1). Nothing is put back (S2).
	switch m := msg.(type) {
	case *parcel:
		m.abandon()
	case loginUser:
		m.c.tell(loginDone{
			request: m.login.Request, credit: m.credit, code: wire.CodeInternal,
			reason: wire.ReasonPanic, text: "internal error",
		})
	case logoutUser:
		m.c.tell(reply{credit: m.credit, logout: true, msg: internalError(m.request)})
	case watchUsers:
		m.c.tell(reply{credit: m.credit, msg: internalError(m.watch.Request)})
	case unwatchUsers:
		m.c.tell(reply{credit: m.credit, msg: internalError(m.unwatch.Request)})
	case resnapshot:
		m.c.tell(stopConnection{reason: wire.ReasonPanic, detail: "internal error"})
	case established:
		u.admit(m.c)
	case terminated:
		u.terminate(m)
	case flushDue:
		u.armed = false
	case graceDue:
		u.graceNext = 0
	case userQuery:
		m.lost()
	case pushUser:
		close(m.sessions)
	case liveSet, quit:
		u.receive(msg)
	}
}

func internalError(request uint64) *wire.Error {
	return &wire.Error{Request: request, Code: wire.CodeInternal, Text: "internal error"}
}

// abandoned: the user manager does not go; the registry's next sweep mends.
func (u *userManager) abandoned() bool { return false }

func (u *userManager) gone() { u.sys.actorStopped() }

func (u *userManager) admit(c *connection) {
	u.conns[c.id] = c
	u.book.Admit(c.id)
}

// terminate ends what the connection had, and lets go of it. Only the
// termination of a user's last session takes the user offline (N6).
func (u *userManager) terminate(m terminated) {
	id := m.c.id
	if _, ok := u.conns[id]; ok {
		u.board.Drop(id)
		u.left(u.book.End(u.sys.now(), u.at(), id, m.t.Reason))
		delete(u.conns, id) // last: what a panic cuts short, a sweep does again (S1)
	}
	u.crew.tellLast(&m.c.guard, released{})
}

// left tells of the end of a session, and of what that means for its user.
func (u *userManager) left(d session.Departure) {
	if d.User == "" {
		return // it had none
	}
	now := u.sys.set.Wall()
	e := SessionEnded{
		User: d.User, Connection: d.Conn, Session: d.Session, Reason: d.Reason,
		Left: d.SessionsLeft, Offline: d.WentOffline, At: now,
	}
	if d.Held {
		e.HeldUntil = now.Add(d.Until - u.sys.now())
	}
	u.sys.emitBy(&u.crew, e)
	if !d.WentOffline {
		u.enrol(d.User, d.SessionsLeft, false)
	}
	u.depart(d)
}

// depart carries the departure of a user over to presence.
func (u *userManager) depart(d session.Departure) {
	if !d.WentOffline {
		return
	}
	e := UserOffline{User: d.User, Reason: d.Reason, Connection: d.Conn, At: u.sys.set.Wall()}
	at := e.At.UnixMilli()
	if d.Reason == wire.ReasonNodeLost {
		e.LastAlive, at = time.UnixMilli(d.At), d.At
	}
	if change, changed := u.board.Set(d.User, false, d.Reason, at); changed {
		u.sys.count.presenceChanges.Add(1)
		e.Epoch, e.Version = u.board.Epoch(), change.Version
		if !u.sys.draining.Load() { // then who watches is sent away as well, and told no more
			e.Watchers = u.board.Watching(d.User)
		}
		u.sys.emitBy(&u.crew, e)
	}
	u.strike(d.User)
}

// arrive carries the first session of a user over to presence.
func (u *userManager) arrive(user string, conn uint64) {
	e := UserOnline{User: user, Connection: conn, At: u.sys.set.Wall()}
	change, changed := u.board.Set(user, true, wire.ReasonNone, e.At.UnixMilli())
	if !changed {
		return
	}
	u.sys.count.presenceChanges.Add(1)
	e.Epoch, e.Version, e.Watchers = u.board.Epoch(), change.Version, u.board.Watching(user)
	u.sys.emitBy(&u.crew, e)
}

func (u *userManager) at() int64 { return u.sys.set.Wall().UnixMilli() }

func (u *userManager) login(m loginUser) {
	user := m.login.User
	resume := u.sys.tokenSession(user, m.login.Token)
	l, err := u.book.Login(u.sys.now(), u.at(), m.c.id, user, resume)
	if err != nil {
		m.c.tell(u.refusedLogin(m, err))
		return
	}
	for i, id := range l.Replaced {
		u.board.Drop(id)
		if old := u.conns[id]; old != nil {
			old.tell(stopConnection{
				reason: wire.ReasonReplaced, detail: "a newer connection of this user took over", rival: m.c.asRival(),
			})
		}
		u.sys.emitBy(&u.crew, SessionEnded{
			User: user, Connection: id, Session: l.ReplacedSessions[i], Reason: wire.ReasonReplaced,
			Left: l.Sessions, At: u.sys.set.Wall(),
		})
	}
	if l.CameOnline {
		u.arrive(user, m.c.id)
	}
	u.enrol(user, l.Sessions, l.CameOnline)
	u.crew.tell(&m.c.guard, loginDone{
		request: m.login.Request, credit: m.credit,
		ok: &wire.LoginOK{
			Request: m.login.Request, User: user, Session: l.Session, Resumed: l.Resumed,
			Token: u.sys.token(user, l.Session),
			Grace: uint64(u.sys.set.Grace / time.Millisecond), //nolint:gosec // not negative
		},
	})
	if u.sys.files != nil {
		u.crew.tellLast(&u.sys.files.guard, arrived{c: m.c, user: user})
	}
}

// refusedLogin turns the book's refusal into what the client is told.
func (u *userManager) refusedLogin(m loginUser, err error) loginDone {
	d := loginDone{
		request: m.login.Request, credit: m.credit, text: err.Error(),
		code: wire.CodeLoginRefused, reason: wire.ReasonLoginRefused,
	}
	switch {
	case errors.Is(err, session.ErrOlder), errors.Is(err, session.ErrGone):
		d.code, d.reason, d.text = wire.CodeReplaced, wire.ReasonReplaced, "a newer connection of this user took over"
		if conns := u.book.Connections(m.login.User); len(conns) > 0 {
			if c := u.conns[conns[len(conns)-1]]; c != nil {
				d.rival = c.asRival()
			}
		}
	case errors.Is(err, session.ErrAlreadyOnline):
		d.code, d.text = wire.CodeAlreadyOnline, "the user is online already"
	case errors.Is(err, session.ErrTooMany):
		d.code, d.text = wire.CodeTooMany, "the user has too many sessions"
	case errors.Is(err, session.ErrAlreadyLoggedIn):
		d.code, d.text = wire.CodeAlreadyLogin, "the connection has logged in already"
	}
	return d
}

func (u *userManager) logout(m logoutUser) {
	d, err := u.book.Logout(u.sys.now(), u.at(), m.c.id)
	if err != nil {
		m.c.tell(reply{credit: m.credit, logout: true, msg: &wire.Error{Request: m.request, Code: wire.CodeNotLoggedIn}})
		return
	}
	u.board.Unwatch(m.c.id, nil) // who is not logged in does not watch
	u.left(d)
	u.crew.tell(&m.c.guard, reply{credit: m.credit, msg: &wire.OK{Request: m.request}, logout: true})
}

// reconcile makes the user manager's connections those of the registry (S1).
// The registry's word is as old as its place in the inbox, and so is everything
// else that the user manager has from it.
func (u *userManager) reconcile(live map[uint64]*connection) {
	var lost []uint64
	for id := range u.conns {
		if live[id] == nil {
			lost = append(lost, id)
		}
	}
	slices.Sort(lost)
	for _, id := range lost {
		c := u.conns[id]
		t := c.finished.Load()
		if t == nil {
			t = &Termination{Connection: id, Reason: wire.ReasonPanic}
		}
		u.sys.count.mended.Add(1)
		u.terminate(terminated{c, t})
	}
	for id, c := range live {
		if u.conns[id] == nil {
			u.admit(c)
		}
	}
}

// expire announces those who did not come back within the grace.
//
// After a stall of the server's own (P4) nobody is, before those who came back
// meanwhile had their turn: their hellos still wait in the sockets.
func (u *userManager) expire() {
	u.graceNext = 0
	if until := u.sys.stall.settled(u.sys.now()); until > u.sys.now() {
		u.paced = until
		return
	}
	all := u.book.ExpireSome(u.sys.now(), expiring)
	for _, d := range all {
		u.depart(d)
	}
	if len(all) == expiring {
		// So many that the watchers are told in portions: they have to read it.
		u.paced = u.sys.now() + u.sys.set.FlushInterval
	}
}

// expiring is how many graces run out at once: after a crash, all do.
const expiring = 1024

// close tells, at the end of the server's life, that those go offline whom a
// grace holds. When connections are left, the end is none in good order: all stay
// on the roll, and the next life tells of them.
func (u *userManager) close() {
	if !u.sys.clean.Load() {
		return
	}
	for _, d := range u.book.ExpireAll() {
		u.depart(d)
	}
}

// armGrace sets the one timer for the next grace to run out (P3: the book
// orders by deadline).
func (u *userManager) armGrace() {
	next, ok := u.book.Next()
	if next = max(next, u.paced); !ok || (u.graceNext != 0 && u.graceNext <= next) {
		return
	}
	u.graceNext = next
	wait := max(next-u.sys.now(), 0)
	if u.grace == nil {
		u.grace = time.AfterFunc(wait, func() {
			u.resumes("grace")
			u.tell(graceDue{})
		})
	} else {
		u.grace.Reset(wait)
	}
}
