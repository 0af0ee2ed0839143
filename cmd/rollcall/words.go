package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// reasonWords are the reasons for people, as what happened to "the connection
// of" somebody.
var reasonWords = map[wire.Reason]string{
	wire.ReasonBye:                "said goodbye",
	wire.ReasonEOF:                "closed without a goodbye",
	wire.ReasonReset:              "the connection was reset",
	wire.ReasonHeartbeatTimeout:   "nothing was heard for the whole timeout",
	wire.ReasonHandshakeTimeout:   "the handshake was not finished in time",
	wire.ReasonProtocolError:      "broke the protocol",
	wire.ReasonFrameTooLarge:      "a frame was too large",
	wire.ReasonSlowConsumer:       "did not read what was sent",
	wire.ReasonWriteFailed:        "writing failed",
	wire.ReasonKicked:             "kicked",
	wire.ReasonReplaced:           "a newer connection took over",
	wire.ReasonLoginRefused:       "the login was refused",
	wire.ReasonPanic:              "a defect in the server",
	wire.ReasonServerShutdown:     "the server is shutting down",
	wire.ReasonNodeLost:           "the server was lost",
	wire.ReasonVersionUnsupported: "no common protocol version",
	wire.ReasonTooMany:            "the server is full",
	wire.ReasonLogout:             "logged out",
}

// explain gives a reason by name and in words.
func explain(r wire.Reason) string {
	words, ok := reasonWords[r]
	if !ok {
		return r.String()
	}
	if words == r.String() {
		return words
	}
	return r.String() + " (" + words + ")"
}

// wordsOfEnd says why a client's connection ended.
func wordsOfEnd(end *client.EndError) string {
	text := explain(end.Reason)
	if end.ByServer {
		text = "the server says " + text
	}
	switch {
	case end.Text != "" && end.Text != reasonWords[end.Reason]:
		text += ": " + end.Text
	case end.Text == "" && end.Err != nil && end.Reason == wire.ReasonProtocolError:
		text += ": " + end.Err.Error()
	}
	return printable(text)
}

// evidence says in words what the server knows of a connection's end.
func evidence(t *supervisor.Termination) string {
	parts := []string{
		fmt.Sprintf("lived %v", short(t.Lived)),
		fmt.Sprintf("last heard %v before its end", short(t.Silent)),
	}
	if t.MidFrame {
		parts = append(parts, "the stream ended within a frame")
	}
	if t.PingsSent > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d pings unanswered", t.PingsMissed, t.PingsSent))
	}
	if t.QueueFrames > 0 {
		parts = append(parts, fmt.Sprintf("%d frames (%s) were still waiting to be read", t.QueueFrames, size(t.QueueBytes)))
	}
	switch t.Reason {
	case wire.ReasonHeartbeatTimeout, wire.ReasonSlowConsumer, wire.ReasonReplaced: // said already
	default:
		if t.Detail != "" && t.Detail != t.Error {
			parts = append(parts, t.Detail)
		}
	}
	if t.Error != "" && t.Error != io.EOF.Error() {
		parts = append(parts, t.Error)
	}
	return printable(strings.Join(parts, "; "))
}

// short rounds a duration to what a person reads.
func short(d time.Duration) time.Duration {
	switch abs := d.Abs(); {
	case abs >= time.Hour:
		return d.Round(time.Minute)
	case abs >= time.Minute:
		return d.Round(time.Second)
	case abs >= time.Second:
		return d.Round(10 * time.Millisecond)
	case abs >= time.Millisecond:
		return d.Round(100 * time.Microsecond)
	default:
		return d.Round(time.Microsecond)
	}
}

// size gives a number of bytes in a person's units.
func size[N int | int64 | uint64](n N) string {
	v := float64(n)
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if v < 1024 {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + unit
		}
		v /= 1024
	}
	return fmt.Sprintf("%.1f TiB", v)
}

// millis turns milliseconds of the wire into a duration; the wire bounds them.
func millis(ms uint64) time.Duration {
	return time.Duration(min(ms, wire.MaxMillis)) * time.Millisecond //nolint:gosec // bounded
}

// count is a number with its word.
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// printable makes other people's words fit for a terminal: what could move its
// cursor, change its colours or turn the writing around is replaced.
func printable(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.IsPrint(r):
			return r
		default:
			return utf8.RuneError
		}
	}, s)
}

// shown is the most of a message that is shown, in bytes.
const shown = 4 << 10

// body makes a message's body fit for a terminal.
func body(b []byte) string {
	b = bytes.TrimRight(b, "\r\n")
	if len(b) <= shown {
		return printable(string(b))
	}
	cut := strings.ToValidUTF8(string(b[:shown]), "")
	return printable(cut) + " ... (" + size(len(b)) + ")"
}
