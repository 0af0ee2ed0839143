package simulations

import (
	"maps"
	"slices"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/wire"
)

// Notices, a part of G5: whoever waits for a file is told how it ended, once, and
// nothing of it after that. Who was away is told when it comes back.
//
// What was told is read off the wire at the server's end. What may be lost is a
// notice for a session that ends before it is written, one that is about to be
// kept when the server crashes, and one that the disk refuses.

// notebook is what one session was told of files, by their IDs.
type notebook struct {
	session uint64
	latest  map[string]note
}

type note struct {
	event wire.FileEvent
	name  string
	at    time.Duration
}

// debt is an end of a file that a recipient is to be told of.
type debt struct {
	user, id, name string
	event          wire.FileEvent
	at             time.Duration
	direct         []addressee // the sessions that it had then: each is told at once
	young          bool        // it may not have been handed out yet
	excused        bool        // it may be lost
}

// addressee is a session that is to be told.
type addressee struct {
	link    *link
	session uint64
}

// notices is what the world knows of them, over all lives of the server.
type notices struct {
	meant   map[string]string        // by the name of a file: whom it is for
	public  map[string]bool          // by the name: it is for everyone as well
	calls   map[string]time.Duration // by the name: when the client's call ended; -1: it has not
	crashed bool                     // the server has, once
	debts   []*debt                  // bounded by the files of a plan
	told    map[string]wire.FileEvent
	left    map[string]time.Duration // when the last session of a user ended
}

func newNotices() notices {
	return notices{
		meant: make(map[string]string), public: make(map[string]bool), calls: make(map[string]time.Duration),
		told: make(map[string]wire.FileEvent), left: make(map[string]time.Duration),
	}
}

// isEnd reports whether nothing may follow but a removal of what is whole.
func isEnd(e wire.FileEvent) bool {
	return e == wire.FileCompleted || e == wire.FileAborted || e == wire.FileExpired || e == wire.FileRemoved
}

// tidings takes in a notice that the server has written.
func (m *model) tidings(k *link, x *wire.FileNotice) {
	w, n, f := m.w, &m.notices, &k.facts
	w.effect("told of a file: " + x.Event.String())
	if k.over {
		return // what was queued leaves with the goodbye
	}
	if n.meant[x.File.Name] != f.user && (f.user == "" || !n.public[x.File.Name]) {
		w.fail("G5", "a notice for whom the file is for", "%q on link %d is told that %s is %v, which is for %q", f.user, k.id, x.File.Name, x.Event, n.meant[x.File.Name])
		return
	}
	if x.Event == wire.FileInterrupted && x.By != x.File.Owner {
		w.fail("G5", "a file is interrupted by its owner", "%q on link %d is told that %s of %q was interrupted by %q", f.user, k.id, x.File.Name, x.File.Owner, x.By)
	}
	if len(x.File.ID) == 0 { // of a relay: its number was withdrawn, and the offer with it
		if x.Event != wire.FileAborted {
			w.fail("G5", "nothing of a file that the store has not begun with", "%q on link %d is told that %s is %v", f.user, k.id, x.File.Name, x.Event)
		}
		return
	}
	if k.notes.session != f.session {
		k.notes = notebook{session: f.session, latest: make(map[string]note)}
	}
	id := string(x.File.ID)
	// A crash may bring back a file whose end was told or kept already, and so may a disk
	// that did not remove it: in the next life it ends again. One that was aborted may
	// then come after all.
	was := k.notes.latest[id]
	again := (n.crashed || w.diskFailed.Load() > 0) && (was.event == x.Event || was.event == wire.FileAborted)
	if isEnd(was.event) && m.panics == 0 && !again {
		w.fail("G5", "one end of a file, and nothing after it", "%s on link %d is told that %s is %v, and was told %v at %v", f.user, k.id, x.File.Name, x.Event, was.event, was.at)
	}
	k.notes.latest[id] = note{x.Event, x.File.Name, w.now()}
	if isEnd(x.Event) {
		n.told[f.user+"\n"+id] = x.Event
	}
	if x.Event == wire.FileCompleted {
		m.stored(x.File.ID, x.File.Name, int(x.File.Size)) //nolint:gosec // the world's own files
	}
}

// fileOver is told that the server has told its program of the end of a file.
func (m *model) fileOver(meta *filestore.Meta, event wire.FileEvent) {
	for _, user := range slices.Compact(slices.Sorted(slices.Values(meta.Recipients))) {
		d := &debt{user: user, id: string(meta.ID[:]), name: meta.Name, event: event, at: m.w.now(), young: true}
		d.excused = m.life.stopping || m.w.now()-m.notices.left[user] < 10*time.Millisecond
		m.notices.debts = append(m.notices.debts, d)
		m.ask(d)
	}
	if !meta.Everyone {
		return
	}
	// Of a file for everyone those are told who are there; for others it is in the list.
	for _, user := range slices.Sorted(maps.Keys(m.users)) {
		if !slices.Contains(meta.Recipients, user) {
			d := &debt{user: user, id: string(meta.ID[:]), name: meta.Name, event: event, at: m.w.now(), excused: true}
			m.notices.debts = append(m.notices.debts, d)
			m.ask(d)
		}
	}
}

