package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestLateCloseOfTheOldConnection: a client has come back while its old
// connection still hangs. Whatever becomes of the old one, and whenever, it
// takes nobody offline and removes nobody else. Guards N6, N7, N11, G1, G3.
func TestLateCloseOfTheOldConnection(t *testing.T) {
	for name, end := range map[string]struct {
		reason wire.Reason
		how    func(w *world, old *peer)
	}{
		"eof":       {wire.ReasonEOF, func(_ *world, old *peer) { old.cut() }},
		"reset":     {wire.ReasonReset, func(_ *world, old *peer) { old.link.reset() }},
		"timeout":   {wire.ReasonHeartbeatTimeout, func(w *world, _ *peer) { w.after(31 * time.Second) }},
		"bye":       {wire.ReasonBye, func(_ *world, old *peer) { old.send(&wire.Bye{Reason: wire.ReasonBye}) }},
		"mid-frame": {wire.ReasonEOF, func(_ *world, old *peer) { old.raw([]byte{0, 0, 9}); old.cut() }},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, supervisor.Config{}, func(w *world) {
				watcher := w.watcher("watcher")
				old := w.join("alice")
				old.silence()
				w.after(3 * time.Second)
				fresh := w.join("alice") // the same identifier, the same user
				w.settle()
				end.how(w, old)
				w.settle()
				w.ended(old, end.reason)
				w.same("alice", watcher.told("alice"), "+")
				if !w.listed(fresh, "alice's device") || w.listed(old, "alice's device") {
					t.Error("N6: the old connection's end has removed the wrong one")
				}
				u, err := w.s.User(ctx, "alice")
				if err != nil || len(u.Sessions) != 1 || u.Sessions[0].Connection != fresh.id {
					t.Errorf("the user is %+v, %v", u, err)
				}
				r := watcher.next()
				watcher.send(&wire.Send{ID: r, To: "alice"})
				if ack, ok := watcher.answer(r).(*wire.Ack); !ok || ack.Sessions != 1 {
					t.Errorf("a message was answered by %+v", ack)
				}
				want[*wire.Deliver](fresh)
			})
		})
	}
}

// TestReconnectBetweenTheRemovals: whatever order the old connection's end and
// the new one's registration take, both maps agree and hold the new one. Guards
// N6, N7, G1.
func TestReconnectBetweenTheRemovals(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		const id = "one device"
		p := w.dial().hello(id).login("alice")
		for i := range 200 {
			q := w.dial()
			hello, err := wire.Append(nil, &wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: id})
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				go func() { _ = q.putRaw(hello) }()
				go p.cut()
			} else {
				go p.cut()
				go func() { _ = q.putRaw(hello) }()
			}
			q.id = want[*wire.Welcome](q).Connection
			q.login("alice")
			w.settle()
			if c := w.counts(); c.Connections != 1 || c.Identifiers != 1 || c.Sessions != 1 || c.Users != 1 {
				t.Fatalf("round %d: %+v", i, c)
			}
			if !w.listed(q, id) {
				t.Fatalf("round %d: the new connection is in no map", i)
			}
			p = q
		}
	})
}

