package actors

import (
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// The connections of a transfer: they come, go, and come back.

// attach gives the transfer to a connection of its owner. A put that goes on
// is synced first, so that the offset which the owner is told is durable.
func (t *transferActor) attach(m attachTransfer) {
	if old := t.owner; old != nil && old != m.c {
		old.tell(transferClose{id: t.id, last: &wire.Abort{
			Transfer: t.id, Code: wire.CodeInterrupted, Text: "another connection of this client goes on with it",
		}})
		t.owner = nil
	}
	if t.ending != nil {
		m.c.tell(reply{credit: m.credit, msg: &wire.Error{Request: m.request, Code: wire.CodeInterrupted, Text: "the transfer is ending"}})
		return
	}
	t.waiting = &m
	if t.kind == transfer.Relay {
		t.reattached()
	}
}

// reattached answers the put that waited.
func (t *transferActor) reattached() {
	w := t.waiting
	t.waiting, t.owner = nil, w.c
	window := t.sys.set.Window
	switch {
	case t.kind == transfer.Put:
		t.in = transfer.NewInflow(uint64(t.meta.Size), uint64(t.partial.Offset()), window) //nolint:gosec // not negative
	case t.receiver == nil:
		t.in = transfer.NewInflow(uint64(t.meta.Size), 0, 0) //nolint:gosec // not negative
	default: // on from what the receiver holds
		t.in = t.relayFlow(t.out.Held(), t.out.Granted())
		t.out = t.relayOut(t.out.Held(), t.out.Granted())
	}
	answer := &wire.PutOK{
		Request: w.request, Transfer: t.id, Offset: t.in.Came(), Limit: t.in.Limit(), Chunk: uint64(t.sys.chunkSize()), //nolint:gosec // positive
	}
	if t.kind == transfer.Relay && t.receiver == nil {
		answer.Offset, answer.Limit = 0, 0
	}
	w.c.tell(transferOpen{t: t, credit: w.credit, reply: answer})
}

// detach takes a connection away that has ended; the file manager's grace
// decides how long the transfer waits.
func (t *transferActor) detach(m detachTransfer) {
	switch {
	case t.owner != nil && t.owner.id == m.conn:
		t.owner = nil
		if t.kind == transfer.Get {
			t.end(endTransfer{code: wire.CodeInterrupted})
		}
	case t.receiver != nil && t.receiver.id == m.conn:
		t.receiver = nil
	case t.waiting != nil && t.waiting.c.id == m.conn:
		t.waiting = nil
		if t.kind == transfer.Get {
			t.end(endTransfer{code: wire.CodeInterrupted})
		}
	}
}

// accept gives a relay its receiver, who may hold a part of the file already.
func (t *transferActor) accept(m attachReceiver) {
	size := uint64(t.meta.Size) //nolint:gosec // not negative
	if m.accept.Offset > size || t.ending != nil {
		m.c.tell(transferClose{id: t.id, last: &wire.Abort{Transfer: t.id, Code: wire.CodeBadRequest, Text: "the offset is beyond the end"}})
		return
	}
	t.receiver = m.c
	m.c.tell(transferOpen{t: t})
	limit := max(m.accept.Limit, m.accept.Offset)
	t.in = t.relayFlow(m.accept.Offset, limit)
	t.out = t.relayOut(m.accept.Offset, limit)
	if t.owner != nil {
		t.owner.tell(transferReply{&wire.Credit{Transfer: t.id, Offset: t.in.Came(), Limit: t.in.Limit()}})
	}
}

// relayFlow and relayOut are the two sides of a relay in the server: what it
// takes from the sender is what the receiver has granted, within the window.
func (t *transferActor) relayFlow(held, granted uint64) transfer.Inflow {
	size := uint64(t.meta.Size) //nolint:gosec // not negative
	f := transfer.NewInflow(size, held, t.sys.set.Window)
	f.Restrict(granted)
	return f
}

func (t *transferActor) relayOut(held, granted uint64) transfer.Outflow {
	f := transfer.NewOutflow(uint64(t.meta.Size), held, t.sys.set.Window) //nolint:gosec // not negative
	_ = f.Credit(held, granted)
	return f
}

// forward hands a chunk of a relay on. It stays within what the receiver has
// granted, for no more was granted to the sender.
func (t *transferActor) forward(m *wire.Chunk) {
	if t.receiver == nil {
		return // it has gone; when it comes back, it says from where on
	}
	frame, err := wire.Append(nil, &wire.Chunk{Transfer: t.id, Offset: m.Offset, Data: m.Data})
	if err != nil {
		t.end(endTransfer{code: wire.CodeInternal, text: "internal error"})
		return
	}
	t.out.Sent(uint64(len(m.Data)))
	t.receiver.tell(bulk{frame})
}

// onCredit takes what the receiving client holds and grants.
func (t *transferActor) onCredit(c *connection, m *wire.Credit) {
	receiving := t.owner
	if t.kind == transfer.Relay {
		receiving = t.receiver
	}
	if c != receiving || t.kind == transfer.Put {
		return
	}
	if err := t.out.Credit(m.Offset, m.Limit); err != nil {
		t.end(endTransfer{code: wire.CodeBadRequest, text: err.Error(), by: c.whose()})
		return
	}
	if t.kind != transfer.Relay {
		return
	}
	t.in.Advance(t.out.Held(), t.out.Granted())
	if t.owner != nil {
		t.owner.tell(transferReply{&wire.Credit{Transfer: t.id, Offset: t.in.StoredTo(), Limit: t.in.Limit()}})
	}
}

// onDone is the receiving client's word that the file is whole, verified and
// durable on its side.
func (t *transferActor) onDone(c *connection) {
	switch {
	case t.kind == transfer.Get && c == t.owner && t.out.All():
		t.finish(wire.CodeNone, "", "")
	case t.kind == transfer.Relay && c == t.receiver && t.out.All():
		t.finish(wire.CodeNone, "", "")
	case t.kind != transfer.Put:
		t.end(endTransfer{code: wire.CodeBadRequest, text: "done before the end", by: c.whose()})
	}
}
