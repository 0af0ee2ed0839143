package actors

import (
	"slices"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/roster"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// What recipients are told of files: at once when they are online, else, if it
// is how a file ended, when they log in.

// describedBytes is how much of a description the recipients may take, so that
// one fits the smallest frame.
const describedBytes = 2 << 10

// describe describes a file; whom else it is for is its owner's to know.
func describe(m *filestore.Meta, forOwner bool) wire.File {
	f := wire.File{
		ID: fileID(m.ID), Owner: m.Owner, Name: m.Name, Size: uint64(m.Size), Media: m.Type, //nolint:gosec // not negative
		SHA256: m.SHA256[:], Everyone: m.Everyone, Created: m.Created, Stored: m.Committed, Expires: m.Expires,
	}
	if forOwner {
		sum := 0
		f.To = m.Recipients
		for i, user := range f.To {
			if sum += len(user) + 3; sum > describedBytes {
				f.To = f.To[:i]
				break
			}
		}
	}
	return f
}

// fileID leaves out the ID of a file that has none yet.
func fileID(id filestore.ID) wire.FileID {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// notification is a notice on its way to those whom it is for.
type notification struct {
	users    []string // by name
	everyone bool     // all who are online as well
	frame    []byte
	keep     bool // for those users who are offline
	tries    int
}

// noticeTries is how often a notice is sent anew that a panic has cost.
const noticeTries = 3

// notify tells all recipients of a file.
func (m *fileManager) notify(meta *filestore.Meta, event wire.FileEvent, code wire.Code, by string) {
	m.send(meta, notification{users: meta.Recipients, everyone: meta.Everyone}, event, code, by)
}

// notifyUsers tells some users.
func (m *fileManager) notifyUsers(meta *filestore.Meta, users []string, event wire.FileEvent, code wire.Code, by string) {
	m.send(meta, notification{users: users}, event, code, by)
}

func (m *fileManager) send(meta *filestore.Meta, n notification, event wire.FileEvent, code wire.Code, by string) {
	if n.frame = m.notice(meta, event, code, by); n.frame == nil {
		return
	}
	switch event {
	case wire.FileCompleted, wire.FileAborted, wire.FileExpired, wire.FileRemoved:
		n.keep = true
	}
	m.sys.hold() // till it is told or kept: a shutdown waits for it
	m.dispatch(n)
}

func (m *fileManager) notice(meta *filestore.Meta, event wire.FileEvent, code wire.Code, by string) []byte {
	frame, err := wire.Append(nil, &wire.FileNotice{
		Event: event, File: describe(meta, false), Code: code, By: by, At: m.sys.set.Wall().UnixMilli(),
	})
	if err != nil {
		return nil // unreachable: the store and the protocol have the same limits
	}
	return frame
}

// dispatch lets the user manager, which knows who is online, hand a notice out.
func (m *fileManager) dispatch(n notification) {
	m.sys.users.tell(userQuery{
		ask: func(u *userManager) {
			offline := u.notice(n)
			if n.keep && len(offline) > 0 {
				m.tell(unnoticed{offline, n.frame})
				return
			}
			m.sys.release()
		},
		lost: func() { m.tell(noticeLost{n}) },
	})
}

// notice tells all who are online, each session that takes notices once, and
// returns the users who have none: they count as offline here.
func (u *userManager) notice(n notification) (offline []string) {
	users := slices.Compact(slices.Sorted(slices.Values(n.users)))
	for _, user := range users {
		if u.tellSessions(user, wire.FeatureFileNotices, fileNotice{user, n.frame}) == 0 {
			offline = append(offline, user)
		}
	}
	const page = 1024
	for cursor, more := roster.Seq(0), n.everyone; more; {
		all, next, rest := u.book.Page(cursor, page)
		for i := range all {
			if _, told := slices.BinarySearch(users, all[i].Name); !told {
				u.tellSessions(all[i].Name, wire.FeatureFileNotices, fileNotice{all[i].Name, n.frame})
			}
		}
		cursor, more = next, rest
	}
	return offline
}

// renotify sends a notice anew, or keeps it for all if that is of no use.
func (m *fileManager) renotify(n notification) {
	if n.tries++; n.tries < noticeTries {
		m.dispatch(n)
	} else if n.keep {
		m.keep(unnoticed{n.users, n.frame})
	} else {
		m.sys.release()
	}
}

// arrivalNotices bounds the files under way that a user is told of at its login;
// the newest count.
const arrivalNotices = 64

// arrived tells a user who has logged in what there is to know. Of files for
// everyone it is in the list.
func (m *fileManager) arrived(x arrived) {
	if x.c.finished.Load() != nil {
		return // it has gone, and nobody would tell us once more
	}
	if x.c.takes.has(wire.FeatureFileNotices) {
		m.tellNews(x)
	}
	if x.c.takes.has(wire.FeatureOffers) {
		m.tellOffers(x)
	}
}

// tellNews tells of what was kept, and of what is on its way.
func (m *fileManager) tellNews(x arrived) {
	m.visitDesk(x.user, x.c)
	ids := m.puts.Of(x.user)
	for _, id := range ids[max(len(ids)-arrivalNotices, 0):] {
		b, _ := m.book.Get(id)
		meta, known := m.left[id]
		if t := m.transfers[id]; t != nil {
			meta, known = t.offer, t.announced
		}
		event, code, by := wire.FileOffered, wire.CodeNone, ""
		if b.Interrupted() {
			event, code, by = wire.FileInterrupted, wire.CodeInterrupted, b.Owner
		}
		if frame := m.notice(&meta, event, code, by); known && frame != nil {
			x.c.tell(fileNotice{x.user, frame})
		}
	}
}

// tellOffers tells of the offers that wait.
func (m *fileManager) tellOffers(x arrived) {
	for _, id := range m.relays.Of(x.user) {
		b, ok := m.book.Get(id)
		t := m.transfers[id]
		if !ok || t == nil || b.Kind != transfer.Relay || b.Peer != 0 || b.Conn == 0 {
			continue
		}
		if frame, err := wire.Append(nil, &wire.Offer{Transfer: b.Number, File: describe(&t.offer, true)}); err == nil {
			x.c.tell(push{frame})
		}
	}
}
