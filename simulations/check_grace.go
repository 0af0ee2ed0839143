package simulations

import (
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// Graces, a part of G3: a user whose last session was lost goes offline when the
// grace is over, not before and not later; whose session ended on purpose, at once.

// sessionEnded notes until when a user is to be held.
func (m *model) sessionEnded(x supervisor.SessionEnded) {
	m.back[x.User] = true
	grace := m.w.plan.Server.Grace
	if x.Left > 0 || grace <= 0 || !x.Reason.Involuntary() {
		delete(m.holds, x.User)
		return
	}
	m.w.effect("held")
	m.holds[x.User] = m.w.now() + grace
}

// tooEarly looks at an offline: a grace must have run before it.
func (m *model) tooEarly(x change) {
	if x.online || m.w.plan.Server.Grace <= 0 || !x.reason.Involuntary() || x.reason == wire.ReasonNodeLost ||
		m.w.stage >= stopping || m.life.stopping {
		return
	}
	if until, ok := m.holds[x.user]; !ok || x.at < until {
		m.w.fail("G3", "no offline before the grace is over", "%s is told offline (%v); its grace ends at %v", x.user, x.reason, until)
	}
	delete(m.holds, x.user)
}

// graceOver tells whether somebody's grace should be over: then the server is
// asked.
func (m *model) graceOver() bool {
	now := m.w.now()
	for _, until := range m.holds {
		if now > until+granule && now < until+time.Second {
			return true
		}
	}
	return false
}

// tooLong looks at a user of the server's: the grace must not be over.
func (m *model) tooLong(u supervisor.UserInfo) {
	if until, ok := m.holds[u.User]; ok && u.Held && m.w.now() > m.settled(until)+granule {
		m.w.fail("G3", "an offline when the grace is over", "%s is still held, its grace ended at %v", u.User, until)
	}
}

// settling is how long after a stall of its own the server lets those come back
// first who came meanwhile: a second, and what its clock takes to notice it.
const settling = 2 * time.Second

// settled puts a deadline off until the server has caught up with its latest stall.
func (m *model) settled(due time.Duration) time.Duration {
	if m.stallEnded == 0 {
		return due
	}
	return max(due, m.stallEnded+settling)
}

// settlesAtLeast is how long after a stall nobody goes offline whose grace ended in
// it (P4), and noticedStall is how long one is that the server cannot overlook.
const (
	settlesAtLeast = time.Second
	noticedStall   = 1500 * time.Millisecond
)

// tooSoon looks at the end of a grace: after a stall of the server those who came
// back meanwhile have their turn first.
func (m *model) tooSoon(x change) {
	if x.online || !x.reason.Involuntary() || x.reason != wire.ReasonNodeLost && m.w.plan.Server.Grace <= 0 ||
		m.w.stage >= stopping || m.life.stopping || m.panics > 0 || m.stallEnded-m.stallBegan < noticedStall {
		return
	}
	if x.told >= m.stallEnded && x.told < m.stallEnded+settlesAtLeast-granule {
		m.w.fail("G3", "no offline before the server has settled after a stall (P4)", "%s is told offline (%v); the server stood still from %v to %v", x.user, x.reason, m.stallBegan, m.stallEnded)
	}
}
