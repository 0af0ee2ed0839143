package main

import (
	"encoding/json"
	"testing"
)

// A sweep ends when its budget of real time is used up, and tells what it lived
// until then.
func TestSimulateSweepWithinItsBudget(t *testing.T) {
	p := spawn(t, nil, binary, "simulate", "--scenario", "office", "--duration", "1m", "--seeds", "1000000", "--budget", "300ms", "--parallel", "2", "--json")
	if code := p.wait(); code != exitOK {
		t.Fatalf("code %d: %s%s", code, p.out, p.errs)
	}
	var r struct {
		Seeds int   `json:"seeds"`
		Lived int64 `json:"lived_ns"`
		Tally struct {
			Injected map[string]any `json:"injected"`
		} `json:"tally"`
	}
	if err := json.Unmarshal([]byte(p.out.String()), &r); err != nil {
		t.Fatal(err)
	}
	if r.Seeds < 2 || r.Seeds == 1000000 || r.Lived == 0 || len(r.Tally.Injected) == 0 {
		t.Errorf("%+v", r)
	}
}
