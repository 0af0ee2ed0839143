package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

func TestExitCodes(t *testing.T) {
	end := func(r wire.Reason) error {
		return fmt.Errorf("%w: %w", client.ErrClosed, &client.EndError{Reason: r, ByServer: true})
	}
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("anything"), 1},
		{usage("what?"), 2},
		{fmt.Errorf("wrapped: %w", usage("what?")), 2},
		{exitWith(exitUnreachable, "gone"), 3},
		{client.ErrDisconnected, 3},
		{context.DeadlineExceeded, 3},
		{end(wire.ReasonServerShutdown), 3},
		{end(wire.ReasonEOF), 3},
		{end(wire.ReasonHeartbeatTimeout), 3},
		{end(wire.ReasonKicked), 4},
		{end(wire.ReasonReplaced), 4},
		{end(wire.ReasonLoginRefused), 4},
		{end(wire.ReasonVersionUnsupported), 4},
		{end(wire.ReasonTooMany), 4},
		{end(wire.ReasonProtocolError), 1},
		{&client.RequestError{Code: wire.CodeUserOffline}, 5},
		{&client.RequestError{Code: wire.CodeLoginRefused}, 4},
		{&client.RequestError{Code: wire.CodeAlreadyOnline}, 4},
		{&client.RequestError{Code: wire.CodeTooLarge}, 1},
		{interruption{os.Interrupt}, 130},
		{interruption{syscall.SIGTERM}, 143},
		{fmt.Errorf("%w: %w", client.ErrClosed, interruption{syscall.SIGTERM}), 143},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: code %d, not %d", c.err, got, c.want)
		}
	}
}

func TestErrorsAreOnePlainLine(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.Join(errors.New("client: one"), errors.New("wire: two")), "one; two"},
		{errors.New("a\n\nDid you mean this?\n\tb\n (see c)"), "a; did you mean b (see c)"},
		{errors.New("an \x1b[31mescape"), "an \uFFFD[31mescape"},
		{fmt.Errorf("%w: %w", client.ErrClosed, &client.EndError{Reason: wire.ReasonKicked, ByServer: true, Text: "enough"}), "closed: the server says kicked: enough"},
		{dialError("here", fmt.Errorf("client: connecting: %w", refused)), "cannot reach the server at here:7465: connection refused"},
		{dialError("[::1]:9", &client.EndError{Reason: wire.ReasonEOF}), "cannot connect to the server at [::1]:9: eof (closed without a goodbye)"},
		{dialError("here", &net.DNSError{Name: "here", IsNotFound: true}), "cannot reach the server at here:7465: the name here is not known"},
		{dialError("here", context.DeadlineExceeded), "cannot reach the server at here:7465: no answer in time"},
	} {
		if got := plain(c.err); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
