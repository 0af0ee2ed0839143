package simulations

import (
	"example.com/rollcall/wire"
)

// clientOps are done to clients, connected or not.
var clientOps = map[string]func(c *fleetClient, op *Op){
	"connect": func(c *fleetClient, _ *Op) { c.start() },
	// The client's process stands still.
	"freeze": func(c *fleetClient, op *Op) {
		if c.held.Load() {
			return
		}
		c.w.tally.injected(op.Kind)
		c.held.Store(true)
		for _, p := range c.peers() {
			c.w.injected(&Op{Kind: "freeze", For: op.For}, p.link)
		}
		for _, k := range c.open() {
			c.w.injected(&Op{Kind: "freeze", For: op.For}, k)
		}
		c.after(op.For, c.thaw)
	},
	// It connects and closes, and says nothing (N9).
	"shake": func(c *fleetClient, op *Op) {
		c.w.tally.injected(op.Kind)
		c.stranger(func(p *peer) { p.close() })
	},
	// It connects, says hello and is gone: it ends while it registers (N7).
	"brief": func(c *fleetClient, op *Op) {
		c.w.tally.injected(op.Kind)
		c.stranger(func(p *peer) {
			p.send(&wire.Hello{MinVersion: wire.Version, MaxVersion: wire.Version, Identifier: c.plan.Identifier, Client: "brief"})
			p.close()
		})
	},
	// It connects, and says nothing or half a hello (N14).
	"silent": func(c *fleetClient, op *Op) {
		c.w.tally.injected(op.Kind)
		n := op.N % 8
		c.stranger(func(p *peer) { p.raw([]byte{0, 0, 0, 30, 1, 0xa3, 1, 1}[:n]) })
	},
	// It talks before it has said hello.
	"early": func(c *fleetClient, op *Op) {
		c.w.tally.injected(op.Kind)
		c.stranger(func(p *peer) {
			p.link.mischief = true
			p.send(&wire.Login{Request: 1, User: "mallory"})
		})
	},
	// Nothing comes from or goes to where the client is.
	"cut": func(c *fleetClient, op *Op) {
		if c.place.cut {
			return
		}
		for _, p := range c.peers() {
			c.w.injected(op, p.link)
		}
		for _, k := range c.open() {
			c.w.injected(op, k)
		}
		c.isolate(true)
		c.after(op.For, func() { c.isolate(false) })
	},
}

// stranger makes a connection of somebody who is no client of the fleet.
func (c *fleetClient) stranger(greet func(p *peer)) {
	p := newPeer(c)
	p.strange = greet
	addr := c.place.addr
	c.place.addr = c.address()
	p.dial()
	c.place.addr = addr
	c.others = append(c.others, p)
}

func (c *fleetClient) thaw() {
	if !c.held.Swap(false) {
		return
	}
	for _, p := range c.peers() {
		p.drink()
		p.beats()
	}
	if c.peer == nil || c.peer.over {
		c.ended(c.peer)
	}
}
