package heartbeat

import "time"

// StallMonitor notices that the server itself has not run for a while: a long
// pause of the collector, a SIGSTOP, a machine that was put to sleep, a CPU that
// others use (P4). Something that does nothing else calls Beat once a period; a
// gap of more than the period and a slack (a 32nd of the period, at least
// 100 ms, at most 1 s) was a stall. The whole gap counts as stalled, which is
// too long by a period at most and never too short.
//
// It is a plain value with one owner. Others get its [Stalls].
type StallMonitor struct {
	period  time.Duration
	stalls  Stalls
	begun   bool
	count   uint64
	longest time.Duration
}

// NewStallMonitor returns a monitor that expects a beat once a period. The
// first beat starts it.
func NewStallMonitor(period time.Duration) StallMonitor {
	period = max(period, 1)
	return StallMonitor{period: period, stalls: Stalls{gap: period + lateness(period)}}
}

// Beat says that the server runs, and reports whether it has stalled since the
// beat before. A beat from before the last one is ignored.
func (m *StallMonitor) Beat(now time.Duration) (stalled bool) {
	if !m.begun {
		m.begun, m.stalls.Beat = true, now
		return false
	}
	gap := now - m.stalls.Beat
	if gap < 0 {
		return false
	}
	m.stalls.Beat = now
	if gap <= m.stalls.gap {
		return false
	}
	m.stalls.End = now
	m.stalls.Total += gap
	m.count++
	m.longest = max(m.longest, gap)
	return true
}

// Stalled reports whether a stall is going on: no beat has come for longer than
// a period and the slack. It is false before the first beat.
func (m *StallMonitor) Stalled(now time.Duration) bool {
	return m.begun && m.stalls.Stalled(now)
}

// StallEnd is when the latest stall ended, zero if there was none.
func (m *StallMonitor) StallEnd() time.Duration { return m.stalls.End }

// Count counts the stalls.
func (m *StallMonitor) Count() uint64 { return m.count }

// Longest is the longest stall, zero if there was none.
func (m *StallMonitor) Longest() time.Duration { return m.longest }

// Total is how long all stalls lasted, taken together.
func (m *StallMonitor) Total() time.Duration { return m.stalls.Total }

// Period is what the monitor was made with.
func (m *StallMonitor) Period() time.Duration { return m.period }

// Stalls returns what connections need to know, to be published as one value
// after each beat.
func (m *StallMonitor) Stalls() Stalls { return m.stalls }

// Stalls is one moment of a [StallMonitor]. Its numbers belong together: a
// reader that took a new Beat and an old End would overlook the stall between
// them. So it is published whole, for instance by an atomic pointer after each
// beat. The zero value knows of no stalls.
type Stalls struct {
	Beat  time.Duration // the latest beat
	End   time.Duration // the end of the latest stall, zero if there was none
	Total time.Duration // how long all stalls lasted, taken together

	gap time.Duration // the longest time between beats that is no stall
}

// Stalled reports whether a stall is going on at now.
func (s Stalls) Stalled(now time.Duration) bool { return s.gap > 0 && now-s.Beat > s.gap }

// Sign enters into the signs of a check at now what is known of stalls.
func (s Stalls) Sign(now time.Duration, signs *Signs) {
	signs.StallEnd, signs.StallTotal, signs.Stalled = s.End, s.Total, s.Stalled(now)
}
