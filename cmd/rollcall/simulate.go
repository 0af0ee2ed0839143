package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/simulations"
)

// simulateFlags are what can be chosen for a simulation.
type simulateFlags struct {
	scenario  string
	seed      uint64
	seeds     int
	clients   int
	duration  time.Duration
	faults    string
	density   float64
	parallel  int
	patience  time.Duration
	budget    time.Duration
	trace     string
	replay    string
	out       string
	follow    int
	asJSON    bool
	keepGoing bool
	noShrink  bool
	list      bool
	worker    bool
	stride    int

	given func(flag string) bool // whether somebody has set it
}

// simulateCommand runs the real server in a simulated world.
func (p *program) simulateCommand() *cobra.Command {
	var f simulateFlags
	names, about := simulations.Scenarios()
	var text strings.Builder
	for i := range names {
		fmt.Fprintf(&text, "  %-15s %s\n", names[i], about[i])
	}
	cmd := &cobra.Command{
		Use:   "simulate [--scenario NAME] [--seed N] [--seeds N]",
		Short: "Live through days of faults in seconds, and check every guarantee",
		Long: `Simulate runs the real server, with a fleet of clients, over a simulated network
in virtual time: links fall silent, clients vanish, processes stand still, disks
fail. Whenever nothing moves, every guarantee is checked against an independent
model. The seed alone decides what happens: the same seed gives the same run.

When a check fails, the run is made smaller until little is left of it, and what
is left is saved to be replayed. The exit code is 0 only if all checks held.

A run has as many faults an hour as its scenario has by itself: --duration 24h is a
day of them. One that is shorter than the scenario's own has as many in all.

Scenarios:
` + text.String() + `
Faults, of which a scenario has some:
` + faultList(),
		Example: `  rollcall simulate
  rollcall simulate --scenario mobile --seeds 1000
  rollcall simulate --scenario office --seed 7 --trace trace.txt
  rollcall simulate --replay failure.json`,
		Args: noArguments(""),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags().Changed
			return p.simulate(cmd.Context(), &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.scenario, "scenario", "swarm", "what is to happen: a `NAME` from the list above")
	flags.Uint64Var(&f.seed, "seed", 1, "the first seed")
	flags.IntVar(&f.seeds, "seeds", 100, "how many seeds")
	flags.IntVar(&f.clients, "clients", 0, "how many clients, at most 1,000,000; 0: as many as the scenario has")
	flags.DurationVar(&f.duration, "duration", 0, "how long each run lasts, in virtual time, at most ten years; 0: as the scenario likes")
	flags.StringVar(&f.faults, "faults", "", "only these faults of the list above, as far as the scenario has them, with commas between them; empty: all")
	flags.Float64Var(&f.density, "density", 1, "how many faults, as a multiple of what the scenario has, at most 1000")
	flags.IntVar(&f.parallel, "parallel", runtime.NumCPU(), "how many processes")
	flags.DurationVar(&f.patience, "patience", time.Minute, "how long a run of a sweep may take, and one that stands alone may stand still, in real time")
	flags.DurationVar(&f.budget, "budget", 0, "begin no further run after this much real time; 0: live all the seeds")
	flags.StringVar(&f.trace, "trace", "", "write all that happens to this `FILE`; one seed only")
	flags.StringVar(&f.replay, "replay", "", "live this `FILE` again: one that a failure has left")
	flags.StringVar(&f.out, "out", "", "write to this `DIR`, always: report.json, which is what --json prints; of one seed: a timeline, as SVG; when a check fails: what is left of the run, to be replayed, which else goes to the current directory")
	flags.IntVar(&f.follow, "follow", 1, "whose life --out draws, of one seed: the `N`th client's")
	flags.BoolVar(&f.asJSON, "json", false, "as JSON")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "do not end at the first failure")
	flags.BoolVar(&f.noShrink, "no-shrink", false, "do not make a failure smaller")
	flags.BoolVar(&f.list, "list", false, "list the scenarios and the faults")
	flags.BoolVar(&f.worker, "worker", false, "be one of the processes")
	flags.IntVar(&f.stride, "stride", 1, "of a worker: from one seed to the next")
	plainNumbers(flags, map[string]string{
		"seed": "it has to be a whole number from 0 to 18446744073709551615", "seeds": wholeNumber, "clients": wholeNumber,
		"density": "it has to be a number", "parallel": wholeNumber, "follow": wholeNumber, "stride": wholeNumber,
	})
	_ = flags.MarkHidden("worker")
	_ = flags.MarkHidden("stride")
	return cmd
}

func (f *simulateFlags) params(seed uint64) simulations.Params {
	p := simulations.Params{Seed: seed, Clients: f.clients, Duration: f.duration, Density: f.density}
	if f.faults != "" {
		for name := range strings.SplitSeq(f.faults, ",") {
			p.Faults = append(p.Faults, strings.TrimSpace(name))
		}
	}
	return p
}

// faultList is the names of the faults, in lines that fit a terminal.
func faultList() string {
	var text strings.Builder
	width := 0
	for _, name := range simulations.Faults() {
		if width += 1 + len(name); width > 80 || text.Len() == 0 {
			if text.Len() > 0 {
				text.WriteString("\n")
			}
			text.WriteString(" ")
			width = 2 + len(name)
		}
		text.WriteString(" " + name)
	}
	return text.String()
}

// simulate does what the flags say.
func (p *program) simulate(ctx context.Context, f *simulateFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.list {
		names, about := simulations.Scenarios()
		out := p.printer(p.out)
		for i := range names {
			out.line("%-15s %s", names[i], about[i])
		}
		out.line("\nfaults:\n%s", faultList())
		return out.failed()
	}
	if _, err := simulations.NewPlan(f.scenario, f.params(f.seed)); err != nil {
		return usage("%w", err)
	}
	if f.worker {
		return p.simulateWorker(ctx, f)
	}
	if err := f.contradiction(); err != nil {
		return err
	}
	if f.out != "" {
		if err := os.MkdirAll(f.out, 0o755); err != nil {
			return err
		}
	}
	if f.alone() {
		return p.simulateOne(ctx, f)
	}
	return p.simulateSweep(ctx, f)
}
