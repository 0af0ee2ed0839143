package main

import (
	"strings"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// guards N1, N2, N6, P6, P7: the demonstration is a test of the whole.
func TestDemo(t *testing.T) {
	r := newShell(t).want(exitOK, "demo")
	for _, want := range []string{
		"alice is offline: bye", "bob is offline: eof", "carol is offline: reset",
		"dave is offline: heartbeat_timeout", "erin is offline: slow_consumer",
		"the old connection is over (replaced); the watcher is told nothing",
		"frank is offline: bye", "heidi is offline: kicked", "zoe is offline: bye",
		"the stream ended within a frame", "All 7 were as they must be",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(r.out, "wrong") || strings.Contains(r.out, "\x1b") || r.err != "" {
		t.Errorf("%s%s", r.out, r.err)
	}
}

// The demonstration fails when something is not as it must be.
func TestDemoJudges(t *testing.T) {
	online := notice{Event: client.Event{Kind: client.Online}, after: time.Second}
	offline := func(r wire.Reason, after time.Duration) notice {
		return notice{Event: client.Event{Kind: client.Offline, Reason: r}, after: after}
	}
	frozen := demoScene{reason: wire.ReasonHeartbeatTimeout, told: wire.ReasonHeartbeatTimeout, least: time.Second}
	good := &supervisor.Termination{Reason: wire.ReasonHeartbeatTimeout, Silent: time.Second}
	for _, c := range []struct {
		name    string
		told    []notice
		end     *supervisor.Termination
		stalled bool
		want    string // "": good
	}{
		{"good", []notice{online, offline(wire.ReasonHeartbeatTimeout, 3*time.Second)}, good, false, ""},
		{"never told", []notice{online}, good, false, "of 1 changes"},
		{"flapped", []notice{online, offline(wire.ReasonEOF, 3*time.Second), online, offline(wire.ReasonHeartbeatTimeout, 3*time.Second)}, good, false, "of 4 changes"},
		{"wrong reason", []notice{online, offline(wire.ReasonEOF, 3*time.Second)}, good, false, "was told eof"},
		{"too early", []notice{online, offline(wire.ReasonHeartbeatTimeout, 2900*time.Millisecond)}, good, false, "before the 1s"},
		{"too late", []notice{online, offline(wire.ReasonHeartbeatTimeout, 4100*time.Millisecond)}, good, false, "after 2.1s only"},
		{"late by a stall", []notice{online, offline(wire.ReasonHeartbeatTimeout, 4100*time.Millisecond)}, good, true, ""},
		{"the server's reason", []notice{online, offline(wire.ReasonHeartbeatTimeout, 3*time.Second)}, &supervisor.Termination{Reason: wire.ReasonEOF, Silent: time.Second}, false, "ended it with eof"},
		{"the evidence", []notice{online, offline(wire.ReasonHeartbeatTimeout, 3*time.Second)}, &supervisor.Termination{Reason: wire.ReasonHeartbeatTimeout, Silent: time.Second, MidFrame: true}, false, "middle of a frame"},
	} {
		r := demoResult{scene: frozen, begin: 2 * time.Second, end: c.end}
		r.judge(c.told, c.stalled)
		if got := strings.Join(r.wrong, "; "); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
