package client

import (
	"testing"

	"pgregory.net/rapid"
)

// TestWatchModel: whatever the server, the network and the consumers do, each
// consumer sees changes only, never goes backwards within an epoch, and in the
// end knows the truth.
//
// guards P1, G3.
func TestWatchModel(t *testing.T) {
	for range 20 { // a round is cheap, and some of what can go wrong is rare
		rapid.Check(t, watchModel)
	}
}

func watchModel(t *rapid.T) {
	w := newWorld(t)
	user := func(t *rapid.T) string { return rapid.SampledFrom(worldUsers).Draw(t, "user") }
	flush := func(*rapid.T) {
		if w.everyone || len(w.names) > 0 {
			w.delta(w.sent)
		}
	}
	receive := func(*rapid.T) { w.receive() }
	read := func(t *rapid.T) {
		if len(w.readers) > 0 {
			w.read(rapid.SampledFrom(w.readers).Draw(t, "reader"))
		}
	}
	t.Repeat(map[string]func(*rapid.T){
		"comes":     func(t *rapid.T) { w.set(user(t), true) },
		"goes":      func(t *rapid.T) { w.set(user(t), false) },
		"flush":     flush,
		"receive":   receive,
		"receive 2": receive,
		"receive 3": receive,
		"serve":     func(*rapid.T) { w.serve() },
		"read":      read,
		"watch":     func(*rapid.T) { w.watch() },
		"stop":      func(*rapid.T) { w.stop() },
		"repeat": func(*rapid.T) {
			if w.lastDelta != nil {
				w.send(w.lastDelta)
			}
		},
		"lose": func(*rapid.T) { w.lose() },
		"overload": func(*rapid.T) {
			if w.everyone || len(w.names) > 0 {
				w.snapshot()
			}
		},
		"cut":     func(*rapid.T) { w.connect() },
		"restart": func(*rapid.T) { w.restart() },
	})
	w.check()
}
