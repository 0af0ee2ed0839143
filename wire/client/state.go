package client

import (
	"strconv"
	"time"
)

// Phase is what a client is doing about its connection.
type Phase uint8

// The phases. A client goes from Connecting to Connected or Disconnected, from
// there to Disconnected or Connecting, and in the end to Closed, once.
const (
	Connecting   Phase = 1 // dialling, shaking hands or logging in
	Connected    Phase = 2 // requests are served
	Disconnected Phase = 3 // waiting to connect again
	Closed       Phase = 4 // ended for good
)

// String returns the phase's name in lower case.
func (p Phase) String() string {
	switch p {
	case Connecting:
		return "connecting"
	case Connected:
		return "connected"
	case Disconnected:
		return "disconnected"
	case Closed:
		return "closed"
	default:
		return "phase_" + strconv.Itoa(int(p))
	}
}

// State is what [Options.OnState] is told.
type State struct {
	Phase Phase
	// Err says why, for Disconnected and Closed. As [*EndError] it has the
	// reason when there was a connection.
	Err error
	// RetryIn is how long the client waits before it connects again, for
	// Disconnected.
	RetryIn time.Duration
}
