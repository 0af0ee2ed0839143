package simulations

import (
	"context"
	"runtime"

	"example.com/rollcall/supervisor"
)

// G6, bounds: what is held for each connection and each client has a bound, and
// goes with it.

// perConnection and perClient bound the goroutines of one: the server's reader,
// writer, handlers and timers; a real client's.
const (
	perConnection = 8
	perClient     = 12
	perServer     = 60
)

// bounds checks, when everything was healed and had its time, that nothing is
// held for those who are gone.
func (m *model) bounds() {
	w := m.w
	n := runtime.NumGoroutine()
	if most := perServer*(w.lives+1) + perConnection*(len(m.live)+len(m.waiting)) + perClient*len(w.clients); n > most && w.alone {
		w.fail("G6", "goroutines for "+itoa(uint64(len(m.live)))+" connections at most", "%d", n)
	}
	w.query(func(ctx context.Context, s *supervisor.Supervisor) {
		c, err := s.Counts(ctx)
		if err != nil {
			w.fail("G6", "an answer to Counts", "%v", err)
			return
		}
		if most := w.plan.Server.MaxConnections; most > 0 && c.Connections+c.Handshaking > most {
			w.fail("G6", "no more connections than allowed", "%d of %d", c.Connections+c.Handshaking, most)
		}
		if c.Watchers > c.Connections || c.Sessions > c.Connections {
			w.fail("G6", "at most one session and one watcher for each connection", "%+v", c)
		}
		if recent := w.plan.Server.Recent; recent > 0 {
			if p, err := s.Terminations(ctx, 0, recent+1, nil); err == nil && len(p.Terminations) > recent {
				w.fail("G6", "no more terminations kept than allowed", "%d", len(p.Terminations))
			}
		}
	})
}
