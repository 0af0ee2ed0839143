package simulations

import (
	"slices"
	"testing"
	"time"
)

// A fault that was injected often and never mattered is named; one that was seldom
// injected, or mattered once, is not.
func TestIdle(t *testing.T) {
	tally := NewTally()
	tally.Injected["fin"], tally.Injected["emfile"], tally.Injected["stall"], tally.Injected["cut"] = manyTimes, manyTimes, manyTimes, manyTimes-1
	tally.Effects["stall noticed"] = 1
	if got := tally.Idle(); !slices.Equal(got, []string{"emfile", "fin"}) {
		t.Error(got)
	}
}

// Every fault that a swarm draws matters in some run of few seeds, with what has
// to go along: traffic, and clients that come and go.
func TestEveryFaultMatters(t *testing.T) {
	tally := NewTally()
	missing := faultKinds
	for seed := uint64(1); seed <= 100 && len(missing) > 0; seed++ {
		p, err := NewPlan("swarm", Params{Seed: seed, Duration: 3 * time.Minute, Faults: append(slices.Clone(missing), "fin", "logout", "put", "send")})
		if err != nil {
			t.Fatal(err)
		}
		tally.Add(run(t, p, Options{}).Tally)
		missing = slices.DeleteFunc(slices.Clone(missing), func(kind string) bool { return tally.Observed(kind) > 0 })
	}
	t.Logf("after %d runs", tally.Runs)
	for _, kind := range missing {
		t.Errorf("%s was injected %d times and never seen to matter", kind, tally.Injected[kind])
	}
}
