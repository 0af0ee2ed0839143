package actors

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/internal/directory"
	"example.com/rollcall/wire"
)

// entry returns which connections an identifier has.
func (w *world) idsOf(identifier string) (ids []uint64) {
	w.t.Helper()
	found, err := w.sys.ByIdentifier(w.t.Context(), identifier)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, i := range found {
		ids = append(ids, i.ID)
	}
	return ids
}

// guards N6, N11: the late end of an old connection takes out that connection,
// and not the newer one of the same client, of which it shares nothing.
func TestLateEndOfTheOldConnection(t *testing.T) {
	for _, end := range []string{"close", "reset", "heartbeat", "kick"} {
		t.Run(end, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				watcher := w.join("watcher").watching()
				watcher.send(&wire.Watch{Request: 2, Everyone: true})
				old := w.dial().greet("laptop")
				old.login("ann")
				w.pass(5 * time.Second)
				old.silence() // its cable is pulled
				next := w.dial().greet("laptop")
				next.login("ann")
				if old.id == next.id {
					t.Fatal("an ID came twice")
				}
				watcher.wantSees("ann", "watcher")
				switch end {
				case "close":
					old.close()
				case "reset":
					old.link.reset()
					w.settle()
				case "heartbeat":
					w.pass(40 * time.Second)
				case "kick":
					_ = w.sys.Kick(t.Context(), old.id, "")
					w.settle()
				}
				if w.terminationOf(old.id) == nil {
					t.Fatal("the old one has not ended")
				}
				if got := fmt.Sprint(w.idsOf("laptop")); got != fmt.Sprint([]uint64{next.id}) {
					t.Errorf("of the identifier there are %s, want [%d]", got, next.id)
				}
				found, err := w.sys.ByEndpoint(t.Context(), next.link.client.local.String())
				if err != nil || len(found) != 1 || found[0].ID != next.id || found[0].User != "ann" {
					t.Errorf("at the endpoint: %+v, %v", found, err)
				}
				watcher.wantSees("ann", "watcher")
				if log := w.presenceLog(); len(log) != 2 {
					t.Errorf("presence: %v", log)
				}
				next.close()
				watcher.wantSees("watcher")
			})
		})
	}
}

// guards N7: whatever comes between, each message of the registry leaves both
// maps agreeing (the world checks that before each), and the new connection of a
// client is in both from its registration to its end.
func TestNewConnectionBetweenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var last *peer
		for range 30 {
			p := w.dial().greet("laptop")
			if last != nil {
				_ = last.link.client.Close() // its end and the next hello cross
			}
			last = p
		}
		w.settle()
		if got := w.idsOf("laptop"); len(got) != 1 || got[0] != last.id {
			t.Errorf("%v; want %d", got, last.id)
		}
	})
}

// guards S2, N11: a registration that comes behind the end, whatever has turned
// the two round, maps nothing, and nobody is told of it.
func TestRegistrationBehindTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p, q := w.dial(), w.dial()
		c, d := w.actorOf(p.id), w.actorOf(q.id)
		c.identifier, d.identifier = "late", "late"
		p.close()
		w.sys.registry.tell(register{c})
		d.finished.Store(&Termination{Connection: q.id}) // its end is on its way
		w.sys.registry.tell(register{d})
		w.settle()
		d.finished.Store(nil)
		if len(w.idsOf("late")) != 0 || len(seen[Established](w)) != 0 {
			t.Errorf("%v, %+v", w.idsOf("late"), seen[Established](w))
		}
	})
}

// guards N9: who connects and goes without a handshake is counted, and has a
// termination that says so, and was never established.
func TestConnectAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial()
		if c, err := w.sys.Counts(t.Context()); err != nil || c.Handshaking != 1 || c.Connections != 0 {
			t.Errorf("%+v, %v", c, err)
		}
		p.close()
		if e := w.wantEnd(p.id, wire.ReasonEOF); e.Handshaken || e.Identifier != "" || e.Timeout != 0 {
			t.Errorf("%+v", e)
		}
		// One that goes right behind its hello is either never established, or
		// its end says that it was: the world checks.
		for range 50 {
			q := w.dial()
			_ = q.try(hello("hasty"))
			q.close()
		}
		w.settle()
		if n := len(w.idsOf("hasty")); n != 0 {
			t.Errorf("%d left", n)
		}
	})
}

