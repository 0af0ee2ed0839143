package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/supervisor/admin"
	"example.com/rollcall/wire"
)

// A killed client is offline at once: its kernel says so.
func TestKilledClient(t *testing.T) {
	w := serveProcess(t)
	watcher := w.watch()
	alice := w.spawn("join", "--user", "alice")
	watcher.see(`"event":"online"`, `"user":"alice"`)
	alice.signal(syscall.SIGKILL)
	watcher.see(`"event":"offline"`, `"user":"alice"`)
	if got := story(t, watcher, "alice"); got != "online cut" {
		t.Error(got)
	}
	if silent := w.last("alice").Silent; silent > 20*time.Second {
		t.Errorf("noticed only after %v", silent) // and so by a timeout
	}
}

// A frozen client goes offline when its timeout is over, not before and not
// more than a second later, and it never flaps; when it thaws, it comes back.
//
// guards N2
func TestFrozenClient(t *testing.T) {
	const timeout = time.Second
	w := serveProcess(t, "--heartbeat", "500ms", "--timeout", timeout.String())
	watcher := w.watch()
	alice := w.spawn("join", "--user", "alice")
	watcher.see(`"event":"online"`, `"user":"alice"`)
	alice.freeze()
	watcher.see(`"event":"offline"`, `"user":"alice"`)
	end := w.last("alice")
	var v admin.Vars
	if err := json.Unmarshal(w.get("/varz", 200), &v); err != nil {
		t.Fatal(err)
	}
	if end.Silent < timeout {
		t.Errorf("given up after %v of silence", end.Silent)
	}
	if end.Silent > timeout+time.Second && v.Counters.Stalls == 0 { // P4: a server that stood still waits longer
		t.Errorf("given up only after %v of silence", end.Silent)
	}
	alice.thaw()
	watcher.see(`"event":"online"`, `"user":"alice"`)
	alice.signal(syscall.SIGKILL)
	watcher.see(`"event":"offline"`, `"user":"alice"`)
	if got := story(t, watcher, "alice"); got != "online heartbeat_timeout online cut" {
		t.Errorf("it flaps: %s", got)
	}
}

// guards N1: a process that is killed in the middle of a frame is offline at
// once, and not listed for ever.
func TestKilledInTheMiddleOfAFrame(t *testing.T) {
	w := serveProcess(t)
	watcher := w.watch()
	half := spawn(t, []string{actAs + "=half-frame", "ROLLCALL_SERVER=" + w.server, "ROLLCALL_USER=alice"}, os.Args[0])
	half.see("half a frame is out")
	watcher.see(`"event":"online"`, `"user":"alice"`)
	half.signal(syscall.SIGKILL)
	watcher.see(`"event":"offline"`, `"user":"alice"`)
	if got := story(t, watcher, "alice"); got != "online cut" {
		t.Error(got)
	}
	if end := w.last("alice"); !end.MidFrame {
		t.Errorf("the evidence does not say so: %+v", end)
	}
	w.want(exitAbsent, "who", "alice")
}

