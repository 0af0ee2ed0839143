package simulations

import "time"

// bulk is more data than the links carry: heartbeats have to pass it (N21).
func bulk(d *drawer) {
	d.lasts(4 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.Timeout = between(d.rng, 18*time.Second, 25*time.Second).Round(time.Millisecond)
	d.plan.Server.WriteTimeout = 30 * time.Second
	d.fleet(6, func(i int, c *ClientPlan) {
		if i%2 == 0 {
			c.Down.Bandwidth = 12_000 + d.rng.IntN(10_000)
			c.Down.Window = 2<<10 + d.rng.IntN(4<<10)
		}
		if i%3 == 0 {
			c.Up.Bandwidth = 2000 + d.rng.IntN(20_000)
		}
		c.Reconnect = between(d.rng, 100*time.Millisecond, 3*time.Second)
	})
	n := len(d.plan.Clients)
	for range d.many(4, 9) {
		to, at := 2*d.rng.IntN((n+1)/2), between(d.rng, 0, d.plan.Duration)
		for i := range 9 {
			op := Op{At: at + time.Duration(i)*50*time.Millisecond, Kind: "flood", Client: (to + 1 + i%max(n-1, 1)) % n, To: to, N: 399}
			if d.allowed(op.Kind) {
				d.op(op)
			}
		}
	}
	d.faults(10, "send", "vanish", "reset", "logout", "mute-down", "freeze")
}
