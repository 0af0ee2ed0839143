package client

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestBackoffGrowsToItsMost(t *testing.T) {
	b := backoff{Backoff: Backoff{Min: 100 * time.Millisecond, Max: time.Second, Factor: 3}}
	ceilings := []time.Duration{100, 300, 900, 1000, 1000}
	for i, want := range ceilings {
		if got := b.next(1, 0); got != want*time.Millisecond {
			t.Errorf("wait %d: %v, want %v ms", i, got, want)
		}
	}
	b.lived(time.Second - 1)
	if got := b.next(1, 0); got != time.Second {
		t.Errorf("after a short life: %v", got)
	}
	b.lived(time.Second)
	if got := b.next(1, 0); got != 100*time.Millisecond {
		t.Errorf("after a long life: %v", got)
	}
}

func TestBackoffHonoursAdvice(t *testing.T) {
	b := backoff{Backoff: Backoff{}.withDefaults()}
	if got := b.next(0.5, 3000); got != 3050*time.Millisecond {
		t.Errorf("%v", got)
	}
	if got := b.next(0, math.MaxUint64); got != maxRetry {
		t.Errorf("%v", got)
	}
}

func TestBackoffStaysWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := backoff{Backoff: Backoff{
			Min:    time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "min")),
			Max:    time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "max")),
			Factor: rapid.Float64Range(1, 1e300).Draw(t, "factor"),
		}}
		if b.Validate() != nil {
			return
		}
		b.Backoff = b.withDefaults()
		last := time.Duration(0)
		for range 100 {
			most := b.next(0.999999, 0)
			if most < 0 || most > b.Max || most < last {
				t.Fatalf("%v after %v of %+v", most, last, b)
			}
			last = most
		}
	})
}

func TestBackoffValidate(t *testing.T) {
	for _, b := range []Backoff{
		{Min: -1}, {Max: -1}, {Min: 2, Max: 1}, {Factor: 0.9}, {Factor: math.NaN()},
	} {
		if b.Validate() == nil {
			t.Errorf("%+v passes", b)
		}
	}
	for _, b := range []Backoff{{}, {Min: time.Hour}, {Max: time.Millisecond}, {Factor: 1}} {
		if err := b.Validate(); err != nil {
			t.Errorf("%+v: %v", b, err)
		}
	}
}
