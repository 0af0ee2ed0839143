package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

func TestChangesAsJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 16, 4, 5, 123_000_000, time.FixedZone("", 3600))
	found := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		event client.Event
		want  string
	}{
		{
			client.Event{Kind: client.Snapshot, Epoch: 7, Version: 9},
			`{"event":"snapshot","epoch":7,"version":9,"online":[]}`,
		},
		{
			client.Event{Kind: client.Snapshot, Epoch: 7, Version: 9, Online: []wire.Online{{User: "a<b"}, {User: "zoë"}}},
			`{"event":"snapshot","epoch":7,"version":9,"online":["a<b","zoë"]}`,
		},
		{
			client.Event{Kind: client.Online, Epoch: 7, Version: 10, User: "bob", At: at},
			`{"event":"online","user":"bob","epoch":7,"version":10,"at":"2026-01-02T15:04:05.123Z"}`,
		},
		{
			client.Event{Kind: client.Offline, Epoch: 7, Version: 11, User: "bob", Reason: wire.ReasonEOF, At: at},
			`{"event":"offline","user":"bob","reason":"eof","epoch":7,"version":11,"at":"2026-01-02T15:04:05.123Z"}`,
		},
		{
			client.Event{Kind: client.Offline, Epoch: 8, Version: 1, User: "bob"},
			`{"event":"offline","user":"bob","reason":"unknown","epoch":8,"version":1,"at":"2026-01-02T03:04:05.000Z"}`,
		},
	} {
		got := string(changeJSON(c.event, found))
		if got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s\nnot\n%s", got, c.want)
		}
	}
}

func TestWatchForPeople(t *testing.T) {
	s := serve(t)
	w := s.start("watch", "--user", "carol")
	w.see("online now: nobody")
	alice := s.start("join", "--user", "alice")
	w.see("+ alice is online")
	second := s.start("watch", "--self", "--user", "dave")
	second.see("dave") // in the snapshot, or as a change behind an older one
	named := s.start("watch", "alice", "erin")
	named.see("alice")
	if code := alice.end(); code != exitOK {
		t.Errorf("join: code %d", code)
	}
	for _, r := range []*running{w, second, named} {
		r.see("- alice is offline: bye (said goodbye)")
		if code := r.end(); code != exitOK {
			t.Errorf("%s: code %d", r.name, code)
		}
	}
	if strings.Contains(w.out.String(), "carol") {
		t.Errorf("the watcher told of itself: %s", w.out)
	}
	if text := named.out.String(); strings.Contains(text, "dave") {
		t.Errorf("told of somebody else: %s", text)
	}
	w.errs.see(t, "watch", "connected to "+s.server)
}

// With --json standard output holds nothing but the lines, those of the watcher
// itself too.
func TestWatchAsJSON(t *testing.T) {
	s := serve(t)
	w := s.start("watch", "--json")
	first := w.see(`"event":"snapshot"`, `"online":["watch-`)
	alice := s.start("join", "--user", "alice")
	w.see(`"event":"online"`, `"user":"alice"`)
	alice.end()
	w.see(`"event":"offline"`, `"user":"alice"`, `"reason":"bye"`)
	w.end()
	versions := 0.0
	for line := range strings.Lines(w.out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if v := m["version"].(float64); v <= versions {
			t.Errorf("version %v after %v", v, versions)
		} else {
			versions = v
		}
	}
	if !strings.HasPrefix(first, `{"event":"snapshot","epoch":`) {
		t.Error(first)
	}
}

func TestStatesAsJSON(t *testing.T) {
	at := time.Date(2026, 1, 2, 16, 4, 5, 123_000_000, time.FixedZone("", 3600))
	for _, c := range []struct {
		state client.State
		want  string
	}{
		{client.State{Phase: client.Connected}, `{"event":"connected","at":"2026-01-02T15:04:05.123Z"}`},
		{
			client.State{Phase: client.Disconnected, Err: client.ErrDisconnected, RetryIn: 1500 * time.Millisecond},
			`{"event":"disconnected","at":"2026-01-02T15:04:05.123Z","why":"` + plain(client.ErrDisconnected) + `","retry_in_ms":1500}`,
		},
	} {
		if got := string(stateJSON(c.state, at)); got != c.want {
			t.Errorf("%s\nnot\n%s", got, c.want)
		}
	}
}
