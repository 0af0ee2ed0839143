package heartbeat

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestStallMonitor(t *testing.T) {
	m := NewStallMonitor(100 * ms)
	if m.Stalled(time.Hour) {
		t.Error("stalled before the first beat")
	}
	if m.Beat(time.Hour) {
		t.Error("the first beat is late")
	}
	now := time.Hour
	for range 10 {
		now += 200 * ms // period and slack: just in time
		if m.Stalled(now) || m.Beat(now) {
			t.Fatalf("stalled at %v", now)
		}
	}
	// guards P4
	now += 200*ms + 1
	if !m.Stalled(now) {
		t.Error("nobody notices the stall while it lasts")
	}
	if !m.Beat(now) || m.StallEnd() != now || m.Stalled(now) {
		t.Error("nobody notices the stall when it is over")
	}
	end := now
	now += 5 * s
	m.Beat(now)
	now += 100 * ms
	if m.Beat(now) {
		t.Error("on time, and late")
	}
	if m.Beat(now - s) {
		t.Error("a beat from the past is late")
	}
	if m.Count() != 2 || m.Longest() != 5*s || m.Total() != 5*s+200*ms+1 || m.StallEnd() != end+5*s {
		t.Errorf("count %d, longest %v, total %v, end %v", m.Count(), m.Longest(), m.Total(), m.StallEnd())
	}
	if m.Period() != 100*ms {
		t.Errorf("period %v", m.Period())
	}

	var signs Signs
	m.Stalls().Sign(now+s, &signs)
	if want := (Signs{StallEnd: end + 5*s, StallTotal: m.Total(), Stalled: true}); signs != want {
		t.Errorf("signs %+v, want %+v", signs, want)
	}
	(Stalls{}).Sign(now, &signs)
	if signs != (Signs{}) {
		t.Errorf("signs of no stalls: %+v", signs)
	}
}

// What a StallMonitor counts is never less than what was lost, and at most a
// period a stall more.
func TestStallMonitorCountsAllOfAStall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := time.Duration(rapid.IntRange(1, 5000).Draw(t, "period ms")) * ms
		m := NewStallMonitor(period)
		gap := period + lateness(period)
		now := time.Duration(0)
		m.Beat(now)
		var lost, longest time.Duration
		var stalls uint64
		for range rapid.IntRange(1, 30).Draw(t, "beats") {
			runs := time.Duration(rapid.Int64Range(0, int64(period)).Draw(t, "runs"))
			stands := time.Duration(rapid.Int64Range(0, int64(3*gap)).Draw(t, "stands"))
			if runs+stands < period {
				stands = 0
				runs = period
			}
			now += runs + stands
			late := runs+stands > gap
			if m.Stalled(now) != late || m.Beat(now) != late {
				t.Fatalf("a gap of %v, allowed %v", runs+stands, gap)
			}
			if late {
				stalls++
				lost += stands
				longest = max(longest, stands)
				if m.StallEnd() != now {
					t.Fatalf("stall ended at %v, not %v", m.StallEnd(), now)
				}
			}
		}
		if m.Count() != stalls || m.Total() < lost || m.Total() > lost+time.Duration(stalls)*period ||
			m.Longest() < longest || m.Longest() > longest+period {
			t.Fatalf("count %d of %d, total %v of %v, longest %v of %v",
				m.Count(), stalls, m.Total(), lost, m.Longest(), longest)
		}
	})
}
