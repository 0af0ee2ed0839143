package actors

import (
	"fmt"
	"time"

	"example.com/rollcall/actors/internal/handshake"
	"example.com/rollcall/actors/internal/heartbeat"
	"example.com/rollcall/wire"
)

// onHello asks the registry for a place in both maps. The welcome waits for
// the answer: a client that has been welcomed is in the maps (G1).
func (c *connection) onHello(h *wire.Hello) {
	terms, err := handshake.Negotiate(h, handshake.Supported, c.sys.set.Heartbeat, c.sys.features())
	if err != nil {
		c.end(wire.ReasonVersionUnsupported, ending{detail: err.Error()})
		return
	}
	c.identifier = h.Identifier
	c.life = heartbeat.New(c.sys.now(), terms.Times, 0) // it begins when the client is welcomed
	c.takes = featureBits(terms.Features)
	c.phase = registering
	c.wakes(&c.sys.registry.guard, register{c})
}

// onRegistered welcomes the client, starts its heartbeat and handles what came
// in the meantime.
func (c *connection) onRegistered() {
	if c.phase != registering {
		return
	}
	c.phase = open
	s := c.sys
	s.count.handshakes.Add(1)
	now := s.now()
	times := c.life.Times()
	c.life = heartbeat.New(now, times, s.set.Random())
	c.checkLife(now)
	c.queue(&wire.Welcome{
		Version: wire.Version, Node: s.set.Node, Connection: c.id, Epoch: s.set.Epoch,
		Interval: uint64(times.Interval / time.Millisecond), //nolint:gosec // positive
		Timeout:  uint64(times.Timeout / time.Millisecond),  //nolint:gosec // positive
		MaxFrame: uint64(s.set.MaxFrame),                    //nolint:gosec // positive
		Features: wire.Features(c.takes),
		Server:   serverName, Time: s.set.Wall().UnixMilli(),
	})
	c.onInbound(c.waited())
}

const serverName = "rollcall"

// onTick is the connection's one timer: the handshake's deadline, then the
// heartbeat, then the linger.
func (c *connection) onTick() {
	now := c.sys.now()
	switch c.phase {
	case greeting, registering:
		if left := c.sys.set.HandshakeTimeout - (c.sys.stall.ran(now) - c.entrance.since); left > 0 {
			c.arm(now + left)
			return
		}
		c.end(wire.ReasonHandshakeTimeout, ending{
			detail: fmt.Sprintf("no handshake within %v", c.sys.set.HandshakeTimeout),
		})
	case open:
		c.checkFrame(now)
		c.checkLife(now)
	case closing:
		if due := c.alarm.Due(); now >= due {
			c.closeTransport()
		} else {
			c.arm(due) // it was armed anew after it had struck
		}
	}
}

// arm sets the timer for a time since the system's start.
func (c *connection) arm(at time.Duration) {
	c.clock().arm(c, at)
}
