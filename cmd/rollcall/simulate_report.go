package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	small, failure, _ := simulations.Shrink(ctx, plan, s.Failures[0], shrinkRuns)
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

// tell writes the report that a person reads.
func (s *sweepResult) tell(out *printer) {
	t := &s.Tally
	speed := s.Lived.Hours() / max(s.Took.Seconds(), 1e-9)
	out.line("%s: %s from %d on, %.1f virtual hours in %v (%.1f virtual hours a second), %d steps, %d moments checked",
		s.Scenario, count(s.Seeds, "seed"), s.First, s.Lived.Hours(), s.Took.Round(time.Millisecond), speed, s.Steps, t.Checks)
	if s.Memory > 0 {
		out.line("%s, %d MB of memory taken in all (%.1f KB a client)", count(s.Clients, "client"), s.Memory>>20, float64(s.Memory)/1e3/float64(max(s.Clients, 1)))
	}
	if s.Trace != "" {
		out.line("trace %s", s.Trace)
	}
	out.line("")
	s.tellFaults(out)
	for _, kind := range s.Idle {
		out.line("WARNING: %s was injected %s and never seen to matter", kind, count(t.Injected[kind], "time"))
	}
	out.line("")
	tellCounts(out, "ends by reason", t.Reasons)
	tellCounts(out, "notices by reason", t.Notices)
	if len(t.News) > 0 {
		out.line("from a change to a watcher: p50 %s, p99 %s, max %s", ms(quantile(t.News, 0.5)), ms(quantile(t.News, 0.99)), ms(quantile(t.News, 1)))
	}
	tellCounts(out, "seen", t.Effects)
	tellCounts(out, "fault × state", t.Pairs)
	if s.Timeline != "" {
		out.line("timeline: %s", s.Timeline)
	}
	if s.report != "" {
		out.line("report: %s", s.report)
	}
	for _, x := range s.Failures {
		out.line("")
		out.line("FAILED %s", x)
		out.line("  repeat:   rollcall simulate --scenario %s --seed %d --seeds 1", s.Scenario, x.Seed)
	}
	if s.Kept != "" {
		out.line("  smaller:  rollcall simulate --replay %s (%s)", s.Kept, count(s.Smaller, "operation"))
	}
}

// tellFaults writes a line for each kind of fault that there was.
func (s *sweepResult) tellFaults(out *printer) {
	t := &s.Tally
	kinds := slices.DeleteFunc(slices.Sorted(maps.Keys(t.Injected)), func(kind string) bool { return t.Injected[kind] == 0 })
	if len(kinds) == 0 {
		out.line("no fault was injected")
		return
	}
	out.line("%-14s %10s %10s   %10s %10s %10s %10s", "fault", "injected", "observed", "p50", "p99", "max", "deadline")
	measured := false
	for _, kind := range kinds {
		d := t.Latency[kind]
		if len(d) == 0 {
			out.line("%-14s %10d %10d", kind, t.Injected[kind], t.Observed(kind))
			continue
		}
		deadline := "-" // nobody promises one
		if t.Deadline[kind] > 0 {
			deadline = ms(t.Deadline[kind])
		}
		out.line("%-14s %10d %10d   %10s %10s %10s %10s", kind, t.Injected[kind], t.Observed(kind),
			ms(quantile(d, 0.5)), ms(quantile(d, 0.99)), ms(quantile(d, 1)), deadline)
		measured = true
	}
	if measured {
		out.line("%s", deadlineWords)
	}
}

// deadlineWords tell how the table is to be read.
const deadlineWords = "(latencies: from the fault to the connection's end, other faults on the same link (stalls, cuts) included; deadline: that of a link undisturbed)"

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
}

func tellCounts(out *printer, title string, counts map[string]int) {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] != 0 {
			parts = append(parts, fmt.Sprintf("%s %d", k, counts[k]))
		}
	}
	if len(parts) > 0 {
		out.line("%s: %s", title, strings.Join(parts, ", "))
	}
}
