package outbox

import "time"

// The bounds of a write, in bytes. The first write of a connection is small enough
// for a few kilobytes a second, the largest make the system call cheap; below the
// least, heads cost more than they carry.
const (
	leastWrite = 2 << 10
	FirstWrite = 8 << 10 // of who knows nothing yet
	mostWrite  = 64 << 10
)

// growAfter is how many full writes have to go well in time before they grow. What
// may wait in the kernel is two of them (the caller sees to it), so that most of
// it has left this machine by then.
const growAfter = 8

// Pace decides how much one write may carry: as much as makes a system call cheap,
// but no more than the peer takes within a stated time, since a heartbeat waits
// for the write that is under way (N21). It learns from the writes alone: one that
// took too long shrinks the next to what this one's rate allows, and enough bytes
// that went in time double it. The zero value knows nothing yet, nor does nil, which
// only has its budget.
type Pace struct {
	budget int32
	bytes  int32         // that went in time
	since  time.Duration // and from when on
}

// Budget is about how many bytes the next write may carry.
func (p *Pace) Budget() int {
	if p == nil || p.budget == 0 {
		return FirstWrite
	}
	return int(p.budget)
}

// Wrote enters a write of n bytes that began at began and has ended now; within is
// how long one may take. It reports whether the budget has changed.
func (p *Pace) Wrote(began, now time.Duration, n int64, within time.Duration) (changed bool) {
	was := p.Budget()
	if took := now - began; took > within {
		fits := float64(n) * float64(within) / float64(took) // took > 0
		p.budget = int32(max(min(fits, float64(was)), leastWrite))
		p.bytes, p.since = 0, now
		return p.Budget() != was
	}
	if began-p.since > within { // it was idle meanwhile: that tells nothing
		p.bytes, p.since = 0, began
	}
	enough := growAfter * was
	p.bytes = int32(min(int64(p.bytes)+n, int64(enough))) //nolint:gosec // a small bound
	if int(p.bytes) < enough {
		return false
	}
	p.budget = int32(min(2*was, mostWrite)) //nolint:gosec // a small bound
	p.bytes, p.since = 0, now
	return p.Budget() != was
}
