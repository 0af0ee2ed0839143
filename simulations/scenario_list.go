package simulations

import (
	"fmt"
	"slices"
	"time"
)

var scenarios = []scenario{
	{"office", "people at desks: quiet links, few faults, all kinds of ends", office},
	{"mobile", "phones: links that come, go, fall silent and change their address", mobile},
	{"storm", "everybody goes at once and comes back at once, with accept failures", storm},
	{"reconnect-race", "few clients that come back before the server has noticed that they went", reconnectRace},
	{"hostile", "clients that break the protocol, flood, do not read, and never say hello", hostile},
	{"panics", "the server's own defects: panics at every place, with traffic", panics},
	{"crowd", "very many clients that are mostly silent, for a day", crowd},
	{"transfers", "real clients send and fetch files while links and disks fail", transfers},
	{"churn", "users who come and go all the time, and watchers that read slowly or were away for long", churn},
	{"bulk", "much data for clients with slow links: nothing that is alive is taken for dead", bulk},
	{"traffic", "all that good clients say: one-way messages, watches that grow and end, files for everyone", traffic},
	{"crash", "a server that crashes and comes back on the disk that it left", crash},
	{"swarm", "the seed draws the configuration, the fleet, and which faults are on", swarm},
}

var quickServer = ServerPlan{Interval: 4 * time.Second, Timeout: 10 * time.Second, MinTimeout: 8 * time.Second}

func office(d *drawer) {
	d.lasts(10 * time.Minute)
	d.plan.Server = ServerPlan{Interval: 15 * time.Second, Timeout: 30 * time.Second, MinTimeout: 8 * time.Second}
	d.fleet(8, func(int, *ClientPlan) {})
	d.faults(40, "bye", "fin", "reset", "half", "vanish", "freeze", "cut", "send", "send", "request", "logout", "double", "hang")
}

