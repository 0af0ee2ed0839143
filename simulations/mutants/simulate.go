package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// result is what a run of the simulation has said.
type result struct {
	check string // that failed first; empty: none did
	seeds int    // how many it took
	how   string // what the check expected, and what it has seen
}

// run runs the simulation of the mutated program until a check fails, the seeds
// are used up, or ctx ends. One process lives one seed after the other, so that
// the number of seeds is the same each time.
func (h hunt) run(ctx context.Context, m mutant, program string) (result, error) {
	scenario := m.scenario
	if scenario == "" {
		scenario = "swarm"
	}
	args := []string{
		"simulate", "--json", "--parallel", "1", "--no-shrink", "--patience", "15s", "--scenario", scenario,
		"--seed", strconv.FormatUint(h.first, 10), "--seeds", strconv.Itoa(h.seeds),
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return result{seeds: h.seeds}, nil
	case err != nil && !errors.As(err, &exit):
		return result{}, err
	}
	r, err := parse(out)
	if err != nil {
		return r, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return r, nil
}

// report is what simulate --json prints, as far as it is of interest here.
type report struct {
	Seeds    int `json:"seeds"`
	Failures []struct {
		Check    string `json:"check"`
		Seed     uint64 `json:"seed"`
		Expected string `json:"expected"`
		Seen     string `json:"seen"`
	} `json:"failures"`
}

func parse(out []byte) (result, error) {
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		return result{}, fmt.Errorf("the report: %w", err)
	}
	if len(r.Failures) == 0 {
		return result{seeds: r.Seeds}, nil
	}
	f := r.Failures[0]
	return result{check: f.Check, seeds: r.Seeds, how: f.Expected + ": " + f.Seen}, nil
}
