package simulations

import "example.com/rollcall/supervisor"

// Evidence, a part of the events: what the server tells of an end beside its
// reason agrees with what has crossed the network.

// evidence looks at that of a connection's end. What is read at the moment of the
// end itself may be read before or after it.
func (m *model) evidence(k *link, x supervisor.Terminated) {
	at, ok := m.stampedAt(x.Ended)
	if read := k.up.read; !ok || m.panics > 0 || read == 0 || read >= at {
		return
	}
	if want := at - k.up.read; x.Silent != want {
		m.w.fail("events", "a silence of "+want.String(), "connection %d ended at %v, was heard at %v, and is said to have been silent for %v", x.Connection, at, k.up.read, x.Silent)
	}
	if x.BytesIn != uint64(k.up.taken) { //nolint:gosec // positive
		m.w.fail("events", "as many bytes as the server has read", "connection %d: %d of %d", x.Connection, x.BytesIn, k.up.taken)
	}
}

// heldUntil looks at the end of a session: it tells until when its user is held.
func (m *model) heldUntil(x supervisor.SessionEnded) {
	grace := m.w.plan.Server.Grace
	held := x.Left == 0 && grace > 0 && x.Reason.Involuntary()
	switch {
	case held && x.HeldUntil.Sub(x.At) != grace, !held && !x.HeldUntil.IsZero():
		m.w.fail("events", "until when a grace of "+grace.String()+" holds a user", "%s, %d sessions left, %v: from %v until %v", x.User, x.Left, x.Reason, x.At, x.HeldUntil)
	case x.Offline != (x.Left == 0 && !held):
		m.w.fail("events", "offline at once without a session and a grace", "%s, %d sessions left, %v: %v", x.User, x.Left, x.Reason, x.Offline)
	}
}
