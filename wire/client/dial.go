package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/rollcall/wire"
)

// Dial connects to the server at addr, a host and port, shakes hands, and logs
// in when o.User is set.
//
// ctx is the client's life: it bounds the first connect, and when it ends
// later, the client says goodbye and everything that it started ends, as by
// [Client.Close]. To bound the first connect alone, set
// [Options.HandshakeTimeout].
//
// The first connect is tried once, unless [Options.RetryDial] is set. Later the
// client reconnects whenever its connection breaks, unless the server's bye says
// that it must not (kicked, replaced, login_refused, version_unsupported).
//
// The error is Options.Validate's, the context's, the transport's, or an
// [*EndError] when there was a connection: its reason is login_refused when the
// server refused the login, and errors.Is finds the code.
func Dial(ctx context.Context, addr string, o Options) (*Client, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	c := newClient(ctx, addr, o)
	up := make(chan struct{})
	if o.OnDeliver != nil || o.OnApp != nil || o.OnOffer != nil || o.OnFileNotice != nil {
		c.tasks.Add(1)
		go func() {
			defer c.tasks.Done()
			c.dispatch()
		}()
	}
	go c.run(up)
	select {
	case <-up:
		return c, nil
	case <-c.done:
		return nil, c.Err()
	}
}

// run keeps the client connected until it ends for good. up is closed at the
// first success.
func (c *Client) run(up chan<- struct{}) {
	err := c.keepConnected(up)
	c.mu.Lock()
	c.err = err
	c.conn = nil
	close(c.changed)
	c.changed = make(chan struct{})
	ended := c.ending()
	c.mu.Unlock()
	c.endWatches(ended)
	c.inbox.close()
	c.state(State{Phase: Closed, Err: err})
	c.tasks.Wait()
	c.cancel(ErrClosed) // frees the context
	close(c.done)
}

func (c *Client) state(s State) {
	if c.o.OnState != nil {
		c.o.OnState(s)
	}
}

// keepConnected connects, serves and waits by turns, and returns why it stopped.
func (c *Client) keepConnected(up chan<- struct{}) error {
	first := true
	for {
		c.state(State{Phase: Connecting})
		cn, err := c.connect()
		if err == nil {
			c.publish(cn)
			c.state(State{Phase: Connected})
			if first {
				first = false
				close(up)
			}
			began := c.now()
			err = c.serve(cn)
			c.pauseWatches()
			c.publish(nil)
			c.backoff.lived(c.now() - began)
		}
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		var end *EndError
		errors.As(err, &end)
		if end != nil && end.permanent() {
			return err
		}
		if c.o.NoReconnect || (first && !c.o.RetryDial) {
			return err
		}
		var advice uint64
		if end != nil {
			advice = end.retry
		}
		pause := c.backoff.next(c.random.Float64(), advice)
		c.state(State{Phase: Disconnected, Err: err, RetryIn: pause})
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-c.ctx.Done():
			timer.Stop()
		}
		c.goesOn("run")
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
	}
}

// connect makes one connection ready to serve: transport, handshake, login, and
// the watches' first message. It leaves nothing behind when it fails.
func (c *Client) connect() (*conn, error) {
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.o.HandshakeTimeout, errHandshakeTimeout)
	defer cancel()
	nc, err := c.o.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		if c.ctx.Err() != nil {
			return nil, context.Cause(c.ctx)
		}
		return nil, fmt.Errorf("client: connecting to %s: %w", c.addr, err)
	}
	limitUnsent(nc)
	cn := newConn(nc, c.base)
	cn.goOn = c.o.GoOn
	go c.receive(cn)
	go cn.write(c.o.WriteTimeout)
	if err := c.shakeHands(ctx, cn); err != nil {
		end := cn.ended()
		if !errors.Is(err, ErrDisconnected) {
			end = endOf(ctx, err)
		}
		select {
		case <-cn.welcomed:
			if c.ctx.Err() != nil {
				cn.part(end) // a server that knows us is told that we want to go
				return nil, end
			}
		default:
		}
		cn.fail(end)
		cn.shut()
		return nil, end
	}
	c.resumeWatches(cn)
	return cn, nil
}

// endOf makes an end of what went wrong in a handshake.
func endOf(ctx context.Context, err error) *EndError {
	var end *EndError
	switch {
	case errors.As(err, &end):
		return end
	case context.Cause(ctx) == errHandshakeTimeout: //nolint:errorlint // it is wrapped nowhere
		return &EndError{Reason: wire.ReasonHandshakeTimeout, Err: errHandshakeTimeout}
	default:
		return &EndError{Reason: wire.ReasonBye, Err: err}
	}
}

// shakeHands exchanges hello and welcome, and logs in if there is an account.
func (c *Client) shakeHands(ctx context.Context, cn *conn) error {
	hello, err := wire.Append(nil, &wire.Hello{
		MinVersion: wire.Version,
		MaxVersion: wire.Version,
		Identifier: c.o.Identifier,
		Client:     c.o.Name,
		Release:    c.o.Release,
		Interval:   uint64(c.o.Interval / time.Millisecond), //nolint:gosec // not negative
		Timeout:    uint64(c.o.Timeout / time.Millisecond),  //nolint:gosec // not negative
		Features:   c.o.features(),
	})
	if err != nil {
		return err
	}
	if err := cn.out.put(ctx, cn.done, hello); err != nil {
		return err
	}
	select {
	case <-cn.welcomed:
	case <-cn.done:
	case <-ctx.Done():
	}
	cn.goesOn("run")
	switch {
	case over(cn.welcomed):
	case over(cn.done):
		return ErrDisconnected
	default:
		return ctx.Err()
	}
	c.mu.Lock()
	c.welcome = cn.welcome
	who := c.account
	c.session = Session{}
	c.mu.Unlock()
	if who.user == "" {
		return nil
	}
	_, err = c.loginOn(ctx, cn, who)
	var refused *RequestError
	if errors.As(err, &refused) {
		return cn.refusal(refused)
	}
	return err
}

// serve watches over a connection until it or the client ends: it is the
// heartbeat.
func (c *Client) serve(cn *conn) error {
	interval := time.Duration(cn.welcome.Interval) * time.Millisecond //nolint:gosec // bounded by wire.MaxMillis
	timeout := time.Duration(cn.welcome.Timeout) * time.Millisecond   //nolint:gosec // bounded by wire.MaxMillis
	beat := newHeartbeat(c.now(), interval, timeout, c.random.Float64())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-cn.done:
		case <-c.ctx.Done():
		}
		c.goesOn("run")
		switch {
		case over(cn.done): // nobody is there to be told that we go
			cn.shut()
			return cn.ended()
		case c.ctx.Err() != nil:
			cn.part(&EndError{Reason: wire.ReasonBye, Err: ErrClosed})
			return context.Cause(c.ctx)
		}
		now := c.now()
		v, next := beat.check(now, time.Duration(cn.heard.Load()), c.random.Float64())
		switch v {
		case ping:
			cn.beat()
		case expire:
			cn.fail(&EndError{Reason: wire.ReasonHeartbeatTimeout})
			cn.shut()
			return cn.ended()
		default:
		}
		timer.Reset(max(next-now, 0))
	}
}
