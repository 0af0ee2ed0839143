package actors

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"example.com/rollcall/wire"
)

// Termination is the end of one connection: exactly one reason, and the
// evidence for it (P6). It is made once, by the connection, and never changed.
type Termination struct {
	Connection uint64 `json:"connection"`
	Identifier string `json:"identifier,omitempty"` // empty when the handshake was not finished
	Remote     string `json:"remote"`
	Local      string `json:"local,omitempty"`
	User       string `json:"user,omitempty"` // who was logged in at the end

	Reason wire.Reason `json:"reason"`
	// Detail says more in words: an operator's text, which limit was broken.
	Detail string `json:"detail,omitempty"`
	// Error is the transport's error, where there was one.
	Error string `json:"error,omitempty"`
	// MidFrame reports whether the stream ended within a frame (N1).
	MidFrame bool `json:"mid_frame,omitempty"`
	// Handshaken reports whether the connection had been in the maps.
	Handshaken bool `json:"handshaken"`

	Accepted time.Time     `json:"accepted"`
	Ended    time.Time     `json:"ended"`
	Lived    time.Duration `json:"lived_ns"`
	// Silent is how long before the end the last bytes had come.
	Silent time.Duration `json:"silent_ns"`
	// Interval and Timeout are the connection's negotiated heartbeat.
	Interval time.Duration `json:"interval_ns,omitempty"`
	Timeout  time.Duration `json:"timeout_ns,omitempty"`

	PingsSent   int           `json:"pings_sent"`
	PingsMissed int           `json:"pings_missed"` // sent since the last sign of life
	RTT         time.Duration `json:"rtt_ns,omitempty"`
	BytesIn     uint64        `json:"bytes_in"`
	BytesOut    uint64        `json:"bytes_out"`
	FramesIn    uint64        `json:"frames_in"`
	FramesOut   uint64        `json:"frames_out"`
	QueueFrames int           `json:"queue_frames"` // what had not been written
	QueueBytes  int           `json:"queue_bytes"`
}

// readReason tells why a read failed: the peer closed its side, or anything else,
// which is a transport that broke.
func readReason(err error) wire.Reason {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return wire.ReasonEOF
	}
	return wire.ReasonReset
}

// writeReason tells why a write failed. A peer that has gone shows itself on
// write and on read alike, in either order, and is given one reason for both.
func writeReason(err error) wire.Reason {
	var timeout net.Error
	switch {
	case errors.Is(err, errHandlerPanic):
		return wire.ReasonPanic
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout() && !errors.Is(err, syscall.ETIMEDOUT):
		return wire.ReasonSlowConsumer
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe):
		return wire.ReasonReset
	default:
		return wire.ReasonWriteFailed
	}
}
