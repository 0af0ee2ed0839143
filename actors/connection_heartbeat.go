package actors

import (
	"fmt"
	"math"
	"time"

	"example.com/rollcall/actors/internal/heartbeat"
	"example.com/rollcall/wire"
)

// checkLife asks the heartbeat what is to be done now.
func (c *connection) checkLife(now time.Duration) {
	if c.phase != open {
		return
	}
	signs := heartbeat.Signs{
		LastHeard:   time.Duration(c.lastHeard.Load()),
		ReaderHeld:  c.credits.held(),
		ReaderFreed: time.Duration(c.readerFreed.Load()),
	}
	c.sys.stall.sign(now, &signs)
	action, next := c.life.Check(now, signs, c.sys.set.Random())
	switch action {
	case heartbeat.Expire:
		c.end(wire.ReasonHeartbeatTimeout, ending{
			detail: fmt.Sprintf("nothing heard for %v", c.life.Times().Timeout),
		})
		return
	case heartbeat.Ping:
		c.sys.count.pingsSent.Add(1)
		// It takes no memory, unless another heartbeat waits.
		ping := wire.AppendPing(c.lanes().Pad(), wire.Ping{Time: uint64(now / time.Microsecond)}) //nolint:gosec // now > 0
		c.control(ping)
	}
	if c.phase != open {
		return // there was no room for the ping
	}
	// A frame that has begun and is over its time was held up by us, and is looked at
	// with the heartbeat.
	since := time.Duration(c.partialSince.Load())
	if limit := now + c.sys.set.FrameTimeout - (c.sys.stall.ran(now) - since); since != 0 && limit > now {
		next = min(next, limit)
	}
	c.arm(next)
	if since == 0 && c.partialSince.Load() != 0 {
		c.frameBegun() // in between: what its reader has set is overwritten
	}
}

// frameBegun sees to it that a frame that has begun is looked at in time. Its reader
// calls it: so a connection between two frames needs no tick but those of its heartbeat.
func (c *connection) frameBegun() {
	if c.finished.Load() == nil {
		c.clock().armBefore(c, c.sys.now()+c.sys.set.FrameTimeout)
	}
}

// pong takes in the answer to a ping.
func (c *connection) pong(m *wire.Pong) {
	before := c.life.Answered()
	c.life.Pong(c.sys.now(), echoed(m.Echo))
	if c.life.Answered() == before {
		return // it answers nothing
	}
	if c.trips == nil {
		c.trips = new(roundTrips)
	}
	c.trips.add(c.life.RTT())
	c.rtt.Store(uint32(min(c.life.RTT()/time.Microsecond, math.MaxUint32))) //nolint:gosec // bounded
}

// checkFrame ends a client that never finishes the frame it began.
func (c *connection) checkFrame(now time.Duration) {
	since := time.Duration(c.partialSince.Load())
	if since == 0 || c.sys.stall.ran(now)-since < c.sys.set.FrameTimeout || c.credits.held() {
		return
	}
	c.end(wire.ReasonProtocolError, ending{
		detail: fmt.Sprintf("a frame was not complete after %v", c.sys.set.FrameTimeout),
	})
}
