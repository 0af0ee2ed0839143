package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"example.com/rollcall/simulations"
)

// toldOf is what a person reads of a result.
func toldOf(t *testing.T, s *sweepResult) string {
	t.Helper()
	var b bytes.Buffer
	out := newShell(t).program(&b, io.Discard, nil).printer(&b)
	s.repeat = (&simulateFlags{scenario: "office", density: 2, clients: 9, faults: "fin, reset", duration: time.Hour}).repeat
	s.tell(out)
	return b.String()
}

func TestSimulateVerdict(t *testing.T) {
	late := &simulations.Failure{Seed: 7, Guarantee: "G4"}
	for _, c := range []struct {
		result sweepResult
		last   string
		also   string
	}{
		{sweepResult{Seeds: 20}, "all checks held in 20 runs", ""},
		{sweepResult{Seeds: 1, brokenOff: true, Lived: 90 * time.Second}, "all checks held in 1 run, as far as it was lived: for 1m30s", ""},
		{sweepResult{}, "no run was lived to its end: nothing was shown", ""},
		{sweepResult{Seeds: 3, Failures: []*simulations.Failure{late}}, "FAILED: 1 of 3 runs failed a check",
			"  repeat:   rollcall simulate --scenario office --seed 7 --seeds 1 --clients 9 --duration 1h0m0s --faults fin,reset --density 2\n"},
		{sweepResult{Seeds: 1, Missing: []string{"disk"}}, "all checks held in 1 run", "WARNING: asked for by name, and never injected: disk."},
	} {
		c.result.Tally = simulations.NewTally()
		got := toldOf(t, &c.result)
		if !strings.HasSuffix(got, "\n"+c.last+"\n") || !strings.Contains(got, c.also) {
			t.Errorf("not %q, %q: %s", c.last, c.also, got)
		}
	}
}

// How many ends for silence there were, and that none was late.
func TestSimulateSilence(t *testing.T) {
	s := sweepResult{Seeds: 1, Tally: simulations.NewTally()}
	s.Tally.Injected["cut"] = 1
	s.Tally.Reasons["heartbeat_timeout"] = 46
	if got := toldOf(t, &s); !strings.Contains(got, "\nends for silence: 46, 0 of them after their deadline ") {
		t.Error(got)
	}
	s.Failures = []*simulations.Failure{{Guarantee: "G4"}}
	if got := toldOf(t, &s); !strings.Contains(got, "\nends for silence: 46, and a deadline was NOT kept") {
		t.Error(got)
	}
}

func TestSimulatePairs(t *testing.T) {
	s := sweepResult{Seeds: 1, Tally: simulations.NewTally()}
	s.Tally.Pairs = map[string]int{"reset × open": 3, "reset × logged in": 120, "bye × closing": 1, "bye × haunted": 7}
	const want = "\n" +
		"fault × state   connecting  greeting  registering    open  logging in  logged in  closing  haunted\n" +
		"bye                      -         -            -       -           -          -        1        7\n" +
		"reset                    -         -            -       3           -        120        -        -\n"
	if got := toldOf(t, &s); !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestSimulateSpans(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0: "0.0 ms", 9 * time.Second: "9000.0 ms", 10 * time.Second: "10.0 s", 61260 * time.Millisecond: "61.3 s",
	} {
		if got := span(in); got != want {
			t.Errorf("%v is %s, not %s", in, got, want)
		}
	}
}

// Nothing is lost or changed by the wrapping, and no line is too long that has more
// than one part.
func TestSimulateWrapped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringMatching("[a-z×]{1,30}( [0-9])?"), 1, 50).Draw(t, "parts")
		width := rapid.IntRange(1, 60).Draw(t, "width")
		lines := wrapped(parts, width)
		if got, want := strings.Join(lines, " "), strings.Join(parts, ", "); got != want {
			t.Fatalf("%q, not %q", got, want)
		}
		for _, line := range lines {
			if utf8.RuneCountInString(line) > width && strings.Contains(line, ", ") {
				t.Fatalf("%q is longer than %d", line, width)
			}
		}
	})
}

// Whoever has asked for nothing that contradicts itself is let through; a worker's
// flags are those that a sweep gives.
func TestSimulateFlagsThatAgree(t *testing.T) {
	for _, given := range [][]string{{"trace"}, {"trace", "seed"}, {"out", "follow", "seeds"}, {"scenario", "clients", "duration", "faults", "density"}} {
		f := simulateFlags{seeds: 1, follow: 1}
		f.given = func(flag string) bool {
			for _, name := range given {
				if name == flag {
					return true
				}
			}
			return false
		}
		for _, name := range given {
			switch name {
			case "trace":
				f.trace = "t"
			case "out":
				f.out = "d"
			}
		}
		if err := f.contradiction(); err != nil {
			t.Errorf("%v: %v", given, err)
		}
	}
	var out bytes.Buffer
	s := newShell(t)
	s.env["ROLLCALL_REPLAY"], s.env["ROLLCALL_FOLLOW"] = "nowhere", "7" // the sweep itself has judged them
	args := []string{"simulate", "--worker", "--scenario", "office", "--seed", "1", "--seeds", "1", "--stride", "2", "--clients", "0", "--budget", "0s", "--duration", "10s", "--faults", "", "--density", "1"}
	if code := s.program(&out, io.Discard, nil).run(context.Background(), args); code != exitOK || !strings.Contains(out.String(), `{"begin":1}`) {
		t.Errorf("code %d: %.200s", code, out.String())
	}
}
