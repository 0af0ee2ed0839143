package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// The exit codes; doc.go tells each at length.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitRefused     = 4
	exitAbsent      = 5
	exitNoRoom      = 6
	exitMismatch    = 7
	exitNoRecord    = 8
	exitSignal      = 128 // and the signal's number
)

// exitError is an error whose exit code is known.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// exitWith makes an error with an exit code.
func exitWith(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// usage makes an error of whoever wrote the command line, the environment or
// the file.
func usage(format string, args ...any) error { return exitWith(exitUsage, format, args...) }

// codeOf returns the exit code of an error.
func codeOf(err error) int {
	var known *exitError
	var signal interruption
	var end *client.EndError
	var refused *client.RequestError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &signal):
		return signal.code()
	case errors.As(err, &known):
		return known.code
	case errors.As(err, &refused) && codeOfRefusal(refused.Code) != exitFailure:
		return codeOfRefusal(refused.Code)
	case errors.Is(err, client.ErrChanged):
		return exitMismatch
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return exitNoRoom
	case errors.As(err, &end):
		return codeOfEnd(end)
	case errors.Is(err, client.ErrDisconnected), errors.Is(err, context.DeadlineExceeded):
		return exitUnreachable
	default:
		return exitFailure
	}
}

// codeOfRefusal returns the exit code for what the server, or by way of it
// another user, has said to a request or a transfer.
func codeOfRefusal(code wire.Code) int {
	switch code {
	case wire.CodeUserOffline, wire.CodeNotFound, wire.CodeRemoved, wire.CodeExpired:
		return exitAbsent
	case wire.CodeLoginRefused, wire.CodeAlreadyOnline, wire.CodeReplaced, wire.CodeNotAllowed,
		wire.CodeDeclined, wire.CodeCancelled, wire.CodeUnsupported:
		return exitRefused
	case wire.CodeStorageFull, wire.CodeQuotaExceeded, wire.CodeFileTooLarge:
		return exitNoRoom
	case wire.CodeChecksumMismatch, wire.CodeSizeMismatch:
		return exitMismatch
	case wire.CodeInterrupted, wire.CodeShuttingDown:
		return exitUnreachable
	default:
		return exitFailure
	}
}

// codeOfEnd returns the exit code for a connection that has ended for good.
func codeOfEnd(end *client.EndError) int {
	switch end.Reason {
	case wire.ReasonKicked, wire.ReasonReplaced, wire.ReasonLoginRefused,
		wire.ReasonVersionUnsupported, wire.ReasonTooMany:
		return exitRefused
	case wire.ReasonProtocolError, wire.ReasonFrameTooLarge, wire.ReasonPanic:
		return exitFailure
	default:
		return exitUnreachable
	}
}

// offlineError is a refusal because a user is not there, with the user's name.
type offlineError struct {
	user string
	err  error
}

func (e *offlineError) Error() string { return e.user + " is offline" }
func (e *offlineError) Unwrap() error { return e.err }

// offline puts the name of a user who is not there in the place of the bare code,
// unless the refusal has words of its own. Other errors stay as they are.
func offline(user string, err error) error {
	var refused *client.RequestError
	if !errors.Is(err, wire.CodeUserOffline) || errors.As(err, &refused) && refused.Text != "" {
		return err
	}
	return &offlineError{user, err}
}

// plain makes one line of an error, for people: without the names of packages
// and system calls.
func plain(err error) string {
	text := err.Error()
	var end *client.EndError
	if errors.As(err, &end) {
		text = strings.Replace(text, end.Error(), wordsOfEnd(end), 1)
	}
	for _, noise := range []string{"client: ", "rollcall: ", "wire: ", "simulations: "} {
		text = strings.ReplaceAll(text, noise, "")
	}
	text = strings.ReplaceAll(text, "\n\nDid you mean this?\n\t", "; did you mean ")
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	text = strings.Join(lines, "; ")
	return printable(strings.ReplaceAll(text, "; (see", " (see"))
}

// cause returns what lies at the bottom of a transport's error: "connection
// refused", without the address and the system call before it.
func cause(err error) string {
	var number syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &number):
		return number.Error()
	case errors.As(err, &dns):
		return "the name " + dns.Name + " is not known"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return err.Error()
}
