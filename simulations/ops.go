package simulations

import (
	"example.com/rollcall/wire"
)

// do carries an operation out. What makes no sense at the moment is left out:
// a plan that was made smaller still is one.
func (w *World) do(op *Op) {
	if w.stage != living {
		return
	}
	if f := serverOps[op.Kind]; f != nil {
		w.injected(op, nil)
		w.moment(nil, "server", op.Kind+" "+op.Text, false)
		f(w, op)
		return
	}
	if op.Client < 0 || op.Client >= len(w.clients) {
		return
	}
	c := w.clients[op.Client]
	if f := clientOps[op.Kind]; f != nil {
		f(c, op)
		return
	}
	if c.isReal() {
		if f := realOps[op.Kind]; f != nil && c.real != nil && !c.real.ended {
			f(c.real, op)
		}
		return
	}
	p := c.peer
	f := peerOps[op.Kind]
	if f == nil || p == nil || p.over || c.held.Load() {
		return
	}
	w.injected(op, p.link)
	f(p, op)
}

// injected counts a fault, and notes what it may be the cause of.
func (w *World) injected(op *Op, k *link) {
	w.tally.injected(op.Kind)
	if k == nil {
		return
	}
	w.trace.tell(w.now(), "world", op.Kind+" link "+itoa(uint64(k.id))) //nolint:gosec // positive
	w.tally.pair(op.Kind, k.state())
	w.moment(k.client, "fault", op.Kind, false)
	if fatal[op.Kind] && k.cause == "" {
		k.cause, k.causeAt, k.causeEnds = op.Kind, w.now(), 0
		if op.For > 0 {
			k.causeEnds = w.now() + op.For
		}
	}
}

// state is how far the link has come, for the coverage.
func (k *link) state() string {
	f := &k.facts
	switch {
	case !f.isAccepted:
		return "connecting"
	case f.hello == "":
		return "greeting"
	case f.welcomed == 0:
		return "registering"
	case len(f.logins) > 0:
		return "logging in"
	case f.byed != wire.ReasonNone || k.over:
		return "closing"
	case f.user != "":
		return "logged in"
	default:
		return "open"
	}
}

// fatal are the faults that end a connection.
var fatal = map[string]bool{
	"bye": true, "fin": true, "reset": true, "half": true, "vanish": true, "garbage": true, "huge": true,
	"hang": true, "mute-up": true, "mute-down": true, "freeze": true, "cut": true, "rebind": true, "roam": true,
}
