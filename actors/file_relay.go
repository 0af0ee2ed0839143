package actors

import (
	"errors"
	"slices"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// Relays: a file is offered to all sessions of a user, and goes to the first
// that accepts.

// tellSessions tells a message to every session of a user that takes it, save on
// the excepted connections, and returns to how many. It runs on the user manager.
func (u *userManager) tellSessions(user string, takes wire.Features, msg any, except ...uint64) int {
	conns := u.sessionsOf(user, takes, except...)
	for _, c := range conns {
		c.tell(msg)
	}
	return len(conns)
}

func (u *userManager) sessionsOf(user string, takes wire.Features, except ...uint64) (conns []*connection) {
	for _, id := range u.book.Connections(user) {
		if c := u.conns[id]; c != nil && c.takes.has(takes) && !slices.Contains(except, id) {
			conns = append(conns, c)
		}
	}
	return conns
}

// offer offers a relay to all sessions of its recipient that take offers. The one that sends it is
// none of them: the number means something else there.
func (m *fileManager) offer(x transfer.Transfer, meta *filestore.Meta) {
	m.relays.Add(x.ID, meta.Recipients)
	frame, err := wire.Append(nil, &wire.Offer{Transfer: x.Number, File: describe(meta, true)})
	if err != nil {
		m.tell(offered{id: x.ID, number: x.Number, lost: true}) // unreachable: wire has checked the put
		return
	}
	m.sys.users.tell(userQuery{
		ask: func(u *userManager) {
			conns := u.sessionsOf(x.Key.To, wire.FeatureOffers, x.Conn)
			online := len(u.sessionsOf(x.Key.To, 0)) > 0
			m.tell(offered{id: x.ID, number: x.Number, sessions: len(conns), online: online}) // before any accept
			for _, c := range conns {
				c.tell(push{frame})
			}
		},
		lost: func() { m.tell(offered{id: x.ID, number: x.Number, lost: true}) },
	})
}

// offered goes on with a relay: its recipient is there, or it is not.
func (m *fileManager) offered(x offered) {
	r, ok := m.asking[x.id]
	if !ok {
		return // offered once more; or its sender has gone
	}
	delete(m.asking, x.id)
	p, isPut := r.msg.(*wire.Put)
	b, ok := m.book.Get(x.id)
	if !ok || !isPut {
		return
	}
	if x.lost || x.sessions == 0 {
		m.book.Remove(x.id)
		m.relays.Remove(x.id, p.To)
		switch {
		case x.lost:
			m.refuse(r, wire.CodeInternal, "internal error")
		case x.online:
			m.refuse(r, wire.CodeUserOffline, "no session of the user's takes offers")
		default:
			m.refuse(r, wire.CodeUserOffline, "")
		}
		return
	}
	t := m.spawnTransfer(b, metaOf(r.user, p, m.sys.set.Wall().UnixMilli()), r.c.identifier)
	t.tell(attachTransfer{r: r, number: b.Number})
}

// withdraw takes the offer of a relay back from the sessions that have it, save
// one that need not be told.
func (m *fileManager) withdraw(x transfer.Transfer, why *wire.Abort, except *connection) {
	why.Transfer, why.Text = x.Number, wire.Clip(why.Text)
	frame, err := wire.Append(nil, why)
	if err != nil {
		return // unreachable: nothing in it breaks a limit
	}
	spared := []uint64{x.Conn}
	if except != nil {
		spared = append(spared, except.id)
	}
	m.sys.users.tell(userQuery{
		ask:  func(u *userManager) { u.tellSessions(x.Key.To, wire.FeatureOffers, push{frame}, spared...) },
		lost: func() {}, // who accepts is told then
	})
}

// offerAt is the relay that a user may accept or decline by this number.
func (m *fileManager) offerAt(number uint64, user string) (transfer.Transfer, *transferActor, bool) {
	b, ok := m.book.ByNumber(number)
	t := m.transfers[b.ID]
	if !ok || t == nil || b.Kind != transfer.Relay || b.Key.To != user {
		return b, nil, false
	}
	return b, t, true
}

// accept gives a relay to the first session that takes it.
func (m *fileManager) accept(r fileRequest, a *wire.Accept) {
	b, t, ok := m.offerAt(a.Transfer, r.user)
	if !ok {
		m.refuse(r, wire.CodeNotFound, "no such offer")
		return
	}
	if a.Offset > b.Key.Size {
		m.refuse(r, wire.CodeBadRequest, "the offset is beyond the end") // the offer stands
		return
	}
	err := m.book.AttachPeer(b.ID, r.c.id)
	switch {
	case err == nil:
	case errors.Is(err, transfer.ErrTaken):
		m.refuseAccept(r, a, wire.CodeCancelled, "another session has accepted it", r.user)
		return
	case errors.Is(err, transfer.ErrTooMany):
		m.refuse(r, wire.CodeTooMany, "too many transfers at once")
		return
	case errors.Is(err, transfer.ErrSelf):
		m.refuse(r, wire.CodeBadRequest, "this connection sends it")
		return
	default:
		m.refuse(r, wire.CodeNotFound, "no such offer")
		return
	}
	t.tell(attachReceiver{c: r.c, accept: a, credit: r.credit})
	m.withdraw(b, &wire.Abort{Code: wire.CodeCancelled, Text: "another session has accepted it", By: r.user}, r.c)
	m.arm()
}

// stray handles what a connection says of a number that it does not know: the
// recipient declines an offer, or speaks of a relay before it has heard that the
// accept went well.
func (m *fileManager) stray(x strayFrame) {
	x.c.credits.give(x.credit)
	b, t, ok := m.offerAt(x.number, x.user)
	if !ok {
		return
	}
	if b.Peer == x.c.id {
		t.tell(transferFrame{c: x.c, msg: x.msg})
		return
	}
	if a, isAbort := x.msg.(*wire.Abort); isAbort && b.Peer == 0 {
		t.tell(endTransfer{code: a.Code, text: a.Text, by: x.user, quiet: x.c})
	}
}

// relayEnded tells those who were never connected with a relay how it ended.
func (m *fileManager) relayEnded(x transferEnded, b transfer.Transfer) {
	if x.code == wire.CodeNone {
		m.sys.count.filesStored.Add(1)
		m.sys.emit(FileCommitted{Meta: x.meta, Relay: true, At: m.sys.set.Wall()})
		return
	}
	m.aborted(&x.meta, true, x.code, x.text, x.by)
	if b.Peer != 0 {
		return // the receiver is told by the transfer
	}
	m.withdraw(b, &wire.Abort{Code: x.code, Text: x.text, By: x.by}, x.quiet)
	if b.Accepted { // its receiver holds a part, and has no number for it
		m.notify(&x.meta, wire.FileAborted, x.code, x.by)
	}
}
