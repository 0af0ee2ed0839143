package simulations

import (
	"time"

	"example.com/rollcall/actors/disk/faultdisk"
)

// crashOps befall the server's machine.
func init() {
	// The server's process, or its machine, dies: no handler runs, and the disk is
	// as that leaves it. N = 1: the machine, whose clients hear nothing. It comes
	// back after For.
	serverOps["crash"] = func(w *World, op *Op) {
		l := w.life
		if l == nil || l.dead.Load() || l.stopping {
			return
		}
		outcome := faultdisk.Outcome(op.Text)
		w.trace.tell(w.now(), l.name, "crashes: "+op.Text)
		w.effect("crashed " + op.Text)
		w.model.crashed()
		w.model.interruptedKeeping()
		for _, k := range w.net.links {
			if k.life == l && !k.dead {
				if op.N == 1 {
					k.srv0()
					k.gone()
				} else {
					k.down.abort()
				}
			}
		}
		// First the disk, before the dead life's goroutines go on: nobody is to see
		// what they still write.
		w.storage.crash(outcome, stream(w.seed, l.name+"/crash").Uint64())
		w.kill(l)
		w.at(w.now()+max(op.For, time.Millisecond), "starts again", w.boot)
	}
	// It is stopped in good order and started again.
	serverOps["restart"] = func(w *World, op *Op) {
		l := w.life
		if l == nil || l.dead.Load() || l.held.Load() || l.stopping {
			return
		}
		l.stopping = true
		w.trace.tell(w.now(), l.name, "is stopped, to be started again")
		l.shutDown(10*time.Second, func(err, served error) {
			w.effect("restarted")
			for _, e := range l.drained() {
				w.model.event(l, e)
			}
			if (err != nil && l.diskHits.Load() == 0) || served != nil {
				w.fail("G2", "a shutdown in good order", "%v, %v", err, served)
			}
			if n := len(w.model.live) + len(w.model.waiting); n > 0 && w.failure == nil && w.plan.Server.MaxConnections == 0 {
				w.fail("G2", "a termination for every connection", "%d have none after the shutdown", n)
			}
			w.model.stopped()
			l.dead.Store(true)
			w.at(w.now()+max(op.For, time.Millisecond), "starts again", w.boot)
		})
	}
	// The disk does not do what it should, for a while.
	serverOps["disk"] = func(w *World, op *Op) {
		l := w.life
		if l == nil || l.dead.Load() {
			return
		}
		t := diskTrouble{until: w.now() + op.For, share: float64(op.N) / 100, err: diskErrors[op.Text]}
		if t.err == nil {
			t.slow = 4 * time.Second
		}
		l.mu.Lock()
		l.stores.trouble = t
		l.mu.Unlock()
	}
}

// srv0 makes sure that what is under way to the server's end is taken by nobody.
func (k *link) srv0() { k.up.closed = true }

// gone: the server's machine says nothing on this link, until it is up again and
// knows nothing of it.
func (k *link) gone() {
	k.down.hush(true)
	w := k.w
	w.at(w.now()+5*time.Second, "", func() {
		k.down.stuck, k.down.lost = nil, true
		k.down.hush(false)
		if !k.down.closed {
			k.down.launch(segment{rst: true}) // what comes for a dead connection is reset
		}
	})
}

// boot starts the next life of the server, on a goroutine of its own: it waits
// for its disk.
func (w *World) boot() {
	if w.stage >= stopping {
		return
	}
	w.booting = true
	w.go1(func() {
		l, err := w.newLife()
		w.lock()
		defer w.unlock()
		w.at(w.now(), "", func() {
			w.booting = false
			if err != nil {
				w.fail("run", "a server that starts", "%v", err)
				return
			}
			w.live(l)
		})
		w.gate.poke()
	})
}
