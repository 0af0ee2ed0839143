package simulations

import (
	"time"

	"example.com/rollcall/wire"
)

// News, a part of G3: a watcher of everyone, whose link is idle, has been told of
// every change that is older than a flush interval.

// flushes is the server's default flush interval, where the plan has none.
const flushes = 2 * time.Millisecond

// news is called when nothing moves.
func (m *model) news() {
	w := m.w
	if m.life == nil || m.life.held.Load() || m.life.stopping || m.panics > 0 || w.stage >= stopping {
		return
	}
	limit := w.now() - either(w.plan.Server.FlushInterval, flushes) - granule
	for _, c := range w.watchers {
		p := c.peer
		if p == nil || p.over || !p.loggedIn || c.held.Load() || !c.view.set.everyone {
			continue
		}
		k, v := p.link, &c.view
		told, ok := v.floor[p]
		if !ok || told >= m.version || v.asking != nil || k.life != m.life || k.over || k.facts.byed != wire.ReasonNone {
			continue
		}
		d := k.down
		if d.under > 0 || d.silent || len(d.stuck) > 0 || d.writer != nil || d.crowded || d.ended || d.reset != nil || k.corrupts || k.up.reset != nil || k.dead {
			continue
		}
		if x, ok := m.changes[told+1]; ok && x.at < limit && m.stallEnded < x.at {
			w.fail("G3", "news within the flush interval", "%s was told up to version %d; %d was made at %v", c.name, told, told+1, x.at)
			return
		}
	}
}
