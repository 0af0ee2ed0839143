package actors

import (
	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// Presence for one watcher. While it reads, it gets every delta as it comes, in
// the bytes that all share. While it does not, changes collapse to the newest
// of each user, and past a bound to a fresh snapshot (P7).

const (
	// stateQueue is how many deltas wait for a watcher before they collapse.
	stateQueue = 16
	// wholeAnswers is how many answers to watches may wait for a watcher with all
	// that they tell; those behind them wait with their OK alone, and one
	// snapshot for all of them is made when the watcher has read so far.
	wholeAnswers = 8
	// watchAnswers is how many may wait in all, for a watcher that asks again and
	// again without reading.
	watchAnswers = 256
)

func (c *connection) onPresence(u *presenceUpdate) {
	if c.phase != open || c.awaiting || c.owed {
		return
	}
	for _, f := range u.frames {
		c.addDelta(f)
	}
}

func (c *connection) addDelta(f *presence.Frame) {
	if c.slow == nil && c.lanes().StateQueued() < stateQueue {
		c.addState(f)
		return
	}
	if c.slow == nil {
		c.slow = presence.NewCollapsed(0, c.sys.frameBudget())
	}
	c.sys.count.collapsed.Add(1)
	c.slow.Merge(f.Delta())
}

// addState queues an encoded frame of the user manager's.
func (c *connection) addState(f *presence.Frame) {
	frame, err := f.Encode()
	if err != nil {
		return // unreachable: the user manager has encoded it
	}
	c.sys.count.presenceFrames.Add(1)
	c.lanes().State(frame)
}

// onWatchState queues the answer to a watch. It covers everything up to its
// version, and with it what was collapsed before.
func (c *connection) onWatchState(m watchState) {
	c.credits.give(m.credit)
	if c.phase != open {
		return
	}
	c.awaiting = false
	if c.answers++; c.answers > watchAnswers {
		c.tooSlow()
		return
	}
	if m.ok != nil {
		c.lanes().State(m.ok)
	}
	if c.answers > wholeAnswers {
		c.owed = true
		return
	}
	if len(m.frames) > 0 {
		c.slow = nil // the answer covers it
	}
	for _, f := range m.frames {
		c.addState(f)
	}
}

// feedState refills the state lane when the watcher has read what it held.
func (c *connection) feedState() {
	if c.out != nil && c.out.StateQueued() > 0 {
		return
	}
	c.answers = 0
	if c.phase != open || c.slow == nil && !c.owed {
		return
	}
	slow := c.slow
	c.slow = nil
	if c.owed || slow.Overflowed() {
		c.owed, c.awaiting = false, true
		c.sys.count.resnapshots.Add(1)
		c.sys.users.tell(resnapshot{c})
		return
	}
	for _, d := range slow.Take() {
		frame, err := wire.Append(nil, &d)
		if err != nil {
			continue // unreachable: made of valid deltas
		}
		c.sys.count.presenceFrames.Add(1)
		c.lanes().State(frame)
	}
}

// frameBudget is how large presence frames are made: well below what a client
// must accept, so that heartbeats never wait long behind one (N21).
func (s *System) frameBudget() int { return min(presence.DefaultFrame, s.set.MaxFrame) }
