package simulations

import (
	"fmt"
	"time"

	"example.com/rollcall/wire"
)

// churn is much news for watchers that cannot keep up: a short history, narrow
// links, slow readers, and watches that go on from long ago.
func churn(d *drawer) {
	d.lasts(4 * time.Minute)
	d.plan.Server = quickServer
	s := &d.plan.Server
	s.Timeout = 20 * time.Second
	s.WriteTimeout = time.Minute
	s.History = 1 + d.rng.IntN(8)
	if chance(d.rng, 0.5) {
		s.FlushInterval = between(d.rng, time.Millisecond, 2*time.Second)
	}
	if chance(d.rng, 0.3) {
		s.Grace = between(d.rng, 100*time.Millisecond, 5*time.Second).Round(time.Millisecond)
	}
	watchers := 3
	d.fleet(11, func(i int, c *ClientPlan) {
		c.Everyone, c.Names = i < watchers, nil
		c.Reconnect = between(d.rng, 20*time.Millisecond, 2*time.Second)
		switch {
		case i >= watchers:
			c.User = fmt.Sprintf("user-%d", i)
		case chance(d.rng, 0.7):
			c.Down.Window, c.Down.Segment = 128+d.rng.IntN(512), 64
		}
		if i == watchers {
			c.Names = []string{"user-4", "user-5"}
		}
	})
	n := len(d.plan.Clients)
	watchers = min(watchers, n)
	for range d.many(450, 1) {
		kind := []string{"logout", "fin", "reset", "bye"}[d.rng.IntN(4)]
		if at := d.rng.IntN(n); at >= watchers && d.allowed(kind) {
			d.op(Op{Kind: kind, Client: at})
		}
	}
	for range d.many(30, 1) {
		op := Op{Kind: []string{"slow", "stale", "stale", "rewatch", "freeze"}[d.rng.IntN(5)], Client: d.rng.IntN(watchers), N: d.rng.IntN(700)}
		op.For = between(d.rng, 20*time.Millisecond, 4*time.Second)
		if op.Kind == "slow" {
			op.For /= 10
		}
		if op.Kind == "stale" {
			op.At = d.plan.Duration*3/4 + between(d.rng, 0, d.plan.Duration/4)
		}
		if d.allowed(op.Kind) {
			d.op(op)
		}
	}
}

func init() {
	// It watches again, and says that it knows nothing newer than N versions ago.
	peerOps["stale"] = func(p *peer, op *Op) {
		v := &p.c.view
		if p != p.c.peer || !p.loggedIn || v.asking != nil || !v.has || !p.c.plan.Everyone {
			return
		}
		m := &wire.Watch{Request: p.ask("watch", ""), Everyone: true}
		v.ask(p, m)
		m.Version -= min(m.Version, uint64(max(op.N, 0))) //nolint:gosec // not negative
		p.send(m)
	}
}
