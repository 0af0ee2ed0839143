package simulations

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

func plan(t *testing.T, name string, seed uint64) Plan {
	t.Helper()
	p, err := NewPlan(name, Params{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func run(t *testing.T, p Plan, o Options) Result {
	t.Helper()
	r, err := Run(p, o)
	if err != nil && r.Failure == nil {
		t.Fatalf("seed %d: %v", p.Seed, err)
	}
	if r.Failure != nil {
		t.Fatalf("%s: %v\n%v", p.Scenario, r.Failure, err)
	}
	return r
}

// A few seeds of every scenario. The sweep is `rollcall simulate`.
func TestScenarios(t *testing.T) {
	names, _ := Scenarios()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(2) {
				run(t, plan(t, name, seed), Options{})
			}
		})
	}
}

// The same seed is the same trace, byte for byte, whatever the scheduler does.
func TestSameSeedSameTrace(t *testing.T) {
	names, _ := Scenarios()
	for _, name := range names {
		for seed := range uint64(2) {
			p, err := NewPlan(name, Params{Seed: 1000 + seed, Duration: 90 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			var traces [2]bytes.Buffer
			var sums [2]string
			for i, procs := range []int{1, 2} {
				before := runtime.GOMAXPROCS(procs)
				sums[i] = run(t, p, Options{Trace: &traces[i]}).Trace
				runtime.GOMAXPROCS(before)
			}
			if sums[0] != sums[1] {
				t.Fatalf("%s, seed %d: %v\n%s", name, p.Seed, sums, firstDifference(traces[0].String(), traces[1].String()))
			}
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d\n%s\none processor:  %s\ntwo processors: %s", i, strings.Join(x[max(i-20, 0):i], "\n"), x[i], y[i])
		}
	}
	return "one is longer"
}

// Without the gate the order is the scheduler's: for the race detector.
func TestWithoutGate(t *testing.T) {
	names, _ := Scenarios()
	for _, name := range names {
		for seed := range uint64(2) {
			run(t, plan(t, name, seed), Options{NoGate: true})
		}
	}
}
