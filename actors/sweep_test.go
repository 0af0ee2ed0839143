package actors

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/internal/directory"
	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// guards S1: a termination that panics in the middle, twice, is lost between the
// connection and the maps; the next sweep finds it and does what was left
// undone.
func TestSweepMendsTheRegistry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ann, bob := w.join("ann"), w.join("bob").watching()
		bob.send(&wire.Watch{Request: 2, Everyone: true})
		r := w.sys.registry
		var whole *directory.Directory[*connection]
		w.onMessage(func(_ string, msg any) {
			switch msg.(type) {
			case ended:
				whole, r.dir = r.dir, nil
			case sweep:
				r.dir = whole
			}
		})
		ann.close()
		if w.terminationOf(ann.id) != nil {
			t.Fatal("nothing was lost")
		}
		bob.wantSees("ann", "bob")
		w.pass(5 * time.Second)
		w.onMessage(nil)
		w.wantEnd(ann.id, wire.ReasonEOF)
		bob.wantSees("bob")
		if c := w.sys.Counters(); c.Mended != 1 || c.Panics != 2 && c.Panics != 1 || c.Live != 1 {
			t.Errorf("mended %d, panics %d, live %d", c.Mended, c.Panics, c.Live)
		}
	})
}

// guards S1: the same in the user manager: the user does not stay online.
func TestSweepMendsTheUserManager(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ann, bob := w.join("ann"), w.join("bob").watching()
		bob.send(&wire.Watch{Request: 2, Everyone: true})
		u := w.sys.users
		var whole *presence.Board
		w.onMessage(func(_ string, msg any) {
			switch msg.(type) {
			case terminated:
				whole, u.board = u.board, nil
			case liveSet:
				u.board = whole
			}
		})
		ann.close()
		w.wantEnd(ann.id, wire.ReasonEOF)
		bob.wantSees("ann", "bob")
		if n := w.sys.conns.Load(); n != 2 {
			t.Fatalf("%d connections: nothing was lost", n)
		}
		w.pass(5 * time.Second)
		w.onMessage(nil)
		bob.wantSees("bob")
		if c := w.sys.Counters(); c.Mended != 1 || c.Live != 1 {
			t.Errorf("mended %d, live %d", c.Mended, c.Live)
		}
	})
}

// The user manager takes in connections that it has not heard of, and lets go of
// those that the registry does not hold any more.
func TestLiveSetReconciles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ann, bob := w.join("ann"), w.dial().greet("bob's")
		c := w.actorOf(bob.id)
		onUsers(w, func(u *userManager) bool { // as if its news had been lost
			delete(u.conns, bob.id)
			u.book.End(0, 0, bob.id, wire.ReasonNone)
			return true
		})
		w.sys.users.tell(liveSet{map[uint64]*connection{bob.id: c}})
		w.settle()
		if log := w.presenceLog(); len(log) != 2 || log[1] != "-ann" {
			t.Errorf("presence: %v", log)
		}
		if e := seen[UserOffline](w); len(e) != 1 || e[0].Reason != wire.ReasonPanic {
			t.Errorf("%+v", e)
		}
		bob.login("bob")
		// What the registry says later of the one that was dropped changes nothing.
		ann.close()
		w.wantEnd(ann.id, wire.ReasonEOF)
	})
}

// Without a panic nothing can be lost, and a sweep walks nobody.
func TestSweepIsIdleWithoutPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.join("ann")
		var mu sync.Mutex
		sweeps, walks := 0, 0
		w.onMessage(func(_ string, msg any) {
			mu.Lock()
			defer mu.Unlock()
			switch msg.(type) {
			case sweep:
				sweeps++
			case liveSet:
				walks++
			}
		})
		w.pass(time.Minute)
		w.sys.count.panics.Add(1)
		w.pass(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if sweeps != 24 || walks != 1 {
			t.Errorf("%d sweeps, %d walks; want 24, 1", sweeps, walks)
		}
	})
}
