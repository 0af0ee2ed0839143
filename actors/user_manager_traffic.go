package actors

import (
	"time"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/actors/internal/roster"
	"example.com/rollcall/wire"
)

// deliver hands messages to every session of their recipient.
func (u *userManager) deliver(p *parcel) {
	conns := u.book.Connections(p.to)
	if len(conns) == 0 {
		p.abandon()
		return
	}
	for i := range p.all {
		p.all[i].left.Store(int32(len(conns))) //nolint:gosec // bounded by MaxSessions
	}
	for i, id := range conns {
		a := &p.first
		if i > 0 {
			a = new(arrival)
		}
		a.parcel = p
		if c := u.conns[id]; c != nil {
			u.crew.tell(&c.guard, a)
		} else {
			a.refuse()
		}
	}
}

// push hands a frame of the embedding program to a user's sessions.
func (u *userManager) push(m pushUser) {
	n := 0
	each := func(conns []uint64) {
		for _, id := range conns {
			if c := u.conns[id]; c != nil {
				c.tell(push{m.frame})
				n++
			}
		}
	}
	defer func() {
		if m.sessions != nil {
			m.sessions <- n
		}
		if m.then != nil {
			m.then(n)
		}
	}()
	if !m.everyone {
		each(u.book.Connections(m.user))
		return
	}
	const page = 1024
	for cursor, more := roster.Seq(0), true; more; {
		users, next, rest := u.book.Page(cursor, page)
		for i := range users {
			each(u.book.Connections(users[i].Name))
		}
		cursor, more = next, rest
	}
}

// watch answers with the state that the watcher lacks.
func (u *userManager) watch(m watchUsers) {
	if u.conns[m.c.id] == nil {
		return // it has ended
	}
	w := m.watch
	var answer presence.Answer
	resume := presence.Mark{Epoch: w.Epoch, Version: w.Version}
	switch {
	case w.Everyone:
		answer = u.board.WatchAll(m.c.id, resume)
	default: // nobody named: the state of those watched already, once more
		var err error
		if answer, err = u.board.WatchUsers(m.c.id, w.Users, resume); err != nil {
			m.c.tell(reply{credit: m.credit, msg: &wire.Error{
				Request: w.Request, Code: wire.CodeTooMany, Text: "too many users watched by name",
			}})
			return
		}
	}
	ok, err := wire.Append(nil, &wire.OK{Request: w.Request})
	if err != nil {
		return // unreachable: an OK has no limits
	}
	u.answerWatch(m.c, ok, answer, m.credit)
}

func (u *userManager) answerWatch(c *connection, ok []byte, a presence.Answer, credit int) {
	if a.Snapshot {
		u.sys.count.snapshots.Add(1)
	}
	encode(a.Frames)
	u.crew.tell(&c.guard, watchState{ok: ok, frames: a.Frames, snapshot: a.Snapshot, credit: credit})
}

// encode encodes frames while they are still the user manager's, so that all
// who get them share the bytes.
func encode(frames []*presence.Frame) {
	for _, f := range frames {
		if _, err := f.Encode(); err != nil {
			panic(err) // unreachable: made of valid users, within the limits
		}
	}
}

func (u *userManager) unwatch(m unwatchUsers) {
	u.board.Unwatch(m.c.id, m.unwatch.Users)
	m.c.tell(reply{credit: m.credit, msg: &wire.OK{Request: m.unwatch.Request}})
}

// resnapshot serves a watcher that was too slow for the changes.
func (u *userManager) resnapshot(c *connection) {
	a, ok := u.board.Refresh(c.id)
	if !ok {
		a = presence.Answer{} // it watches nobody any more
	}
	u.answerWatch(c, nil, a, 0)
}

// flush tells the watchers of all changes since the last flush: at once when
// the last one lies back by the flush interval, else when it will.
func (u *userManager) flush() {
	pending := u.board.Pending()
	if pending == 0 {
		return
	}
	now := u.sys.now()
	if wait := u.flushed + u.sys.set.FlushInterval - now; wait > 0 && u.flushed != 0 && pending < presence.MaxPending {
		if !u.armed {
			u.armed = true
			u.armFlush(wait)
		}
		return
	}
	u.flushed = now
	u.sys.count.presenceFlushes.Add(1)
	b := u.board.Flush()
	u.sys.manyTold.Store(len(b.Everyone)+len(b.Named) > roundWatchers)
	if len(b.Everyone) > 0 && len(b.Shared) > 0 {
		encode(b.Shared)
		update := &presenceUpdate{frames: b.Shared}
		for _, id := range b.Everyone {
			u.update(id, update)
		}
	}
	for _, p := range b.Named {
		encode(p.Frames)
		u.update(p.Watcher, &presenceUpdate{frames: p.Frames})
	}
}

func (u *userManager) update(watcher uint64, update *presenceUpdate) {
	if c := u.conns[watcher]; c != nil {
		u.crew.tell(&c.guard, update)
	}
}

func (u *userManager) armFlush(wait time.Duration) {
	if u.flushing == nil {
		u.flushing = time.AfterFunc(wait, func() {
			u.resumes("flush")
			u.tell(flushDue{})
		})
	} else {
		u.flushing.Reset(wait)
	}
}
