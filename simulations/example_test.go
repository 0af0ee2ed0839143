package simulations_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"example.com/rollcall/simulations"
	"example.com/rollcall/supervisor"
)

// An embedding program puts its own handler into the world: a counter that every
// client may raise. Clients vanish, reset, and come back meanwhile, and its own
// check is made whenever nothing moves.
func Example() {
	plan, err := simulations.NewPlan("office", simulations.Params{Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 50 {
		plan.Ops = append(plan.Ops, simulations.Op{At: time.Duration(i+3) * 10 * time.Second, Kind: "request", Client: i % 8, Text: "raise"})
	}
	var mu sync.Mutex
	raised := map[string]uint64{}
	result, err := simulations.Run(plan, simulations.Options{Embed: &simulations.Embed{
		Setup: func(s *supervisor.Supervisor) error {
			return supervisor.HandleRequest(s, "raise", func(_ context.Context, from supervisor.Caller, n uint64) (uint64, error) {
				mu.Lock()
				defer mu.Unlock()
				raised[from.User] += n
				return raised[from.User], nil
			})
		},
		Check: func(context.Context, *supervisor.Supervisor, bool) error {
			mu.Lock()
			defer mu.Unlock()
			for user, n := range raised {
				if n%42 != 0 {
					return fmt.Errorf("%s has %d", user, n)
				}
			}
			return nil
		},
	}})
	fmt.Println(err, result.Failure, len(raised) > 0, result.Lived > plan.Duration)
	// Output: <nil> <nil> true true
}
