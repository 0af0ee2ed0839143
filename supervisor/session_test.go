package supervisor_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestGrace: a return within the grace is invisible to watchers; who does not
// return goes offline when it is over, with the reason of the loss; and what was
// a decision is told at once.
func TestGrace(t *testing.T) {
	const grace = 20 * time.Second
	inBubble(t, supervisor.Config{Grace: grace}, func(w *world) {
		watcher := w.watcher("watcher")
		p := w.join("alice")
		if p.session.Grace != uint64(grace/time.Millisecond) {
			t.Errorf("the client is told of a grace of %d ms", p.session.Grace)
		}
		for _, end := range []func(p *peer){
			func(p *peer) { p.cut() },
			func(p *peer) { p.link.reset() },
			func(p *peer) { p.send(&wire.Ack{ID: 1}) }, // protocol_error
			func(p *peer) { p.silence(); w.after(30 * time.Second) },
		} {
			end(p)
			w.after(grace - time.Second)
			u, err := w.s.User(ctx, "alice")
			if err != nil || !u.Held || len(u.Sessions) != 0 || u.HeldFor > 2*time.Second {
				t.Errorf("while held she is %+v, %v", u, err)
			}
			if c := w.counts(); c.Held != 1 || c.Users != 1 {
				t.Errorf("%+v", c)
			}
			p = w.join("alice") // a plain login calls the grace off as well
			if p.session.Resumed {
				t.Error("a login without a token has resumed a session")
			}
		}
		w.after(time.Hour)
		w.same("alice", watcher.told("alice"), "+")

		p.cut()
		w.after(grace - 1)
		w.same("alice", watcher.told("alice"), "+")
		w.after(1)
		w.settle()
		w.same("alice", watcher.told("alice"), "+", "eof")

		for reason, end := range map[string]func(p *peer){
			"bye":    func(p *peer) { p.send(&wire.Bye{Reason: wire.ReasonBye}) },
			"logout": func(p *peer) { p.send(&wire.Logout{Request: 9}) },
			"kicked": func(p *peer) {
				if err := w.s.Kick(ctx, p.id, ""); err != nil {
					t.Error(err)
				}
			},
		} {
			before := len(watcher.told("alice"))
			p := w.join("alice")
			end(p)
			w.settle()
			w.same(reason, watcher.told("alice")[before:], "+", reason)
		}
	})
}

// TestGracesRunOutByDeadline: each user goes offline exactly a grace after the
// loss, in that order, though all are lost at other times and some come back.
// Guards P3.
func TestGracesRunOutByDeadline(t *testing.T) {
	const grace = time.Minute
	inBubble(t, supervisor.Config{Grace: grace}, func(w *world) {
		watcher := w.watcher("watcher")
		begun := time.Now()
		due := map[string]time.Duration{}
		var all []*peer
		for i := range 12 {
			all = append(all, w.join(fmt.Sprint("user ", i)))
		}
		for _, i := range []int{5, 0, 11, 3, 8, 1, 9, 2, 10, 4, 7, 6} {
			all[i].cut()
			w.after(time.Duration(1+i%4) * time.Second)
		}
		for _, e := range events[supervisor.Terminated](w.rec) {
			due[e.User] = e.Ended.Sub(begun) + grace
		}
		back := w.join("user 3")
		back.cut()
		w.settle()
		due["user 3"] = w.rec.terminations(back.id)[0].Ended.Sub(begun) + grace
		w.after(2 * grace)
		var order []time.Duration
		for _, e := range events[supervisor.UserOffline](w.rec) {
			at := e.At.Sub(begun)
			if at != due[e.User] {
				t.Errorf("P3: %s went offline after %v, due after %v", e.User, at, due[e.User])
			}
			order = append(order, at)
		}
		if len(order) != 12 || !slices.IsSorted(order) {
			t.Errorf("P3: they went at %v", order)
		}
		watcher.look(func(v *view) { w.same("left", v.users(), "watcher") })
	})
}

