package actors

import (
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// The connections of a transfer: they come, go, and come back.

// attach gives the transfer to a connection of its owner. A put that goes on
// is synced first, so that the offset which the owner is told is durable. One
// that comes too late is begun anew.
func (t *transferActor) attach(m attachTransfer) {
	switch {
	case t.ended:
		t.files.tell(offerJudged{r: m.r}) // behind our end, which is there already
	case t.ending != nil:
		t.late = append(t.late, m.r)
	default:
		t.number, t.user = m.number, m.r.user
		t.waiting = &m
		if t.kind == transfer.Relay {
			t.attached()
		}
	}
}

// attached answers the put that waited.
func (t *transferActor) attached() {
	w := t.waiting
	t.waiting, t.owner = nil, w.r.c
	size := uint64(t.meta.Size) //nolint:gosec // not negative
	if t.kind == transfer.Put {
		t.in = transfer.NewInflow(size, uint64(t.partial.Offset()), t.sys.set.Window) //nolint:gosec // not negative
	} else {
		t.in = transfer.NewRelay(size, 0, t.sys.set.Window, 0) // nobody has accepted it
	}
	t.owner.tell(transferOpen{t: t, number: t.number, credit: w.r.credit, reply: &wire.PutOK{
		Request: requestOf(w.r.msg), Transfer: t.number,
		Offset: t.in.Came(), Limit: t.in.Limit(), Chunk: uint64(t.sys.chunkSize()), //nolint:gosec // positive
	}})
	t.tellResumed()
}

// interrupt takes the connections away; the file manager's grace decides how
// long the transfer waits. Those that live on are told.
func (t *transferActor) interrupt(m interruptTransfer) {
	t.tellInterrupted(m.by)
	if t.kind == transfer.Get {
		t.end(endTransfer{code: wire.CodeInterrupted, by: m.by, quiet: m.quiet})
		return
	}
	if t.waiting != nil {
		t.files.refuse(t.waiting.r, wire.CodeInterrupted, "")
		t.waiting = nil
	}
	if t.owner != nil {
		t.owner.tell(transferClose{number: t.number, last: t.lastWord(t.owner, t.user, m.quiet, wire.CodeInterrupted, "", m.by)})
	}
	if t.receiver != nil {
		t.receiver.tell(transferClose{number: t.number, last: t.lastWord(t.receiver, t.meta.Recipients[0], m.quiet, wire.CodeInterrupted, "", m.by)})
	}
	t.owner, t.receiver = nil, nil
	t.number = 0 // who goes on is told another
}

// accept gives a relay its receiver, who may hold a part of the file already.
func (t *transferActor) accept(m attachReceiver) {
	number := m.accept.Transfer
	if t.ended {
		m.c.tell(transferClose{number: number, credit: m.credit, last: &wire.Abort{
			Transfer: number, Code: codeOr(t.over, wire.CodeCancelled), Text: "the transfer has just ended",
		}})
		return
	}
	t.receiver = m.c
	m.c.tell(transferOpen{t: t, number: number, credit: m.credit})
	size := uint64(t.meta.Size) //nolint:gosec // not negative
	t.in = transfer.NewRelay(size, m.accept.Offset, t.sys.set.Window, m.accept.Limit)
	t.heard = m.accept.Offset
	t.tellLimit()
}

// forward hands a chunk of a relay on. It stays within what the receiver has
// granted, for no more was granted to the sender.
func (t *transferActor) forward(m *wire.Chunk) {
	b := newBulk(t.number, m.Offset, len(m.Data))
	copy(b.data(), m.Data)
	t.files.buffers.give(m.Data)
	t.receiver.tell(b)
}

// onCredit takes what the receiving client has and grants. The sender of a relay
// is told when it may send more, and now and then how far the receiver is.
func (t *transferActor) onCredit(m *wire.Credit, by string) {
	if t.kind == transfer.Get {
		if err := t.out.Credit(m.Offset, m.Limit); err != nil {
			t.end(endTransfer{code: wire.CodeBadRequest, text: err.Error(), by: by})
		}
		return
	}
	if m.Offset > t.in.Came() {
		t.end(endTransfer{code: wire.CodeBadRequest, text: transfer.ErrCredit.Error(), by: by})
		return
	}
	t.heard = max(t.heard, m.Offset)
	if t.in.Allow(m.Limit) || t.heard-t.told >= max(t.sys.set.Window/4, 1) {
		t.tellLimit()
	}
}

// onDone is the receiving client's word that the file is whole, verified and
// durable on its side.
func (t *transferActor) onDone(by string) {
	if t.ending != nil {
		return
	}
	whole := t.out.Whole()
	if t.kind == transfer.Relay {
		whole = t.in.Whole()
	}
	if whole {
		t.finish(wire.CodeNone, "", "")
	} else {
		t.end(endTransfer{code: wire.CodeBadRequest, text: "done before the end", by: by})
	}
}
