package simulations

import (
	"slices"
	"strings"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// G2, one termination: each connection that the server has accepted gets exactly
// one, with a reason that is true of its link.

func (m *model) established(x supervisor.Established) {
	w := m.w
	if m.live[x.Connection] != nil || m.ended[x.Connection] {
		w.fail("G2", "a connection is established once, before its end", "connection %d again", x.Connection)
		return
	}
	i := m.awaited(x.Connection, func(k *link) bool {
		return k.remote.String() == x.Remote && k.facts.hello == x.Identifier
	})
	if i < 0 {
		w.fail("G1", "only a client that has said hello is established (N9)", "connection %d, %q from %s", x.Connection, x.Identifier, x.Remote)
		return
	}
	k := m.waiting[i]
	m.waiting = slices.Delete(m.waiting, i, i+1)
	m.enters(k, x.Connection)
	m.highest = max(m.highest, x.Connection)
	m.nextLate = min(m.nextLate, w.now()+time.Second) // its timeout is longer than that
	m.places[x.Remote] = max(m.places[x.Remote], x.Connection)
	w.effect("established")
	if time.Until(x.At).Abs() > time.Second {
		w.effect("beginning at a jumped wall clock")
	}
	w.moment(k.client, "link", "connection "+itoa(x.Connection), true)
}

// awaited returns which of those that were accepted and have not been established is
// the connection of that number. Several may come from one address; connections are
// numbered in the order of the accepts, but for those that were turned away.
func (m *model) awaited(connection uint64, fits func(*link) bool) int {
	best := -1
	for i, k := range m.waiting {
		if !fits(k) {
			continue
		}
		// The first that has this number or more; else, whichever there is.
		if best < 0 || m.waiting[best].facts.number < connection {
			best = i
		}
	}
	return best
}

func (m *model) terminated(x supervisor.Terminated) {
	w := m.w
	w.trace.tell(w.now(), m.life.name, "connection "+itoa(x.Connection)+" from "+x.Remote+" ended: "+x.Reason.String())
	if m.ended[x.Connection] {
		w.fail("G2", "one termination for each connection", "a second one for connection %d: %v", x.Connection, x.Reason)
		return
	}
	m.ended[x.Connection] = true
	m.remembers(x.Connection)
	k := m.live[x.Connection]
	if k == nil {
		if x.Handshaken {
			w.fail("G2", "an end after a beginning", "connection %d was never established", x.Connection)
			return
		}
		i := m.awaited(x.Connection, func(k *link) bool { return k.remote.String() == x.Remote })
		if i < 0 {
			w.fail("G2", "the end of a connection that was accepted", "connection %d from %s", x.Connection, x.Remote)
			return
		}
		k = m.waiting[i]
		m.waiting = slices.Delete(m.waiting, i, i+1)
	}
	m.leaves(k)
	w.tally.reason(x.Reason.String())
	w.cover(k, x.Reason)
	if !k.superseded(m) {
		w.moment(k.client, "link", x.Reason.String(), false)
	}
	if why := m.untrue(k, x); why != "" {
		w.fail(guaranteeOf(x.Reason), "a reason that is true", "connection %d ended with %v (%s), but %s", x.Connection, x.Reason, x.Error, why)
	}
	m.replaced(k, x)
	m.bounded(x)
	m.evidence(k, x)
	m.onTime(k, x)
	m.sessionOver(k.facts.user)
	m.loggedOut(k)
	k.over = true
	if k.facts.connection != 0 {
		m.recent = append(m.recent, k)
	}
}

// untrue tells why a reason cannot be true of a link; empty if it can.
func (m *model) untrue(k *link, x supervisor.Terminated) string {
	f, now := &k.facts, m.w.now()
	switch x.Reason {
	case wire.ReasonBye:
		if !f.saidBye {
			return "the client said no bye"
		}
	case wire.ReasonEOF:
		if !k.up.fin {
			return "the client sent no FIN"
		}
	case wire.ReasonReset:
		if k.up.reset == nil && k.down.reset == nil {
			return "nobody reset it"
		}
	case wire.ReasonHandshakeTimeout:
		if f.connection != 0 {
			return "its handshake was complete"
		}
		if now-f.accepted < m.w.plan.Server.handshakeTimeout() {
			return "its time was not over"
		}
	case wire.ReasonHeartbeatTimeout:
		return m.early(k)
	case wire.ReasonProtocolError, wire.ReasonFrameTooLarge:
		if !k.mischief && !k.corrupts && !strings.Contains(x.Detail, "not complete after") {
			return "the client kept to the protocol"
		}
	case wire.ReasonWriteFailed:
		if k.up.reset == nil && k.down.reset == nil {
			return "its transport was whole"
		}
	case wire.ReasonSlowConsumer:
		if !k.down.crowded {
			return "there always was room for what was written"
		}
	case wire.ReasonKicked:
		if m.kicks == 0 {
			return "nobody was kicked"
		}
	case wire.ReasonPanic:
		if m.panics == 0 && m.w.plan.Server.LoginMax <= m.w.plan.Server.loginTimeout() {
			return "nothing panicked"
		}
	case wire.ReasonServerShutdown:
		if m.w.stage < stopping && !m.life.stopping {
			return "the server was not stopped"
		}
	}
	return ""
}

// guaranteeOf is the guarantee that a reason which is not true breaks.
func guaranteeOf(r wire.Reason) string {
	if r == wire.ReasonHeartbeatTimeout {
		return "G4"
	}
	return "G2"
}
