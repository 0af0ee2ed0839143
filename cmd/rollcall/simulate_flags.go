package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// check refuses flags that mean nothing by themselves.
func (f *simulateFlags) check() error {
	switch {
	case f.seeds < 1 || f.parallel < 1 || f.stride < 1:
		return usage("at least one seed and one process")
	case f.clients < 0 || f.duration < 0 || f.patience <= 0 || f.budget < 0:
		return usage("numbers and times are positive")
	case f.density == 0: // which the library takes for the default
		return usage("--density has to be more than 0")
	}
	return nil
}

// alone reports whether it is one run, in this process.
func (f *simulateFlags) alone() bool { return f.replay != "" || f.trace != "" || f.seeds == 1 }

// contradiction refuses flags of which one makes another meaningless: what somebody
// has asked for is not left out in silence.
func (f *simulateFlags) contradiction() error {
	if f.replay != "" {
		for _, flag := range []string{"scenario", "seed", "seeds", "clients", "duration", "faults", "density"} {
			if f.given(flag) {
				return usage("--replay lives what its file says: leave out --%s", flag)
			}
		}
	}
	switch {
	case f.trace != "" && f.seeds > 1 && f.given("seeds"):
		return usage("--trace is of one run, not of %d: give --seeds 1", f.seeds)
	case !f.given("follow"):
		return nil
	case f.follow < 1:
		return usage("--follow counts the clients from 1 on")
	case f.out == "":
		return usage("--follow says whose life --out draws: give --out DIR too")
	case !f.alone():
		return usage("--follow is of one run, not of %d: give --seeds 1", f.seeds)
	}
	return nil
}

// repeat is the command that lives one of the runs again.
func (f *simulateFlags) repeat(seed uint64) string {
	if f.replay != "" {
		return "rollcall simulate --replay " + f.replay
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rollcall simulate --scenario %s --seed %d --seeds 1", f.scenario, seed)
	if f.clients > 0 {
		fmt.Fprintf(&b, " --clients %d", f.clients)
	}
	if f.duration > 0 {
		fmt.Fprintf(&b, " --duration %v", f.duration)
	}
	if f.faults != "" {
		fmt.Fprintf(&b, " --faults %s", strings.Join(f.params(seed).Faults, ","))
	}
	if f.density != 1 {
		fmt.Fprintf(&b, " --density %v", f.density)
	}
	return b.String()
}

// wholeNumber says what a flag has to be.
const wholeNumber = "it has to be a whole number"

// plainNumber is a flag for a number, with an error for people.
type plainNumber struct {
	pflag.Value
	words error
}

func (n plainNumber) Set(s string) error {
	if n.Value.Set(s) != nil {
		return n.words
	}
	return nil
}

// plainNumbers gives flags that are there errors for people.
func plainNumbers(fs *pflag.FlagSet, words map[string]string) {
	for name, w := range words {
		f := fs.Lookup(name)
		f.Value = plainNumber{f.Value, errors.New(w)}
	}
}
