package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/rollcall/simulations"
)

// The sweep itself starts processes of this program, which a test binary is not:
// here are one run, its report, and mistakes of usage.
func TestSimulateOneSeed(t *testing.T) {
	s := newShell(t)
	trace := filepath.Join(t.TempDir(), "trace")
	args := []string{"simulate", "--scenario", "office", "--duration", "2m", "--seed", "5", "--seeds", "1"}
	dir := filepath.Join(t.TempDir(), "out")
	out := s.want(exitOK, append(args, "--trace", trace, "--out", dir)...).out
	for _, want := range []string{"office: 1 seed from 5", "trace ", "injected", "p50 to max: from the fault to the connection's end", "ends by reason:\n  ", "report: " + dir, "\nall checks held in 1 run\n"} {
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
	for line := range strings.Lines(out) {
		if n := utf8.RuneCountInString(line); n > 130 {
			t.Errorf("a line of %d characters: %s", n, line)
		}
	}
	none := append(args, "--faults", "hang,half,crash", "--density", "0.001")
	if out := s.want(exitOK, none...).out; !strings.Contains(out, "no fault was injected") || !strings.Contains(out, "WARNING: asked for by name, and never injected: hang, half, crash. ") {
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
	for _, c := range []struct{ args, words string }{
		{"--scenario nowhere", `no scenario "nowhere"; there are office, mobile, storm, `},
		{"--seeds 0", "at least one seed"},
		{"--parallel 0", "one process"},
		{"--budget -1s", "positive"},
		{"--seed -1", "it has to be a whole number from 0 to 18446744073709551615 (see"},
		{"--seeds x", "it has to be a whole number (see"},
		{"--clients 1e3", "it has to be a whole number (see"},
		{"--clients 1000001", "1000001 clients: there may be 1 to 1000000"},
		{"--duration -1s", "positive"},
		{"--duration 1000000h", "at most 87600h0m0s, which is ten years"},
		{"--duration 87600h", "more than 1000000 operations"},
		{"--density x", "it has to be a number (see"},
		{"--density 0", "more than 0"},
		{"--density -1", "a density of -1"},
		{"--density NaN", "a density of NaN: it may be more than 0, and at most 1000"},
		{"--density Inf", "a density of +Inf"},
		{"--density 1001", "a density of 1001"},
		{"--scenario office --faults disk", "office has none of the faults disk; it has bye, cut, "},
		{"--trace t --seeds 2", "--trace is of one run, not of 2: give --seeds 1"},
		{"--follow 1", "give --out DIR too"},
		{"--follow 0 --seeds 1 --out d", "from 1 on"},
		{"--follow 2 --out d", "--follow is of one run, not of 100"},
		{"--replay f --seed 1", "--replay lives what its file says: leave out --seed"},
		{"--replay f --seeds 1", "leave out --seeds"},
		{"--replay f --scenario swarm", "leave out --scenario"},
		{"--replay f --clients 0", "leave out --clients"},
		{"--replay f --duration 1m", "leave out --duration"},
		{"--replay f --faults disk", "leave out --faults"},
		{"--replay f --density 1", "leave out --density"},
		{"--replay " + os.DevNull, "is no saved plan: it is no regular file"},
	} {
		if r := s.want(exitUsage, append([]string{"simulate"}, strings.Fields(c.args)...)...); !strings.Contains(r.err, c.words) {
			t.Errorf("%s: %s", c.args, r.err)
		}
	}
	dir := t.TempDir()
	if r := s.want(exitUsage, "simulate", "--seeds", "1", "--scenario", "office", "--out", dir, "--follow", "9"); !strings.Contains(r.err, "--follow 9: there are 8 clients") {
		t.Error(r.err)
	}
	bad := filepath.Join(t.TempDir(), "bad.json")
	if r := s.want(exitUsage, "simulate", "--replay", bad); !strings.Contains(r.err, "no such file") {
		t.Error(r.err)
	}
	if err := os.WriteFile(bad, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.want(exitUsage, "simulate", "--replay", bad); !strings.Contains(r.err, `bad.json is no saved plan: it has no "plan"`) {
		t.Error(r.err)
	}
	if r := s.want(exitUsage, "simulate", "--faults", "reset,nofault"); !strings.Contains(r.err, `no fault "nofault"; there are app, badlogin, brief, bye`) {
		t.Error(r.err)
	}
	for _, args := range []string{"--list", "--help"} {
		if out := s.want(exitOK, "simulate", args).out; !strings.Contains(out, "swarm") || !strings.Contains(out, " rebind relay request ") {
			t.Error(out)
		}
	}
}

// A replay tells whether what its file tells of has come again; its exit code is
// that of the run.
func TestSimulateReplay(t *testing.T) {
	s := newShell(t)
	plan, err := simulations.NewPlan("office", simulations.Params{Seed: 3, Duration: time.Minute, Clients: 2})
	if err != nil {
		t.Fatal(err)
	}
	for check, want := range map[string]string{
		"":         "\nall checks held in 1 run\n",
		"G3":       "\nthe file tells of a failure of check G3, which did not come again\nall checks held in 1 run\n",
		"embedder": "which did not come again: that check, and the handlers that it is about, are the embedding program's",
	} {
		kept := simulations.Kept{Plan: plan}
		if check != "" {
			kept.Failure = &simulations.Failure{Seed: 3, Guarantee: check}
		}
		file := filepath.Join(t.TempDir(), "kept.json")
		if err := simulations.Save(file, kept); err != nil {
			t.Fatal(err)
		}
		if out := s.want(exitOK, "simulate", "--replay", file).out; !strings.Contains(out, want) {
			t.Errorf("%s: %s", check, out)
		}
		if out := s.want(exitOK, "simulate", "--replay", file, "--json").out; strings.Contains(out, `"told":{"check":"`+check+`","again":false}`) != (check != "") {
			t.Errorf("%s: %.300s", check, out)
		}
	}
	told := &simulations.Failure{Guarantee: "G4"}
	for _, c := range []struct {
		told, seen *simulations.Failure
		words      string
	}{
		{told, told, "the failure of check G4 that the file tells of has come again"},
		{told, &simulations.Failure{Guarantee: "G1"}, "check G4, which did not come again"},
		{told, nil, "check G4, which did not come again"},
	} {
		if got := compared(c.told, c.seen).String(); !strings.Contains(got, c.words) {
			t.Error(got)
		}
	}
}