// A live connection at the same pair of addresses is dead, for the kernel has
// given them to another: it is ended, in the same step, as replaced.
func TestSameEndpointDisplaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		old := w.dialFrom("10.0.0.1:5000").greet("laptop")
		old.login("ann")
		next := w.dialFrom("10.0.0.1:5000").greet("phone")
		if e := w.wantEnd(old.id, wire.ReasonReplaced); !e.Handshaken {
			t.Errorf("%+v", e)
		}
		if !old.link.server.isClosed() {
			t.Error("the dead one is open still")
		}
		found, _ := w.sys.ByEndpoint(t.Context(), "10.0.0.1:5000")
		if len(found) != 1 || found[0].ID != next.id || len(w.idsOf("laptop")) != 0 {
			t.Errorf("%+v, %v", found, w.idsOf("laptop"))
		}
		w.pass(5 * time.Second)
		next.send(&wire.Ping{Time: 1})
		want[*wire.Pong](next)
	})
}

// guards S3: the hello of the older one of two at the same addresses comes last.
// It is the dead one, and does not displace the living.
func TestLateHelloAtTheSameEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		old := w.dialFrom("10.0.0.1:5000")
		next := w.dialFrom("10.0.0.1:5000").greet("phone")
		old.send(hello("laptop"))
		w.wantEnd(old.id, wire.ReasonReplaced)
		if _, welcomed := find[*wire.Welcome](old); welcomed {
			t.Error("the dead one was welcomed")
		}
		found, _ := w.sys.ByEndpoint(t.Context(), "10.0.0.1:5000")
		if len(found) != 1 || found[0].ID != next.id {
			t.Errorf("%+v", found)
		}
	})
}

// guards N3: the endpoint is what the transport observed. Those that observe
// nothing, or nothing unique, get one of their own.
func TestObserve(t *testing.T) {
	pipe, other := net.Pipe()
	defer func() { _, _ = pipe.Close(), other.Close() }()
	tests := []struct {
		name string
		conn net.Conn
		want directory.Endpoint
	}{
		{"addresses", newLink("c:1", "s:1").server, directory.Endpoint{Remote: "c:1", Local: "s:1"}},
		{"pipe", pipe, directory.Endpoint{Remote: "pipe#7", Local: "pipe"}},
		{"no address", &end{}, directory.Endpoint{Remote: "#7"}},
		{"empty address", &end{remote: addr(""), local: addr("s:1")}, directory.Endpoint{Remote: "#7", Local: "s:1"}},
	}
	for _, tt := range tests {
		if got := observe(tt.conn, 7); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Clients of a Unix socket have no address: two of them are two.
func TestObserveUnixSockets(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var at [2]directory.Endpoint
	for i := range at {
		client, err := net.Dial("unix", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		at[i] = observe(server, uint64(i)+1)
		_, _ = client.Close(), server.Close()
	}
	if at[0] == at[1] {
		t.Errorf("both are %+v", at[0])
	}
}

// guards N17, P6: the ring of terminations keeps the latest, and pages through
// them, newest first.
func TestRecentTerminations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.Recent = 5 })
		for i := range 12 {
			p := w.dial()
			if i%2 == 0 {
				p.greet("even")
			}
			p.close()
		}
		page := func(cursor uint64, limit int, match func(*Termination) bool) (ids []uint64, next uint64) {
			p, err := w.sys.Terminations(t.Context(), cursor, limit, match)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range p.Terminations {
				ids = append(ids, e.Connection)
			}
			return ids, p.Next
		}
		all, next := page(0, 0, nil)
		if fmt.Sprint(all, next) != "[12 11 10 9 8] 0" {
			t.Errorf("%v, next %d", all, next)
		}
		one, next := page(0, 2, nil)
		two, end := page(next, 9, nil)
		if fmt.Sprint(one, two, end) != "[12 11] [10 9 8] 0" {
			t.Errorf("%v, %v, next %d", one, two, end)
		}
		even, _ := page(0, 9, func(t *Termination) bool { return t.Handshaken })
		if fmt.Sprint(even) != "[11 9]" {
			t.Errorf("%v", even)
		}
		if n := onRegistry(w, func(r *registry) int { return len(r.recent.ring) }); n != 5 {
			t.Errorf("the ring has grown to %d", n)
		}
	})
	r := newRecent(0) // none are kept
	r.add(&Termination{})
	if got, next := r.page(0, 9, nil); len(got) != 0 || next != 0 {
		t.Errorf("%v %d", got, next)
	}
}
