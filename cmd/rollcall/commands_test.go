package main

import (
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestJoinTellsWhatHappens(t *testing.T) {
	s := serve(t)
	alice := s.start("join", "--user", "alice", "--identifier", "phone", "--heartbeat", "2s", "--timeout", "5s")
	alice.see("connected to "+s.server, "ping after 2s, timeout 5s")
	alice.see("alice is online (session 1)")
	if out := s.want(exitOK, "send", "--user", "bob", "--to", "alice", "hello", "\x1b[31mthere").out; out != "sent to alice (1 session)\n" {
		t.Error(out)
	}
	alice.see("bob: hello \uFFFD[31mthere")
	s.want(exitOK, "send", "--user", "bob", "--to", "alice", "--kind", "note", "hi")
	alice.see("bob (note): hi")
	alice.signals <- syscall.SIGTERM
	if code := alice.wait(); code != exitOK {
		t.Errorf("code %d", code)
	}
	alice.see("said goodbye")
	if out := s.want(exitOK, "connections", "--closed", "--of", "alice").out; !strings.Contains(out, " bye ") {
		t.Error(out)
	}
}

func TestSend(t *testing.T) {
	s := serve(t)
	bob := s.start("join", "--user", "bob")
	bob.see("bob is online")
	s.shell.in = strings.NewReader("two\nlines\n")
	s.want(exitOK, "send", "--user", "alice", "--to", "bob", "-")
	bob.see("alice: two lines")
	if r := s.want(exitAbsent, "send", "--user", "alice", "--to", "nobody", "hi"); r.err != "rollcall: nobody is offline\n" {
		t.Error(r.err)
	}
	if r := s.want(exitFailure, "send", "--user", "alice", "--to", "bob", strings.Repeat("x", 70_000)); !strings.Contains(r.err, "frame too large") {
		t.Error(r.err)
	}
}

func TestWhoAndConnections(t *testing.T) {
	s := serve(t, "--grace", "1h")
	if out := s.want(exitOK, "who").out; strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "USER") {
		t.Errorf("nobody: %q", out)
	}
	a := s.start("join", "--user", "alice", "--identifier", "phone")
	a.see("alice is online")
	b := s.start("join", "--user", "bob", "--identifier", "desk")
	b.see("bob is online")
	c := s.start("join", "--user", "alice", "--identifier", "laptop")
	c.see("alice is online")
	who := s.want(exitOK, "who").out
	for _, w := range []string{"alice", "bob", "phone", "desk", "laptop"} {
		if strings.Count(who, w) != 1 {
			t.Errorf("%q is not there once:\n%s", w, who)
		}
	}
	if out := s.want(exitOK, "who", "--json", "bob").out; !strings.HasPrefix(out, `{"user":"bob",`) || strings.Count(out, "\n") != 1 {
		t.Error(out)
	}
	if r := s.want(exitAbsent, "who", "bob", "erin"); !strings.Contains(r.out, "desk") || r.err != "rollcall: 1 of 2 users not online\n" {
		t.Errorf("%q %q", r.out, r.err)
	}
	for args, want := range map[string]int{
		"connections": 3, "conns": 3, "connections --of alice": 2, "connections --with-identifier desk": 1, "connections --id 2": 1,
		"connections --endpoint 192.0.2.1:1": 0, "connections --limit 2": 2, "connections --closed": 0, "connections --of alice --id 2": 0,
	} {
		if out := s.want(exitOK, strings.Fields(args)...).out; strings.Count(out, "\n") != want+1 {
			t.Errorf("%s: not %d rows:\n%s", args, want, out)
		}
	}
	if out := s.want(exitOK, "connections", "--json").out; strings.Count(out, `"identifier":"phone"`) != 1 || strings.Count(out, "\n") != 3 {
		t.Error(out)
	}
	b.end()
	if out := s.want(exitOK, "connections", "--closed", "--ended-by", "bye", "--json").out; !strings.Contains(out, `"user":"bob"`) || !strings.Contains(out, `"reason":"bye"`) {
		t.Error(out)
	}
	if r := s.want(exitFailure, "connections", "--closed", "--ended-by", "tired"); !strings.Contains(r.err, `unknown reason "tired"`) {
		t.Error(r.err)
	}
}

// A user who is held by a grace is listed as such.
func TestWhoTellsOfTheGrace(t *testing.T) {
	s := serve(t, "--grace", "1h")
	r, err := rawLogin(t.Context(), s.server, "alice", 0)
	if err != nil {
		t.Fatal(err)
	}
	r.close()
	for { // the server notices the end on its own
		if out := s.want(exitOK, "who", "alice").out; strings.Contains(out, "held for") {
			break
		}
	}
}

