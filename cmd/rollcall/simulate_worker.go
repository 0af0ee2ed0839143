package main

import (
	"bufio"
	"context"
	"encoding/json"
	"time"

	"example.com/rollcall/simulations"
)

// workerLine is what a worker tells, one line of JSON each.
type workerLine struct {
	Begin  *uint64             `json:"begin,omitempty"`
	Result *simulations.Result `json:"result,omitempty"` // without its tally
	Tally  *simulations.Tally  `json:"tally,omitempty"`  // of all since the last
}

// tallyEvery is after how many runs a worker tells its tally.
const tallyEvery = 50

// simulateWorker lives seed after seed and tells of each on standard output.
func (p *program) simulateWorker(ctx context.Context, f *simulateFlags) error {
	out := bufio.NewWriter(p.out)
	write := func(l workerLine) error {
		if err := json.NewEncoder(out).Encode(l); err != nil {
			return err
		}
		return out.Flush()
	}
	var sum *simulations.Tally
	began, last := time.Now(), false
	for n := 0; n < f.seeds && !last; n++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		seed := f.seed + uint64(n)*uint64(f.stride) //nolint:gosec // positive
		plan, err := simulations.NewPlan(f.scenario, f.params(seed))
		if err != nil {
			return err
		}
		if err := write(workerLine{Begin: &seed}); err != nil {
			return err
		}
		r, _ := simulations.Run(plan, simulations.Options{}) // what has broken is the result's failure
		if sum == nil {
			t := r.Tally
			sum = &t
		} else {
			sum.Add(r.Tally)
		}
		r.Tally = simulations.Tally{}
		if err := write(workerLine{Result: &r}); err != nil {
			return err
		}
		last = f.budget > 0 && time.Since(began) >= f.budget
		if n%tallyEvery == tallyEvery-1 || n == f.seeds-1 || last {
			if err := write(workerLine{Tally: sum}); err != nil {
				return err
			}
			sum = nil
		}
	}
	return nil
}
