package main

import (
	"encoding/json"
	"os"
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
	dir := filepath.Join(t.TempDir(), "out")
	out := s.want(exitOK, append(args, "--trace", trace, "--out", dir)...).out
	for _, want := range []string{"office: 1 seed from 5", "trace ", "injected", "(latencies: from the fault to the connection's end", "ends by reason", "report: " + dir} {
		if !strings.Contains(out, want) {
			t.Errorf("the report has no %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "disk failed") {
		t.Errorf("it tells of what there was none of:\n%s", out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.json")) //nolint:gosec // our own
	if err != nil || !json.Valid(text) || !strings.Contains(string(text), `"scenario":"office"`) {
		t.Errorf("%v: %.200s", err, text)
	}
	if out := s.want(exitOK, append(args, "--faults", "crash")...).out; !strings.Contains(out, "no fault was injected") {
		t.Error(out)
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
		{"--scenario", "nowhere"}, {"--seeds", "0"}, {"--parallel", "0"}, {"--duration", "-1s"}, {"--density", "0"}, {"--budget", "-1s"},
	} {
		s.want(exitUsage, append([]string{"simulate"}, args...)...)
	}
	bad := filepath.Join(t.TempDir(), "bad.json")
	if r := s.want(exitUsage, "simulate", "--replay", bad); !strings.Contains(r.err, "no such file") {
		t.Error(r.err)
	}
	if err := os.WriteFile(bad, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.want(exitUsage, "simulate", "--replay", bad); !strings.Contains(r.err, "bad.json: invalid plan: duration is 0s") {
		t.Error(r.err)
	}
	if r := s.want(exitUsage, "simulate", "--faults", "reset,nofault"); !strings.Contains(r.err, `no fault "nofault"; there are badlogin, brief, bye`) {
		t.Error(r.err)
	}
	for _, args := range []string{"--list", "--help"} {
		if out := s.want(exitOK, "simulate", args).out; !strings.Contains(out, "swarm") || !strings.Contains(out, " rebind relay request ") {
			t.Error(out)
		}
	}
}