func mobile(d *drawer) {
	d.lasts(10 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.Grace = 15 * time.Second
	d.fleet(10, func(i int, c *ClientPlan) {
		c.Up = Conditions{Latency: between(d.rng, 20*time.Millisecond, 400*time.Millisecond), Jitter: 300 * time.Millisecond, Bandwidth: 20_000}
		c.Down = c.Up
		c.NAT = i % 3
		if i%4 == 3 {
			c.Kind = "client"
		}
	})
	d.faults(80, "vanish", "roam", "roam", "rebind", "cut", "cut", "mute-up", "mute-down", "freeze", "send", "bye", "reset")
}

func storm(d *drawer) {
	d.lasts(5 * time.Minute)
	d.plan.Server = quickServer
	d.fleet(40, func(int, *ClientPlan) {})
	for n := range d.rounds(3 * len(d.plan.Clients)) {
		for _, at := range []time.Duration{30 * time.Second, 2 * time.Minute, 4 * time.Minute} {
			kind := []string{"fin", "reset", "vanish", "roam", "half"}[d.rng.IntN(5)]
			at += time.Duration(n) * 5 * time.Minute
			for i := range d.plan.Clients {
				if chance(d.rng, 0.9) && d.allowed(kind) {
					d.op(Op{At: at + between(d.rng, 0, 3*time.Millisecond), Kind: kind, Client: i})
				}
			}
		}
	}
	d.faults(6, "emfile", "stall", "send")
}

func reconnectRace(d *drawer) {
	d.lasts(3 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.Policy = d.rng.IntN(2)
	d.plan.Server.Authenticate = true
	d.plan.Server.LoginMax = between(d.rng, 0, 3*time.Second)
	d.plan.Slow = []string{"", "", "users", "registry", "/read", "connection/1"}[d.rng.IntN(6)]
	d.fleet(4, func(i int, c *ClientPlan) {
		c.Identifier = fmt.Sprintf("device-%d", i/2)
		c.User = fmt.Sprintf("user-%d", i/2)
		c.Reconnect = between(d.rng, time.Millisecond, 200*time.Millisecond)
		c.Everyone = true
	})
	d.faults(80, "fin", "reset", "vanish", "roam", "rebind", "double", "half", "bye", "logout", "reset")
}

func hostile(d *drawer) {
	d.lasts(5 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.QueueBytes, d.plan.Server.QueueFrames = 64<<10, 256
	d.plan.Server.WriteTimeout = 8 * time.Second
	d.plan.Server.MaxConnections = 64
	d.fleet(10, func(i int, c *ClientPlan) {
		if i%2 == 0 {
			c.Down.Window = 4 << 10
			c.Down.Segment = 64
			c.Up.Segment = 5
		}
	})
	d.faults(100, "garbage", "huge", "half", "corrupt", "slow", "flood", "send", "request", "shake", "silent", "early", "hang", "reset", "badlogin", "rebind")
}

func panics(d *drawer) {
	d.lasts(5 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.Authenticate = true
	d.fleet(8, func(int, *ClientPlan) {})
	d.faults(60, "panic", "panic", "panic", "fin", "reset", "vanish", "bye", "send", "logout", "request", "double")
	// What a stall has gathered is handled at one moment, and the registry panics in
	// the midst of it.
	for range d.many(2, 8) {
		at := between(d.rng, 0, d.plan.Duration)
		what := []string{"registry actors.ended", "registry actors.register", "registry actors.accepted"}[d.rng.IntN(3)]
		briefs := []Op{{At: at, Kind: "stall", For: 3 * time.Second}, {At: at, Kind: "panic", Text: what, N: 1}}
		for range 3 + d.rng.IntN(4) {
			briefs = append(briefs, Op{At: at + between(d.rng, 0, time.Second), Kind: "brief", Client: d.somebody()})
		}
		for _, op := range briefs {
			if d.allowed(op.Kind) {
				d.op(op)
			}
		}
	}
}

func crash(d *drawer) {
	d.lasts(5 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.Roll = true
	d.plan.Server.GraceRestart = between(d.rng, time.Second, 30*time.Second)
	if chance(d.rng, 0.3) {
		d.plan.Server.Grace = between(d.rng, time.Second, 10*time.Second)
	}
	d.fleet(8, func(_ int, c *ClientPlan) {
		c.Reconnect = between(d.rng, 100*time.Millisecond, 20*time.Second)
	})
	d.faults(8, "crash", "crash", "crash", "restart", "disk")
	d.faults(40, "bye", "fin", "reset", "vanish", "logout", "double", "wall", "send")
}

func crowd(d *drawer) {
	d.lasts(time.Hour)
	d.plan.Server = ServerPlan{Interval: 4 * time.Minute, Timeout: 10 * time.Minute, MinTimeout: 10 * time.Minute}
	d.fleet(200, func(i int, c *ClientPlan) {
		c.Everyone = i < 3
		c.Start = between(d.rng, 0, time.Minute)
		c.Reconnect = 30 * time.Second
	})
	d.faults(max(len(d.plan.Clients)/20, 20), "vanish", "fin", "reset", "half", "hang", "roam", "freeze", "bye", "send")
	// Snapshots of more users than a few are kept for those who ask next.
	d.aside(func() {
		for i := range min(3, len(d.plan.Clients)) {
			for range d.many(4, 1) {
				if op := (Op{Kind: "unwatch", Client: i, For: between(d.rng, time.Millisecond, 20*time.Second)}); d.allowed(op.Kind) {
					d.op(op)
				}
			}
		}
	})
}

func transfers(d *drawer) {
	d.lasts(4 * time.Minute)
	d.plan.Server = quickServer
	d.plan.Server.Files = true
	d.plan.Server.FileGrace = between(d.rng, time.Second, 30*time.Second)
	d.plan.Server.Roll = chance(d.rng, 0.3)
	d.fleet(5, func(i int, c *ClientPlan) {
		if i > 0 {
			c.Kind = "client"
		}
		c.Up.Bandwidth = 20_000 + d.rng.IntN(2_000_000)
		c.Down.Bandwidth = 20_000 + d.rng.IntN(2_000_000)
	})
	d.faults(30, "put", "put", "put", "get", "get", "relay")
	d.faults(20, "reset", "cut", "mute-up", "mute-down", "freeze", "bye", "disk", "crash", "restart", "send", "tamper", "tamper",
		"logout", "roam", "rebind", "vanish")
	d.later(8, "publish")
}

// faultKinds are what swarm draws. The order is a part of what a seed means.
var faultKinds = []string{
	"bye", "fin", "reset", "half", "vanish", "hang", "mute-up", "mute-down", "freeze", "cut", "roam", "rebind", "double",
	"login", "logout", "send", "request", "garbage", "huge", "slow", "corrupt", "kick", "stall", "wall", "panic", "emfile",
	"flood", "shake", "silent", "early", "badlogin", "rewatch", "crash", "restart", "disk", "put", "get", "relay",
	"tamper",
}

// fileKinds are those that matter to transfers alone.
var fileKinds = []string{"put", "get", "relay", "tamper"}

// filesMatter sees to it that there are files, and clients that send them.
func (d *drawer) filesMatter() {
	s := &d.plan.Server
	s.Files = true
	if s.FileGrace == 0 {
		s.FileGrace = between(d.rng, 100*time.Millisecond, 40*time.Second)
	}
	for i := range d.plan.Clients {
		if i%3 > 0 || len(d.plan.Clients) < 3 {
			d.plan.Clients[i].Kind = "client"
		}
	}
}

// swarm draws everything. A fault is on or off for the whole run, and those that
// are on are weighed at random: a run with few kinds finds what a run with all of
// them hides.
func swarm(d *drawer) {
	d.lastsUpTo(time.Minute, 12*time.Minute)
	d.many(130, 1) // the most that it draws: what is too much is so for every seed
	r := d.rng
	interval := between(r, time.Second, 15*time.Second).Round(time.Millisecond)
	d.plan.Server = ServerPlan{
		Interval: interval, Timeout: (interval*2 + between(r, 0, 10*time.Second)).Round(time.Millisecond),
		MinTimeout: 2 * time.Second, HandshakeTimeout: between(r, 2*time.Second, 10*time.Second),
		Linger: between(r, 100*time.Millisecond, 2*time.Second), Policy: r.IntN(3), History: 1 + r.IntN(40),
	}
	s := &d.plan.Server
	s.Recent = 2 * s.History // no number of its own: what a seed means stays
	if chance(r, 0.5) {
		s.Grace = between(r, 100*time.Millisecond, 30*time.Second).Round(time.Millisecond)
	}
	if chance(r, 0.5) {
		s.Authenticate = true
		s.LoginTimeout = between(r, 500*time.Millisecond, 5*time.Second)
		s.LoginMin = between(r, 0, 100*time.Millisecond)
		s.LoginMax = between(r, 0, 6*time.Second)
	}
	if chance(r, 0.3) {
		s.QueueBytes, s.QueueFrames = 16<<10+r.IntN(64<<10), 64+r.IntN(500)
		s.WriteTimeout = between(r, 2*time.Second, 20*time.Second)
	}
	if chance(r, 0.3) {
		s.Credits = 2 + r.IntN(30)
	}
	if chance(r, 0.2) {
		s.MaxConnections = 4 + r.IntN(20)
	}
	if chance(r, 0.2) {
		s.MaxSessions = 1 + r.IntN(3)
	}
	if chance(r, 0.3) {
		s.FlushInterval = between(r, time.Millisecond, 500*time.Millisecond)
	}
	if chance(r, 0.4) {
		s.Roll, s.GraceRestart = true, between(r, 100*time.Millisecond, 40*time.Second)
	}
	if chance(r, 0.3) {
		s.Files, s.FileGrace = true, between(r, 100*time.Millisecond, 40*time.Second)
	}
	d.plan.Slow = []string{"", "", "", "users", "registry", "/read", "/write", "connection/"}[r.IntN(8)]
	users := 1 + r.IntN(8)
	link := func() Conditions {
		c := Conditions{Latency: between(r, 100*time.Microsecond, 300*time.Millisecond), Jitter: between(r, 0, 200*time.Millisecond)}
		if chance(r, 0.2) {
			c.Bandwidth = 500 + r.IntN(50_000)
		}
		if chance(r, 0.3) {
			c.Segment = 1 + r.IntN(40)
		}
		if chance(r, 0.3) {
			c.Tiny = true
		}
		if chance(r, 0.2) {
			c.Window = 64 + r.IntN(4<<10)
		}
		return c
	}
	d.fleet(2+r.IntN(10), func(_ int, c *ClientPlan) {
		c.User = fmt.Sprintf("user-%d", r.IntN(users))
		c.Identifier = fmt.Sprintf("device-%d", r.IntN(users*2))
		c.Up, c.Down = link(), link()
		c.Reconnect = between(r, time.Millisecond, 10*time.Second)
		c.Everyone = chance(r, 0.4)
		if !c.Everyone && chance(r, 0.3) {
			c.Names = []string{"user-0", fmt.Sprintf("user-%d", 1+r.IntN(users))}
		}
		if chance(r, 0.2) {
			c.Interval = between(r, time.Second, 5*time.Second).Round(time.Millisecond)
			c.Timeout = c.Interval * 3
		}
		if chance(r, 0.2) {
			c.NAT = 1
		}
		if chance(r, 0.25) {
			c.Kind = "client"
		}
	})
	var on []string
	for _, kind := range faultKinds {
		if chance(r, 0.35) {
			for range 1 + r.IntN(4) {
				on = append(on, kind)
			}
		}
	}
	if len(on) == 0 {
		on = faultKinds
	}
	if slices.ContainsFunc(on, func(kind string) bool { return slices.Contains(fileKinds, kind) }) && chance(r, 0.3) {
		on = append(on, "put", "put", "put")
		d.filesMatter()
	}
	d.faults(10+r.IntN(120), on...)
	d.laterSwarm()
}
