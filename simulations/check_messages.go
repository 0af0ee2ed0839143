package simulations

import (
	"maps"
	"slices"
	"time"
)

// Messages: each session of a user is sent what is for the user, and what one
// client tells the server is handled in order, each once.

// ack is the answer to a message: how many sessions have taken it.
type ack struct {
	connection uint64 // the sender's
	id         uint64
	user       string
	sent       time.Duration
	sessions   uint64
}

// acknowledged notes the answer to a message of a peer's.
func (m *model) acknowledged(p *peer, r request, id, sessions uint64) {
	k := p.link
	if k.life != m.life || k.corrupts || m.w.corrupted || m.w.loose || m.panics > 0 {
		return
	}
	m.acks = append(m.acks, ack{p.connection, id, r.user, r.sent, sessions})
}

// taken looks at the answers, when nothing moves: sessions that were there before
// the message was sent, and still are, and have room, have taken it.
func (m *model) taken() {
	acks := m.acks
	m.acks = m.acks[:0]
	if m.panics > 0 || m.w.plan.Server.QueueBytes > 0 || m.w.plan.Server.QueueFrames > 0 {
		return // a queue that is small may have had no room
	}
	for _, a := range acks {
		n := uint64(0)
		for _, k := range m.users[a.user] {
			if !k.holds(m, a.user) || k.facts.since >= a.sent || k.down.crowded {
				continue
			}
			n++
			if k.chats == nil {
				k.chats = make(map[uint64]int)
			}
			k.chats[a.connection]++
		}
		if n > a.sessions {
			m.w.fail("messages", "a message for each session of a user", "message %d of connection %d was taken by %d sessions of %s, which has %d since before it was sent",
				a.id, a.connection, a.sessions, a.user, n)
			return
		}
		if n > 1 {
			m.w.effect("sent to several sessions")
		}
	}
}

// undelivered looks for messages that were acknowledged and have not come, when
// everything was healed and had its time.
func (m *model) undelivered() {
	for _, c := range m.w.clients {
		for _, p := range c.peers() {
			k := p.link
			if k.corrupts || m.w.corrupted || k.dead || k.life != m.life || k.over || k.down.crowded || k.down.under > 0 || m.panics > 0 {
				continue
			}
			for _, from := range slices.Sorted(maps.Keys(k.chats)) {
				if n := k.chats[from]; p.chats[from] < n {
					m.w.fail("messages", "what was acknowledged is delivered", "%s has got %d messages of connection %d, of %d", c.name, p.chats[from], from, n)
					return
				}
			}
		}
	}
}

// hears is told that the server handles a numbered message.
func (l *life) hears(connection, n uint64) {
	if l.dead.Load() {
		return
	}
	l.w.lock()
	defer l.w.unlock()
	m := l.w.model
	if m.life != l {
		return
	}
	last := m.heard[connection]
	m.heard[connection] = n
	l.w.effect("one-way message handled")
	if k := m.live[connection]; k == nil && l.w.corrupted || k != nil && k.corrupts {
		return
	}
	if n <= last || n > last+1 && m.panics == 0 {
		l.w.fail("messages", "one-way messages in order, each once (N16)", "message %d of connection %d is handled after %d", n, connection, last)
	}
}

// unheard looks for numbered messages that are not handled, when everything was
// healed and had its time: the server has stopped reading.
func (m *model) unheard() {
	now := m.w.now()
	for _, c := range m.w.clients {
		for _, p := range c.peers() {
			k := p.link
			if !p.inService(m) || m.panics > 0 {
				continue
			}
			if n := m.heard[p.connection]; p.counted > n && p.countAt > 0 && now-p.countAt > answers && k.held < now-answers {
				m.w.fail("liveness", "a reader that goes on: each one-way message is handled", "%s: of %d the server has handled %d, the latest was due at %v", c.name, p.counted, n, p.countAt)
				return
			}
		}
	}
}
