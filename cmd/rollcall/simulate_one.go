package main

import (
	"context"
	"errors"
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
	var kept simulations.Kept
	var err error
	if f.replay != "" {
		kept, err = simulations.Load(f.replay)
	} else {
		kept.Plan, err = simulations.NewPlan(f.scenario, f.params(f.seed))
	}
	if err != nil {
		return usage("%w", err)
	}
	plan := kept.Plan
	var o simulations.Options
	if f.out != "" {
		if o.Follow = f.follow; o.Follow > len(plan.Clients) {
			return usage("--follow %d: there are %s", f.follow, count(len(plan.Clients), "client"))
		}
	}
	var file *os.File
	if f.trace != "" {
		if file, err = os.Create(f.trace); err != nil {
			return err
		}
		o.Trace = file
	}
	began := time.Now()
	r, unwritten, err := p.watchedRun(ctx, f, plan, o)
	if err != nil {
		return err
	}
	if file != nil {
		if err := file.Close(); err != nil && unwritten == nil {
			unwritten = fmt.Errorf("%w: %w", simulations.ErrTrace, err)
		}
	}
	s := sweepResult{
		brokenOff: r.BrokenOff,
		Scenario:  plan.Scenario, Seeds: 1, First: plan.Seed, Took: time.Since(began), Lived: r.Lived, Steps: r.Steps, Tally: r.Tally, Trace: r.Trace,
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
	if f.replay != "" && !r.BrokenOff {
		s.Told = compared(kept.Failure, r.Failure)
	}
	if err := p.simulateEnd(ctx, f, &s, plan); err != nil {
		return err
	}
	switch {
	case unwritten != nil:
		return unwritten
	case r.BrokenOff:
		return context.Cause(ctx)
	}
	return nil
}

// toldFailure is the failure that a replayed file tells of.
type toldFailure struct {
	Check string `json:"check"`
	Again bool   `json:"again"` // it has come again
}

// compared compares the failure that a file tells of with that of its run. It is
// nil when the file tells of none.
func compared(told, seen *simulations.Failure) *toldFailure {
	if told == nil {
		return nil
	}
	return &toldFailure{Check: told.Guarantee, Again: seen != nil && seen.Guarantee == told.Guarantee}
}

// String says whether the failure came again.
func (t *toldFailure) String() string {
	switch {
	case t.Again:
		return fmt.Sprintf("the failure of check %s that the file tells of has come again", t.Check)
	case t.Check == "embedder":
		return "the file tells of a failure of check embedder, which did not come again: that check, and the handlers that it is about, are the embedding program's, and not in this one"
	default:
		return fmt.Sprintf("the file tells of a failure of check %s, which did not come again", t.Check)
	}
}

// watchedRun lives a run, tells how far it is, and ends it when it is interrupted,
// or when it has stood still for longer than anybody's patience. Unwritten tells why
// its trace is not whole.
func (p *program) watchedRun(ctx context.Context, f *simulateFlags, plan simulations.Plan, o simulations.Options) (r simulations.Result, unwritten, err error) {
	type end struct {
		r         simulations.Result
		unwritten error
	}
	var far simulations.Progress
	o.Progress = &far
	done := make(chan end, 1)
	go func() {
		r, broken := simulations.Run(plan, o)
		if !errors.Is(broken, simulations.ErrTrace) {
			broken = nil // it is the result's failure
		}
		done <- end{r, broken}
	}()
	out := p.printer(p.err)
	tick := time.NewTicker(tellEvery)
	defer tick.Stop()
	began, moved := time.Now(), time.Now()
	steps, lived, interrupted := uint64(0), time.Duration(0), ctx.Done()
	for {
		select {
		case e := <-done:
			return e.r, e.unwritten, nil
		case <-interrupted:
			interrupted = nil
			far.Stop()
		case now := <-tick.C:
			if n, at := far.Steps(), far.Lived(); n != steps || at != lived {
				steps, lived, moved = n, at, now
			}
			if now.Sub(moved) > f.patience {
				return simulations.Result{}, nil, exitWith(exitFailure, "the run has stood still at %v for %v; its goroutines:\n%s", lived.Round(time.Millisecond), f.patience, stacks())
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
