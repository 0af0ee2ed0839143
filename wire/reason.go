package wire

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Reason says why a connection, a session or a user's presence ended. Its
// numbers go over the wire and into records: they never change and are never
// used again for anything else.
type Reason uint8

// The reasons. PROTOCOL.md tells each at length.
const (
	ReasonNone               Reason = 0  // not ended
	ReasonBye                Reason = 1  // the client said goodbye
	ReasonEOF                Reason = 2  // the stream ended without a goodbye, between frames or within one
	ReasonReset              Reason = 3  // the transport was reset by the peer
	ReasonHeartbeatTimeout   Reason = 4  // nothing was received for the whole timeout
	ReasonHandshakeTimeout   Reason = 5  // no complete hello in time
	ReasonProtocolError      Reason = 6  // bytes that the protocol does not allow
	ReasonFrameTooLarge      Reason = 7  // a frame longer than the limit
	ReasonSlowConsumer       Reason = 8  // the client does not read fast enough
	ReasonWriteFailed        Reason = 9  // the transport refused to write
	ReasonKicked             Reason = 10 // an operator or the embedding program ended it
	ReasonReplaced           Reason = 11 // a newer connection took its place
	ReasonLoginRefused       Reason = 12 // the login was refused
	ReasonPanic              Reason = 13 // a defect in the server ended it
	ReasonServerShutdown     Reason = 14 // the server is shutting down
	ReasonNodeLost           Reason = 15 // the server died, and the user did not come back in time
	ReasonVersionUnsupported Reason = 16 // no common protocol version
	ReasonTooMany            Reason = 17 // the server holds as many connections as it may
	ReasonLogout             Reason = 18 // the user logged out; the connection may go on

	reasonCount = 19
)

var reasonNames = [reasonCount]string{
	ReasonNone:               "none",
	ReasonBye:                "bye",
	ReasonEOF:                "eof",
	ReasonReset:              "reset",
	ReasonHeartbeatTimeout:   "heartbeat_timeout",
	ReasonHandshakeTimeout:   "handshake_timeout",
	ReasonProtocolError:      "protocol_error",
	ReasonFrameTooLarge:      "frame_too_large",
	ReasonSlowConsumer:       "slow_consumer",
	ReasonWriteFailed:        "write_failed",
	ReasonKicked:             "kicked",
	ReasonReplaced:           "replaced",
	ReasonLoginRefused:       "login_refused",
	ReasonPanic:              "panic",
	ReasonServerShutdown:     "server_shutdown",
	ReasonNodeLost:           "node_lost",
	ReasonVersionUnsupported: "version_unsupported",
	ReasonTooMany:            "too_many_connections",
	ReasonLogout:             "logout",
}

// String returns the reason's name, or "reason_N" for one that this version
// does not know: a newer peer may have more.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return "reason_" + strconv.Itoa(int(r))
}

// MarshalText writes the reason by name, for JSON and logs.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (r *Reason) UnmarshalText(text []byte) error {
	n, err := parseName("reason", string(text), reasonNames[:])
	if err == nil {
		*r = Reason(n)
	}
	return err
}

// parseName reads the number of a reason or a code from its name, or from the
// form that String gives to one without a name.
func parseName(what, text string, names []string) (uint8, error) {
	if i := slices.Index(names, text); i >= 0 {
		return uint8(i), nil //nolint:gosec // there are fewer than 256 names
	}
	if number, ok := strings.CutPrefix(text, what+"_"); ok {
		if n, err := strconv.ParseUint(number, 10, 8); err == nil {
			return uint8(n), nil //nolint:gosec // parsed with 8 bits
		}
	}
	return 0, fmt.Errorf("wire: unknown %s %q", what, text)
}

// Reasons lists every reason that this version knows, ReasonNone left out.
func Reasons() []Reason {
	all := make([]Reason, 0, reasonCount-1)
	for r := ReasonBye; r < reasonCount; r++ {
		all = append(all, r)
	}
	return all
}

// Involuntary reports whether the client may well be on its way back: what a
// grace period waits for. A goodbye, a logout, a kick, a refusal or a replacement is
// a decision, and nobody waits for it to be undone.
func (r Reason) Involuntary() bool {
	switch r {
	case ReasonEOF, ReasonReset, ReasonHeartbeatTimeout, ReasonSlowConsumer,
		ReasonWriteFailed, ReasonPanic, ReasonProtocolError, ReasonFrameTooLarge, ReasonNodeLost:
		return true
	default:
		return false
	}
}
