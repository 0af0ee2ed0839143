package heartbeat

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	ms = time.Millisecond
	s  = time.Second
)

func TestNegotiate(t *testing.T) {
	narrow := Bounds{
		Default:     Times{10 * s, 40 * s},
		MinInterval: 5 * s, MaxInterval: 20 * s,
		MinTimeout: 12 * s, MaxTimeout: 60 * s,
	}
	for _, c := range []struct {
		name              string
		bounds            Bounds
		interval, timeout time.Duration
		want              Times
	}{
		{"nothing set, nothing wanted", Bounds{}, 0, 0, Times{15 * s, 30 * s}},
		{"wishes granted", Bounds{}, 5 * s, 60 * s, Times{5 * s, 60 * s}},
		{"only a timeout: the interval follows", Bounds{}, 0, 10 * s, Times{5 * s, 10 * s}},
		{"only an interval: the timeout stays", Bounds{}, 60 * s, 0, Times{15 * s, 30 * s}},
		{"below the defaults' least", Bounds{}, ms, ms, Times{s, 2 * s}},
		{"above the defaults' greatest", Bounds{}, time.Hour, time.Hour, Times{10 * time.Minute, 30 * time.Minute}},
		{"negative is not wanted", Bounds{}, -s, -s, Times{15 * s, 30 * s}},
		{"clamped up", narrow, s, s, Times{5 * s, 12 * s}},
		{"clamped down", narrow, time.Hour, time.Hour, Times{20 * s, 60 * s}},
		{"interval to half of the timeout", narrow, 20 * s, 12 * s, Times{6 * s, 12 * s}},
		{"short default, bounds unset", Bounds{Default: Times{Timeout: 300 * ms}}, 0, 0, Times{150 * ms, 300 * ms}},
		{"interval alone by default", Bounds{Default: Times{Interval: 100 * ms}}, 0, 0, Times{100 * ms, 200 * ms}},
		{"long default, bounds unset", Bounds{Default: Times{Timeout: 2 * time.Hour}}, 0, 0, Times{time.Hour, 2 * time.Hour}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.bounds.Validate(); err != nil {
				t.Fatalf("Validate: %v", err)
			}
			if got := c.bounds.Negotiate(c.interval, c.timeout); got != c.want {
				t.Errorf("Negotiate(%v, %v) = %v, want %v", c.interval, c.timeout, got, c.want)
			}
		})
	}
}

func TestValidateNamesEveryError(t *testing.T) {
	for _, c := range []struct {
		name   string
		bounds Bounds
		want   []string
	}{
		{"defaults", Bounds{}, nil},
		{"interval above half", Bounds{Default: Times{20 * s, 30 * s}},
			[]string{"above half of the default timeout"}},
		{"all at once", Bounds{
			Default:     Times{20 * s, 30 * s},
			MinInterval: 25 * s, MaxInterval: 22 * s,
			MinTimeout: 40 * s, MaxTimeout: 1000 * time.Hour,
		}, []string{
			"least interval, 25s, is above the greatest, 22s",
			"default timeout, 30s, is not within",
			"greatest timeout, 1000h0m0s, is above 720h0m0s",
			"default interval, 20s, is above half",
			"least interval, 25s, is above half of the least timeout, 40s",
		}},
		{"negative", Bounds{Default: Times{-s, -s}, MinInterval: -s, MinTimeout: -s},
			[]string{"least interval, -1s, is below 1ms", "least timeout, -1s, is below 1ms"}},
		{"too short", Bounds{Default: Times{time.Microsecond, 10 * time.Microsecond}},
			[]string{"least interval, 1µs, is below 1ms", "least timeout"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.bounds.Validate()
			if (err != nil) != (c.want != nil) {
				t.Fatalf("Validate: %v", err)
			}
			if err != nil && !errors.Is(err, ErrBounds) {
				t.Errorf("%v does not wrap ErrBounds", err)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is not in:\n%v", w, err)
				}
			}
		})
	}
}

// Whatever a client wants, valid bounds give it times within them.
func TestNegotiateStaysWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(3*time.Hour)).Draw(t, name))
		}
		b := Bounds{
			Default:     Times{length("interval"), length("timeout")},
			MinInterval: length("min interval"), MaxInterval: length("max interval"),
			MinTimeout: length("min timeout"), MaxTimeout: length("max timeout"),
		}
		if rapid.Bool().Draw(t, "only defaults") {
			b = Bounds{Default: b.Default}
		}
		if b.Validate() != nil {
			return
		}
		want := func(name string) time.Duration {
			return time.Duration(rapid.Int64().Draw(t, name))
		}
		got := b.Negotiate(want("want interval"), want("want timeout"))
		r := b.resolved()
		if got.Interval < r.MinInterval || got.Interval > r.MaxInterval ||
			got.Timeout < r.MinTimeout || got.Timeout > r.MaxTimeout ||
			got.Interval > got.Timeout/2 {
			t.Fatalf("%+v allow %+v", r, got)
		}
	})
}

func TestSlack(t *testing.T) {
	for _, c := range []struct {
		times Times
		want  time.Duration
	}{
		{Times{15 * s, 30 * s}, 30 * s / 32},
		{Times{s, 2 * s}, 100 * ms},
		{Times{500 * ms, s}, 100 * ms},
		{Times{time.Minute, time.Hour}, s},
		{Times{100 * ms, 200 * ms}, 25 * ms}, // not so much that nothing is left to answer in
		{Times{100 * ms, 500 * ms}, 100 * ms},
	} {
		if got := c.times.Slack(); got != c.want {
			t.Errorf("%v: slack %v, want %v", c.times, got, c.want)
		}
	}
}
