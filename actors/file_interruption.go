package actors

import (
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// Interruptions and ends: what becomes of transfers whose connection has gone.

// depart takes everything from a connection that has ended, or whose user has
// logged out. Those who wait are told at once (G5).
func (m *fileManager) depart(c *connection, user string) {
	m.leaveDesk(c, user)
	for _, was := range m.book.Interrupt(m.sys.now(), c.id) {
		by := was.Owner
		if was.Conn != c.id {
			by = was.Key.To // the receiver of a relay
		}
		m.interrupted(was, interruptTransfer{by: by})
	}
	m.expire()
}

// paused interrupts a transfer whose client has said so.
func (m *fileManager) paused(x transferPaused) {
	b, ok := m.book.ByNumber(x.number)
	if !ok || m.transfers[b.ID] != x.t {
		return // something else has interrupted it already
	}
	by := b.Owner
	if x.c.id != b.Conn {
		by = b.Key.To
	}
	m.pause(b.ID, interruptTransfer{by: by, quiet: x.c})
	m.expire()
}

func (m *fileManager) pause(id uint64, how interruptTransfer) {
	if was, ok := m.book.Pause(m.sys.now(), id); ok {
		m.interrupted(was, how)
	}
}

// interrupted tells all sides of a transfer that it waits.
func (m *fileManager) interrupted(was transfer.Transfer, how interruptTransfer) {
	if was.Kind == transfer.Relay && was.Peer == 0 {
		m.withdraw(was, &wire.Abort{Code: wire.CodeInterrupted, By: how.by}, how.quiet)
	}
	t := m.transfers[was.ID]
	if t == nil {
		if r, ok := m.asking[was.ID]; ok { // nobody has got the offer for certain
			delete(m.asking, was.ID)
			m.book.Remove(was.ID)
			m.relays.Remove(was.ID, []string{was.Key.To})
			m.refuse(r, wire.CodeInterrupted, "")
		}
		return
	}
	if !was.Waiting() {
		t.cause = how.by
	}
	t.tell(how)
	if now, _ := m.book.Get(was.ID); now.Interrupted() && was.Kind == transfer.Put && t.announced {
		m.notify(&t.offer, wire.FileInterrupted, wire.CodeInterrupted, how.by)
	}
	if m.draining {
		t.tell(m.suspension())
	}
}

func (m *fileManager) suspension() endTransfer {
	return endTransfer{code: wire.CodeShuttingDown, suspend: m.sys.set.Transfers.Grace > 0}
}

// expire ends the transfers that nobody came back for. As for users: after a stall
// of the server's own (P4) none ends before those who came back meanwhile had their
// turn.
func (m *fileManager) expire() {
	m.patient = 0
	if until := m.sys.stall.settled(m.sys.now()); until > m.sys.now() && m.sys.set.Transfers.Grace > 0 {
		m.patient = until
		m.arm()
		return
	}
	const text = "the transfer was interrupted, and did not go on in time"
	var drop []filestore.ID
	for _, x := range m.book.Expire(m.sys.now()) {
		by := x.Owner
		if t := m.transfers[x.ID]; t != nil {
			if by = t.cause; x.Conn != 0 {
				by = x.Key.To // the sender of a relay waits
			}
			t.tell(endTransfer{code: wire.CodeExpired, text: text, by: by})
			continue
		}
		if meta, ok := m.whole[x.ID]; ok {
			m.forget(x.ID, &meta)
			continue
		}
		meta := m.left[x.ID]
		drop = append(drop, meta.ID)
		m.forget(x.ID, &meta)
		m.sys.count.partialsSwept.Add(1)
		m.aborted(&meta, false, wire.CodeExpired, text, by)
		m.notify(&meta, wire.FileAborted, wire.CodeExpired, by)
	}
	m.drop(drop)
	m.arm()
}

// drop removes partials that are nobody's, one after another.
func (m *fileManager) drop(ids []filestore.ID) {
	if len(ids) == 0 {
		return
	}
	m.onDisk(func() error {
		for _, id := range ids {
			_ = m.sys.set.Store.Drop(id) // what the disk refuses is the store's garbage
		}
		return nil
	}, func(error) {})
}

// forget takes a transfer without an actor out of the books.
func (m *fileManager) forget(id uint64, meta *filestore.Meta) {
	delete(m.left, id)
	delete(m.whole, id)
	m.book.Remove(id)
	m.puts.Remove(id, meta.Recipients)
}

// retentionPeriod is how often the store is asked for files whose time is over.
const retentionPeriod = time.Minute

// due is the one timer: the next grace, or the next look at retention.
func (m *fileManager) due() {
	if now := m.sys.now(); !m.looking && now >= m.lookAt {
		m.looking, m.lookAt = true, now+retentionPeriod
		var metas []filestore.Meta
		m.onDisk(func() error {
			metas = m.sys.set.Store.Expire(m.sys.set.Wall().UnixMilli())
			return nil
		}, func(error) { m.tell(filesExpired{metas}) })
	}
	m.expire()
}

func (m *fileManager) arm() {
	wait := max(m.lookAt-m.sys.now(), 0)
	if m.looking {
		wait = retentionPeriod
	}
	if next, ok := m.book.Next(); ok {
		wait = min(wait, max(next-m.sys.now(), m.patient-m.sys.now(), 0))
	}
	if m.timer == nil {
		m.timer = time.AfterFunc(wait, func() {
			m.resumes("due")
			m.tell(filesDue{})
		})
	} else {
		m.timer.Reset(wait)
	}
}

// expired tells of files whose time in the store is over.
func (m *fileManager) expired(metas []filestore.Meta) {
	m.looking = false
	for i := range metas {
		meta := &metas[i]
		m.notify(meta, wire.FileExpired, wire.CodeExpired, "")
		if !meta.Everyone {
			m.notifyUsers(meta, []string{meta.Owner}, wire.FileExpired, wire.CodeExpired, "")
		}
	}
	m.arm()
}

// removed tells of a file that its owner took back, and ends the gets of it.
func (m *fileManager) removed(meta filestore.Meta) {
	for _, x := range m.book.With(transfer.GetKey(meta.ID.String())) {
		if t := m.transfers[x.ID]; t != nil {
			t.tell(endTransfer{code: wire.CodeRemoved, text: "its owner took it back", by: meta.Owner})
		}
	}
	m.notify(&meta, wire.FileRemoved, wire.CodeRemoved, meta.Owner)
}

// ended tells those who wait how a transfer ended, and lets go of it.
func (m *fileManager) ended(x transferEnded) {
	t := x.t
	if m.transfers[t.id] != t {
		return
	}
	b, _ := m.book.Get(t.id)
	switch t.kind {
	case transfer.Get:
		if x.code == wire.CodeNone {
			m.sys.count.filesFetched.Add(1)
		}
	case transfer.Relay:
		m.relayEnded(x, b)
	default:
		m.putEnded(x, b)
	}
	if _, stays := m.whole[t.id]; !stays {
		m.book.Remove(t.id)
		m.puts.Remove(t.id, t.offer.Recipients)
		m.relays.Remove(t.id, t.offer.Recipients)
	}
	delete(m.transfers, t.id) // last: what a panic cuts short is done again
	t.tell(letGo{})
}

func (m *fileManager) putEnded(x transferEnded, b transfer.Transfer) {
	switch {
	case x.code == wire.CodeNone:
		m.sys.count.filesStored.Add(1)
		m.sys.emit(FileCommitted{Meta: x.meta, At: m.sys.set.Wall()})
		m.notify(&x.meta, wire.FileCompleted, wire.CodeNone, "")
		if b.Interrupted() {
			m.whole[b.ID] = x.meta // its owner comes back for the answer
		}
	case x.kept, !x.t.announced: // it goes on; or it was refused, and nobody has heard of it
	default:
		m.aborted(&x.meta, false, x.code, x.text, x.by)
		m.notify(&x.meta, wire.FileAborted, x.code, x.by)
	}
}

func (m *fileManager) aborted(meta *filestore.Meta, relay bool, code wire.Code, text, by string) {
	m.sys.count.filesAborted.Add(1)
	m.sys.emit(FileAborted{Meta: *meta, Relay: relay, Code: code, Text: text, By: by, At: m.sys.set.Wall()})
}

// adopt takes over what an earlier life has left: each partial waits for its
// owner for the grace, from now on. What there is no room for is removed (P8).
func (m *fileManager) adopt(partials []filestore.PartialInfo) {
	var drop []filestore.ID
	for _, p := range partials {
		if p.Open {
			continue // it is somebody else's
		}
		x, err := m.book.Open(0, transfer.Put, p.Meta.Owner, keyOfMeta(&p.Meta))
		if err != nil {
			drop = append(drop, p.Meta.ID)
			m.sys.count.partialsSwept.Add(1)
			m.aborted(&p.Meta, false, wire.CodeTooMany, "too many partial files were left", "")
			m.notify(&p.Meta, wire.FileAborted, wire.CodeTooMany, "")
			continue
		}
		m.left[x.ID] = p.Meta
		m.puts.Add(x.ID, p.Meta.Recipients)
		m.book.Pause(m.sys.now(), x.ID)
	}
	m.drop(drop)
	m.expire()
}

// drain suspends what waits; what runs ends with its connection.
func (m *fileManager) drain() {
	m.draining = true
	m.book.All(func(x transfer.Transfer) {
		if t := m.transfers[x.ID]; t != nil && x.Interrupted() {
			t.tell(m.suspension())
		}
	})
}
