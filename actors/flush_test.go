package actors

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// A change that comes alone is told at once. Under load changes gather for the
// flush interval, and are told together, each of them.
func TestFlushGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pass(time.Second) // a flush at zero is none
		watcher := w.join("watcher").watching()
		watcher.send(&wire.Watch{Request: 2, Everyone: true})
		var crowd []*peer
		for i := range 20 {
			crowd = append(crowd, w.dial().greet(fmt.Sprint("c", i)))
		}
		w.pass(time.Second)
		base, flushes := watcher.seen(), w.sys.Counters().PresenceFlushes
		crowd[0].login("u0")
		if v := watcher.seen(); v.changes != base.changes+1 {
			t.Errorf("the first change was not told at once: %d", v.changes-base.changes)
		}
		for i, p := range crowd[1:] {
			p.login(fmt.Sprint("u", i+1))
		}
		w.pass(5*time.Millisecond - 1)
		if v := watcher.seen(); v.changes != base.changes+1 {
			t.Errorf("%d changes were told before the flush", v.changes-base.changes)
		}
		w.pass(1)
		if v := watcher.seen(); v.changes != base.changes+20 || v.deltas != base.deltas+2 {
			t.Errorf("%d changes in %d deltas", v.changes-base.changes, v.deltas-base.deltas)
		}
		if n := w.sys.Counters().PresenceFlushes - flushes; n != 2 {
			t.Errorf("%d flushes", n)
		}
	})
}

// A flush whose timer panics is made up for by the next change's.
func TestFlushTimerMayPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pass(time.Second)
		watcher := w.join("watcher").watching()
		watcher.send(&wire.Watch{Request: 2, Everyone: true})
		panicOn[flushDue](w, "/users", 1)
		w.join("ann")
		w.join("bob")
		w.pass(5 * time.Millisecond)
		if w.sys.Counters().Panics != 1 {
			t.Fatal("nothing has panicked")
		}
		watcher.wantSees("ann", "bob", "watcher")
	})
}

// A watcher of names is told of them alone, and of itself if it names itself.
func TestNamedWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("me").watching()
		p.send(&wire.Watch{Request: 2, Users: []string{"me", "ann"}})
		p.wantSees("me")
		ann, bob := w.join("ann"), w.join("bob")
		w.pass(time.Second)
		p.wantSees("ann", "me")
		p.send(&wire.Watch{Request: 3, Users: []string{"bob"}})
		p.wantSees("ann", "bob", "me")
		p.send(&wire.Unwatch{Request: 4, Users: []string{"ann"}})
		ann.close()
		bob.close()
		w.pass(time.Second)
		if v := p.seen(); v.online["bob"] || !v.online["ann"] { // of ann it was told no more
			t.Errorf("%v", v.users())
		}
		p.send(&wire.Watch{Request: 5}) // names nobody: the state once more
		p.wantSees("me")
		for id := uint64(2); id <= 5; id++ {
			if ok := want[*wire.OK](p); ok.Request != id {
				t.Errorf("answered %d, want %d", ok.Request, id)
			}
		}
	})
}

// guards P1, G3: a watcher that comes back with what it knew is told of what it
// missed, and of nothing twice.
func TestWatchResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("me").watching()
		p.send(&wire.Watch{Request: 2, Everyone: true})
		ann := w.join("ann")
		w.pass(time.Second)
		v := p.seen()
		p.close()
		ann.close()
		w.join("bob")
		w.pass(time.Second)
		q := w.join("me")
		q.view = &v
		q.send(&wire.Watch{Request: 2, Everyone: true, Epoch: 7, Version: v.version})
		q.wantSees("bob", "me")
		if v := q.seen(); v.snapshots != 1 {
			t.Errorf("%d snapshots", v.snapshots)
		}
		r := w.join("r").watching()
		r.send(&wire.Watch{Request: 2, Everyone: true, Epoch: 6, Version: 1})
		r.wantSees("bob", "me", "r")
	})
}
