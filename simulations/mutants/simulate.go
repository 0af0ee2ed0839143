package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
)

// result is what a run of the simulation has said.
type result struct {
	check string // that failed first; empty: none did
	seeds int    // how many it took
}

// run runs the simulation of the mutated program until a check fails, the seeds
// are used up, or ctx ends.
func (h hunt) run(ctx context.Context, m mutant, program string) (result, error) {
	scenario := m.scenario
	if scenario == "" {
		scenario = "swarm"
	}
	cmd := exec.CommandContext(ctx, program, "simulate", "--json", "--scenario", scenario,
		"--seed", strconv.FormatUint(h.first, 10), "--seeds", strconv.Itoa(h.seeds))
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return result{seeds: h.seeds}, nil
	case err != nil && !errors.As(err, &exit):
		return result{}, err
	}
	return parse(out)
}

// report is what simulate --json prints, as far as it is of interest here.
type report struct {
	Seeds    int `json:"seeds"`
	Failures []struct {
		Check string `json:"check"`
		Seed  uint64 `json:"seed"`
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
	return result{check: r.Failures[0].Check, seeds: r.Seeds}, nil
}
