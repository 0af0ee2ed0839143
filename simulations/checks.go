package simulations

import (
	"strconv"
	"time"
)

// crowded is from how many connections on not every moment is looked at.
const crowded = 500

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// lifeEpoch is the epoch of the server's life, 0 between two.
func (w *World) lifeEpoch() uint64 {
	if w.life == nil || w.life.dead.Load() {
		return 0
	}
	return w.life.s.Epoch()
}

// quiescent runs the checks that hold at every moment at which nothing can
// move but time.
func (w *World) quiescent() {
	w.lock()
	defer w.unlock()
	if w.life == nil || w.life.dead.Load() || w.life.held.Load() || w.life.stopping || w.stage >= stopping {
		return
	}
	w.model.handedOut()
	w.model.taken()
	w.model.late()
	w.model.overdue()
	w.model.news()
	if w.model.graceOver() {
		w.dirty = true
	}
	if !w.dirty || w.failure != nil {
		return
	}
	if len(w.model.live) > crowded && w.now() < w.looked+time.Minute {
		return // to look at everything takes time for everybody: once a minute
	}
	w.dirty, w.looked = false, w.now()
	w.tally.Checks++
	w.model.resolve()
	w.model.suspected()
	w.model.recents()
	w.model.over()
	w.model.maps()
	if w.failure == nil {
		w.model.presence()
	}
	w.model.disk(false)
	w.embedded(false)
}

// handshakeTimeout and the others are the server's defaults, where the plan has none.
func (p ServerPlan) handshakeTimeout() time.Duration {
	return either(p.HandshakeTimeout, 10*time.Second)
}
func (p ServerPlan) loginTimeout() time.Duration { return either(p.LoginTimeout, 10*time.Second) }
func (p ServerPlan) writeTimeout() time.Duration { return either(p.WriteTimeout, 20*time.Second) }
func (p ServerPlan) timeout() time.Duration      { return either(p.Timeout, 30*time.Second) }

func (p ServerPlan) graceRestart() time.Duration {
	if !p.Roll {
		return 0
	}
	return max(either(p.GraceRestart, 30*time.Second), 0)
}

func either(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}
