package simulations

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParamsHaveBounds(t *testing.T) {
	for _, c := range []struct {
		params Params
		words  string
	}{
		{Params{Clients: -1}, "-1 clients: there may be 1 to 1000000"},
		{Params{Clients: 1_000_001}, "1000001 clients"},
		{Params{Duration: -1}, "a duration of -1ns"},
		{Params{Duration: maxDuration + 1}, "at most 87600h0m0s, which is ten years"},
		{Params{Density: math.NaN()}, "a density of NaN"},
		{Params{Density: math.Inf(1)}, "a density of +Inf"},
		{Params{Density: -0.1}, "a density of -0.1"},
		{Params{Density: 1000.1}, "at most 1000"},
		{Params{Faults: []string{"rest"}}, `no fault "rest"`},
		{Params{Clients: -1, Density: -1, Faults: []string{""}}, "a density of -1"},
	} {
		if _, err := NewPlan("office", c.params); !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%+v: %v", c.params, err)
		}
	}
	if _, err := NewPlan("nowhere", Params{}); !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), "office, mobile, storm") {
		t.Error(err)
	}
}

// A scenario that has none of the faults that are asked for would seem to have
// survived them.
func TestFaultsThatAScenarioDoesNotHave(t *testing.T) {
	_, err := NewPlan("office", Params{Faults: []string{"disk", "crash"}})
	if !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), "office has none of the faults disk, crash; it has bye, cut, double, fin, freeze") {
		t.Error(err)
	}
	for _, p := range []Params{{Faults: []string{"disk", "reset"}}, {Faults: []string{}}, {Faults: []string{"reset"}, Density: 0.001}} {
		if _, err := NewPlan("office", p); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
	all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(faultKinds, laterKinds))))
	for _, s := range scenarios {
		if has := s.faults(); s.name == "swarm" && !slices.Equal(has, all) || len(has) == 0 {
			t.Errorf("%s has %v", s.name, has)
		}
	}
}

// A longer run has as many faults an hour as the scenario has by itself, a shorter
// one as many in all.
func TestFaultsGrowWithTheDuration(t *testing.T) {
	for _, s := range scenarios {
		for seed := range uint64(3) {
			own := s.draw(Params{Seed: seed})
			length := own.plan.Duration
			if s.name == "swarm" {
				length = 12 * time.Minute
			}
			n := len(s.draw(Params{Seed: seed, Duration: length}).plan.Ops)
			for _, times := range []float64{0.1, 1, 2, 10} {
				p, err := NewPlan(s.name, Params{Seed: seed, Duration: time.Duration(times * float64(length))})
				if err != nil {
					t.Fatal(err)
				}
				// Some of a scenario's numbers are random, and some faults come in one piece.
				want := float64(n) * max(times, 1)
				if got := float64(len(p.Ops)); got < 0.7*want-10 || got > 1.3*want+10 || times <= 1 && int(got) != n && s.name != "crash" {
					t.Errorf("%s, seed %d: %d operations in its own time, %v in %v times that", s.name, seed, n, got, times)
				}
				if err := p.Validate(); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// What would be too much for any machine is refused at once, whatever the seed.
func TestTooManyOperations(t *testing.T) {
	for _, s := range scenarios {
		for _, p := range []Params{
			{Duration: maxDuration}, {Duration: maxDuration, Density: maxDensity, Seed: 1}, {Duration: maxDuration, Density: maxDensity, Seed: 2, Faults: []string{"fin"}},
		} {
			_, err := NewPlan(s.name, p)
			if !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), "more than 1000000 operations") {
				t.Errorf("%s, %+v: %v", s.name, p, err)
			}
		}
	}
}

// fullDisk takes so many lines.
type fullDisk struct{ lines int }

var errFull = errors.New("no space left")

func (d *fullDisk) Write(b []byte) (int, error) {
	if d.lines--; d.lines < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// A trace that cannot be written breaks the run off, and is told.
func TestTraceThatCannotBeWritten(t *testing.T) {
	p := plan(t, "office", 1)
	for _, lines := range []int{0, 1000} {
		r, err := Run(p, Options{Trace: &fullDisk{lines: lines}})
		if !errors.Is(err, ErrTrace) || !errors.Is(err, errFull) || !r.BrokenOff || r.Failure != nil || r.Lived >= p.Duration {
			t.Errorf("%d lines: %v, %v", lines, err, fmt.Sprint(r.BrokenOff, r.Failure, r.Lived))
		}
	}
}
