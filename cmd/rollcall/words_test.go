package main

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

func TestEveryReasonHasWords(t *testing.T) {
	for _, r := range wire.Reasons() {
		if reasonWords[r] == "" {
			t.Errorf("%v has no words", r)
		}
		if got := explain(r); !strings.HasPrefix(got, r.String()) {
			t.Errorf("%v is explained as %q", r, got)
		}
	}
	if got := explain(200); got != "reason_200" {
		t.Errorf("a reason of a newer server: %q", got)
	}
}

// What others have written cannot steer the terminal.
func TestPrintableHasNoControl(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		got := printable(s)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is not UTF-8", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q holds %U", got, r)
			}
		}
	})
	for in, want := range map[string]string{
		"plain":          "plain",
		"Zoë ☎ 日本":       "Zoë ☎ 日本",
		"two\nlines\t!":  "two lines !",
		"\x1b[2J":        "\uFFFD[2J",
		"\u202Eback":     "\uFFFDback",
		"bad \xff bytes": "bad \uFFFD bytes",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

func TestLongBodiesAreCut(t *testing.T) {
	long := body([]byte(strings.Repeat("é", 40<<10)))
	if len(long) > shown+40 || !strings.HasSuffix(long, "... (80 KiB)") || strings.Contains(long, "\uFFFD") {
		t.Errorf("%d bytes, ending in %q", len(long), long[len(long)-20:])
	}
	if got := body([]byte("line\r\n")); got != "line" {
		t.Errorf("%q", got)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0: "0s", 1234 * time.Nanosecond: "1µs", 1234567 * time.Nanosecond: "1.2ms",
		1234 * time.Millisecond: "1.23s", 61234 * time.Millisecond: "1m1s", 90*time.Minute + 31*time.Second: "1h31m0s",
	} {
		if got := short(in).String(); got != want {
			t.Errorf("%v becomes %s, not %s", in, got, want)
		}
	}
	for in, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 5 << 20: "5 MiB", 3 << 40: "3.0 TiB"} {
		if got := size(in); got != want {
			t.Errorf("%d becomes %s, not %s", in, got, want)
		}
	}
	if count(1, "user") != "1 user" || count(2, "user") != "2 users" {
		t.Error(count(1, "user"), count(2, "user"))
	}
}

// The rate of what took no time says nothing of the network.
func TestRatesAreOfWhatTookTime(t *testing.T) {
	now := time.Now()
	x := &track{size: 1 << 20, began: now}
	if got := x.effort(outcome{moved: 1 << 20}); strings.Contains(got, "/s") && time.Since(now) < leastRated {
		t.Error(got)
	}
	x.began = now.Add(-time.Minute)
	if got := x.effort(outcome{moved: 1 << 20}); !strings.Contains(got, "/s)") {
		t.Error(got)
	}
}

func TestEvidenceInWords(t *testing.T) {
	got := evidence(&supervisor.Termination{
		Reason: wire.ReasonProtocolError, Lived: 2 * time.Second, Silent: time.Second, MidFrame: true,
		PingsSent: 3, PingsMissed: 2, QueueFrames: 4, QueueBytes: 2048, Detail: "bad \x1b words", Error: "broken",
	})
	const want = "lived 2s; last heard 1s before its end; the stream ended within a frame; 2 of 3 pings unanswered; " +
		"4 frames (2 KiB) were still waiting to be read; bad \uFFFD words; broken"
	if got != want {
		t.Errorf("%q", got)
	}
	got = evidence(&supervisor.Termination{Reason: wire.ReasonHeartbeatTimeout, Detail: "nothing heard for 1s", Error: "EOF"})
	if got != "lived 0s; last heard 0s before its end" {
		t.Errorf("said twice: %q", got)
	}
}

func TestEndsInWords(t *testing.T) {
	for _, c := range []struct {
		end  client.EndError
		want string
	}{
		{client.EndError{Reason: wire.ReasonEOF}, "eof (closed without a goodbye)"},
		{client.EndError{Reason: wire.ReasonKicked, ByServer: true, Text: "go"}, "the server says kicked: go"},
		{client.EndError{Reason: wire.ReasonServerShutdown, ByServer: true, Text: "the server is shutting down"}, "the server says server_shutdown (the server is shutting down)"},
	} {
		if got := wordsOfEnd(&c.end); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
