package simulations

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"example.com/rollcall/actors/disk/faultdisk"
)

// Params are what a scenario's plan is drawn from. What is zero is as the scenario
// likes it.
type Params struct {
	Seed    uint64
	Clients int // how many, at most 1,000,000
	// Duration is how long the run lasts in virtual time, at most ten years. A run
	// that is longer than the scenario's own has as many faults an hour as that; a
	// shorter one has as many in all.
	Duration time.Duration
	Faults   []string // only these, of those of [Faults] that the scenario has; nil: all
	Density  float64  // of faults, a multiple of what the scenario has: at most 1000; 0: 1
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
	rng     *rand.Rand
	plan    Plan
	growth  float64 // how many times the scenario's own length the plan lasts; at least 1
	tooMany bool    // operations, for any plan
}

// Scenarios names the scenarios and says what each is about.
func Scenarios() (names, about []string) {
	for _, s := range scenarios {
		names, about = append(names, s.name), append(about, s.about)
	}
	return names, about
}

// NewPlan draws the plan of a scenario. The same scenario, parameters and seed
// give the same plan. The error wraps [ErrPlan]: a parameter is out of its bounds,
// there would be more operations than a plan may have, or the scenario has none of
// the faults that are named.
func NewPlan(name string, p Params) (Plan, error) {
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
	if i < 0 {
		names, _ := Scenarios()
		return Plan{}, fmt.Errorf("%w: no scenario %q; there are %s", ErrPlan, name, strings.Join(names, ", "))
	}
	if err := p.Validate(); err != nil {
		return Plan{}, err
	}
	d := scenarios[i].draw(p)
	if d.tooMany {
		return Plan{}, fmt.Errorf("%w: %s for %v, with %d clients and density %v, would have more than %d operations: fewer clients, a shorter time or a lower density have less",
			ErrPlan, name, d.plan.Duration, len(d.plan.Clients), d.Density, maxDrawnOps)
	}
	if len(d.plan.Ops) == 0 && len(p.Faults) > 0 {
		if has := scenarios[i].faults(); !slices.ContainsFunc(p.Faults, func(f string) bool { return slices.Contains(has, f) }) {
			return Plan{}, fmt.Errorf("%w: %s has none of the faults %s; it has %s", ErrPlan, name, strings.Join(p.Faults, ", "), strings.Join(has, ", "))
		}
	}
	return d.plan, nil
}

// draw draws a plan from valid parameters.
func (s *scenario) draw(p Params) *drawer {
	d := &drawer{Params: p, rng: stream(p.Seed, "plan/"+s.name), growth: 1}
	if d.Density == 0 {
		d.Density = 1
	}
	d.plan = Plan{Scenario: s.name, Seed: p.Seed, Duration: p.Duration}
	s.make(d)
	slices.SortStableFunc(d.plan.Ops, func(a, b Op) int { return int(a.At - b.At) })
	return d
}

// faults names those that the scenario has: what so many of its plans hold, of
// which each holds many.
func (s *scenario) faults() []string {
	has := map[string]bool{}
	for seed := range uint64(64) {
		for _, op := range s.draw(Params{Seed: seed}).plan.Ops {
			has[op.Kind] = true
		}
	}
	return slices.Sorted(maps.Keys(has))
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

// lasts says how long the scenario lasts by itself.
func (d *drawer) lasts(own time.Duration) {
	if d.plan.Duration == 0 {
		d.plan.Duration = own
	}
	d.growth = max(float64(d.plan.Duration)/float64(own), 1)
}

// lastsUpTo is for a scenario that draws how long it lasts by itself.
func (d *drawer) lastsUpTo(shortest, longest time.Duration) {
	own := between(d.rng, shortest, longest)
	if d.plan.Duration == 0 {
		d.plan.Duration = own
	}
	d.lasts(longest)
}

// maxDrawnOps bounds the operations of one part of a scenario.
const maxDrawnOps = 1_000_000

// many is how often something happens that happens n times in the scenario by
// itself, with so many operations each at most.
func (d *drawer) many(n, each int) int {
	times := float64(n) * d.Density * d.growth
	if times*float64(each) > maxDrawnOps {
		d.tooMany = true
		return 0
	}
	return int(times)
}

// rounds is how often the scenario's own length fits into the plan, begun ones
// included; each adds so many operations at most.
func (d *drawer) rounds(each int) int {
	n := math.Ceil(d.growth)
	if n*float64(each) > maxDrawnOps {
		d.tooMany = true
		return 0
	}
	return int(n)
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
	default:
		d.laterFault(&op)
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
	for range d.many(n, 1) {
		d.fault(kinds[d.rng.IntN(len(kinds))])
	}
}
