package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"example.com/rollcall/wire"
)

// Client is a client of one server, over as many connections as it takes. Its
// methods may be called from any goroutine.
type Client struct {
	// Static after construction.
	addr   string
	o      Options
	base   time.Time // the origin of every time.Duration that is a point in time
	ctx    context.Context
	cancel context.CancelCauseFunc
	inbox  *inbox         // has its own lock
	done   chan struct{}  // closed when every goroutine has ended
	tasks  sync.WaitGroup // every goroutine but run's, which waits for them

	// Owned by run's goroutine.
	random  *rand.Rand
	backoff backoff

	// Atomic.
	ids     atomic.Uint64 // the latest request ID
	numbers atomic.Uint64 // the latest of number
	rtt     atomic.Int64
	dropped atomic.Uint64

	// Guarded by mu, which is never held while anything blocks or while a
	// function of the user's runs (N4, N5).
	mu       sync.Mutex
	conn     *conn         // serves requests; nil while disconnected
	changed  chan struct{} // closed, and made anew, when conn or err changes
	welcome  wire.Welcome
	account  account // who logs in on the next connection
	session  Session // zero when not logged in
	err      error   // why the client ended for good
	presence presence
	watches  map[*Watch]struct{}
	feed     *conn // the connection that the watches' messages go to, nil if none

	accepts    map[*acceptance]struct{} // calls of Accept in flight
	deliveries []*delivery              // maxDelivered at most
}

func newClient(ctx context.Context, addr string, o Options) *Client {
	random := newRandom(o.Random)
	o = o.withDefaults(random)
	life, cancel := context.WithCancelCause(ctx)
	return &Client{
		addr:    addr,
		o:       o,
		base:    time.Now(),
		ctx:     life,
		cancel:  cancel,
		inbox:   newInbox(o.DeliverQueue),
		done:    make(chan struct{}),
		random:  random,
		backoff: backoff{Backoff: o.Backoff},
		changed: make(chan struct{}),
		account: account{
			user:       o.User,
			credential: append([]byte(nil), o.Credential...),
			token:      append([]byte(nil), o.Token...),
		},
		presence: newPresence(o.MaxUsers),
		watches:  make(map[*Watch]struct{}),
	}
}

// now is the time since the client was made.
func (c *Client) now() time.Duration { return time.Since(c.base) }

// Welcome returns what the server said in the handshake of the current
// connection, or of the last one while there is none.
func (c *Client) Welcome() wire.Welcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.welcome
}

// Identifier returns the client's own network identifier.
func (c *Client) Identifier() string { return c.o.Identifier }

// publish makes cn the connection that serves requests, nil for none.
func (c *Client) publish(cn *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = cn
	if cn == nil {
		c.session = Session{}
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// current returns the connection that serves requests, without waiting.
func (c *Client) current() (*conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.ending(); err != nil {
		return nil, err
	}
	if c.conn == nil || c.conn.ended() != nil {
		return nil, ErrDisconnected
	}
	return c.conn, nil
}

// ready returns the connection that serves requests, and waits for it until ctx
// or the client ends. call is the caller's number.
func (c *Client) ready(ctx context.Context, call uint64) (*conn, error) {
	for {
		c.mu.Lock()
		cn, changed, err := c.conn, c.changed, c.ending()
		c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if cn != nil && cn.ended() == nil {
			return cn, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		case <-c.ctx.Done():
		}
		c.callGoesOn(call)
	}
}

// ending returns the error of a call on a client that has ended or is about to,
// else nil. The caller holds mu.
func (c *Client) ending() error {
	err := c.err
	if err == nil && c.ctx.Err() != nil {
		err = context.Cause(c.ctx)
	}
	switch {
	case err == nil, err == ErrClosed: //nolint:errorlint // only the bare one needs no wrapping
		return err
	default:
		return fmt.Errorf("%w: %w", ErrClosed, err)
	}
}

// encode returns m's frame, or an error when it is longer than this connection
// allows: then nothing was sent.
func (cn *conn) encode(m wire.Message) ([]byte, error) {
	frame, err := wire.Append(nil, m)
	if err != nil {
		return nil, err
	}
	if limit := cn.welcome.MaxFrame; limit > 0 && uint64(len(frame)-4) > limit {
		return nil, fmt.Errorf("%w: %d bytes, more than the server's %d", wire.ErrFrameTooLarge, len(frame)-4, limit)
	}
	return frame, nil
}

// ask sends the request that build makes of its ID and waits for the answer,
// of type want, on whatever connection there is or comes.
func (c *Client) ask(
	ctx context.Context, want wire.Type, build func(id uint64) wire.Message, accept func(answer),
) (uint64, wire.Message, error) {
	call := c.number()
	for {
		cn, err := c.ready(ctx, call)
		if err != nil {
			return 0, nil, err
		}
		id, m, sent, err := c.askOn(ctx, cn, call, want, build, accept)
		if !sent && errors.Is(err, ErrDisconnected) {
			continue // nothing went out: the next connection will do
		}
		return id, m, err
	}
}

// askOn is ask on one connection, for the call of that number. It reports whether
// the request was queued.
func (c *Client) askOn(
	ctx context.Context, cn *conn, call uint64, want wire.Type, build func(id uint64) wire.Message, accept func(answer),
) (id uint64, m wire.Message, sent bool, err error) {
	if err := cn.slot(ctx); err != nil {
		return 0, nil, false, err
	}
	id = c.ids.Add(1)
	frame, err := cn.encode(build(id))
	if err != nil {
		<-cn.slots
		return 0, nil, true, err
	}
	waiting := newCall(want, accept)
	if err := cn.open(id, waiting); err != nil {
		<-cn.slots
		return 0, nil, false, err
	}
	if err := cn.out.put(ctx, cn.done, frame); err != nil {
		cn.abandon(id, true)
		return 0, nil, false, err
	}
	select {
	case a := <-waiting.reply:
		c.callGoesOn(call)
		return id, a.m, true, a.err
	case <-ctx.Done():
		c.callGoesOn(call)
		cn.abandon(id, false)
		return 0, nil, true, ctx.Err()
	}
}

// slot waits for a place among the calls that may be in flight.
func (cn *conn) slot(ctx context.Context) error {
	select {
	case cn.slots <- struct{}{}:
		return nil
	default:
	}
	select {
	case cn.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-cn.done:
		return ErrDisconnected
	}
}

// open enters a call that has a slot into the table.
func (cn *conn) open(id uint64, waiting *call) error {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.end != nil {
		return ErrDisconnected
	}
	cn.calls[id] = waiting
	return nil
}

// abandon forgets a call whose caller has gone; its late answer is ignored. One
// that was sent and changes what the client is stays until its answer comes.
func (cn *conn) abandon(id uint64, unsent bool) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	waiting := cn.calls[id]
	if waiting == nil || (waiting.accept != nil && !unsent) {
		return
	}
	delete(cn.calls, id)
	<-cn.slots
}
