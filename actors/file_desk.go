package actors

import (
	"example.com/rollcall/actors/filestore"
)

// desk is where the notices of one user are kept and handed out: one operation
// on the disk after another, so that nothing is told twice, and what is about to
// be kept is told to who arrives meanwhile.
type desk struct {
	keep    [][]byte      // to be kept; at most filestore.MaxNotices, the oldest is dropped
	drop    filestore.Seq // what was told up to here is to be removed; 0: nothing
	waiting *connection   // has logged in and not been served; the latest counts
	serving *connection   // is being told
	busy    bool          // an operation is under way
	held    bool          // a shutdown waits for what is to be kept
}

// deskOp is an operation on the notices of one user.
type deskOp uint8

const (
	deskKeep deskOp = iota
	deskRead
	deskDrop
)

// maxKeeping bounds the notices of all users that wait to be kept. What comes
// past it while the disk does not answer is not kept.
const maxKeeping = 1 << 16

func (m *fileManager) desk(user string) *desk {
	d := m.desks[user]
	if d == nil {
		d = new(desk)
		m.desks[user] = d
	}
	return d
}

// keep writes a notice down for recipients who are offline.
func (m *fileManager) keep(x unnoticed) {
	for _, user := range x.users {
		if m.keeping >= maxKeeping {
			break
		}
		d := m.desk(user)
		if len(d.keep) >= filestore.MaxNotices {
			d.keep = d.keep[1:]
			m.keeping--
		}
		d.keep = append(d.keep, x.frame)
		m.keeping++
		if !d.held {
			d.held = true
			m.sys.hold()
		}
		m.work(user, d)
	}
	m.sys.release() // that of the notification
}

// visitDesk hands a user who has logged in what was kept for it.
func (m *fileManager) visitDesk(user string, c *connection) {
	d := m.desk(user)
	d.waiting = c
	m.work(user, d)
}

// leaveDesk takes a connection away that has ended: what it was not told, the
// next is.
func (m *fileManager) leaveDesk(c *connection, user string) {
	d := m.desks[user]
	if d == nil {
		return
	}
	if d.waiting == c {
		d.waiting = nil
	}
	if d.serving == c {
		d.serving = nil
	}
	m.work(user, d)
}

// work starts the next operation for a user.
func (m *fileManager) work(user string, d *desk) {
	store := m.sys.set.Store
	if d.busy {
		return
	}
	if d.held && len(d.keep) == 0 {
		d.held = false
		m.sys.release()
	}
	switch {
	case len(d.keep) > 0:
		notices := d.keep
		d.keep, d.busy = nil, true
		m.onDisk(func() error {
			for _, n := range notices {
				_ = store.AddNotice(user, n) // a full disk costs the notice, not the file
			}
			return nil
		}, func(error) { m.tell(deskDone{user: user, op: deskKeep, written: len(notices)}) })
	case d.drop > 0:
		upTo := d.drop
		d.drop, d.busy = 0, true
		m.onDisk(func() error { return store.DropNotices(user, upTo) },
			func(error) { m.tell(deskDone{user: user, op: deskDrop}) })
	case d.waiting != nil && d.serving == nil:
		d.serving, d.waiting, d.busy = d.waiting, nil, true
		var found []filestore.Notice
		m.onDisk(func() (err error) {
			found, err = store.Notices(user)
			return err
		}, func(error) { m.tell(deskDone{user: user, op: deskRead, notices: found}) })
	case d.serving == nil:
		delete(m.desks, user)
	}
}

func (m *fileManager) deskDone(x deskDone) {
	d := m.desk(x.user)
	d.busy = false
	m.keeping -= x.written
	if x.op == deskRead && d.serving != nil {
		if len(x.notices) == 0 {
			d.serving = nil
		} else {
			kept := keptNotices{user: x.user, upTo: x.notices[len(x.notices)-1].Seq}
			for _, n := range x.notices {
				kept.frames = append(kept.frames, n.Body)
			}
			d.serving.tell(kept)
		}
	}
	m.work(x.user, d)
}

// handed goes on when a connection has written a user's notices, or could not.
func (m *fileManager) handed(x noticesHanded) {
	d := m.desks[x.user]
	if d == nil || d.serving != x.c {
		return // it has ended since; they are told again
	}
	d.serving = nil
	if x.ok {
		d.drop = x.upTo
	}
	m.work(x.user, d)
}
