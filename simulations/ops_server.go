package simulations

import (
	"strings"
	"syscall"
)

// serverOps befall the server or all.
var serverOps = map[string]func(w *World, op *Op){
	// The whole server stands still, as by SIGSTOP.
	"stall": func(w *World, op *Op) {
		l := w.life
		if l == nil || l.dead.Load() || l.held.Load() || l.stopping {
			return
		}
		l.held.Store(true)
		w.trace.tell(w.now(), l.name, "stalls for "+op.For.String())
		w.model.stallBegan = w.now()
		w.at(w.now()+op.For, "stall ends", func() {
			l.held.Store(false)
			if w.life != l || l.dead.Load() {
				return // it has crashed meanwhile
			}
			w.model.stallEnded = w.now()
			w.model.nextLate = 0
			w.dirty = true
			for _, k := range w.model.live {
				if k.up.readable() {
					k.held = w.now()
				}
			}
		})
	},
	// The wall clock jumps.
	"wall": func(w *World, op *Op) {
		w.wallOff.Add(int64(op.For))
		w.model.jumped()
	},
	// The next message of an actor whose ticket says Text panics; N of them.
	"panic": func(w *World, op *Op) {
		w.panics = append(w.panics, panicOrder{what: op.Text, left: max(op.N, 1)})
	},
	// Accepting fails for want of file descriptors.
	"emfile": func(w *World, op *Op) {
		if w.life == nil || w.life.dead.Load() {
			return
		}
		l := w.life.listener
		l.fail = errNoFiles
		w.at(w.now()+op.For, "", func() { l.fail = nil })
	},
}

var errNoFiles error = syscall.EMFILE

// matches reports whether a ticket is meant by "part of the key/part of the
// message".
func (t *ticket) matches(what string) bool {
	key, msg, _ := strings.Cut(what, " ")
	return strings.Contains(t.key, key) && strings.HasSuffix(t.what, msg)
}

// panicOrder makes actors panic.
type panicOrder struct {
	what string
	left int
}

// maybePanic looks whether the one who goes on is to panic.
func (w *World) maybePanic(t *ticket) {
	for i := range w.panics {
		o := &w.panics[i]
		if o.left > 0 && w.life != nil && t.of == &w.life.host && t.matches(o.what) {
			o.left--
			t.panics = true
			w.model.panics++
			w.trace.tell(w.now(), t.key, "panics at "+t.what)
			return
		}
	}
}
