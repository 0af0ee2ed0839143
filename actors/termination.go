package actors

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"example.com/rollcall/actors/record"
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
	// First tells who ended it: the client, the server, or nobody knows, because
	// a transport broke.
	First record.Side `json:"first"`
	// MidFrame reports whether the stream ended within a frame (N1).
	MidFrame bool `json:"mid_frame,omitempty"`
	// Handshaken reports whether the connection had been in the maps.
	Handshaken bool `json:"handshaken"`

	Accepted time.Time     `json:"accepted"`
	Ended    time.Time     `json:"ended"`
	Lived    time.Duration `json:"lived_ns"`
	// Silent is how long before the end the last bytes had come.
	Silent time.Duration `json:"silent_ns"`
	// LastIn is when the last bytes came, LastOut when the last write went well;
	// zero when none did.
	LastIn  time.Time `json:"last_in,omitzero"`
	LastOut time.Time `json:"last_out,omitzero"`
	// Interval and Timeout are the connection's negotiated heartbeat.
	Interval time.Duration `json:"interval_ns,omitempty"`
	Timeout  time.Duration `json:"timeout_ns,omitempty"`

	PingsSent     int           `json:"pings_sent"`
	PingsAnswered int           `json:"pings_answered"`
	PingsMissed   int           `json:"pings_missed"` // sent since the last sign of life
	RTT           time.Duration `json:"rtt_ns,omitempty"`
	// RTTs are the last round trips, the oldest first, at most record.MaxRTTs.
	RTTs        []time.Duration `json:"rtts_ns,omitempty"`
	BytesIn     uint64          `json:"bytes_in"`
	BytesOut    uint64          `json:"bytes_out"`
	FramesIn    uint64          `json:"frames_in"`
	FramesOut   uint64          `json:"frames_out"`
	QueueFrames int             `json:"queue_frames"` // what had not been written
	QueueBytes  int             `json:"queue_bytes"`

	// Rival is the connection that took this one's place, with its remote
	// address, if one did: of the same user, or from the same address.
	Rival       uint64 `json:"rival,omitempty"`
	RivalRemote string `json:"rival_remote,omitempty"`
	// Others counts the other live connections of the identifier at the end, up
	// to MaxOthers.
	Others int `json:"others,omitempty"`
}

// MaxOthers is how far Termination.Others counts.
const MaxOthers = 64

// first tells who ended a connection that ended so.
func first(reason wire.Reason, err error) record.Side {
	switch reason {
	case wire.ReasonBye, wire.ReasonEOF, wire.ReasonLogout:
		return record.SideClient
	case wire.ReasonReset:
		// A reset is the other side's own word, or of something on the way that
		// speaks for it; anything else is a transport that broke.
		if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
			return record.SideClient
		}
		return record.SideUnknown
	case wire.ReasonWriteFailed, wire.ReasonNodeLost, wire.ReasonNone:
		return record.SideUnknown
	default:
		return record.SideServer
	}
}

// roundTrips are the last round trips of a connection, in microseconds. A
// connection that never answered a ping has none.
type roundTrips struct {
	ring [record.MaxRTTs]uint32
	next uint8 // how many there have been; from 255 on it stays above MaxRTTs
}

func (r *roundTrips) add(d time.Duration) {
	r.ring[r.next%record.MaxRTTs] = uint32(min(d.Microseconds(), 1<<32-1)) //nolint:gosec // bounded
	if r.next++; r.next == 0 {
		r.next = 256 - record.MaxRTTs // a multiple: the place goes on where it was
	}
}

// list returns them, the oldest first.
func (r *roundTrips) list() (all []time.Duration) {
	if r == nil {
		return nil
	}
	n := min(r.next, record.MaxRTTs)
	for i := r.next - n; i != r.next; i++ {
		all = append(all, time.Duration(r.ring[i%record.MaxRTTs])*time.Microsecond)
	}
	return all
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
