package simulations

import (
	"testing"
	"time"
)

// A run can be watched from outside, and broken off: then it ends in good order,
// with what was lived so far.
func TestProgress(t *testing.T) {
	p := plan(t, "office", 1)
	p.Duration = 100_000 * time.Hour
	var far Progress
	done := make(chan Result)
	go func() {
		r, _ := Run(p, Options{Progress: &far})
		done <- r
	}()
	for far.Steps() < 1000 || far.Lived() < time.Second {
		select {
		case r := <-done:
			t.Fatalf("it ended by itself: %+v", r)
		default:
		}
	}
	far.Stop()
	r := <-done
	if r.Failure != nil || !r.BrokenOff || r.Steps < 1000 || r.Lived >= p.Duration || r.Tally.Effects["established"] == 0 {
		t.Errorf("%v, broken off %v after %d steps, %v", r.Failure, r.BrokenOff, r.Steps, r.Lived)
	}
}

// One that is to end before it has begun ends in good order too.
func TestStoppedAtOnce(t *testing.T) {
	var far Progress
	far.Stop()
	if r, err := Run(plan(t, "office", 1), Options{Progress: &far}); err != nil || r.Failure != nil || !r.BrokenOff {
		t.Errorf("%v, %v, broken off %v", err, r.Failure, r.BrokenOff)
	}
}
