package client

import (
	"math"
	"testing"
	"time"
)

func TestMeter(t *testing.T) {
	m := meter{size: 10_000}
	for _, x := range []struct {
		at     time.Duration
		offset int64
		told   bool
		rate   float64
	}{
		{0, 1000, true, 0},                           // where it begins
		{50 * time.Millisecond, 1100, false, 0},      // too soon
		{time.Second, 2000, true, 1000},              // the first rate
		{1500 * time.Millisecond, 1500, false, 0},    // another attempt from further back
		{2 * time.Second, 5000, true, 2000},          // half of the way to 3000
		{2010 * time.Millisecond, 10_000, true, 0},   // the end, whenever it comes
		{2010 * time.Millisecond, 10_000, true, 0.5}, // in the same instant: nothing to divide by
	} {
		p, told := m.at(x.at, x.offset)
		if told != x.told || told && (p.Offset != x.offset || p.Size != 10_000) {
			t.Errorf("at %v: %+v, told %v", x.at, p, told)
		}
		if x.rate >= 1 && math.Abs(p.Rate-x.rate) > 1 || math.IsNaN(p.Rate) || math.IsInf(p.Rate, 0) {
			t.Errorf("at %v: rate %v, want %v", x.at, p.Rate, x.rate)
		}
	}
}

func TestRetry(t *testing.T) {
	var r retry
	last := time.Duration(0)
	for range 100 {
		d := r.next()
		if d < last || d < minRetry || d > 10*time.Second {
			t.Fatalf("%v after %v", d, last)
		}
		last = d
	}
	r.moved()
	if d := r.next(); d != minRetry {
		t.Errorf("%v after it moved", d)
	}
}