// SIGTERM: every client is told, and the exit code is 0.
func TestGracefulShutdown(t *testing.T) {
	w := serveProcess(t)
	watcher := w.watch()
	alice := w.spawn("join", "--user", "alice")
	alice.see("alice is online")
	bob, err := rawLogin(t.Context(), w.server, "bob", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer bob.close()
	w.process.signal(syscall.SIGTERM)
	if reason := byeOf(t, bob); reason != wire.ReasonServerShutdown {
		t.Errorf("bob was told %v", reason)
	}
	bob.close()
	if code := w.process.wait(); code != exitOK {
		t.Errorf("code %d", code)
	}
	alice.see("disconnected: the server says server_shutdown")
	watcher.errs.see(t, "watch", "disconnected: the server says server_shutdown")
	alice.signal(syscall.SIGINT)
	if code := alice.wait(); code != exitOK {
		t.Errorf("join: code %d", code)
	}
}

// byeOf reads up to the server's bye.
func byeOf(t *testing.T, r *raw) wire.Reason {
	t.Helper()
	for {
		m, err := r.next()
		if err != nil {
			t.Fatalf("no bye: %v", err)
		}
		if bye, ok := m.(*wire.Bye); ok {
			return bye.Reason
		}
	}
}

// A second SIGTERM does not wait for clients that do not go.
func TestSecondSignalForces(t *testing.T) {
	w := serveProcess(t, "--linger", "1h", "--shutdown-timeout", "1h")
	bob, err := rawLogin(t.Context(), w.server, "bob", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer bob.close()
	w.process.signal(syscall.SIGTERM)
	byeOf(t, bob) // and does not go
	w.process.signal(syscall.SIGTERM)
	if code := w.process.wait(); code != exitSignal+int(syscall.SIGTERM) {
		t.Errorf("code %d", code)
	}
	w.process.errs.see(t, "serve", "interrupted by SIGTERM")
}

// A server that itself stood still for longer than the timeout drops nobody who
// answers.
//
// guards P4
func TestFrozenServerDropsNobody(t *testing.T) {
	w := serveProcess(t, "--heartbeat", "500ms", "--timeout", "1s")
	watcher := w.watch()
	dave, err := rawLogin(t.Context(), w.server, "dave", 0)
	if err != nil {
		t.Fatal(err)
	}
	pings := dave.answerPings(t)
	watcher.see(`"event":"online"`, `"user":"dave"`)
	// carol tells how long the server has been frozen: she pings after 1 s of
	// silence, so she has heard it until at most about a second before it froze,
	// and gives it up after 3 s.
	carol := w.spawn("join", "--user", "carol", "--heartbeat", "1s", "--timeout", "3s")
	carol.see("carol is online")
	w.process.freeze()
	carol.see("disconnected: heartbeat_timeout")
	for len(pings) > 0 {
		<-pings
	}
	w.process.thaw()
	for range 4 { // a ping each half second at most: the timeout is long over
		select {
		case <-pings:
		case <-time.After(patience):
			t.Fatal("dave is not pinged any more")
		}
	}
	if got := story(t, watcher, "dave"); got != "online" {
		t.Errorf("dave answers, and the watcher was told: %s", got)
	}
	var page supervisor.ConnectionPage
	if err := json.Unmarshal(w.get("/connz?user=dave", 200), &page); err != nil || len(page.Connections) != 1 ||
		page.Connections[0].ID != dave.welcome.Connection {
		t.Errorf("dave's connection: %+v, %v", page, err)
	}
}

// guards P4, G3: a grace that runs out while the server itself stands still takes
// nobody offline who has come back meanwhile: the hello waits in the socket.
func TestFrozenServerEndsNoGrace(t *testing.T) {
	w := serveProcess(t, "--grace", "1s", "--heartbeat", "500ms", "--timeout", "1s")
	watcher := w.watch()
	alice, err := rawLogin(t.Context(), w.server, "alice", 0)
	if err != nil {
		t.Fatal(err)
	}
	watcher.see(`"event":"online"`, `"user":"alice"`)
	// As above, carol tells when the server has been frozen for two seconds.
	carol := w.spawn("join", "--user", "carol", "--heartbeat", "1s", "--timeout", "3s")
	carol.see("carol is online")
	alice.close()
	until(t, "the grace", func() bool { return strings.Contains(string(w.get("/userz", 200)), `"held":true`) })
	w.process.freeze()
	back := make(chan error, 1)
	go func() {
		again, err := rawLogin(t.Context(), w.server, "alice", 0)
		if err == nil {
			again.answerPings(t)
		}
		back <- err
	}()
	carol.see("disconnected: heartbeat_timeout")
	w.process.thaw()
	if err := <-back; err != nil {
		t.Fatal(err)
	}
	if got := story(t, watcher, "alice"); got != "online" {
		t.Errorf("alice is back, and the watcher was told: %s", got)
	}
}

// answerPings answers the server's pings until the test ends, and tells of each.
func (r *raw) answerPings(t *testing.T) <-chan struct{} {
	pings := make(chan struct{}, 1000)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		for {
			m, err := r.next()
			if err != nil {
				return
			}
			if ping, ok := m.(*wire.Ping); ok {
				if r.write(&wire.Pong{Echo: ping.Time}) != nil {
					return
				}
				pings <- struct{}{}
			}
		}
	}()
	t.Cleanup(func() {
		r.close()
		<-gone
	})
	return pings
}

// join comes back by itself when its server is killed and another one takes its
// place, and so does watch, which tells what has changed meanwhile.
func TestClientsComeBack(t *testing.T) {
	w := serveProcess(t)
	watcher := w.watch()
	alice := w.spawn("join", "--user", "alice")
	alice.see("alice is online")
	bob := w.spawn("join", "--user", "bob")
	bob.see("bob is online")
	watcher.see(`"event":"online"`, `"user":"bob"`)
	w.process.signal(syscall.SIGKILL)
	w.process.wait()
	alice.see("disconnected: ")
	bob.signal(syscall.SIGKILL)
	next := spawn(t, nil, binary, "serve", "--listen", w.server, "--admin", w.admin, "--data", noFiles)
	next.see("listening on " + w.server)
	alice.see("connected to " + w.server)
	alice.see("alice is online")
	watcher.see(`"event":"offline"`, `"user":"bob"`, `"reason":"unknown"`)
	if got := story(t, watcher, "bob"); got != "online unknown" {
		t.Errorf("bob: %s", got)
	}
	// alice was shown away for a moment, or not at all: who came first is chance.
	w.want(exitOK, "who", "alice")
	if !strings.HasPrefix(story(t, watcher, "alice"), "online") {
		t.Error(story(t, watcher, "alice"))
	}
	alice.signal(syscall.SIGTERM)
	if code := alice.wait(); code != exitOK {
		t.Errorf("join: code %d", code)
	}
	watcher.see(`"event":"offline"`, `"user":"alice"`, `"reason":"bye"`)
}
