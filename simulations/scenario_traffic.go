package simulations

import (
	"fmt"
	"time"
)

// traffic is all that good clients say to a server, with few faults: one-way
// messages, watches that grow and end, several sessions of a user, and files for
// everyone.
func traffic(d *drawer) {
	d.lasts(4 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.Files = true
	d.plan.Server.FileGrace = between(d.rng, time.Second, 20*time.Second)
	if chance(d.rng, 0.5) {
		d.plan.Server.Credits = 4 + d.rng.IntN(40)
	}
	d.fleet(9, func(i int, c *ClientPlan) {
		c.User = fmt.Sprintf("user-%d", i%6)
		switch {
		case i%3 == 1:
			c.Names = []string{"user-0", fmt.Sprintf("user-%d", 1+d.rng.IntN(5))}
		case i%9 == 5, i%9 == 8:
			c.Kind = "client"
		}
	})
	d.faults(40, "count", "count", "app", "watch", "watch", "unwatch", "send", "send", "publish")
	d.faults(20, "logout", "bye", "fin", "reset", "vanish", "double", "roam", "freeze", "rewatch")
}

// laterKinds are what was added after there were seeds to be kept: each scenario
// draws them from a source of their own, behind all others, so that what a seed
// has meant before is a part of what it means now.
var laterKinds = []string{"app", "count", "watch", "unwatch", "publish"}

// aside draws from a source of its own.
func (d *drawer) aside(draw func()) {
	before := d.rng
	d.rng = stream(d.Seed, "plan/"+d.plan.Scenario+"/later")
	draw()
	d.rng = before
}

// later draws so many faults of the kinds that were added later.
func (d *drawer) later(n int, kinds ...string) {
	d.aside(func() { d.faults(n, kinds...) })
}

// laterSwarm picks which of them are on, as swarm does.
func (d *drawer) laterSwarm() {
	d.aside(func() {
		var on []string
		for _, kind := range laterKinds {
			if chance(d.rng, 0.35) {
				on = append(on, kind)
			}
		}
		if len(on) > 0 {
			d.faults(d.rng.IntN(30), on...)
		}
	})
}

// laterFault draws what one of them takes.
func (d *drawer) laterFault(op *Op) {
	r := d.rng
	switch op.Kind {
	case "app":
		op.Text, op.N = []string{"said", "said", "nobody"}[r.IntN(3)], 1+r.IntN(5)
	case "count":
		op.N, op.For = 1+r.IntN(6), time.Duration(r.IntN(1<<(4+r.IntN(11))))
	case "watch":
		op.To, op.N = d.somebody(), 1+r.IntN(3)
		op.Text = []string{"", "twice", "twice", "everyone", "everyone twice"}[r.IntN(5)]
	case "unwatch":
		op.To, op.For = d.somebody(), between(r, time.Millisecond, 20*time.Second)
		if chance(r, 0.3) {
			op.Text = "one"
		}
	case "publish":
		op.To, op.N, op.For = d.somebody(), r.IntN(1<<(4+r.IntN(14))), between(r, time.Second, 2*time.Minute)
		if chance(r, 0.3) {
			op.Text = "unnamed"
		}
	}
}
