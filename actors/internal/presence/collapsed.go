package presence

import (
	"cmp"
	"slices"

	"example.com/rollcall/wire"
)

// DefaultCollapsed is how many users a Collapsed holds unless it is told
// otherwise.
const DefaultCollapsed = 4096

// Collapsed gathers the deltas that a slow watcher could not be sent, and keeps
// the newest change of each user (P7). Presence is state: the changes between
// are of no use to somebody who was not there.
//
// It is owned by the watcher's connection; the zero value is empty and has the
// default bounds. It holds about 100 bytes for each changed user, nothing when
// empty. After an overflow it drops what is merged: the caller asks the board's
// owner for a snapshot ([Board.Refresh]), calls Reset when it comes, and sends
// it.
type Collapsed struct {
	// static after construction
	users, frame int // 0: the defaults

	// owned by whoever calls
	newest   map[string]wire.Change // nil while empty
	epoch    uint64
	from, to uint64
	some     bool // a delta was merged since the last Take or Reset
	over     bool
}

// NewCollapsed returns an empty Collapsed for at most users users
// (DefaultCollapsed when not positive), whose deltas encode to at most frame
// bytes (DefaultFrame when not positive).
func NewCollapsed(users, frame int) *Collapsed {
	return &Collapsed{users: max(users, 0), frame: max(frame, 0)}
}

// Merge adds the delta, which it does not keep. Deltas come in the order in
// which they would have been sent. A delta that starts above the end of the one
// before it, or is of another epoch, is a gap: it overflows, so that a snapshot
// mends it.
func (c *Collapsed) Merge(d *wire.Delta) {
	switch {
	case c.over:
		return
	case !c.some:
		c.some = true
		c.epoch, c.from, c.to = d.Epoch, d.From, d.To
	case d.Epoch != c.epoch || d.From > c.to:
		c.overflow()
		return
	default:
		c.to = max(c.to, d.To)
	}
	bound := c.users
	if bound == 0 {
		bound = DefaultCollapsed
	}
	for _, ch := range d.Changes {
		if ch.Version <= c.from {
			continue // an overlap: the watcher has had it
		}
		if old, ok := c.newest[ch.User]; ok && old.Version >= ch.Version {
			continue
		} else if !ok && len(c.newest) == bound {
			c.overflow()
			return
		}
		if c.newest == nil {
			c.newest = make(map[string]wire.Change)
		}
		c.newest[ch.User] = ch
	}
}

func (c *Collapsed) overflow() {
	c.Reset()
	c.over = true
}

// Take returns what was gathered, as deltas that join up, and empties c: the
// newest change of each user, ordered by version, from the first delta's From to
// the last one's To. It returns nil when nothing was gathered, and when c has
// overflowed: then the watcher needs a snapshot.
func (c *Collapsed) Take() []wire.Delta {
	if !c.some {
		return nil
	}
	changes := make([]wire.Change, 0, len(c.newest))
	for _, ch := range c.newest {
		changes = append(changes, ch)
	}
	slices.SortFunc(changes, func(a, b wire.Change) int { return cmp.Compare(a.Version, b.Version) })
	cut := cutter{epoch: c.epoch, budget: DefaultFrame}
	if c.frame > 0 {
		cut.budget = budget(c.frame)
	}
	var all []wire.Delta
	cut.deltas(c.from, c.to, changes, func(d wire.Delta) { all = append(all, d) })
	c.Reset()
	return all
}

// Len returns for how many users a change is held.
func (c *Collapsed) Len() int { return len(c.newest) }

// Empty reports whether there is nothing to take and no overflow.
func (c *Collapsed) Empty() bool { return !c.some && !c.over }

// Overflowed reports that more users have changed than c may hold, or that a
// delta was missed. It holds nothing then, and drops what is merged, until
// Reset.
func (c *Collapsed) Overflowed() bool { return c.over }

// Reset empties c and ends an overflow.
func (c *Collapsed) Reset() { *c = Collapsed{users: c.users, frame: c.frame} }
