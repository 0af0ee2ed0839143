package client

import (
	"errors"
	"io"
	"strings"
	"syscall"

	"example.com/rollcall/wire"
)

// Sentinels, to be checked with errors.Is.
var (
	// ErrClosed means that the client has ended for good. What is wrapped beside
	// it says why.
	ErrClosed = errors.New("client: closed")
	// ErrDisconnected means that there is no connection, or that the connection
	// broke while the answer was awaited. The request is not sent again; whether
	// the server has carried it out is unknown.
	ErrDisconnected = errors.New("client: disconnected")
	// ErrQueueFull means that a call that may not wait found the outbound queue
	// full. Nothing was sent.
	ErrQueueFull = errors.New("client: outbound queue full")
	// ErrLoggedOut is why a watch or a transfer ended: its session did.
	ErrLoggedOut = errors.New("client: logged out")

	errHandshakeTimeout = errors.New("client: the server did not finish the handshake in time")
	errProtocol         = errors.New("client: the server broke the protocol")
)

// RequestError is a refusal by the server of one request, or the end of a
// transfer by the server or by the other user. errors.Is matches its code:
// errors.Is(err, wire.CodeUserOffline).
type RequestError struct {
	Code wire.Code
	Text string // the other side's words, may be empty
	By   string // the user who ended the transfer, if it was one
}

// Error returns the code, who caused it, and the other side's words.
func (e *RequestError) Error() string {
	s := e.Code.Error()
	if e.By != "" {
		s += " by " + e.By
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// Unwrap returns the code.
func (e *RequestError) Unwrap() error { return e.Code }

// EndError says why a connection ended, and for good with it the client if the
// reason was permanent, or if it may not reconnect.
type EndError struct {
	Reason wire.Reason
	// ByServer is true when the server said so in its bye, false when this side
	// found out by itself.
	ByServer bool
	Text     string // the server's words, may be empty
	Err      error  // what lies behind it, may be nil

	retry uint64 // the server's advice how long to stay away, in milliseconds
}

// Error returns the reason, the words and what lies behind.
func (e *EndError) Error() string {
	var b strings.Builder
	if e.ByServer {
		b.WriteString("the server said bye: ")
	} else {
		b.WriteString("the connection ended: ")
	}
	b.WriteString(e.Reason.String())
	if e.Text != "" {
		b.WriteString(": ")
		b.WriteString(e.Text)
	} else if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns what lies behind: a [*RequestError] for a refused login, the
// transport's error.
func (e *EndError) Unwrap() error { return e.Err }

// permanent reports whether connecting again would only meet the same end.
func (e *EndError) permanent() bool {
	switch e.Reason {
	case wire.ReasonVersionUnsupported:
		return true
	case wire.ReasonKicked, wire.ReasonReplaced, wire.ReasonLoginRefused:
		return e.ByServer
	default:
		return false
	}
}

// readEnd and writeEnd tell by the transport's error why the connection ended.
func readEnd(err error) *EndError {
	reason := wire.ReasonReset
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		reason = wire.ReasonEOF
	}
	return &EndError{Reason: reason, Err: err}
}

func writeEnd(err error) *EndError {
	reason := wire.ReasonWriteFailed
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		reason = wire.ReasonReset
	}
	return &EndError{Reason: reason, Err: err}
}
