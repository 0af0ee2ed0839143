package handshake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/handshake"
	"example.com/rollcall/actors/internal/heartbeat"
	"example.com/rollcall/wire"
)

func TestVersions(t *testing.T) {
	tests := []struct {
		min, max uint64 // the client's
		server   handshake.Versions
		want     uint64 // 0: refused
	}{
		{1, 1, handshake.Versions{Min: 1, Max: 1}, 1},
		{1, 9, handshake.Versions{Min: 1, Max: 1}, 1},
		{1, 9, handshake.Versions{Min: 2, Max: 4}, 4},
		{3, 9, handshake.Versions{Min: 2, Max: 4}, 4},
		{4, 4, handshake.Versions{Min: 2, Max: 4}, 4},
		{2, 3, handshake.Versions{Min: 2, Max: 4}, 3},
		{2, 9, handshake.Versions{Min: 1, Max: 1}, 0},
		{1, 1, handshake.Versions{Min: 2, Max: 4}, 0},
		{5, 5, handshake.Versions{Min: 2, Max: 4}, 0},
		{1<<64 - 1, 1<<64 - 1, handshake.Versions{Min: 1, Max: 1}, 0},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d to %d, server %v", tt.min, tt.max, tt.server), func(t *testing.T) {
			got, err := handshake.Negotiate(&wire.Hello{MinVersion: tt.min, MaxVersion: tt.max}, tt.server, heartbeat.Bounds{}, 0)
			if (err != nil) != (tt.want == 0) || got.Version != tt.want {
				t.Errorf("%d, %v", got.Version, err)
			}
			if err != nil && !strings.Contains(err.Error(), fmt.Sprint(tt.max)) {
				t.Errorf("the error does not say what was asked for: %v", err)
			}
		})
	}
}

// Supported is what this build can encode.
func TestSupported(t *testing.T) {
	if v := handshake.Supported; v.Min > v.Max || v.Max != wire.Version {
		t.Errorf("%+v", v)
	}
}

// Whatever a client wishes, the version is one that both speak, the highest, the
// times are those of the bounds for the same wish, and the features are those that
// both have; no wish overflows.
func TestNegotiate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &wire.Hello{
			MinVersion: rapid.Uint64Range(1, 6).Draw(t, "min"),
			Interval:   rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 1e6)).Draw(t, "interval"),
			Timeout:    rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 1e6)).Draw(t, "timeout"),
		}
		h.Features = wire.Features(rapid.Uint64().Draw(t, "features"))
		has := wire.Features(rapid.Uint64().Draw(t, "server's features"))
		h.MaxVersion = rapid.Uint64Range(h.MinVersion, 8).Draw(t, "max")
		v := handshake.Versions{Min: rapid.Uint64Range(1, 6).Draw(t, "server min")}
		v.Max = rapid.Uint64Range(v.Min, 8).Draw(t, "server max")
		best := uint64(0)
		for n := uint64(1); n <= 8; n++ {
			if n >= h.MinVersion && n <= h.MaxVersion && n >= v.Min && n <= v.Max {
				best = n
			}
		}
		got, err := handshake.Negotiate(h, v, heartbeat.Bounds{}, has)
		if (err != nil) != (best == 0) || got.Version != best {
			t.Fatalf("%+v, %v; want version %d", got, err, best)
		}
		if err != nil {
			return
		}
		if !h.Features.Has(got.Features) || !has.Has(got.Features) || got.Features != h.Features-(h.Features&^has) {
			t.Fatalf("%b in use of %b and %b", got.Features, h.Features, has)
		}
		wish := func(ms uint64) time.Duration { return time.Duration(min(ms, 1e9)) * time.Millisecond }
		if want := (heartbeat.Bounds{}).Negotiate(wish(h.Interval), wish(h.Timeout)); got.Times != want {
			t.Fatalf("%+v, want %+v", got.Times, want)
		}
	})
}

func Example() {
	h := &wire.Hello{MinVersion: 1, MaxVersion: 3, Identifier: "laptop", Interval: 5000, Timeout: 20000}
	terms, err := handshake.Negotiate(h, handshake.Supported, heartbeat.Bounds{}, 0)
	fmt.Println(terms.Version, terms.Times, err)

	_, err = handshake.Negotiate(&wire.Hello{MinVersion: 2, MaxVersion: 3}, handshake.Supported, heartbeat.Bounds{}, 0)
	fmt.Println(err)
	// Output:
	// 1 {5s 20s} <nil>
	// the client speaks versions 2 to 3, the server 1 to 1
}
