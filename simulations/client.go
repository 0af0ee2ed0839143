package simulations

import (
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

// fleetClient is one client of the fleet, over all its connections. It is guarded by
// the world's lock.
type fleetClient struct {
	host
	w     *World
	i     int
	plan  ClientPlan
	rng   *rand.Rand
	place place
	port  int

	peer   *peer   // the latest connection of a peer; nil before the first
	others []*peer // further connections at the same time
	again  *due    // when it connects again
	gone   bool    // it does not come back by itself
	token  []byte
	view   view // of the users it watches
	real   *realClient
	life   int  // how often a real client was started
	stays  bool // its next connection has the address of the latest
}

// populate makes the fleet.
func (w *World) populate() {
	for i, p := range w.plan.Clients {
		c := &fleetClient{w: w, i: i, plan: p, rng: stream(w.seed, "client/"+strconv.Itoa(i)), port: 40000}
		c.name = "c" + strconv.Itoa(i)
		c.view = newView(c)
		c.place = place{up: p.Up, down: p.Down, addr: c.address()}
		w.clients = append(w.clients, c)
		if p.Everyone {
			w.watchers = append(w.watchers, c)
		}
		if p.Start >= 0 {
			w.at(p.Start, "", c.start)
		}
	}
}

// address is a new address for the client: its own, or its NAT's.
func (c *fleetClient) address() *net.TCPAddr {
	c.port++
	ip := net.IPv4(10, byte(c.i>>16), byte(c.i>>8), byte(c.i)) //nolint:gosec // cut on purpose
	port := c.port
	if c.plan.NAT > 0 {
		ip = net.IPv4(100, 64, byte(c.plan.NAT>>8), byte(c.plan.NAT)) //nolint:gosec // cut on purpose
		port = 1024 + (c.port-40000)*97 + c.i%97
	}
	return &net.TCPAddr{IP: ip, Port: port}
}

func (c *fleetClient) isReal() bool { return c.plan.Kind == "client" }

// start connects, unless the client is connected.
func (c *fleetClient) start() {
	c.gone = false
	if c.w.stage >= stopping || c.held.Load() {
		return
	}
	if c.isReal() {
		c.startReal()
		return
	}
	if c.peer != nil && !c.peer.over {
		return
	}
	c.peer = c.connect()
}

func (c *fleetClient) connect() *peer {
	p := newPeer(c)
	p.dial()
	return p
}

// ended is called when a connection of a peer is over, as the peer sees it.
func (c *fleetClient) ended(p *peer) {
	if p != c.peer || c.gone || c.plan.Reconnect <= 0 || c.w.stage >= stopping {
		return
	}
	c.w.agenda.drop(c.again)
	c.place.addr = c.address()
	c.again = c.w.at(c.w.now()+between(c.rng, c.plan.Reconnect/2, c.plan.Reconnect*3/2+1), "", c.start)
}

// peers are all connections of a peer that are not over.
func (c *fleetClient) peers() []*peer {
	var all []*peer
	if c.peer != nil && !c.peer.over {
		all = append(all, c.peer)
	}
	for _, p := range c.others {
		if !p.over {
			all = append(all, p)
		}
	}
	return all
}

// isolate cuts the client off, or ends that.
func (c *fleetClient) isolate(cut bool) {
	c.place.cut = cut
	for _, k := range c.links {
		if !k.dead {
			k.cut = cut
			k.up.hush(cut)
			k.down.hush(cut)
		}
	}
}

// after plans something of the client's.
func (c *fleetClient) after(d time.Duration, do func()) *due { return c.w.at(c.w.now()+d, "", do) }

func (c *fleetClient) abolish() {
	c.gone = true
	c.held.Store(false)
	c.dead.Store(true)
	if c.real != nil {
		c.real.abolish()
	}
}
