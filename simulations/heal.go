package simulations

import "time"

// heal makes everything whole again: all faults end, everybody comes back.
func (w *World) heal() {
	w.stage = healing
	w.trace.tell(w.now(), "world", "everything is healed")
	w.panics = nil
	if l := w.life; l != nil {
		l.mu.Lock()
		l.stores.trouble = diskTrouble{}
		l.mu.Unlock()
	}
	if w.life != nil && w.life.listener.fail != nil {
		w.life.listener.fail = nil
	}
	for _, c := range w.clients {
		c.isolate(false)
		c.thaw()
		if c.isReal() && c.plan.Start >= 0 {
			c.start()
		}
		for _, p := range c.peers() {
			p.mute, p.slow = false, 0
			if !p.link.dead {
				p.link.up.hush(false)
				p.link.down.hush(false)
			}
			p.drink()
			p.beats()
		}
	}
	w.at(w.now()+w.settling(), "settled", w.settled)
}

// settling is how long it may take until all is as it should be.
func (w *World) settling() time.Duration {
	s := w.plan.Server
	longest := s.graceRestart()
	timeout := s.timeout()
	for _, c := range w.plan.Clients {
		longest = max(longest, c.Reconnect*2)
		timeout = max(timeout, c.Timeout)
	}
	if s.Files {
		longest = max(longest, either(s.FileGrace, time.Minute)+patience)
	}
	return 2*timeout + s.writeTimeout() + s.handshakeTimeout() + s.Grace + longest + 30*time.Second
}

// settled checks that all has converged, and stops the server.
func (w *World) settled() {
	if w.failure != nil {
		return
	}
	w.still = true
	w.model.bounds()
	w.model.late()
	w.model.maps()
	w.model.presence()
	w.model.converged()
	w.model.disk(true)
	w.model.partials()
	w.model.untold()
	w.embedded(true)
	w.model.drained()
	w.model.unanswered()
	w.model.unheard()
	w.model.undelivered()
	if w.failure != nil {
		return
	}
	w.stage = stopping
	w.trace.tell(w.now(), "world", "the server is stopped")
	for _, c := range w.clients {
		c.gone = true
		w.agenda.drop(c.again)
		if c.real != nil {
			c.real.cancel()
		}
	}
	l := w.life
	if l == nil || l.dead.Load() || l.stopping {
		w.fail("run", "a server that lives", "it does not")
		return
	}
	began := w.now()
	w.at(began+shutdownEnds, "", func() { w.fail("leak", "a shutdown that ends", "it has lasted %v", w.now()-began) })
	l.shutDown(time.Minute, func(err, served error) { w.stopped(l, began, err, served) })
}

// stopped checks what a shutdown has left.
func (w *World) stopped(l *life, began time.Duration, err, served error) {
	for _, e := range l.drained() {
		w.model.event(l, e)
	}
	if (err != nil && l.diskHits.Load() == 0) || served != nil {
		w.fail("G2", "a shutdown in good order", "after %v: %v, %v", w.now()-began, err, served)
	}
	if n := len(w.model.live) + len(w.model.waiting); n > 0 && w.failure == nil {
		w.fail("G2", "a termination for every connection", "%d have none after the shutdown", n)
	}
	if c := l.s.Counters(); w.failure == nil {
		w.counters(c)
	}
	l.dead.Store(true)
	w.stage = over
}
