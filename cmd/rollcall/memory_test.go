package main

import (
	"testing"
	"time"
)

func TestMemoryIsGivenBackWhenQuiet(t *testing.T) {
	const mb = 1 << 20
	start := time.Unix(1000, 0)
	for _, tt := range []struct {
		name string
		ask  []heap // one a second
		want []bool
	}{
		{"busy, then quiet", []heap{{allocated: 0, live: 1 * mb, idle: 0}, {allocated: 90 * mb, live: 20 * mb, idle: 30 * mb}, {allocated: 90 * mb, live: 20 * mb, idle: 30 * mb}}, []bool{false, false, true}},
		{"not worth it", []heap{{allocated: 0, live: 20 * mb, idle: 5 * mb}, {allocated: 0, live: 20 * mb, idle: 6 * mb}}, []bool{false, false}},
		{"little garbage of a large heap", []heap{{allocated: 0, live: 900 * mb, idle: 200 * mb}, {allocated: 10 * mb, live: 900 * mb, idle: 210 * mb}}, []bool{false, false}},
		{"not twice at once", []heap{{allocated: 0, live: mb, idle: 9 * mb}, {allocated: 0, live: mb, idle: 9 * mb}}, []bool{true, false}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r releaser
			for i, h := range tt.ask {
				if got := r.due(h, start.Add(time.Duration(i)*quietFor)); got != tt.want[i] {
					t.Errorf("second %d: %t", i, got)
				}
			}
			quiet := tt.ask[len(tt.ask)-1]
			worth := quiet.idle >= quiet.live/4+releaseWorth
			if got := r.due(quiet, start.Add(time.Hour)); got != worth {
				t.Errorf("an hour later: %t", got)
			}
		})
	}
}

// A small heap is collected a few times a second at most, and the more is allocated, the
// more may be: but no more than 128 MiB. A large heap may double.
func TestPercentFor(t *testing.T) {
	const mb = 1 << 20
	for _, x := range []struct {
		live, grown uint64
		want        int
	}{
		{0, 0, 800},
		{16 * mb, 0, 200},
		{16 * mb, 128 * mb, 200},
		{16 * mb, 129 * mb, 400},
		{16 * mb, 257 * mb, 800},
		{16 * mb, 10_000 * mb, 800},
		{100 * mb, 0, 100},
		{100 * mb, 10_000 * mb, 128},
		{1000 * mb, 10_000 * mb, 100},
	} {
		if got := percentFor(x.live, x.grown); got != x.want {
			t.Errorf("%d MiB live, %d grown: %d, want %d", x.live/mb, x.grown/mb, got, x.want)
		}
	}
}

func TestReadHeap(t *testing.T) {
	if h := readHeap(); h.allocated == 0 || h.idle == 0 || h.roots == 0 {
		t.Errorf("%+v", h)
	}
}
