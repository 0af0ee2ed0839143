package actors

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

// churn makes a user come and go, by way of the user manager alone.
func (w *world) churn(user string, online bool) {
	onUsers(w, func(u *userManager) bool {
		if online {
			u.arrive(user, 0)
		} else {
			u.depart(session.Departure{User: user, WentOffline: true, Reason: wire.ReasonEOF})
		}
		return true
	})
}

// guards P7: a watcher that does not read gets the newest state of each user
// when it does, and not what came between; others get everything.
func TestSlowWatcherGetsTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		slow, quick := w.join("slow").watching(), w.join("quick").watching()
		for _, p := range []*peer{slow, quick} {
			p.send(&wire.Watch{Request: 2, Everyone: true})
		}
		w.pass(time.Second)
		slow.link.server.out.change(func(s *stream) { s.room = 0 })
		base := quick.seen()
		const rounds = 200
		for i := range rounds { // each a flush of its own
			for _, u := range []string{"a", "b", "c"} {
				w.churn(u, i%2 == 0)
			}
			w.pass(10 * time.Millisecond)
		}
		w.churn("a", true)
		w.pass(10 * time.Millisecond)
		quick.wantSees("a", "quick", "slow")
		if v := quick.seen(); v.changes-base.changes != 3*rounds+1 {
			t.Errorf("the quick one was told of %d changes", v.changes-base.changes)
		}
		slow.link.server.out.change(func(s *stream) { s.room = linkRoom })
		w.pass(time.Second)
		slow.wantSees("a", "quick", "slow")
		if v := slow.seen(); v.changes > 60 || v.version != quick.seen().version {
			t.Errorf("the slow one was told of %d changes, to version %d", v.changes, v.version)
		}
		if c := w.sys.Counters(); c.Collapsed == 0 || c.Resnapshots != 0 {
			t.Errorf("%d collapsed, %d resnapshots", c.Collapsed, c.Resnapshots)
		}
	})
}

// guards P7, G6: past the bound of what may collapse it gets one snapshot, of
// the state as it is when it reads.
func TestSlowWatcherGetsASnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		slow := w.join("slow").watching()
		slow.send(&wire.Watch{Request: 2, Everyone: true})
		w.pass(time.Second)
		slow.link.server.out.change(func(s *stream) { s.room = 0 })
		const crowd = 6000
		for i := range crowd {
			w.churn(fmt.Sprintf("u%d", i), true)
			if i%250 == 249 {
				w.pass(10 * time.Millisecond)
			}
		}
		for i := range crowd {
			w.churn(fmt.Sprintf("u%d", i), false)
		}
		w.churn("last", true)
		w.pass(10 * time.Millisecond)
		slow.link.server.out.change(func(s *stream) { s.room = linkRoom })
		w.pass(time.Second)
		slow.wantSees("last", "slow")
		if c := w.sys.Counters(); c.Resnapshots != 1 {
			t.Errorf("%d resnapshots", c.Resnapshots)
		}
		w.churn("after", true)
		w.pass(time.Second)
		slow.wantSees("after", "last", "slow")
	})
}

// guards P7: a snapshot that the user manager could not give, because of a
// panic, ends the watcher rather than leave it behind.
func TestLostSnapshotEndsTheWatcher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("slow")
		c := w.actorOf(p.id)
		panicOn[resnapshot](w, "/users", 1)
		w.sys.users.tell(resnapshot{c})
		w.settle()
		w.wantEnd(p.id, wire.ReasonPanic)
	})
}

// A client may ask for much at once if it reads: many watches in one write are
// answered, each of them, and lead to the whole state.
func TestManyWatchesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("me").watching()
		var all []wire.Message
		const n = 40
		for i := range n {
			var users []string
			for k := range 100 {
				users = append(users, fmt.Sprintf("u%d-%d", i, k))
			}
			all = append(all, &wire.Watch{Request: uint64(i) + 2, Users: users})
		}
		w.join("u39-99")
		w.join("u0-0")
		p.send(all...)
		if e := w.terminationOf(p.id); e != nil {
			t.Fatalf("ended: %v, %s", e.Reason, e.Detail)
		}
		w.join("u20-5")
		w.pass(time.Second)
		p.wantSees("u0-0", "u20-5", "u39-99")
		for i := range uint64(n) {
			if ok := want[*wire.OK](p); ok.Request != i+2 {
				t.Errorf("%d was answered, want %d", ok.Request, i+2)
			}
		}
	})
}

// guards G6: who asks again and again without reading is a slow consumer.
func TestWatchSpam(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 1000 {
			w.churn(fmt.Sprintf("u%d", i), true)
		}
		p := w.join("me")
		p.link.server.out.change(func(s *stream) { s.room = 0 })
		most := 0
		c := w.actorOf(p.id)
		for i := 0; i < 2000 && w.terminationOf(p.id) == nil; i++ {
			p.send(&wire.Watch{Request: uint64(i) + 2, Everyone: true})
			_, bytes := c.lanes().Queued()
			most = max(most, bytes)
		}
		w.wantEnd(p.id, wire.ReasonSlowConsumer)
		if most > 1<<20 {
			t.Errorf("%d bytes were queued", most)
		}
	})
}

// guards P7, G3: whatever a watcher does (stops reading, goes on, asks again,
// watches names or everyone, takes back), when it reads again and all is quiet it
// sees exactly what the board holds, and was never taken back in time.
func TestWatcherEndsWithTheBoard(t *testing.T) {
	type act struct{ kind, who, n int }
	users := []string{"a", "b", "c", "d", "e", "f"}
	rapid.Check(t, func(rt *rapid.T) {
		acts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) act {
			return act{rapid.IntRange(0, 9).Draw(t, "kind"), rapid.IntRange(0, len(users)-1).Draw(t, "who"), rapid.IntRange(1, 40).Draw(t, "n")}
		}), 1, 60).Draw(rt, "acts")
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(s *Settings) { s.History = 64 })
			p := w.join("me").watching()
			watched := map[string]bool{}
			request := uint64(1)
			watch := func(all bool, names ...string) {
				request++
				_ = p.try(&wire.Watch{Request: request, Everyone: all, Users: names})
				for _, u := range names {
					watched[u] = true
				}
				if all {
					for _, u := range append(users, "me") {
						watched[u] = true
					}
				}
			}
			watch(acts[0].n%2 == 0, users[0])
			for _, a := range acts {
				u := users[a.who]
				switch a.kind {
				case 0, 1, 2: // a burst
					for i := range a.n {
						w.churn(users[(a.who+i)%len(users)], (a.n+i/len(users))%2 == 0)
					}
				case 3, 4: // changes, each flushed
					for range a.n {
						w.churn(u, a.n%2 == 0)
						a.n++
						w.pass(6 * time.Millisecond)
					}
				case 5:
					p.link.server.out.change(func(s *stream) { s.room = 0 })
				case 6:
					p.link.server.out.change(func(s *stream) { s.room = linkRoom })
				case 7:
					watch(false, u)
				case 8:
					if a.n < 5 {
						watch(true)
					}
				case 9:
					w.pass(time.Duration(a.n) * time.Millisecond)
				}
			}
			p.link.server.out.change(func(s *stream) { s.room = linkRoom })
			w.pass(time.Second)
			if e := w.terminationOf(p.id); e != nil {
				t.Fatalf("ended: %v %s", e.Reason, e.Detail)
			}
			var of []string
			for u := range watched {
				of = append(of, u)
			}
			p.wantSees(w.boardUsers(of)...)
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}