// TestSharedAddresses: many clients behind one address, and one device that says
// what another says, do not touch each other. Guards N3, N25.
func TestSharedAddresses(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		var all []*peer
		for i := range 20 { // one NAT: addr gives all of them one IP address
			all = append(all, w.dial().hello("the same identifier").login(fmt.Sprint("user ", i)))
		}
		w.alive(all...)
		same, err := w.s.ByIdentifier(ctx, "the same identifier")
		if err != nil || len(same) != 20 {
			t.Fatalf("%d connections have the identifier, %v", len(same), err)
		}
		for i := 1; i < len(same); i++ {
			if same[i-1].ID >= same[i].ID {
				t.Error("they are not in order of acceptance")
			}
		}
		all[7].cut()
		w.settle()
		w.alive(append(all[:7:7], all[8:]...)...)
		if got := w.counts(); got.Connections != 19 || got.Identifiers != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestSpoofedIdentity: neither an identifier nor a user's name evicts anybody:
// a login does, when it has been proven. Guards N25.
func TestSpoofedIdentity(t *testing.T) {
	cfg := supervisor.Config{
		Policy: supervisor.Replace,
		Authenticate: func(_ context.Context, l supervisor.LoginAttempt) error {
			if string(l.Credential) != "secret of "+l.User {
				return errors.New("wrong password")
			}
			return nil
		},
	}
	inBubble(t, cfg, func(w *world) {
		victim := w.dial().hello("victim's device")
		if _, ok := victim.tryLogin("victim", "secret of victim", nil).(*wire.LoginOK); !ok {
			t.Fatal("the victim cannot log in")
		}
		for range 3 {
			thief := w.dial().hello("victim's device")
			m, ok := thief.tryLogin("victim", "guess", nil).(*wire.Error)
			if !ok || m.Code != wire.CodeLoginRefused {
				t.Errorf("the thief was answered %+v", m)
			}
			w.ended(thief, wire.ReasonLoginRefused)
		}
		w.alive(victim)
		if u, err := w.s.User(ctx, "victim"); err != nil || len(u.Sessions) != 1 || u.Sessions[0].Connection != victim.id {
			t.Errorf("the victim is %+v, %v", u, err)
		}
		if n := w.s.Counters(); n.Logins != 1 || n.LoginsRefused != 3 {
			t.Errorf("%d logins, %d refused", n.Logins, n.LoginsRefused)
		}
	})
}

// gatekeeper is an authenticator that holds logins back until it is told. It
// does not look at its context: the worst that an embedder can do.
type gatekeeper struct{ waiting chan chan error }

func newGatekeeper() *gatekeeper { return &gatekeeper{waiting: make(chan chan error)} }

func (g *gatekeeper) judge(_ context.Context, l supervisor.LoginAttempt) error {
	if string(l.Credential) != "wait" {
		return nil
	}
	verdict := make(chan error)
	g.waiting <- verdict
	return <-verdict
}

// hold sends a login that the gatekeeper holds back.
func (g *gatekeeper) hold(p *peer, user string) (request uint64, verdict chan error) {
	r := p.next()
	p.send(&wire.Login{Request: r, User: user, Credential: []byte("wait")})
	return r, <-g.waiting
}

// TestLoginAfterTheClose: a login that is granted when its connection has ended
// leaves no ghost. Guards N8.
func TestLoginAfterTheClose(t *testing.T) {
	g := newGatekeeper()
	inBubble(t, supervisor.Config{Authenticate: func(ctx context.Context, l supervisor.LoginAttempt) error {
		return g.judge(ctx, l)
	}}, func(w *world) {
		*g = *newGatekeeper() // channels belong to their bubble
		watcher := w.watcher("watcher")
		for name, end := range map[string]func(p *peer){
			"cut":   func(p *peer) { p.cut() },
			"reset": func(p *peer) { p.link.reset() },
			"bye":   func(p *peer) { p.send(&wire.Bye{Reason: wire.ReasonBye}) },
			"error": func(p *peer) { p.send(&wire.Ack{ID: 1}) },
			"kick": func(p *peer) {
				if err := w.s.Kick(ctx, p.id, ""); err != nil {
					t.Error(err)
				}
			},
		} {
			// While the goodbye lingers the actor is still there; later it is not.
			for moment, wait := range map[string]time.Duration{"at once": 0, "late": 5 * time.Second} {
				p := w.dial().hello(name)
				_, verdict := g.hold(p, "ghost")
				end(p)
				w.after(wait)
				if len(w.rec.terminations(p.id)) != 1 {
					t.Errorf("%s: the connection has not ended", name)
				}
				verdict <- nil
				w.settle()
				if w.isOnline("ghost") {
					t.Errorf("N8: %s, %s: a ghost is online", name, moment)
				}
				w.same(name, watcher.told("ghost"))
			}
		}
		// And at the same instant, in whatever order.
		for i := range 100 {
			p := w.dial().hello(fmt.Sprint("racer ", i))
			_, verdict := g.hold(p, "ghost")
			go p.cut()
			go func() { verdict <- nil }()
			w.settle()
			if w.isOnline("ghost") {
				t.Fatalf("N8: round %d: a ghost is online", i)
			}
		}
	})
}

// TestDelayedLoginOfAnOlderConnection: it does not evict the newer session of
// the same user: what counts is the order of acceptance. Guards S3.
func TestDelayedLoginOfAnOlderConnection(t *testing.T) {
	g := newGatekeeper()
	inBubble(t, supervisor.Config{
		Policy: supervisor.Replace,
		Authenticate: func(ctx context.Context, l supervisor.LoginAttempt) error {
			return g.judge(ctx, l)
		},
	}, func(w *world) {
		*g = *newGatekeeper()
		watcher := w.watcher("watcher")
		older := w.dial().hello("alice's device")
		request, verdict := g.hold(older, "alice")
		newer := w.join("alice")
		verdict <- nil
		if m, ok := older.answer(request).(*wire.Error); !ok || m.Code != wire.CodeReplaced {
			t.Errorf("the older login was answered by %+v", m)
		}
		if bye, _ := older.bye(); bye == nil || bye.Reason != wire.ReasonReplaced {
			t.Errorf("the older client read %+v", bye)
		}
		w.ended(older, wire.ReasonReplaced)
		w.alive(newer)
		w.settle()
		w.same("alice", watcher.told("alice"), "+")
		if u, err := w.s.User(ctx, "alice"); err != nil || len(u.Sessions) != 1 || u.Sessions[0].Connection != newer.id {
			t.Errorf("alice is %+v, %v", u, err)
		}
	})
}

// TestConnectionIDsAreNeverReused: they only ever rise. Guards N11.
func TestConnectionIDsAreNeverReused(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		last := uint64(0)
		for range 50 {
			p := w.dialFrom(addr(1), nil).hello("again")
			if p.id <= last {
				t.Fatalf("connection %d after %d", p.id, last)
			}
			last = p.id
			p.cut()
			synctest.Wait()
		}
	})
}