// promised: a client was told that its file is stored. Sessions of the recipient
// that were there all the time are told, whatever the server tells its program.
func (m *model) promised(user string, id wire.FileID, name string, began time.Duration) {
	d := &debt{user: user, id: string(id), name: name, event: wire.FileCompleted, at: m.w.now(), excused: true}
	for _, number := range slices.Sorted(maps.Keys(m.live)) {
		if k := m.live[number]; k.facts.user == user && k.facts.since < began && len(k.facts.logouts) == 0 {
			d.direct = append(d.direct, addressee{k, k.facts.session})
		}
	}
	m.notices.debts = append(m.notices.debts, d)
}

// ask looks for the sessions of a recipient, as a file ends.
func (m *model) ask(d *debt) {
	for _, number := range slices.Sorted(maps.Keys(m.live)) {
		k := m.live[number]
		switch {
		case k.facts.user == d.user && len(k.facts.logouts) == 0:
			d.direct = append(d.direct, addressee{k, k.facts.session})
		case k.facts.user == d.user, k.asks(d.user):
			d.excused = true // it may have a session by now, or none any more
		}
	}
}

// askAgain looks for sessions that have come since, at the same moment.
func (m *model) askAgain(d *debt) {
	for _, k := range m.live {
		if k.asks(d.user) || k.facts.user == d.user && !slices.Contains(d.direct, addressee{k, k.facts.session}) {
			d.excused = true
		}
	}
}

// handedOut is called when nothing moves: what was to be told has found its
// sessions, or is on its way to the disk.
func (m *model) handedOut() {
	for i := len(m.notices.debts) - 1; i >= 0; i-- {
		if d := m.notices.debts[i]; d.young {
			if d.at == m.w.now() {
				m.askAgain(d)
			} else {
				d.excused = true // the server stood still in between
			}
			d.young = false
		}
	}
}

// keeping is how long it may take until a notice for who is away is on the disk.
const keeping = 5 * time.Second

// interruptedKeeping: the server has crashed, and may have lost what it had not
// kept yet.
func (m *model) interruptedKeeping() {
	m.notices.crashed = true
	now := m.w.now()
	if m.life != nil && (m.life.held.Load() || m.stallEnded > now-keeping) {
		now = min(now, m.stallBegan)
	}
	for _, d := range m.notices.debts {
		if d.young || d.at >= now-keeping {
			d.excused = true
		}
	}
}

// sessionOver notes the end of a session.
func (m *model) sessionOver(user string) {
	if user != "" {
		m.notices.left[user] = m.w.now()
	}
}

// untold looks for those who were not told, when everything was healed and had
// its time.
func (m *model) untold() {
	if m.panics > 0 {
		return
	}
	m.unended()
	if m.w.loose {
		return // what the server tells its program may lag behind
	}
	for _, d := range m.notices.debts {
		for _, x := range d.direct {
			if x.current(m, d.user) && !isEnd(x.link.notes.latest[d.id].event) {
				m.w.fail("G5", "who is there is told how a file ended", "%s on link %d was not told that %s is %v since %v", d.user, x.link.id, d.name, d.event, d.at)
				return
			}
		}
		told := m.notices.told[d.user+"\n"+d.id] != 0
		if len(d.direct) > 0 && !told {
			m.w.effect("a file's end lost with its session")
		}
		if len(d.direct) > 0 || told || d.excused || m.w.diskHitSince(d.at-keeping) {
			continue
		}
		for _, number := range slices.Sorted(maps.Keys(m.live)) {
			k := m.live[number]
			if (addressee{k, k.facts.session}).current(m, d.user) {
				m.w.fail("G5", "who was away is told how a file ended", "%s is back since %v, and was not told that %s is %v since %v", d.user, k.facts.since, d.name, d.event, d.at)
				return
			}
		}
	}
}

// current reports whether the session is still there, was there for long enough,
// and can be written to.
func (x addressee) current(m *model, user string) bool {
	k := x.link
	return k.life == m.life && !k.over && k.facts.user == user && k.facts.session == x.session && len(k.facts.logouts) == 0 &&
		k.facts.byed == wire.ReasonNone && m.w.now()-k.facts.since > time.Minute && k.down.writer == nil && !k.dead
}

// unended looks for files that a session knows as on their way, and nobody sends.
func (m *model) unended() {
	s := m.w.plan.Server
	patience := either(s.FileGrace, time.Minute) + 3*m.w.longestTimeout() + s.writeTimeout() + time.Minute
	for _, number := range slices.Sorted(maps.Keys(m.live)) {
		k := m.live[number]
		if !(addressee{k, k.notes.session}).current(m, k.facts.user) {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(k.notes.latest)) {
			x := k.notes.latest[id]
			ended := m.notices.calls[x.name]
			if isEnd(x.event) || ended < 0 || m.w.now() < max(ended, x.at, m.bornAt)+patience {
				continue
			}
			m.w.fail("G5", "an end of every file that was announced", "%s was told that %s is %v at %v, its sender gave up at %v", k.facts.user, x.name, x.event, x.at, ended)
			return
		}
	}
}

// longestTimeout is the longest heartbeat timeout of any client.
func (w *World) longestTimeout() time.Duration {
	d := w.plan.Server.timeout()
	for i := range w.plan.Clients {
		d = max(d, w.plan.Clients[i].Timeout)
	}
	return d
}

// diskHitSince tells whether the disk has failed or was slow since a time.
func (w *World) diskHitSince(at time.Duration) bool {
	return w.diskFailed.Load() > 0 && time.Duration(w.diskLast.Load()) >= at
}

// putBegins notes that a client's call begins.
func (w *World) putBegins(name string) time.Duration {
	w.lock()
	defer w.unlock()
	w.model.notices.calls[name] = -1
	return w.now()
}
