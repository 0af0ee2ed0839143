package actors

import (
	"sync/atomic"
	"time"

	"example.com/rollcall/actors/internal/heartbeat"
)

// stallClock notices when the server itself stands still (P4): one goroutine
// that does nothing else beats at a fixed period, and a late beat is a stall.
type stallClock struct {
	// static after construction
	sys    *System
	period time.Duration
	done   chan struct{}
	ended  chan struct{}

	// atomic
	stalls atomic.Pointer[heartbeat.Stalls]
}

// stallPeriod is fine enough for the shortest timeout that a client may have,
// and coarse enough to cost nothing.
func stallPeriod(shortest time.Duration) time.Duration {
	return min(max(shortest/16, 20*time.Millisecond), 500*time.Millisecond)
}

func startStallClock(s *System) *stallClock {
	c := &stallClock{
		sys: s, period: stallPeriod(s.set.Heartbeat.Negotiate(1, 1).Timeout),
		done: make(chan struct{}), ended: make(chan struct{}),
	}
	m := heartbeat.NewStallMonitor(c.period)
	m.Beat(s.now())
	c.publish(m.Stalls())
	go c.run(m)
	return c
}

func (c *stallClock) publish(s heartbeat.Stalls) { c.stalls.Store(&s) }

func (c *stallClock) run(m heartbeat.StallMonitor) {
	defer close(c.ended)
	ticker := time.NewTicker(c.period)
	defer ticker.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-ticker.C:
		}
		c.sys.set.Hooks.goOn(c.sys.set.Prefix, "stall clock")
		before := m.Total()
		stalled := m.Beat(c.sys.now())
		c.publish(m.Stalls())
		if stalled {
			c.sys.count.stalls.Add(1)
			c.sys.emit(Stall{Length: m.Total() - before, At: c.sys.set.Wall()})
		}
	}
}

// sign enters what is known of stalls into the signs of a check.
func (c *stallClock) sign(now time.Duration, signs *heartbeat.Signs) {
	c.stalls.Load().Sign(now, signs)
}

// settling is how long after a stall the server is busy with what came meanwhile.
const settling = time.Second

// settled returns when the server has caught up with what came during its latest
// stall; while one goes on, at the earliest.
func (c *stallClock) settled(now time.Duration) time.Duration {
	s := c.stalls.Load()
	switch {
	case s.Stalled(now):
		return now + settling
	case s.End > 0:
		return s.End + settling
	default:
		return 0
	}
}

// ran returns for how long of the time up to now the server has run: what its
// stalls have cost, the one that is going on included, does not count. Deadlines
// that a peer is held to are counted so: a stall puts them off by as long as it
// lasts (P4), and however many stalls an overloaded server has, they come (G6).
func (c *stallClock) ran(now time.Duration) time.Duration {
	s := c.stalls.Load()
	now -= s.Total
	if s.Stalled(now + s.Total) {
		now = s.Beat - s.Total
	}
	return now
}

func (c *stallClock) stop() {
	close(c.done)
	<-c.ended
}
