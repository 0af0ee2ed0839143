package client

import (
	"context"
	"time"

	"example.com/rollcall/wire"
)

// acceptance is one call of Accept, as the reader sees it: it finds out by the
// file whether an offer is meant for the call, or is another one.
type acceptance struct {
	// Static after construction.
	c      *Client
	key    relayKey
	offers chan *offer   // holds one: the file is offered again
	over   chan struct{} // closed when it will not come any more

	// Guarded by the client's mu.
	cn     *conn
	r      *receiving // on cn; nil before the first
	number uint64     // of r
	done   bool       // over is closed: the call waits for no offer
	cut    bool       // done, after the transfer was interrupted
	err    error      // why over
}

// expect enters a call of Accept into the client's list. They are as many as
// there are calls in flight.
func (c *Client) expect(o *offer) *acceptance {
	a := &acceptance{
		c: c, key: o.key, cn: o.cn, number: o.number,
		offers: make(chan *offer, 1), over: make(chan struct{}),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accepts == nil {
		c.accepts = make(map[*acceptance]struct{})
	}
	c.accepts[a] = struct{}{}
	return a
}

// unexpect takes a call that has ended with err out of the list. An offer that
// came for it meanwhile is answered like the one that it had, unless it turns
// out to be of another transfer, which is for the program.
func (c *Client) unexpect(a *acceptance, err error) {
	c.mu.Lock()
	delete(c.accepts, a)
	another := a.cn.ended() == nil && !a.cut
	c.mu.Unlock()
	var o *offer
	select {
	case o = <-a.offers:
	default:
		return
	}
	switch another = another && o.cn == a.cn; {
	case another && o.number != a.number:
		c.pass(o)
	case o.forget() != nil, another: // it was taken back, or was a repetition
	case err == nil:
		c.deliverAgain(o)
	default:
		o.cn.abort(o.number, wire.CodeCancelled, "")
	}
}

// place tells where the file is being received.
func (c *Client) place(a *acceptance, r *receiving, number uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.cn, a.r, a.number = r.cn, r, number
}

// settled tells that the call waits for no offer any more.
func (c *Client) settled(a *acceptance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.cut = a.interrupted()
	a.end(nil)
}

// interrupted reports whether the call waits for the file to be offered again,
// or is about to find out that it has to. The caller holds the client's mu.
func (a *acceptance) interrupted() bool {
	return !a.done && (a.cn.ended() != nil || a.r != nil && a.r.over())
}

// acceptOf returns the call that an offer may be meant for: one that was
// interrupted, or else one that receives the file on the same connection, since
// the word of its interruption may be behind the offer. The caller holds the
// client's mu.
func (c *Client) acceptOf(o *offer) *acceptance {
	var found *acceptance
	for a := range c.accepts {
		if a.key != o.key || a.done || len(a.offers) > 0 {
			continue
		}
		if a.interrupted() {
			return a
		}
		if a.cn == o.cn {
			found = a
		}
	}
	return found
}

// abandoned ends the calls of Accept that wait in vain for this file.
func (c *Client) abandoned(key relayKey, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.accepts {
		if a.key == key && len(a.offers) == 0 && a.interrupted() {
			a.end(err)
		}
	}
}

// endAccepts ends all calls of Accept that wait.
func (c *Client) endAccepts(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.accepts {
		if len(a.offers) == 0 && a.interrupted() {
			a.end(err)
		}
	}
}

// end ends a call that waits. The caller holds the client's mu.
func (a *acceptance) end(err error) {
	if !a.done {
		a.done, a.err = true, err
		close(a.over)
	}
}

// next waits for the file to be offered again, after cause.
func (a *acceptance) next(ctx context.Context, cause error) (*offer, error) {
	timer := time.NewTimer(a.c.o.ResumeWait)
	defer timer.Stop()
	for {
		a.c.mu.Lock()
		changed, err := a.c.changed, a.c.ending()
		a.c.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case o := <-a.offers:
			return o, nil
		case <-a.over:
			return nil, a.err
		case <-timer.C:
			return nil, cause
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		case <-a.c.ctx.Done():
		}
	}
}
