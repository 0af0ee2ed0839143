package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/rollcall/wire"
)

// resumeWatches starts the watches' stream on a new connection.
func (c *Client) resumeWatches(cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feed = cn
	c.presence.connected()
	c.settle()
}

// pauseWatches stops the stream when its connection has ended.
func (c *Client) pauseWatches() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feed = nil
	c.presence.disconnected()
}

// settle brings the watches up to date with presence: it starts those whose
// users are known by now, lets the calls return that the server has agreed to,
// and sends what has to be asked next. The caller holds mu.
func (c *Client) settle() {
	for w := range c.watches {
		if w.listed && w.settled {
			continue
		}
		covered := c.presence.covers(w.users)
		if covered && !w.listed {
			w.listed = true
			w.first = &Event{
				Kind:    Snapshot,
				Epoch:   c.presence.mark.epoch,
				Version: c.presence.mark.version,
				Online:  c.presence.list(w.users),
			}
			w.signal()
		}
		if covered || c.presence.sub.agreed(w.users) {
			w.settle()
		}
	}
	if c.feed == nil {
		return
	}
	cn := c.feed
	m := c.presence.next(int(cn.welcome.MaxFrame) - watchHead) //nolint:gosec // bounded by wire.Decode
	if m == nil {
		return
	}
	id := c.ids.Add(1)
	want := &call{want: wire.TypeOK, reply: make(chan answer, 1), accept: func(a answer) { c.watchAnswered(cn, a) }}
	switch m := m.(type) {
	case *wire.Watch:
		m.Request = id
	case *wire.Unwatch:
		m.Request = id
	}
	frame, err := cn.encode(m)
	if err != nil {
		// Unreachable: the names are valid and fit.
		cn.fail(&EndError{Reason: wire.ReasonProtocolError, Err: err})
		return
	}
	if cn.open(id, want) == nil {
		cn.out.control(frame)
	}
}

// watchHead is room in a frame for all of a watch but its names.
const watchHead = 64

// watchAnswered is what the reader does at the answer to the watches' message.
func (c *Client) watchAnswered(cn *conn, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feed != cn {
		return
	}
	if a.err == nil {
		c.presence.granted()
		c.settle()
		return
	}
	if errors.Is(a.err, wire.CodeShuttingDown) {
		c.presence.disconnected() // the next connection will do
		return
	}
	if refused, ok := c.presence.refused().(*wire.Watch); ok {
		for w := range c.watches {
			if refused.Everyone && len(w.users) == 0 || slices.ContainsFunc(refused.Users, w.names) {
				w.end(a.err)
			}
		}
	}
	c.settle()
}

// applySnapshot and applyDelta are what the reader does with the stream.
func (c *Client) applySnapshot(cn *conn, m *wire.Snapshot) *EndError {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feed != cn {
		return nil // nothing was asked for yet
	}
	news, err := c.presence.snapshot(m)
	return c.tell(news, err)
}

func (c *Client) applyDelta(cn *conn, m *wire.Delta) *EndError {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feed != cn {
		return nil
	}
	news, err := c.presence.delta(m)
	return c.tell(news, err)
}

// tell passes changes on to the watches that name their users. The caller holds
// mu.
func (c *Client) tell(news []change, err error) *EndError {
	for w := range c.watches {
		if !w.listed {
			continue // its snapshot will have them
		}
		for _, n := range news {
			if len(w.users) > 0 && !w.names(n.user) {
				continue
			}
			e := Event{
				Kind: Offline, Epoch: c.presence.mark.epoch, Version: n.version,
				User: n.user, Reason: n.reason,
			}
			if n.online {
				e.Kind = Online
			}
			if n.at != 0 {
				e.At = time.UnixMilli(n.at)
			}
			w.backlog.push(e)
		}
		w.signal()
	}
	c.settle()
	if err != nil {
		return broken("%w", fmt.Errorf("presence: %w", err))
	}
	return nil
}

// endWatches ends every watch because of err.
func (c *Client) endWatches(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for w := range c.watches {
		w.end(err)
	}
	c.settle()
}
