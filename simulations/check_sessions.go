package simulations

import (
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// Sessions: the order of acceptance counts, not that of arrival. What replaces a
// connection was accepted after it (S3).

// claim notes that a connection tries to log in as a user.
func (m *model) claim(k *link, user string) {
	f := &k.facts
	if f.claimed == nil {
		f.claimed = make(map[string]bool)
	}
	f.claimed[user] = true
	m.claims[user] = max(m.claims[user], f.connection)
}

// replaced checks that there is a newer connection which can have taken over: one
// of the same user, or one from the same endpoint.
func (m *model) replaced(k *link, x supervisor.Terminated) {
	if x.Reason != wire.ReasonReplaced || k.facts.connection == 0 {
		return
	}
	m.w.effect("replaced")
	if m.places[x.Remote] > x.Connection {
		return
	}
	for user := range k.facts.claimed {
		if m.claims[user] > x.Connection {
			return
		}
	}
	m.w.fail("sessions", "only a newer connection takes over (S3)", "connection %d was replaced, and is the newest of its user and of its endpoint", x.Connection)
}
