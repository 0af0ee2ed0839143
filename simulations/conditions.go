package simulations

import "time"

// Conditions are what one direction of a link is like.
type Conditions struct {
	Latency time.Duration `json:"latency,omitempty"`
	Jitter  time.Duration `json:"jitter,omitempty"` // up to so much is added to the latency; order is kept
	// Bandwidth is in bytes a second; 0: no bound.
	Bandwidth int `json:"bandwidth,omitempty"`
	// Window bounds the bytes that are under way or unread; 0: 256 KiB.
	Window int `json:"window,omitempty"`
	// Segment bounds the bytes that arrive at once; 0: 16 KiB.
	Segment int `json:"segment,omitempty"`
	// Tiny makes reads of the server's and of real clients return a few bytes only.
	Tiny bool `json:"tiny,omitempty"`
}

func (c Conditions) window() int {
	if c.Window <= 0 {
		return 256 << 10
	}
	return c.Window
}

// maxSegment is how large a piece is that goes over a link at once.
const maxSegment = 16 << 10
