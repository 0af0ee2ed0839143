package client

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"example.com/rollcall/wire"
)

func TestNames(t *testing.T) {
	for want, got := range map[string]string{
		"connecting": Connecting.String(), "connected": Connected.String(),
		"disconnected": Disconnected.String(), "closed": Closed.String(), "phase_9": Phase(9).String(),
		"snapshot": Snapshot.String(), "online": Online.String(), "offline": Offline.String(),
		"event_9": EventKind(9).String(),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if b, err := Offline.MarshalText(); string(b) != "offline" || err != nil {
		t.Errorf("%s, %v", b, err)
	}
}

func TestErrors(t *testing.T) {
	refused := &RequestError{Code: wire.CodeUserOffline, Text: "gone"}
	for want, err := range map[string]error{
		"rollcall: user_offline: gone":                          refused,
		"rollcall: user_offline":                                &RequestError{Code: wire.CodeUserOffline},
		"the server said bye: kicked: out":                      &EndError{Reason: wire.ReasonKicked, ByServer: true, Text: "out", Err: refused},
		"the connection ended: eof: EOF":                        readEnd(io.EOF),
		"the connection ended: eof: unexpected EOF":             readEnd(io.ErrUnexpectedEOF),
		"the connection ended: reset: broken pipe":              writeEnd(syscall.EPIPE),
		"the connection ended: write_failed: EOF":               writeEnd(io.EOF),
		"the connection ended: heartbeat_timeout":               &EndError{Reason: wire.ReasonHeartbeatTimeout},
		"the connection ended: reset: connection reset by peer": readEnd(syscall.ECONNRESET),
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if !errors.Is(refused, wire.CodeUserOffline) || errors.Is(refused, wire.CodeInternal) {
		t.Error("a refusal does not match its code alone")
	}
}
