package simulations

import (
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// Time stamps, a part of the events: each is what the server's wall clock showed
// when the server did what it tells. That clock jumps; nothing is decided by it.

// jump is what the wall clock was off by from a time on.
type jump struct {
	at  time.Duration
	off time.Duration
}

// jumped notes that the wall clock was set.
func (m *model) jumped() {
	m.jumps = append(m.jumps, jump{m.w.now(), time.Duration(m.w.wallOff.Load())})
}

// stampedAt returns when the wall clock showed a time: the latest moment up to now
// at which it did.
func (m *model) stampedAt(t time.Time) (time.Duration, bool) {
	until := m.w.now()
	for i := len(m.jumps); i >= 0; i-- {
		var j jump // before the first one
		if i > 0 {
			j = m.jumps[i-1]
		}
		if at := m.w.since(t) - j.off; at >= j.at && at <= until {
			return at, true
		}
		until = min(until, j.at)
	}
	return 0, false
}

// toldSince is when that at the earliest was done of which the server tells its
// program now: at this moment, unless the server stood still in between.
func (m *model) toldSince() time.Duration {
	if now := m.w.now(); m.stallEnded == 0 || m.stallEnded != now {
		return now
	}
	return m.stallBegan
}

// stamped checks the time stamp of what the server tells its program.
func (m *model) stamped(what string, t time.Time) (at time.Duration) {
	at, ok := m.stampedAt(t)
	if since := m.toldSince(); !ok || at < since {
		m.w.fail("events", "the time by the server's clock", "%s is said to be of %v, and was told since %v", what, m.w.since(t), since)
	}
	return at
}

// stamps checks those of an event.
func (m *model) stamps(e supervisor.Event) {
	switch x := e.(type) {
	case supervisor.Established:
		m.stamped("a beginning", x.At)
	case supervisor.Terminated:
		m.stamped("an end", x.Ended)
	case supervisor.UserOnline:
		m.stamped("an online", x.At)
	case supervisor.UserOffline:
		m.stamped("an offline", x.At)
	case supervisor.SessionEnded:
		m.stamped("the end of a session", x.At)
	case supervisor.FileCommitted:
		m.stamped("a file", x.At)
	case supervisor.FileAborted:
		m.stamped("a file given up", x.At)
	}
}

// changeOf is a change that is told now, and is said to be of a time.
func (m *model) changeOf(user string, online bool, t time.Time) change {
	at, _ := m.stampedAt(t)
	return change{user: user, online: online, at: m.w.now(), told: at, stamp: t.UnixMilli()}
}

// wentOffline: with node_lost, watchers are told when the user was last known online.
func (m *model) wentOffline(x supervisor.UserOffline) change {
	c := m.changeOf(x.User, false, x.At)
	c.reason = x.Reason
	if x.Reason == wire.ReasonNodeLost {
		c.stamp = x.LastAlive.UnixMilli()
	} else if !x.LastAlive.IsZero() {
		m.w.fail("events", "a time of the last sign with node_lost alone", "%s, offline with %v: %v", x.User, x.Reason, x.LastAlive)
	}
	return c
}
