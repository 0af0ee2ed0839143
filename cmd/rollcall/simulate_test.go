package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// The sweep itself starts processes of this program, which a test binary is not:
// here are one run, its report, and mistakes of usage.
func TestSimulateOneSeed(t *testing.T) {
	s := newShell(t)
	trace := filepath.Join(t.TempDir(), "trace")
	args := []string{"simulate", "--scenario", "office", "--duration", "2m", "--seed", "5", "--seeds", "1"}
	out := s.want(exitOK, append(args, "--trace", trace)...).out
	for _, want := range []string{"office: 1 seed from 5", "trace ", "injected", "ends by reason"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report has no %q:\n%s", want, out)
		}
	}
	var sums [2]string
	for i := range sums {
		var r struct {
			Seeds    int    `json:"seeds"`
			Trace    string `json:"trace"`
			Failures []any  `json:"failures"`
		}
		if err := json.Unmarshal([]byte(s.want(exitOK, append(args, "--json")...).out), &r); err != nil {
			t.Fatal(err)
		}
		if r.Seeds != 1 || r.Failures == nil || len(r.Failures) > 0 {
			t.Errorf("%+v", r)
		}
		sums[i] = r.Trace
	}
	if sums[0] != sums[1] || sums[0] == "" {
		t.Errorf("the same seed gave %v", sums)
	}
}

func TestSimulateMistakes(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{
		{"--scenario", "nowhere"}, {"--seeds", "0"}, {"--parallel", "0"}, {"--duration", "-1s"}, {"--density", "0"},
	} {
		s.want(exitUsage, append([]string{"simulate"}, args...)...)
	}
	s.want(exitFailure, "simulate", "--replay", filepath.Join(t.TempDir(), "none.json"))
	if out := s.want(exitOK, "simulate", "--list").out; !strings.Contains(out, "swarm") {
		t.Error(out)
	}
}
