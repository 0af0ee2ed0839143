package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Setup is what all measurements share.
type Setup struct {
	Program   string   // this program, to be run as server and load
	Environ   []string // of the children, beside our own
	ServeArgs []string // more arguments of the server
	Server    string   // HOST:PORT of one that runs already; empty: start one
	ServerPID int      // its process, if it is to be metered; 0: unknown
	Floors    bool     // measure the floors too
	Runs      int
	Idle      int // idle users beside the work
	Count     int // of what the measurement counts
	Watchers  int
	Duration  time.Duration // of a measurement by time
	Interval  time.Duration // of heartbeats
	Pace      time.Duration // between departures
	Bytes     int           // of a message, or of a file
	Names     int           // that each watcher names
	Changes   int           // while one watcher reads slowly
	Counters  bool          // read the counters of a server of our own
	Progress  func(format string, args ...any)
}

// Value is one figure of one run.
type Value struct {
	Name  string
	Unit  string
	Value float64
}

// Row is one figure of one target, over all runs.
type Row struct {
	Figure string  `json:"figure"`
	Unit   string  `json:"unit"`
	Target string  `json:"target"`
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Ratios are medians of the ratios of each run; zero where there is none.
	ToGo    float64 `json:"ratio_to_floor_go,omitempty"`
	ToEpoll float64 `json:"ratio_to_floor_epoll,omitempty"`
	ToTCP   float64 `json:"ratio_to_floor_tcp,omitempty"`
	ToHTTP  float64 `json:"ratio_to_floor_http,omitempty"`
}

// Measure is one kind of measurement.
type Measure func(ctx context.Context, s *Setup, t *target) ([]Value, error)

// Run measures every target in turn, as often as asked, so that what loads the
// machine meanwhile loads all of them.
func (s *Setup) Run(ctx context.Context, m Measure) ([]Row, error) {
	targets := []string{Rollcall}
	if s.Server != "" {
		targets[0] = External
	}
	if s.Floors {
		targets = append(targets, FloorGo, Epoll)
	}
	sum := newTally(targets)
	for run := range s.Runs {
		for _, kind := range targets {
			if s.Progress != nil {
				s.Progress("run %d of %d: %s", run+1, s.Runs, kind)
			}
			t, err := s.start(ctx, kind)
			if err != nil {
				return nil, err
			}
			got, err := m(ctx, s, t)
			t.stop()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", kind, err)
			}
			sum.add(kind, got...)
		}
	}
	return sum.rows(), nil
}

// ratio is the median of a[i]/b[i].
func ratio(a, b []float64) float64 {
	var all []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			all = append(all, a[i]/b[i])
		}
	}
	if len(all) == 0 {
		return 0
	}
	return median(all)
}

func median(all []float64) float64 { return quantile(all, 0.5) }

// quantile is the q-th part of the values, by the nearest rank.
func quantile(all []float64, q float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}
