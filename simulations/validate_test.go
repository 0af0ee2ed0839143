package simulations

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// What scenarios draw is a valid plan of faults that have names; a fault that no
// scenario has is refused.
func TestDrawnPlansAreValid(t *testing.T) {
	names, _ := Scenarios()
	for _, name := range names {
		for seed := range uint64(50) {
			p := plan(t, name, seed)
			if err := p.Validate(); err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			for _, op := range p.Ops {
				if !slices.Contains(Faults(), op.Kind) {
					t.Fatalf("%s is a fault without a name", op.Kind)
				}
			}
		}
	}
	for _, fault := range Faults() {
		scenario := "swarm"
		switch fault {
		case "brief":
			scenario = "panics"
		case "stale":
			scenario = "churn"
		}
		if _, err := NewPlan(scenario, Params{Faults: []string{fault}}); err != nil || !knownOp(fault) {
			t.Errorf("%s: %v", fault, err)
		}
	}
	if _, err := NewPlan("swarm", Params{Faults: []string{"reset", "nofault"}}); err == nil || !strings.Contains(err.Error(), "rebind, relay, request") {
		t.Error(err)
	}
}

// A file that holds no plan is an error, and so is a plan that cannot be lived.
func TestBadPlansAreRefused(t *testing.T) {
	good := func() Plan {
		return Plan{Duration: time.Minute, Clients: []ClientPlan{{Kind: "peer"}}, Ops: []Op{{Kind: "reset"}, {Kind: "wall", For: -time.Hour}}}
	}
	p := good()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	for words, spoil := range map[string]func(*Plan){
		"duration is 0s":                      func(p *Plan) { p.Duration = 0 },
		"there are 0 clients":                 func(p *Plan) { p.Clients = nil },
		"not peer or client":                  func(p *Plan) { p.Clients[0].Kind = "" },
		"client 0: a number of its links":     func(p *Plan) { p.Clients[0].Up.Latency = -1 },
		"client 0: a number is negative":      func(p *Plan) { p.Clients[0].Reconnect = -1 },
		`operation 1: no kind "nothing"`:      func(p *Plan) { p.Ops[1].Kind = "nothing" },
		"operation 0: reset: a number is neg": func(p *Plan) { p.Ops[0].N = -1 },
		"operation 0: reset: a time is neg":   func(p *Plan) { p.Ops[0].For = -1 },
		"operation 0: send: a number is too":  func(p *Plan) { p.Ops[0].Kind, p.Ops[0].For = "send", time.Hour },
		"duration is 87600h0m0.000000001s":    func(p *Plan) { p.Duration = maxDuration + 1 },
		"client 0: a time is too long":        func(p *Plan) { p.Clients[0].Reconnect = 1 << 62 },
		"client 0: a time of its links":       func(p *Plan) { p.Clients[0].Down.Jitter = 1 << 62 },
		`no actor is named by "nobody x.y"`:   func(p *Plan) { p.Ops[0].Kind, p.Ops[0].Text = "panic", "nobody x.y" },
		`no actor is named by ""`:             func(p *Plan) { p.Ops[0].Kind = "panic" },
		`crash: no outcome "soft"`:            func(p *Plan) { p.Ops[0].Kind, p.Ops[0].Text = "crash", "soft" },
		`disk: no trouble "wet"`:              func(p *Plan) { p.Ops[0].Kind, p.Ops[0].Text = "disk", "wet" },
		"the policy is 7":                     func(p *Plan) { p.Server.Policy = 7 },
		"server: ":                            func(p *Plan) { p.Server.Interval = -1 },
	} {
		p := good()
		spoil(&p)
		if err := p.Validate(); !errors.Is(err, ErrPlan) || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
	}
}
