package actors

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

func withGrace(d time.Duration) func(*Settings) { return func(s *Settings) { s.Grace = d } }

// A return within the grace is invisible to watchers, in time and even at the
// last moment; with the token it is the same session, without it another.
func TestReturnWithinTheGrace(t *testing.T) {
	for _, token := range []bool{true, false} {
		for _, after := range []time.Duration{0, time.Second, 5*time.Second - 1} {
			t.Run(fmt.Sprint(token, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, withGrace(5*time.Second))
					watcher := w.join("watcher").watching()
					watcher.send(&wire.Watch{Request: 2, Everyone: true})
					p := w.dial().greet("laptop")
					ok := p.login("ann")
					if ok.Grace != 5000 {
						t.Errorf("%+v", ok)
					}
					p.close()
					if u, err := w.sys.User(t.Context(), "ann"); err != nil || !u.Held || u.HeldFor != 5*time.Second ||
						u.Reason != wire.ReasonEOF || len(u.Sessions) != 0 {
						t.Errorf("%+v, %v", u, err)
					}
					w.pass(after)
					back := w.dial().greet("laptop")
					login := &wire.Login{Request: 1, User: "ann"}
					if token {
						login.Token = ok.Token
					}
					back.send(login)
					if again := want[*wire.LoginOK](back); again.Resumed != token || (again.Session == ok.Session) != token {
						t.Errorf("%+v, was %+v", again, ok)
					}
					w.pass(time.Minute)
					watcher.wantSees("ann", "watcher")
					if v := watcher.seen(); v.changes != 1 || len(w.presenceLog()) != 2 {
						t.Errorf("told of %d changes; %v", v.changes, w.presenceLog())
					}
				})
			})
		}
	}
}

// guards P3: graces run out in the order of their deadlines, each exactly at its
// own, whatever was called off before it.
func TestGracesRunOutInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withGrace(10*time.Second))
		var users []string
		for i := range 5 {
			users = append(users, fmt.Sprintf("u%d", i))
		}
		var peers []*peer
		for _, u := range users {
			peers = append(peers, w.join(u))
		}
		// They go a second apart, in another order than they came.
		for _, i := range []int{3, 0, 4, 1, 2} {
			peers[i].close()
			w.pass(time.Second)
		}
		start := w.sys.now() - 5*time.Second
		w.join("u3") // the first to go is back: its grace is called off
		w.pass(4*time.Second + time.Millisecond)
		for k, i := range []int{0, 4, 1, 2} {
			due := start + 10*time.Second + time.Duration(k+1)*time.Second
			w.pass(due - w.sys.now() - 1)
			if n := len(seen[UserOffline](w)); n != k {
				t.Fatalf("%d offline before %v", n, due)
			}
			w.pass(1)
			e := seen[UserOffline](w)
			if len(e) != k+1 || e[k].User != users[i] || e[k].Reason != wire.ReasonEOF {
				t.Fatalf("at %v: %+v; want %s", due, e, users[i])
			}
		}
		w.pass(time.Minute)
		if n := len(seen[UserOffline](w)); n != 4 {
			t.Errorf("%d offline", n)
		}
	})
}

// Only an end that may well not be meant is held back.
func TestGraceIsForTheInvoluntary(t *testing.T) {
	ends := map[string]struct {
		leave func(p *peer)
		held  bool
	}{
		"bye":    {func(p *peer) { p.send(&wire.Bye{Reason: wire.ReasonBye}) }, false},
		"logout": {func(p *peer) { p.send(&wire.Logout{Request: 9}) }, false},
		"kick":   {func(p *peer) { _, _ = p.w.sys.KickUser(p.w.t.Context(), "ann", "") }, false},
		"eof":    {(*peer).close, true},
		"reset":  {func(p *peer) { p.link.reset() }, true},
		"panic":  {func(p *peer) { panicOn[inbound](p.w, "/"+itoa(p.id), 1); _ = p.try(&wire.Ping{}) }, true},
		"silence": {func(p *peer) {
			p.silence()
			p.w.pass(30 * time.Second)
		}, true},
	}
	for name, tt := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, withGrace(time.Minute))
				p := w.join("ann")
				tt.leave(p)
				w.settle()
				if held := len(w.presenceLog()) == 1; held != tt.held {
					t.Errorf("held: %v, want %v", held, tt.held)
				}
				w.pass(time.Minute)
				if log := w.presenceLog(); !slices.Equal(log, []string{"+ann", "-ann"}) {
					t.Errorf("presence: %v", log)
				}
			})
		})
	}
}

// A kick ends the grace of a user who has no connection any more.
func TestKickOfTheHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withGrace(time.Minute))
		watcher := w.join("watcher").watching()
		watcher.send(&wire.Watch{Request: 2, Everyone: true})
		p := w.dial().greet("laptop")
		ok := p.login("ann")
		p.close()
		w.settle()
		if n, err := w.sys.KickUser(t.Context(), "ann", ""); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		w.settle()
		watcher.wantSees("watcher")
		if log := w.presenceLog(); !slices.Equal(log, []string{"+watcher", "+ann", "-ann"}) {
			t.Errorf("presence: %v", log)
		}
		if _, err := w.sys.KickUser(t.Context(), "ann", ""); !errors.Is(err, ErrNotFound) {
			t.Errorf("once more: %v", err)
		}
		back := w.dial().greet("laptop")
		back.send(&wire.Login{Request: 1, User: "ann", Token: ok.Token})
		if again := want[*wire.LoginOK](back); again.Resumed {
			t.Error("the session came back")
		}
		w.pass(2 * time.Minute)
		watcher.wantSees("ann", "watcher")
	})
}

// A user with two sessions is online until the last has gone, and the grace is
// that of the last.
func TestLastSessionCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, withGrace(5*time.Second))
		a, b := w.join("ann"), w.join("ann")
		a.close()
		w.pass(time.Minute)
		if log := w.presenceLog(); len(log) != 1 {
			t.Errorf("presence: %v", log)
		}
		b.close()
		w.pass(5 * time.Second)
		if log := w.presenceLog(); len(log) != 2 {
			t.Errorf("presence: %v", log)
		}
	})
}