// TestResumeToken: a valid token brings the same session back, over a
// connection that still hangs too; any other is a new login.
func TestResumeToken(t *testing.T) {
	inBubble(t, supervisor.Config{Grace: 10 * time.Second}, func(w *world) {
		watcher := w.watcher("watcher")
		first := w.join("alice")
		token := first.session.Token

		// The old connection still hangs: it is ended with replaced.
		second := w.dial().hello("alice's device").resume("alice", token)
		if !second.session.Resumed || second.session.Session != first.session.Session {
			t.Errorf("the session is %+v, was %+v", second.session, first.session)
		}
		if bye, _ := first.bye(); bye == nil || bye.Reason != wire.ReasonReplaced {
			t.Errorf("the old client read %+v", bye)
		}
		last := w.ended(first, wire.ReasonReplaced)
		if last.User != "alice" {
			t.Errorf("the evidence names %q", last.User)
		}

		// It is lost, and comes back within the grace.
		second.cut()
		w.after(9 * time.Second)
		third := w.dial().hello("alice's device").resume("alice", second.session.Token)
		if !third.session.Resumed || third.session.Session != first.session.Session {
			t.Errorf("the session is %+v, was %+v", third.session, first.session)
		}
		w.after(time.Minute)
		w.same("alice", watcher.told("alice"), "+")

		// Tokens of others, forged or outdated ones are ignored.
		forged := slices.Clone(token)
		forged[len(forged)-1] ^= 1
		for name, token := range map[string][]byte{
			"another's": watcher.session.Token, "forged": forged, "short": {1, 2, 3}, "none": nil,
		} {
			p := w.dial().hello("x").resume("alice", token)
			if p.session.Resumed || p.session.Session == first.session.Session {
				t.Errorf("%s: resumed %t, session %d", name, p.session.Resumed, p.session.Session)
			}
			p.send(&wire.Bye{Reason: wire.ReasonBye})
		}
		w.alive(third, watcher)
		third.cut()
		w.after(11 * time.Second)
		w.same("alice", watcher.told("alice"), "+", "eof")
		late := w.dial().hello("x").resume("alice", third.session.Token)
		if late.session.Resumed {
			t.Error("a session was resumed after its grace")
		}
	})
}

// TestPolicies: what a second login does.
func TestPolicies(t *testing.T) {
	t.Run("many", func(t *testing.T) {
		inBubble(t, supervisor.Config{MaxSessions: 3}, func(w *world) {
			watcher := w.watcher("watcher")
			a, b, c := w.join("alice"), w.join("alice"), w.join("alice")
			d := w.dial().hello("one too many")
			if m, ok := d.tryLogin("alice", "", nil).(*wire.Error); !ok || m.Code != wire.CodeTooMany {
				t.Errorf("the fourth login was answered by %+v", m)
			}
			w.ended(d, wire.ReasonLoginRefused)
			w.alive(a, b, c)
			b.cut()
			a.send(&wire.Bye{Reason: wire.ReasonBye})
			w.settle()
			w.same("alice", watcher.told("alice"), "+")
			c.link.reset()
			w.settle()
			w.same("alice", watcher.told("alice"), "+", "reset")
		})
	})
	t.Run("replace", func(t *testing.T) {
		inBubble(t, supervisor.Config{Policy: supervisor.Replace}, func(w *world) {
			watcher := w.watcher("watcher")
			a := w.watcher("alice")
			b := w.join("alice")
			if bye, _ := a.bye(); bye == nil || bye.Reason != wire.ReasonReplaced {
				t.Errorf("the older client read %+v", bye)
			}
			w.ended(a, wire.ReasonReplaced)
			w.alive(b)
			w.settle()
			w.same("alice", watcher.told("alice"), "+")
			if c := w.counts(); c.Sessions != 2 || c.Watchers != 1 {
				t.Errorf("%+v", c)
			}
			b.cut()
			w.settle()
			w.same("alice", watcher.told("alice"), "+", "eof")
		})
	})
	t.Run("refuse", func(t *testing.T) {
		inBubble(t, supervisor.Config{Policy: supervisor.Refuse}, func(w *world) {
			watcher := w.watcher("watcher")
			a := w.join("alice")
			b := w.dial().hello("second device")
			if m, ok := b.tryLogin("alice", "", nil).(*wire.Error); !ok || m.Code != wire.CodeAlreadyOnline {
				t.Errorf("the second login was answered by %+v", m)
			}
			if bye, _ := b.bye(); bye == nil || bye.Reason != wire.ReasonLoginRefused {
				t.Errorf("the second client read %+v", bye)
			}
			w.alive(a)
			c := w.dial().hello("alice's device").resume("alice", a.session.Token) // the same session
			w.ended(a, wire.ReasonReplaced)
			w.alive(c)
			w.settle()
			w.same("alice", watcher.told("alice"), "+")
			c.cut()
			w.settle()
			w.alive(w.join("alice"))
		})
	})
}

// TestSecondLogin: a connection has one login at a time; what comes in the
// meantime is refused, and the login that is there stays.
func TestSecondLogin(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		p := w.join("alice")
		if m, ok := p.tryLogin("mallory", "", nil).(*wire.Error); !ok || m.Code != wire.CodeAlreadyLogin {
			t.Errorf("the second login was answered by %+v", m)
		}
		w.alive(p)
		if u, err := w.s.User(ctx, "alice"); err != nil || len(u.Sessions) != 1 {
			t.Errorf("%+v, %v", u, err)
		}
		if w.isOnline("mallory") {
			t.Error("the refused user is online")
		}
	})
}
