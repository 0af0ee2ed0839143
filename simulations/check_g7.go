package simulations

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// G7, a crash is a departure: who was online when the server crashed, and does
// not come back within the grace, is announced offline with node_lost.

// recordLag is how long it may take until what has happened is on the disk: twice
// the interval in which the server gathers it, and a little.
const recordLag = 600 * time.Millisecond

// census is who was online when a life of the server crashed.
type census struct {
	surely map[string]bool  // for so long that it is on the disk
	maybe  map[string]bool  // or just before
	blind  bool             // the disk had failed: nothing is sure
	since  map[string]int64 // since when they were online, as it was told, Unix ms
}

// crashed takes the census.
func (m *model) crashed() {
	c := &census{surely: map[string]bool{}, maybe: map[string]bool{}}
	if !m.w.plan.Server.Roll || m.life == nil {
		return
	}
	now := m.w.now()
	if m.life.held.Load() || m.stallEnded > now-recordLag {
		now = min(now, m.stallBegan) // it has stood still since then, and written nothing
	}
	since := map[string]time.Duration{}
	for _, x := range m.changes {
		if x.online {
			since[x.user] = max(since[x.user], x.at)
		}
	}
	c.blind = m.life.diskHits.Load() > 0 || now-m.bornAt < recordLag
	for user, on := range m.online {
		switch {
		case on && now-since[user] > recordLag:
			c.surely[user] = true
		case on || now-m.left[user] <= recordLag:
			c.maybe[user] = true
		}
	}
	if c.blind {
		for user := range m.online {
			c.maybe[user] = true
		}
	}
	if m.before != nil && c.blind {
		// The life that has now ended may have left the roll as it was.
		for user := range m.before.surely {
			c.maybe[user] = true
		}
		for user := range m.before.maybe {
			c.maybe[user] = true
		}
	}
	c.since = maps.Clone(m.since)
	m.before = c
}

// stopped: a stop in good order leaves nobody.
func (m *model) stopped() {
	m.before = nil
	if m.life.diskHits.Load() > 0 {
		m.before = &census{blind: true, surely: map[string]bool{}, maybe: maps.Clone(m.online)}
		for user := range m.left {
			m.before.maybe[user] = true
		}
	}
}

// onRestored compares whom the new life holds with the census.
func (m *model) onRestored(x supervisor.Restored) {
	w, c := m.w, m.before
	w.effect("restored")
	m.restored = make(map[string]bool)
	for _, u := range x.Users {
		m.restored[u.User] = true
		m.online[u.User] = true
		if c == nil || (!c.surely[u.User] && !c.maybe[u.User]) {
			w.fail("G7", "nobody is held who was not online", "%s", u.User)
		}
		if since := u.Since.UnixMilli(); c != nil && c.surely[u.User] && !c.blind && since != c.since[u.User] {
			w.fail("G7", fmt.Sprintf("%s is online since %d", u.User, c.since[u.User]), "restored as of %d", since)
		}
		m.since[u.User] = u.Since.UnixMilli()
	}
}

// missing checks, once a life has begun, that everybody was taken over.
func (m *model) missing() {
	c := m.before
	if c == nil || m.checked {
		return
	}
	m.checked = true
	if c.blind {
		return
	}
	for _, user := range slices.Sorted(maps.Keys(c.surely)) {
		if !m.restored[user] {
			m.w.fail("G7", "who was online at the crash is held or announced", "%s is neither", user)
		}
	}
}

// lost takes note of a change: those who are held come back silently, or go with
// node_lost.
func (m *model) lost(x change) {
	if x.online {
		return
	}
	m.left[x.user] = x.at
	if m.restored[x.user] && !m.back[x.user] && x.reason != wire.ReasonNodeLost {
		m.w.fail("G7", "who is held from an earlier life goes with node_lost", "%s is told offline (%v)", x.user, x.reason)
	}
	if x.reason == wire.ReasonNodeLost {
		m.w.effect("node_lost")
		if !m.restored[x.user] {
			m.w.fail("G7", "node_lost only for those of an earlier life", "%s", x.user)
		}
		if due := m.bornAt + m.w.plan.Server.graceRestart() - time.Second; m.w.now() < due-granule && !m.life.stopping && m.w.stage < stopping {
			m.w.fail("G7", "no node_lost before the grace is over", "%s at %v, the grace ends at %v", x.user, m.w.now(), due)
		}
	}
	delete(m.restored, x.user)
}

// overdue looks for those whose grace is over and who were not announced.
func (m *model) overdue() {
	if m.life == nil || !m.w.plan.Server.Roll {
		return
	}
	m.missing()
	if len(m.restored) == 0 || m.w.now() <= m.bornAt+m.w.plan.Server.graceRestart()+granule || m.stallEnded > m.bornAt {
		return
	}
	for _, user := range slices.Sorted(maps.Keys(m.restored)) {
		if m.sessionOf(user) == nil && m.online[user] && !m.w.lately(user) {
			m.w.fail("G7", "node_lost when the grace is over", "%s is still online", user)
		}
	}
	m.restored = nil
}

// lately reports whether the user had a session in this life: then it is this
// life's, and its end a matter of G3.
func (w *World) lately(user string) bool { return w.model.back[user] }