func TestKick(t *testing.T) {
	s := serve(t)
	a := s.start("join", "--user", "alice")
	a.see("alice is online")
	if r := s.want(exitOK, "kick", "alice", "--reason", "go home"); r.out != "kicked 1 connection of alice\n" {
		t.Error(r.out)
	}
	if code := a.wait(); code != exitRefused {
		t.Errorf("join: code %d", code)
	}
	a.errs.see(t, "join", "rollcall: ", "kicked: go home")
	b := s.start("join", "--user", "7")
	b.see("7 is online")
	if r := s.want(exitAbsent, "kick", "7"); r.err != "rollcall: there is no connection 7\n" {
		t.Error(r.err)
	}
	if r := s.want(exitAbsent, "kick", "alice"); r.err != "rollcall: alice is not online\n" {
		t.Error(r.err)
	}
	if r := s.want(exitOK, "kick", "user:7"); r.out != "kicked 1 connection of 7\n" {
		t.Error(r.out)
	}
	b.wait()
	c := s.start("join", "--user", "carol")
	c.see("carol is online")
	if r := s.want(exitOK, "kick", "connection:3"); r.out != "kicked connection 3\n" {
		t.Error(r.out)
	}
	c.wait()
	if r := s.want(exitFailure, "kick", "carol", "--reason", strings.Repeat("x", 2000)); !strings.Contains(r.err, "1024") {
		t.Error(r.err)
	}
}

// nowhere is an address where nothing listens.
func nowhere(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestServersOutOfReach(t *testing.T) {
	s := newShell(t)
	gone := nowhere(t)
	for _, args := range []string{
		"join --user a", "watch", "chat --user a", "send --user a --to b hi",
	} {
		if r := s.want(exitUnreachable, append(strings.Fields(args), "--server", gone)...); r.err != "rollcall: cannot reach the server at "+gone+": connection refused\n" {
			t.Errorf("%s: %q", args, r.err)
		}
	}
	for _, args := range []string{"who", "connections", "kick a"} {
		if r := s.want(exitUnreachable, append(strings.Fields(args), "--admin", gone)...); r.err != "rollcall: cannot reach the admin API at "+gone+": connection refused\n" {
			t.Errorf("%s: %q", args, r.err)
		}
	}
}

// A server that accepts and says nothing is given up after --answer-timeout.
func TestSilentServers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	s := newShell(t)
	for _, args := range []string{"send --user a --to b hi --server ", "who --admin "} {
		r := s.want(exitUnreachable, append(strings.Fields(args+l.Addr().String()), "--answer-timeout", "50ms")...)
		if !strings.Contains(r.err, "cannot") {
			t.Errorf("%s: %q", args, r.err)
		}
	}
}

// An interruption before the work is done is told by the exit code.
func TestInterruptedWhileConnecting(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	r := newShell(t).start("send", "--user", "a", "--to", "b", "hi", "--server", l.Addr().String())
	if _, err := l.Accept(); err != nil { // it has dialled
		t.Fatal(err)
	}
	r.signals <- os.Interrupt
	if code := r.wait(); code != 130 {
		t.Errorf("code %d: %s", code, r.errs)
	}
}

// Something else than an admin API is told apart.
func TestAdminIsSomethingElse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test's
		if r.URL.Path == "/userz" {
			_, _ = w.Write([]byte("<html>"))
			return
		}
		w.WriteHeader(http.StatusTeapot)
	})}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	s := newShell(t)
	if r := s.want(exitFailure, "who", "--admin", "http://"+l.Addr().String()); !strings.Contains(r.err, "is no admin API") {
		t.Error(r.err)
	}
	if r := s.want(exitFailure, "connections", "--admin", l.Addr().String()); !strings.Contains(r.err, "status 418") {
		t.Error(r.err)
	}
	_ = srv.Close()
	<-done
}

func TestRetryWaitsForTheServer(t *testing.T) {
	gone := nowhere(t)
	s := newShell(t)
	a := s.start("join", "--user", "alice", "--retry", "--server", gone)
	a.see("cannot reach the server at "+gone, "trying again in")
	if code := a.end(); code != 130 {
		t.Errorf("code %d: %s", code, a.errs)
	}
	b := s.start("join", "--user", "alice", "--retry", "--server", gone)
	b.see("trying again in")
	s.start("serve", "--listen", gone, "--admin", "off").see("listening on " + gone)
	b.see("alice is online")
	b.end()
}
