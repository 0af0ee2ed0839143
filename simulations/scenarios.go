package simulations

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/rollcall/actors/disk/faultdisk"
)

// Params are what a scenario's plan is drawn from, beside the seed.
type Params struct {
	Seed     uint64
	Clients  int           // 0: as many as the scenario likes
	Duration time.Duration // 0: as long as the scenario likes
	Faults   []string      // only these, of those of [Faults] that the scenario has; nil: all
	Density  float64       // of faults; 0: 1
}

// scenario draws a plan.
type scenario struct {
	name  string
	about string
	make  func(d *drawer)
}

// drawer draws a plan.
type drawer struct {
	Params
	rng  *rand.Rand
	plan Plan
}

// Scenarios names the scenarios and says what each is about.
func Scenarios() (names, about []string) {
	for _, s := range scenarios {
		names, about = append(names, s.name), append(about, s.about)
	}
	return names, about
}

// NewPlan draws the plan of a scenario. The same scenario, parameters and seed
// give the same plan.
func NewPlan(name string, p Params) (Plan, error) {
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
	if i < 0 {
		names, _ := Scenarios()
		return Plan{}, fmt.Errorf("simulations: no scenario %q; there are %v", name, names)
	}
	if err := knownFaults(p.Faults); err != nil {
		return Plan{}, err
	}
	d := &drawer{Params: p, rng: stream(p.Seed, "plan/"+name)}
	if d.Density == 0 {
		d.Density = 1
	}
	d.plan = Plan{Scenario: name, Seed: p.Seed, Duration: p.Duration}
	scenarios[i].make(d)
	slices.SortStableFunc(d.plan.Ops, func(a, b Op) int { return int(a.At - b.At) })
	return d.plan, nil
}

// fleet draws the clients, unless there are some: n of them, or as many as were
// asked for.
func (d *drawer) fleet(n int, each func(i int, c *ClientPlan)) {
	if d.Clients > 0 {
		n = d.Clients
	}
	for i := range n {
		c := ClientPlan{
			Kind: "peer", User: fmt.Sprintf("user-%d", i), Identifier: fmt.Sprintf("device-%d", i),
			Reconnect: 2 * time.Second, Start: between(d.rng, 0, 2*time.Second),
			Up:   Conditions{Latency: between(d.rng, 200*time.Microsecond, 40*time.Millisecond), Jitter: 5 * time.Millisecond},
			Down: Conditions{Latency: between(d.rng, 200*time.Microsecond, 40*time.Millisecond), Jitter: 5 * time.Millisecond},
		}
		if i%3 == 0 {
			c.Everyone = true
		}
		each(i, &c)
		d.plan.Clients = append(d.plan.Clients, c)
	}
}

func (d *drawer) lasts(fallback time.Duration) {
	if d.plan.Duration == 0 {
		d.plan.Duration = fallback
	}
}

// op adds an operation at a random time.
func (d *drawer) op(op Op) {
	if op.At == 0 {
		op.At = between(d.rng, 0, d.plan.Duration)
	}
	d.plan.Ops = append(d.plan.Ops, op)
}

// somebody draws a client.
func (d *drawer) somebody() int { return d.rng.IntN(len(d.plan.Clients)) }

// allowed tells whether a fault was asked for.
func (d *drawer) allowed(kind string) bool { return d.Faults == nil || slices.Contains(d.Faults, kind) }

// fault draws one fault of a kind, with what it takes.
func (d *drawer) fault(kind string) {
	if !d.allowed(kind) {
		return
	}
	op := Op{Kind: kind, Client: d.somebody()}
	longest := 3 * d.plan.Server.timeout()
	switch kind {
	case "freeze", "cut", "mute-up", "mute-down":
		op.For = between(d.rng, time.Millisecond, longest)
	case "stall":
		op.For = between(d.rng, time.Millisecond, longest)
		op.Client = 0
	case "crash":
		op.Client, op.For, op.N = 0, between(d.rng, time.Millisecond, 20*time.Second), d.rng.IntN(2)
		op.Text = string(faultdisk.Outcomes()[d.rng.IntN(4)])
	case "restart":
		op.Client, op.For = 0, between(d.rng, time.Millisecond, 20*time.Second)
	case "disk":
		op.Client, op.For, op.N = 0, between(d.rng, time.Millisecond, time.Minute), 1+d.rng.IntN(100)
		op.Text = []string{"full", "broken", "read-only", "slow"}[d.rng.IntN(4)]
	case "wall":
		op.For = between(d.rng, -time.Hour, time.Hour)
		op.Client = 0
	case "emfile":
		op.For = between(d.rng, time.Millisecond, 20*time.Second)
		op.Client = 0
	case "login":
		op.Text = d.plan.Clients[d.somebody()].User
	case "flood":
		op.To, op.N = d.somebody(), d.rng.IntN(1000)
	case "badlogin", "rewatch", "silent", "corrupt":
		op.N = d.rng.IntN(100)
	case "tamper":
		op.N = 1 + d.rng.IntN(3)
	case "logout":
		op.For = between(d.rng, 0, 5*time.Second)
	case "half", "garbage":
		op.N = d.rng.IntN(64)
	case "slow":
		op.For = between(d.rng, time.Millisecond, 2*time.Second)
	case "panic":
		op.Client = 0
		op.Text = panicPoints[d.rng.IntN(len(panicPoints))]
		op.N = 1 + d.rng.IntN(2)
	case "put", "relay", "get":
		op.To, op.N, op.For = d.somebody(), d.rng.IntN(1<<(4+d.rng.IntN(16))), between(d.rng, time.Second, 2*time.Minute)
	case "send":
		op.To, op.N, op.Text = d.somebody(), 1+d.rng.IntN(20), "hello"
	case "request":
		op.Text, op.N = []string{"echo", "late", "panics", "nobody"}[d.rng.IntN(4)], 1+d.rng.IntN(5)
	}
	d.op(op)
}

// panicPoints are where a panic hurts.
var panicPoints = []string{
	"registry actors.ended", "registry actors.register", "registry actors.accepted", "registry actors.sweep",
	"users actors.terminated", "users actors.established", "users actors.loginUser", "users actors.watchUsers",
	"users *actors.delivery", "users actors.flushDue", "users actors.graceDue", "users actors.logoutUser",
	"connection actors.inbound", "connection actors.written", "connection actors.tick", "connection actors.registered",
	"connection actors.readEnded", "connection actors.readerExit", "connection actors.released", "connection actors.loginDone",
	"connection *actors.presenceUpdate", "connection actors.watchState", "connection *actors.delivery", "connection actors.stopConnection",
	"connection actors.delivered", "connection actors.reply",
}

// faults draws so many faults of the kinds, weighed alike.
func (d *drawer) faults(n int, kinds ...string) {
	for range int(float64(n) * d.Density) {
		d.fault(kinds[d.rng.IntN(len(kinds))])
	}
}
