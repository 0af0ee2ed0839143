package supervisor_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// agree wants every view to be what the server holds for the truth, and the
// changes of each user to be told by turns.
func (w *world) agree(watchers ...*peer) {
	w.t.Helper()
	w.settle()
	truth := w.online()
	for _, p := range watchers {
		p.look(func(v *view) {
			var wanted []string
			for _, u := range truth {
				if v.names == nil || v.names[u] {
					wanted = append(wanted, u)
				}
			}
			w.same(p.user+" sees", v.users(), wanted...)
			if v.problem != nil {
				w.t.Errorf("%s watches: %v", p.user, v.problem)
			}
		})
	}
}

// back reconnects a peer in the same identity, with its view.
func (w *world) back(old *peer, users ...string) *peer {
	w.t.Helper()
	p := w.dial()
	old.look(func(v *view) { p.view = v })
	old.mu.Lock()
	old.view = nil
	old.mu.Unlock()
	return p.hello(old.user + "'s device").login(old.user).watch(users...)
}

// TestReconnectStorm: users come and go in many ways at once, some while their
// old connections still hang; every watcher is told of each change once, in an
// order in which no offline follows the online of a reconnect, with dense
// versions. Guards P1, N6, G3.
func TestReconnectStorm(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		everyone, other := w.watcher("everyone"), w.watcher("other")
		named := w.watcher("named", "user 1", "user 2", "user 3")
		random := rand.New(rand.NewPCG(3, 5))
		const n = 20
		live := make([][]*peer, n)
		for range 600 {
			i := random.IntN(n)
			user := fmt.Sprint("user ", i)
			switch k := len(live[i]); {
			case k == 0 || k < 3 && random.IntN(2) == 0:
				p := w.dial()
				p.send(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: user},
					&wire.Login{Request: 1, User: user})
				live[i] = append(live[i], p)
			default:
				p := live[i][0]
				live[i] = live[i][1:]
				switch random.IntN(3) {
				case 0:
					go p.cut()
				case 1:
					go p.link.reset()
				default:
					go func() { _ = p.put(&wire.Bye{Reason: wire.ReasonBye}) }()
				}
			}
			if random.IntN(50) == 0 {
				w.settle()
			}
		}
		w.agree(everyone, other, named)
		everyone.look(func(v *view) {
			if len(v.log) < 100 {
				t.Errorf("only %d changes: no storm", len(v.log))
			}
		})
		for _, user := range []string{"user 1", "user 2", "user 3"} {
			w.same(user, named.told(user), everyone.told(user)...)
			w.same(user, other.told(user), everyone.told(user)...)
		}
	})
}

// TestWatchersThatComeInAStorm: the answer to a watch and the changes that are
// told at the same instant are two streams into one connection: the view never
// goes back, and misses nothing. Guards S5.
func TestWatchersThatComeInAStorm(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		watchers := []*peer{w.watcher("watcher")}
		for i := range 40 {
			for k := range 5 {
				p := w.dial()
				p.send(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "x"},
					&wire.Login{Request: 1, User: fmt.Sprint("user ", i, "/", k)})
				if k%2 == 0 {
					go p.cut()
				}
			}
			p := w.dial()
			p.view = newView()
			p.send(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "w"},
				&wire.Login{Request: 1, User: fmt.Sprint("watcher ", i)})
			p.answer(1)
			p.user = fmt.Sprint("watcher ", i)
			go func() { _ = p.put(&wire.Watch{Request: 2, Everyone: true}) }()
			watchers = append(watchers, p)
		}
		w.agree(watchers...)
	})
}

// TestWatchResumes: a watcher that comes back is told what it has missed, once,
// and nothing else, if the history goes back to it; else, and after another life
// of the server, it gets a snapshot.
func TestWatchResumes(t *testing.T) {
	visit := func(w *world, users ...string) {
		for _, u := range users {
			w.join(u).cut()
			w.settle()
		}
	}
	inBubble(t, supervisor.Config{History: 20}, func(w *world) {
		p := w.watcher("watcher")
		visit(w, "a", "b")
		w.agree(p)
		snapshots := func() (n int) { p.look(func(v *view) { n = v.snapshots }); return n }
		p.cut()
		visit(w, "c", "d")
		stays := w.join("e")
		p = w.back(p)
		w.agree(p)
		if n := snapshots(); n != 1 {
			t.Errorf("%d snapshots: it was not resumed", n)
		}
		w.same("c", p.told("c"), "+", "eof")
		w.same("a", p.told("a"), "+", "eof")
		w.same("e", p.told("e"), "+")

		p.cut()
		for i := range 150 { // more than the history holds, which is cut by 128
			visit(w, fmt.Sprint("f", i))
		}
		stays.cut()
		p = w.back(p)
		w.agree(p)
		if n := snapshots(); n != 2 {
			t.Errorf("%d snapshots: the history is not that long", n)
		}

		p.look(func(v *view) { v.epoch-- }) // as of an earlier life
		p.cut()
		w.settle()
		p = w.back(p)
		w.agree(p)
		if n := snapshots(); n != 3 {
			t.Errorf("%d snapshots: another epoch was resumed", n)
		}

		q := w.join("q")
		q.view = newView()
		q.send(&wire.Watch{Request: 99, Everyone: true, Epoch: w.s.Epoch(), Version: 1 << 60}) // of the future
		q.answer(99)
		w.agree(p, q)
	})
}

