// Package handshake decides what a hello leads to: the version, the heartbeat
// and the features that both sides will use, or a refusal. It is pure.
package handshake

import (
	"fmt"
	"time"

	"example.com/rollcall/actors/internal/heartbeat"
	"example.com/rollcall/wire"
)

// Versions are the protocol versions that the server speaks.
type Versions struct{ Min, Max uint64 }

// Supported is the range that this build speaks.
var Supported = Versions{Min: wire.Version, Max: wire.Version}

// Terms are what both sides have agreed on.
type Terms struct {
	Version  uint64
	Times    heartbeat.Times
	Features wire.Features
}

// maxWant bounds a wanted time, so that milliseconds fit a duration: a day is
// far above what any server allows.
const maxWant = uint64(24 * time.Hour / time.Millisecond)

// Negotiate settles the terms: the highest common version, the wanted heartbeat
// within the server's bounds, and the features that both have. An error is told to the client with
// version_unsupported.
func Negotiate(h *wire.Hello, v Versions, b heartbeat.Bounds, has wire.Features) (Terms, error) {
	version := min(h.MaxVersion, v.Max)
	if version < h.MinVersion || version < v.Min {
		return Terms{}, fmt.Errorf("the client speaks versions %d to %d, the server %d to %d",
			h.MinVersion, h.MaxVersion, v.Min, v.Max)
	}
	return Terms{
		Version: version, Times: b.Negotiate(want(h.Interval), want(h.Timeout)), Features: h.Features & has,
	}, nil
}

func want(ms uint64) time.Duration {
	return time.Duration(min(ms, maxWant)) * time.Millisecond //nolint:gosec // bounded
}
