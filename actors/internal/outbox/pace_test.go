package outbox_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/outbox"
)

// line is a link of a steady rate behind a kernel that holds two writes.
type line struct {
	rate float64 // bytes a second
	free time.Duration
}

// write returns when the kernel has taken n bytes.
func (l *line) write(now time.Duration, n, holds int) (taken time.Duration) {
	l.free = max(l.free, now) + time.Duration(float64(n)/l.rate*1e9)
	return max(now, l.free-time.Duration(float64(holds)/l.rate*1e9))
}

// TestPaceMeetsTheLine: however fast a line is, writes soon take no longer than
// they may, unless they are the least there are; and a fast line gets large ones.
// Guards N21.
func TestPaceMeetsTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := line{rate: rapid.Float64Range(200, 1e8).Draw(t, "rate")}
		within := time.Duration(rapid.IntRange(20, 1000).Draw(t, "within")) * time.Millisecond
		var p outbox.Pace
		now := time.Duration(0)
		for i := range 400 {
			n := p.Budget()
			began := now
			now = l.write(now, n, 2*n)
			took := now - began
			// One shrinks, and the next two still wait for what the kernel holds of before.
			if i > 20 && n > 2<<10 && took > 4*within {
				t.Fatalf("write %d of %d bytes took %v at %.0f B/s", i, n, took, l.rate)
			}
			p.Wrote(began, now, int64(n), within)
		}
		could := l.rate * within.Seconds()
		if got := float64(p.Budget()); got < min(could/16, 64<<10) || got > max(2*could, 2<<10) {
			t.Fatalf("writes of %.0f bytes, where %.0f go within %v", got, could, within)
		}
	})
}

// TestPaceBounds: whatever it is told, the budget stays between its bounds, and
// changes when it says so.
func TestPaceBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p outbox.Pace
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "writes") {
			was := p.Budget()
			began := now + time.Duration(rapid.Int64Range(0, 1e10).Draw(t, "idle"))
			now = began + time.Duration(rapid.Int64Range(0, 1e11).Draw(t, "took"))
			n := rapid.Int64Range(0, 1<<40).Draw(t, "bytes")
			changed := p.Wrote(began, now, n, time.Duration(rapid.Int64Range(1, 1e9).Draw(t, "within")))
			got := p.Budget()
			if got < 2<<10 || got > 64<<10 || changed != (got != was) || got > 2*was {
				t.Fatalf("from %d to %d bytes, changed: %v", was, got, changed)
			}
		}
	})
}

// TestPaceForgetsAnIdleTime: bytes that went long ago are no evidence of speed.
func TestPaceForgetsAnIdleTime(t *testing.T) {
	var p outbox.Pace
	for i := range 100 {
		at := time.Duration(i) * time.Minute
		if p.Wrote(at, at, outbox.FirstWrite, time.Second) {
			t.Fatalf("it grew after %d writes, a minute apart", i+1)
		}
	}
	for i := range 8 {
		at := time.Hour*2 + time.Duration(i)*time.Millisecond
		if grew := p.Wrote(at, at, outbox.FirstWrite, time.Second); grew != (i == 7) {
			t.Fatalf("after %d writes of one moment: %v", i+1, grew)
		}
	}
}