// TestNamedWatchers: they are told of those whom they name and of nobody else,
// and resume like others.
func TestNamedWatchers(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		bob := w.join("bob")
		p := w.watcher("watcher", "alice", "bob", "nobody")
		w.join("carol").cut()
		w.join("alice")
		w.agree(p)
		w.same("alice", p.told("alice"), "+")
		w.same("carol", p.told("carol"))

		p.cut()
		bob.cut()
		w.settle()
		p = w.back(p, "alice", "bob", "nobody")
		w.agree(p)
		w.same("bob", p.told("bob"), "eof")
		p.look(func(v *view) {
			if v.snapshots != 1 {
				t.Errorf("%d snapshots: it was not resumed", v.snapshots)
			}
		})

		p.watch("carol") // names add up
		carol := w.join("carol")
		w.agree(p)
		p.send(&wire.Unwatch{Request: p.next(), Users: []string{"carol", "stranger"}})
		p.answer(p.ids)
		p.look(func(v *view) { delete(v.names, "carol"); delete(v.online, "carol") })
		carol.cut()
		w.agree(p)
		w.same("carol", p.told("carol"), "+")

		p.watch() // everyone includes all
		p.look(func(v *view) { v.names = nil })
		w.join("dave")
		w.agree(p)
		p.send(&wire.Unwatch{Request: p.next()})
		p.answer(p.ids)
		w.settle()
		told := 0
		p.look(func(v *view) { told = len(v.log) })
		w.join("erin")
		w.settle()
		p.look(func(v *view) {
			if len(v.log) != told {
				t.Error("it is told of changes after its unwatch")
			}
		})
		if c := w.counts(); c.Watchers > 1 {
			t.Errorf("%d watchers", c.Watchers)
		}
	})
}

// TestWatchAgain: a watch that names nobody asks for the state again (PROTOCOL.md,
// "Watch").
func TestWatchAgain(t *testing.T) {
	for _, users := range [][]string{nil, {"alice", "bob"}} {
		inBubble(t, supervisor.Config{}, func(w *world) {
			w.join("alice")
			p := w.watcher("watcher", users...)
			w.settle()
			p.send(&wire.Watch{Request: p.next()})
			if m, ok := p.answer(p.ids).(*wire.OK); !ok {
				t.Fatalf("it was answered by %+v", m)
			}
			w.agree(p)
			p.look(func(v *view) {
				if v.snapshots != 2 {
					t.Errorf("%d snapshots", v.snapshots)
				}
			})
			again := &wire.Watch{Request: p.next()}
			p.look(func(v *view) { again.Epoch, again.Version = v.epoch, v.version })
			p.send(again)
			w.join("bob")
			w.agree(p)
		})
	}
}

// TestChangeIsToldAtOnce: a change that comes alone does not wait for the flush
// interval; changes that come together are gathered.
func TestChangeIsToldAtOnce(t *testing.T) {
	inBubble(t, supervisor.Config{FlushInterval: 50 * time.Millisecond}, func(w *world) {
		p := w.watcher("watcher")
		w.after(time.Second)
		bob := w.join("bob")
		synctest.Wait()
		w.same("bob", p.told("bob"), "+")
		w.after(time.Second)
		begun := time.Now()
		bob.cut()
		synctest.Wait()
		w.same("bob", p.told("bob"), "+", "eof")
		if d := time.Since(begun); d != 0 {
			t.Errorf("it took %v", d)
		}
		before := len(has[*wire.Delta](p))
		for i := range 100 {
			w.join(fmt.Sprint("user ", i)).cut()
		}
		w.after(50 * time.Millisecond)
		if n := len(has[*wire.Delta](p)) - before; n > 2 {
			t.Errorf("200 changes of one instant came in %d frames", n)
		}
		w.agree(p)
	})
}
