package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/rollcall/wire"
)

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
	s.warn(out)
	out.line("")
	tellCounts(out, "ends by reason", t.Reasons)
	tellCounts(out, "notices by reason", t.Notices)
	if len(t.News) > 0 {
		out.line("from a change to a watcher: p50 %s, p99 %s, max %s", span(quantile(t.News, 0.5)), span(quantile(t.News, 0.99)), span(quantile(t.News, 1)))
	}
	tellCounts(out, "seen", t.Effects)
	tellPairs(out, t.Pairs)
	if s.Timeline != "" {
		out.line("timeline: %s", s.Timeline)
	}
	if s.report != "" {
		out.line("report: %s", s.report)
	}
	for _, x := range s.Failures {
		out.line("")
		out.line("FAILED %s", x)
		out.line("  repeat:   %s", s.repeat(x.Seed))
	}
	if s.Kept != "" {
		out.line("  smaller:  rollcall simulate --replay %s (%s)", s.Kept, count(s.Smaller, "operation"))
	}
	out.line("")
	if s.Told != nil {
		out.line("%s", s.Told)
	}
	out.line("%s", s.verdict())
}

// verdict says in words how it went.
func (s *sweepResult) verdict() string {
	switch n := len(s.Failures); {
	case n > 0:
		return fmt.Sprintf("FAILED: %d of %s failed a check", n, count(s.Seeds, "run"))
	case s.Seeds == 0:
		return "no run was lived to its end: nothing was shown"
	case s.brokenOff:
		return fmt.Sprintf("all checks held in 1 run, as far as it was lived: for %v", short(s.Lived))
	default:
		return "all checks held in " + count(s.Seeds, "run")
	}
}

// warn tells of faults that have shown nothing.
func (s *sweepResult) warn(out *printer) {
	for _, kind := range s.Idle {
		out.line("WARNING: %s was injected %s and never seen to matter", kind, count(s.Tally.Injected[kind], "time"))
	}
	if len(s.Missing) > 0 {
		out.line("WARNING: asked for by name, and never injected: %s. Nothing was shown of that; more seeds, a longer time or a higher density may.", strings.Join(s.Missing, ", "))
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
	out.line("%-14s %10s %10s   %10s %10s %10s %10s", "fault", "injected", "observed", "p50", "p99", "max", "timeout")
	measured := false
	for _, kind := range kinds {
		d := t.Latency[kind]
		if len(d) == 0 {
			out.line("%-14s %10d %10d", kind, t.Injected[kind], t.Observed(kind))
			continue
		}
		timeout := "-" // it ends by itself, not for silence
		if t.Deadline[kind] > 0 {
			timeout = span(t.Deadline[kind])
		}
		out.line("%-14s %10d %10d   %10s %10s %10s %10s", kind, t.Injected[kind], t.Observed(kind),
			span(quantile(d, 0.5)), span(quantile(d, 0.99)), span(quantile(d, 1)), timeout)
		measured = true
	}
	if measured {
		out.line("%s", latencyWords)
	}
	out.line("%s", s.silence())
}

// latencyWords tell how the table is to be read.
const latencyWords = `p50 to max: from the fault to the connection's end. That may be more than the timeout: this runs
from the last byte that was heard, and other faults (a stall of the server, a cut that passed) put
it off. timeout: the longest of the connections that the fault has ended for silence.`

// silence tells what is promised of ends for silence, and whether it was kept.
func (s *sweepResult) silence() string {
	n := s.Tally.Reasons[wire.ReasonHeartbeatTimeout.String()]
	words := fmt.Sprintf("ends for silence: %d, ", n)
	for _, x := range s.Failures {
		if x.Guarantee == "G4" {
			return words + "and a deadline was NOT kept: see the failure of check G4 below"
		}
	}
	return words + "0 of them after their deadline (check G4 looks at each: one that is late fails the run)"
}

// span is a duration for the table: milliseconds below ten seconds, then seconds.
func span(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// tellCounts writes what was counted, in lines that fit a terminal.
func tellCounts(out *printer, title string, counts map[string]int) {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] != 0 {
			parts = append(parts, fmt.Sprintf("%s %d", k, counts[k]))
		}
	}
	if len(parts) > 0 {
		out.line("%s:", title)
		for _, line := range wrapped(parts, reportWidth-2) {
			out.line("  %s", line)
		}
	}
}

// reportWidth is what lines of the report keep to, in characters.
const reportWidth = 100

// wrapped puts parts, with commas between them, into lines of a width. A part that
// is longer stands alone.
func wrapped(parts []string, width int) []string {
	var lines []string
	line := ""
	for i, part := range parts {
		if i < len(parts)-1 {
			part += ","
		}
		switch {
		case line == "":
			line = part
		case len([]rune(line))+1+len([]rune(part)) <= width:
			line += " " + part
		default:
			lines = append(lines, line)
			line = part
		}
	}
	return append(lines, line)
}

// linkStates are how far a connection may have come when a fault befalls it.
var linkStates = []string{"connecting", "greeting", "registering", "open", "logging in", "logged in", "closing"}

// tellPairs writes which fault has met connections in which state how often: the
// faults down, the states across.
func tellPairs(out *printer, pairs map[string]int) {
	rows := map[string]map[string]int{}
	states := slices.Clone(linkStates)
	for pair, n := range pairs {
		kind, state, _ := strings.Cut(pair, " × ")
		if rows[kind] == nil {
			rows[kind] = map[string]int{}
		}
		rows[kind][state] += n
		if !slices.Contains(states, state) {
			states = append(states, state)
		}
	}
	if len(rows) == 0 {
		return
	}
	slices.Sort(states[len(linkStates):])
	line := fmt.Sprintf("%-14s", "fault × state")
	for _, state := range states {
		line += fmt.Sprintf("  %*s", max(len(state), 6), state)
	}
	out.line("")
	out.line("%s", line)
	for _, kind := range slices.Sorted(maps.Keys(rows)) {
		line := fmt.Sprintf("%-14s", kind)
		for _, state := range states {
			cell := "-" // what no run has shown
			if n := rows[kind][state]; n > 0 {
				cell = fmt.Sprint(n)
			}
			line += fmt.Sprintf("  %*s", max(len(state), 6), cell)
		}
		out.line("%s", line)
	}
}
