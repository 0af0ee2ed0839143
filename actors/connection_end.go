package actors

import (
	"context"
	"net"
	"time"

	"example.com/rollcall/wire"
)

// ending is what is known about an end beside its reason.
type ending struct {
	detail   string
	err      error
	midFrame bool
	cut      bool // no time for a goodbye
	rival    rival
}

// rival is the connection that takes another one's place, if one does.
type rival struct {
	id     uint64
	remote string
}

// asRival names a connection as the rival of another.
func (c *connection) asRival() rival { return rival{c.id, c.endpoint.Remote} }

// end gives the connection its one termination (G2): the first reason stands.
// The registry is told at once; the goodbye to the client, if one makes sense,
// goes on in the background for the linger at most.
func (c *connection) end(reason wire.Reason, e ending) {
	if c.phase == closing {
		return
	}
	t := c.testify(reason, e, c.phase == open)
	c.phase = closing // not before: should the testimony panic, another one is made (S1)
	c.finished.Store(t)
	c.wakes(&c.sys.registry.guard, ended{c, t})
	c.credits.close()
	c.dropChores()
	c.entrance = nil
	switch reason {
	case wire.ReasonBye, wire.ReasonEOF, wire.ReasonReset, wire.ReasonWriteFailed:
		c.lanes().Finish(nil, true) // nobody is there to read it
		c.closeTransport()
		return
	}
	bye, err := wire.Append(nil, &wire.Bye{Reason: reason, Text: wire.Clip(e.detail)})
	if err != nil {
		bye = nil // unreachable: clipped
	}
	// What was queued for a client that is asked to go is still delivered; one
	// that did not read it, or did not keep to the protocol, gets the goodbye alone.
	keep := reason == wire.ReasonKicked || reason == wire.ReasonReplaced ||
		reason == wire.ReasonLoginRefused || reason == wire.ReasonServerShutdown || reason == wire.ReasonPanic
	c.lanes().Finish(bye, !keep)
	c.slow = nil
	if e.cut {
		c.closeTransport()
		return
	}
	c.arm(c.sys.now() + c.sys.set.Linger)
	c.uncut = context.AfterFunc(c.sys.ctx, func() {
		c.tell(stopConnection{reason: wire.ReasonServerShutdown, cut: true})
	})
}

// testify collects the evidence (P6).
func (c *connection) testify(reason wire.Reason, e ending, handshaken bool) *Termination {
	now := c.sys.now()
	frames, bytes := c.lanes().Queued()
	t := &Termination{
		Connection: c.id, Identifier: c.identifier,
		Remote: c.endpoint.Remote, Local: c.endpoint.Local, User: c.whose(),
		Reason: reason, Detail: wire.Clip(e.detail), MidFrame: e.midFrame, Handshaken: handshaken,
		Accepted: time.Unix(0, c.accepted), Ended: c.sys.set.Wall(), Lived: now - c.born,
		Silent:  now - time.Duration(c.lastHeard.Load()),
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		FramesIn: c.framesIn.Load(), FramesOut: c.framesOut.Load(),
		QueueFrames: frames, QueueBytes: bytes,
		First: first(reason, e.err), Rival: e.rival.id, RivalRemote: e.rival.remote,
	}
	if t.BytesIn > 0 {
		t.LastIn = t.Ended.Add(-t.Silent)
	}
	if c.wrote > 0 {
		t.LastOut = t.Ended.Add(c.wrote - now)
	}
	if handshaken {
		times := c.life.Times()
		t.Interval, t.Timeout = times.Interval, times.Timeout
		t.PingsSent, t.PingsMissed, t.RTT = int(c.life.Sent()), int(c.life.Missed()), c.life.RTT()
		t.PingsAnswered, t.RTTs = int(c.life.Answered()), c.trips.list()
	}
	if e.err != nil {
		t.Error = e.err.Error()
	}
	return t
}

func (c *connection) onReadEnded(m readEnded) {
	if c.phase == closing {
		return
	}
	e := ending{err: m.err, midFrame: m.midFrame}
	switch m.reason {
	case wire.ReasonFrameTooLarge, wire.ReasonProtocolError:
		e.detail = m.err.Error() // the client is told what it did wrong
	case wire.ReasonPanic:
		e.detail = errHandlerPanic.Error()
	}
	c.end(m.reason, e)
}

func (c *connection) onStop(m stopConnection) {
	if c.phase == closing {
		if m.cut {
			c.closeTransport()
		}
		return
	}
	c.end(m.reason, ending{detail: m.detail, cut: m.cut, rival: m.rival})
}

func (c *connection) closeTransport() {
	if c.transportClosed {
		return
	}
	c.transportClosed = true
	_ = c.transport.Close() // N13: every way out closes the socket
	c.writeEnded(net.ErrClosed)
}

// close is called at the end of each turn of an ending connection. When the
// goodbye is written it closes the writing half, so that the client can read the
// goodbye before the rest closes; when everything has ended, the actor stops.
func (c *connection) close() {
	if !c.transportClosed && c.unsent == nil && c.lanes().Idle() {
		half, ok := c.transport.(interface{ CloseWrite() error })
		switch {
		case !c.reading, !ok:
			c.closeTransport()
		case !c.halfClosed:
			c.halfClosed = true
			if half.CloseWrite() != nil {
				c.closeTransport()
			}
		}
	}
	if c.transportClosed && c.unsent == nil && !c.reading && c.letGo {
		c.stop()
	}
}
