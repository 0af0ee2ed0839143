package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/rollcall/simulations"
)

// simulateEnd reports on what was lived, and saves what has failed.
func (p *program) simulateEnd(ctx context.Context, f *simulateFlags, s *sweepResult, plan simulations.Plan) error {
	if s.Failures == nil {
		s.Failures = []*simulations.Failure{}
	}
	if err := p.keepFailure(ctx, f, s, plan); err != nil {
		return err
	}
	s.Idle = s.Tally.Idle()
	for _, name := range f.params(0).Faults {
		if s.Tally.Injected[name] == 0 && f.replay == "" {
			s.Missing = append(s.Missing, name)
		}
	}
	s.repeat = f.repeat
	report := oneLine(s.brief())
	if f.out != "" {
		s.report = filepath.Join(f.out, "report.json")
		if err := os.WriteFile(s.report, append(slices.Clip(report), '\n'), 0o644); err != nil { //nolint:gosec // not secret
			return err
		}
	}
	out := p.printer(p.out)
	if f.asJSON {
		out.line("%s", report)
	} else {
		s.tell(out)
	}
	if err := out.failed(); err != nil {
		return err
	}
	if n := len(s.Failures); n > 0 {
		return exitWith(exitFailure, "%s of %s failed a check", count(n, "run"), count(s.Seeds, "run"))
	}
	return nil
}

// shrinkRuns and shrinkTime bound what is spent on making a failure smaller.
const (
	shrinkRuns = 400
	shrinkTime = 5 * time.Minute
)

// keepFailure makes the first failure smaller, and saves what is left.
func (p *program) keepFailure(ctx context.Context, f *simulateFlags, s *sweepResult, plan simulations.Plan) error {
	if len(s.Failures) == 0 || f.noShrink || f.replay != "" || s.Failures[0].Guarantee == "process" {
		return nil
	}
	if !f.asJSON {
		p.printer(p.err).line("seed %d failed a check; making it smaller, for %v at most", plan.Seed, shrinkTime)
	}
	ctx, cancel := context.WithTimeout(ctx, shrinkTime)
	defer cancel()
	small, failure, _ := simulations.Shrink(ctx, plan, s.Failures[0], shrinkRuns, simulations.Options{})
	s.Kept = filepath.Join(f.out, fmt.Sprintf("rollcall-%s-%d.json", plan.Scenario, plan.Seed))
	s.Smaller = len(small.Ops)
	return simulations.Save(s.Kept, simulations.Kept{Failure: failure, Plan: small})
}

// brief is the result with summaries in the place of long lists.
func (s *sweepResult) brief() any {
	type latency struct {
		N             int
		P50, P99, Max time.Duration
		Deadline      time.Duration
	}
	l := map[string]latency{}
	for kind, d := range s.Tally.Latency {
		l[kind] = latency{len(d), quantile(d, 0.5), quantile(d, 0.99), quantile(d, 1), s.Tally.Deadline[kind]}
	}
	short := *s
	short.Tally.Latency, short.Tally.News, short.Tally.Deadline = nil, nil, nil
	return struct {
		sweepResult
		Latency map[string]latency `json:"latency"`
	}{short, l}
}

// quantile sorts d and returns a quantile of it.
func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(int(q*float64(len(d))), len(d)-1)]
}
