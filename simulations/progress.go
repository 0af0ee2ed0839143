package simulations

import (
	"sync/atomic"
	"time"
)

// Progress tells from outside how far a run is, and can break it off: the clock of
// a run is its own, so nothing of it can wait for the real one. The zero value is
// ready, for one run. Its methods may be called from any goroutine.
type Progress struct {
	// atomic
	lived atomic.Int64
	steps atomic.Uint64
	stop  atomic.Bool
}

// Lived is how much time was lived through, in the run's own time.
func (p *Progress) Lived() time.Duration { return time.Duration(p.lived.Load()) }

// Steps is how often a goroutine of the run was let go on.
func (p *Progress) Steps() uint64 { return p.steps.Load() }

// Stop breaks the run off where it is. Run then returns what was lived so far,
// and Result.BrokenOff tells. A run that has broken, with a goroutine that neither
// goes on nor waits, does not see it.
func (p *Progress) Stop() { p.stop.Store(true) }

// progress notes how far the run is, and reports whether it is to go on. It is not
// broken off while the server starts: what it has built by then belongs to nobody yet.
func (w *World) progress() bool {
	stop := w.trace.err != nil
	if p := w.watched; p != nil {
		p.lived.Store(int64(w.now()))
		p.steps.Store(w.steps)
		stop = stop || p.stop.Load()
	}
	w.brokenOff = stop && !w.booting
	return !w.brokenOff
}
