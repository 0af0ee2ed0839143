package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"example.com/rollcall/supervisor/admin"
)

// get reads from the admin API.
func (s *serving) get(path string, status int) []byte {
	s.shell.t.Helper()
	t := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(s.shell.t.Context(), http.MethodGet, "http://"+s.admin+path, nil)
	if err != nil {
		s.shell.t.Fatal(err)
	}
	a, err := t.RoundTrip(r)
	if err != nil {
		s.shell.t.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != status {
		s.shell.t.Fatalf("%s: status %d, %v: %s", path, a.StatusCode, err, text)
	}
	return text
}

func TestServeIsReadyWhenItSaysSo(t *testing.T) {
	s := serve(t, "--node", "here")
	s.get("/readyz", 200)
	s.get("/healthz", 200)
	var v admin.Vars
	if err := json.Unmarshal(s.get("/varz", 200), &v); err != nil || v.Release != release || !v.Ready {
		t.Errorf("%v: %+v", err, v)
	}
	alice := s.start("join", "--user", "alice")
	alice.see("node here")
	if code := s.running.end(); code != exitOK {
		t.Errorf("code %d", code)
	}
	alice.see("disconnected: the server says server_shutdown", "trying again in")
	if text := s.errs.String(); text != "" {
		t.Errorf("the log of a good run at level warn: %s", text)
	}
}

func TestServeOnSeveralAddressesWithoutAdmin(t *testing.T) {
	r := newShell(t).start("serve", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--admin", "off", "--log-format", "json")
	line := r.see("listening on ")
	words := strings.Fields(line)
	if len(words) != 4 || words[2] == words[3] || strings.Contains(line, "admin") {
		t.Fatalf("%q", line)
	}
	for _, addr := range words[2:] {
		raw, err := rawLogin(t.Context(), addr, "alice", 0)
		if err != nil {
			t.Fatal(err)
		}
		raw.close()
	}
	r.end()
	for text := range strings.Lines(r.errs.String()) {
		if !json.Valid([]byte(text)) {
			t.Errorf("the log has %q", text)
		}
	}
	r.errs.see(t, "serve", `"msg":"user online"`)
}

func TestServeCannotListen(t *testing.T) {
	s := serve(t)
	for _, args := range [][]string{
		{"--listen", s.server, "--admin", "off"},
		{"--listen", "127.0.0.1:0", "--admin", s.admin},
	} {
		r := s.want(exitFailure, append([]string{"serve"}, args...)...)
		if !strings.Contains(r.err, "cannot listen on 127.0.0.1:") || !strings.Contains(r.err, "address already in use") {
			t.Error(r.err)
		}
	}
}

// One of the heartbeat's two times is enough: the other follows.
func TestServeCompletesTheHeartbeat(t *testing.T) {
	for args, want := range map[string]string{
		"--heartbeat 20s": "ping after 20s, timeout 40s",
		"--timeout 8s":    "ping after 4s, timeout 8s",
		"--node x":        "ping after 15s, timeout 30s",
	} {
		s := serve(t, strings.Fields(args)...)
		a := s.start("join", "--user", "alice")
		a.see(want)
		a.end()
	}
}

func TestServePolicies(t *testing.T) {
	s := serve(t, "--sessions", "refuse")
	first := s.start("join", "--user", "alice")
	first.see("alice is online")
	if r := s.want(exitRefused, "join", "--user", "alice"); !strings.Contains(r.err, "the user is online already") {
		t.Error(r.err)
	}
	first.end()
	s = serve(t, "--sessions", "replace")
	first = s.start("join", "--user", "alice")
	first.see("alice is online")
	s.start("join", "--user", "alice").see("alice is online")
	if code := first.wait(); code != exitRefused {
		t.Errorf("the older one: code %d", code)
	}
	first.errs.see(t, "join", "replaced")
}

func TestServeIsFull(t *testing.T) {
	s := serve(t, "--max-connections", "1")
	a := s.start("join", "--user", "alice")
	a.see("alice is online")
	if r := s.want(exitRefused, "join", "--user", "bob"); !strings.Contains(r.err, "too_many_connections") {
		t.Error(r.err)
	}
}

// stubborn is a client that has logged in and lets nothing go.
func stubborn(t *testing.T, s *serving) *raw {
	t.Helper()
	r, err := rawLogin(t.Context(), s.server, "stubborn", 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

// The shutdown waits for a client that does not go, no longer than it may, and
// is not ready meanwhile.
func TestServeShutdownHasItsTime(t *testing.T) {
	s := serve(t, "--linger", "1h", "--shutdown-timeout", "100ms")
	stubborn(t, s)
	s.signals <- syscall.SIGTERM
	if code := s.wait(); code != exitFailure {
		t.Errorf("code %d", code)
	}
	s.errs.see(t, "serve", "rollcall: the shutdown was not over after 100ms")
}

func TestServeSecondSignalForces(t *testing.T) {
	s := serve(t, "--linger", "1h", "--shutdown-timeout", "1h", "--log-level", "info")
	r := stubborn(t, s)
	s.signals <- syscall.SIGTERM
	s.errs.see(t, "serve", "shutting down")
	for { // until it has been told: then the server waits for it to close
		if _, err := r.next(); err != nil {
			break
		}
	}
	s.get("/readyz", 503)
	for { // the listener closes beside the goodbyes, not before them
		late, err := net.Dial("tcp", s.server)
		if err != nil {
			break
		}
		_ = late.Close()
	}
	s.signals <- syscall.SIGTERM
	if code := s.wait(); code != 143 {
		t.Errorf("code %d", code)
	}
	s.errs.see(t, "serve", "forced")
}
