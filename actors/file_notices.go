package actors

import (
	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// What recipients are told of files: at once when they are online, else, if it
// is how a file ended, when they log in.

// describedRecipients is how many recipients a description of a file names.
const describedRecipients = 32

func describe(m *filestore.Meta) wire.File {
	return wire.File{
		ID: fileID(m.ID), Owner: m.Owner, Name: m.Name, Size: uint64(m.Size), Media: m.Type, //nolint:gosec // not negative
		SHA256: m.SHA256[:], To: m.Recipients[:min(len(m.Recipients), describedRecipients)], Everyone: m.Everyone,
		Created: m.Created, Stored: m.Committed, Expires: m.Expires,
	}
}

// fileID leaves out the ID of a file that has none yet.
func fileID(id filestore.ID) wire.FileID {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// notify tells all recipients of a file.
func (m *fileManager) notify(meta *filestore.Meta, event wire.FileEvent, code wire.Code, by string) {
	if meta.Everyone {
		if frame := m.notice(meta, event, code, by); frame != nil {
			m.sys.users.tell(pushUser{everyone: true, frame: frame})
		}
	}
	for _, user := range meta.Recipients {
		m.tellUser(user, meta, event, code, by)
	}
}

func (m *fileManager) notice(meta *filestore.Meta, event wire.FileEvent, code wire.Code, by string) []byte {
	frame, err := wire.Append(nil, &wire.FileNotice{
		Event: event, File: describe(meta), Code: code, By: by, At: m.sys.set.Wall().UnixMilli(),
	})
	if err != nil {
		return nil // unreachable: the store and the protocol have the same limits
	}
	return frame
}

func (m *fileManager) tellUser(user string, meta *filestore.Meta, event wire.FileEvent, code wire.Code, by string) {
	frame := m.notice(meta, event, code, by)
	if frame == nil {
		return
	}
	push := pushUser{user: user, frame: frame}
	switch event {
	case wire.FileCompleted, wire.FileAborted, wire.FileExpired, wire.FileRemoved:
		push.then = func(sessions int) {
			if sessions == 0 {
				m.tell(unnoticed{user, frame})
			}
		}
	}
	m.sys.users.tell(push)
}

// keep writes a notice down for a recipient who is offline.
func (m *fileManager) keep(x unnoticed) {
	m.keeping[x.user]++
	m.aside(func() {
		_ = m.sys.set.Store.AddNotice(x.user, x.frame) // a full disk costs the notice, not the file
		m.tell(noticed{x.user})
	})
}

func (m *fileManager) kept(user string) {
	if m.keeping[user]--; m.keeping[user] > 0 {
		return
	}
	delete(m.keeping, user)
	if c := m.arriving[user]; c != nil {
		delete(m.arriving, user)
		m.hand(user, c)
	}
}

// arrived tells a user who has logged in what there is to know.
func (m *fileManager) arrived(x arrived) {
	m.book.All(func(b transfer.Transfer) {
		t := m.transfers[b.ID]
		if t == nil || b.Owner == x.user {
			return
		}
		switch {
		case b.Kind == transfer.Relay && b.Key.To == x.user && b.Peer == 0:
			m.offer(b.ID, &t.offer)
		case b.Kind == transfer.Put && mayRead(&t.offer, x.user):
			if frame := m.notice(&t.offer, wire.FileOffered, wire.CodeNone, ""); frame != nil {
				x.c.tell(push{frame})
			}
		}
	})
	if m.keeping[x.user] > 0 {
		m.arriving[x.user] = x.c // until the notice that is being kept is there
		return
	}
	m.hand(x.user, x.c)
}

// hand gives a user the notices that were kept for it.
func (m *fileManager) hand(user string, c *connection) {
	m.aside(func() {
		notices, err := m.sys.set.Store.Notices(user)
		if err != nil || len(notices) == 0 {
			return
		}
		for _, n := range notices {
			c.tell(push{n.Body})
		}
		_ = m.sys.set.Store.DropNotices(user, notices[len(notices)-1].Seq)
	})
}

// offer offers a relay to all sessions of its recipient.
func (m *fileManager) offer(id uint64, meta *filestore.Meta) {
	frame, err := wire.Append(nil, &wire.Offer{Transfer: id, File: describe(meta)})
	if err != nil {
		m.tell(offered{id: id})
		return
	}
	m.sys.users.tell(pushUser{
		user: meta.Recipients[0], frame: frame, then: func(n int) { m.tell(offered{id, n}) },
	})
}

// offered goes on with a relay: its recipient is there, or it is not.
func (m *fileManager) offered(x offered) {
	r, ok := m.relays[x.id]
	if !ok {
		return // offered again; or its sender has gone
	}
	delete(m.relays, x.id)
	p, ok := r.msg.(*wire.Put)
	if !ok {
		return
	}
	b, ok := m.book.Get(x.id)
	if !ok {
		return
	}
	if x.sessions == 0 {
		m.book.Remove(x.id)
		m.refuse(r, wire.CodeUserOffline, "")
		return
	}
	t := m.spawnTransfer(b, metaOf(r.user, p, m.sys.set.Wall().UnixMilli()))
	t.identifier = r.c.identifier
	t.tell(attachTransfer{c: r.c, request: p.Request, credit: r.credit})
}

// accept gives a relay to the first session that takes it.
func (m *fileManager) accept(r fileRequest, a *wire.Accept) {
	b, ok := m.book.Get(a.Transfer)
	t := m.transfers[a.Transfer]
	if !ok || t == nil || b.Kind != transfer.Relay || b.Key.To != r.user {
		m.refuse(r, wire.CodeNotFound, "no such offer")
		return
	}
	if !m.book.AttachPeer(a.Transfer, r.c.id) {
		m.refuse(r, wire.CodeNotAllowed, "another session has accepted it")
		return
	}
	r.c.credits.give(r.credit)
	t.tell(attachReceiver{c: r.c, accept: a})
}

// declined ends a relay that its recipient does not want.
func (m *fileManager) declined(x offerDeclined) {
	b, ok := m.book.Get(x.abort.Transfer)
	t := m.transfers[x.abort.Transfer]
	if !ok || t == nil || b.Kind != transfer.Relay || b.Key.To != x.user || b.Peer != 0 {
		return
	}
	code := x.abort.Code
	if code == wire.CodeNone {
		code = wire.CodeDeclined
	}
	t.tell(endTransfer{code: code, text: x.abort.Text, by: x.user})
}
