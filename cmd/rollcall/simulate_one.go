package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"example.com/rollcall/simulations"
)

// simulateOne lives one run, in this process. When it is interrupted it tells what
// was lived until then.
func (p *program) simulateOne(ctx context.Context, f *simulateFlags) error {
	plan, err := simulations.NewPlan(f.scenario, f.params(f.seed))
	if f.replay != "" {
		plan, err = simulations.LoadPlan(f.replay)
	}
	if err != nil {
		return usage("%w", err)
	}
	var o simulations.Options
	if f.trace != "" {
		file, err := os.Create(f.trace)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		o.Trace = file
	}
	if f.out != "" {
		o.Follow = max(f.follow, 1)
	}
	began := time.Now()
	r, err := p.watchedRun(ctx, f, plan, o)
	if err != nil {
		return err
	}
	s := sweepResult{
		Scenario: plan.Scenario, Seeds: 1, First: plan.Seed, Took: time.Since(began), Lived: r.Lived, Steps: r.Steps, Tally: r.Tally, Trace: r.Trace,
		Clients: len(plan.Clients), Memory: taken(),
	}
	if f.out != "" {
		file := filepath.Join(f.out, fmt.Sprintf("timeline-%s-%d.svg", plan.Scenario, plan.Seed))
		title := fmt.Sprintf("%s, seed %d: client %d", plan.Scenario, plan.Seed, o.Follow)
		if err := os.WriteFile(file, []byte(simulations.Timeline(title, r.Lived, r.Life)), 0o644); err != nil { //nolint:gosec // not secret
			return err
		}
		s.Timeline = file
	}
	if r.Failure != nil {
		s.Failures = append(s.Failures, r.Failure)
	}
	if err := p.simulateEnd(ctx, f, &s, plan); err != nil || !r.BrokenOff {
		return err
	}
	return context.Cause(ctx)
}

// watchedRun lives a run, tells how far it is, and ends it when it is interrupted,
// or when it has stood still for longer than anybody's patience.
func (p *program) watchedRun(ctx context.Context, f *simulateFlags, plan simulations.Plan, o simulations.Options) (simulations.Result, error) {
	var far simulations.Progress
	o.Progress = &far
	done := make(chan simulations.Result, 1)
	go func() {
		r, _ := simulations.Run(plan, o) // what has broken is the result's failure
		done <- r
	}()
	out := p.printer(p.err)
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	began, moved := time.Now(), time.Now()
	steps, lived, interrupted := uint64(0), time.Duration(0), ctx.Done()
	for {
		select {
		case r := <-done:
			return r, nil
		case <-interrupted:
			interrupted = nil
			far.Stop()
		case now := <-tick.C:
			if n, at := far.Steps(), far.Lived(); n != steps || at != lived {
				steps, lived, moved = n, at, now
			}
			if now.Sub(moved) > f.patience {
				return simulations.Result{}, exitWith(exitFailure, "the run has stood still at %v for %v; its goroutines:\n%s", lived.Round(time.Millisecond), f.patience, stacks())
			}
			if !f.asJSON && now.Sub(began) >= tellEvery {
				out.line("%v of %v lived through, %d steps, %.0f times real time", lived.Round(time.Second), plan.Duration, steps, lived.Seconds()/now.Sub(began).Seconds())
			}
		}
	}
}

// tellEvery is how often a simulation tells how far it is.
const tellEvery = 5 * time.Second

// stacks are those of all goroutines, as far as they are worth reading.
func stacks() string {
	b := make([]byte, 64<<10)
	return string(b[:runtime.Stack(b, true)])
}

// taken is the memory that this process has taken from the system, ever.
func taken() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}
