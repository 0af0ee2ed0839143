package client

import (
	"context"
	"time"

	"example.com/rollcall/wire"
)

// Ping asks the server for a sign of life and returns how long it took. It
// waits for a connection like every request, and returns ErrDisconnected when
// that breaks first. Pings overtake all data that waits to be sent.
func (c *Client) Ping(ctx context.Context) (time.Duration, error) {
	call := c.number()
	cn, err := c.ready(ctx, call)
	if err != nil {
		return 0, err
	}
	if err := cn.slot(ctx); err != nil {
		return 0, err
	}
	defer func() { <-cn.slots }()
	reply := make(chan time.Duration, 1)
	cn.mu.Lock()
	sent := cn.pingTime()
	cn.pings[sent] = reply
	cn.mu.Unlock()
	defer func() {
		cn.mu.Lock()
		delete(cn.pings, sent)
		cn.mu.Unlock()
	}()
	if frame, err := wire.Append(nil, &wire.Ping{Time: sent}); err == nil {
		cn.out.ping(frame)
	}
	defer c.callGoesOn(call)
	select {
	case rtt := <-reply:
		return rtt, nil
	case <-cn.done:
		return 0, ErrDisconnected
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// RTT returns the latest measured round trip, of a heartbeat's ping too, and 0
// before the first.
func (c *Client) RTT() time.Duration { return time.Duration(c.rtt.Load()) }

// pingTime returns the time for a ping, in microseconds since the client was
// made, and never the same twice on a connection. The caller holds mu.
func (cn *conn) pingTime() uint64 {
	t := uint64(time.Since(cn.base) / time.Microsecond) //nolint:gosec // not negative
	cn.lastTime = max(t, cn.lastTime+1)
	return cn.lastTime
}

// beat sends the heartbeat's ping, unless one still waits to go out.
func (cn *conn) beat() {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	sent := cn.pingTime()
	frame, err := wire.Append(nil, &wire.Ping{Time: sent})
	if err == nil && cn.out.heartbeat(frame) {
		cn.pinged = sent
	}
}

// answerPing answers the server's ping, ahead of everything.
func (cn *conn) answerPing(m *wire.Ping) *EndError {
	now := uint64(time.Since(cn.base) / time.Microsecond) //nolint:gosec // not negative
	frame, err := wire.Append(nil, &wire.Pong{Echo: m.Time, Time: now})
	if err != nil {
		return broken("a ping that cannot be answered: %w", err) // unreachable
	}
	cn.out.pong(frame)
	return nil
}

// pong takes the answer to one of our pings; an echo of something else is
// ignored.
func (c *Client) pong(cn *conn, m *wire.Pong) {
	if cn.confirmed(m.Echo) {
		return
	}
	cn.mu.Lock()
	defer cn.mu.Unlock()
	reply := cn.pings[m.Echo]
	if reply == nil && m.Echo != cn.pinged {
		return
	}
	if m.Echo == cn.pinged {
		cn.pinged = 0
	}
	rtt := max(c.now()-time.Duration(m.Echo)*time.Microsecond, 0) //nolint:gosec // one of our own times
	c.rtt.Store(int64(rtt))
	if reply != nil {
		reply <- rtt
		delete(cn.pings, m.Echo)
	}
}
