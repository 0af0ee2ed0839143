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
	c    *Client
	key  relayKey
	wake chan struct{} // holds one token: offer is set
	over chan struct{} // closed when it will not come any more

	// Guarded by the client's mu.
	cn     *conn
	r      *receiving // on cn; nil before the first
	number uint64     // of r
	offer  *offer     // the file is offered again; nil if it is not
	done   bool       // over is closed: the call waits for no offer
	cut    bool       // done, after the transfer was interrupted
	err    error      // why over
}

// expect enters a call of Accept into the client's list. They are as many as
// there are calls in flight.
func (c *Client) expect(o *offer) *acceptance {
	a := &acceptance{
		c: c, key: o.key, cn: o.cn, number: o.number,
		wake: make(chan struct{}, 1), over: make(chan struct{}),
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
	o := a.offer
	another := o != nil && o.cn == a.cn && a.cn.ended() == nil && !a.cut
	c.mu.Unlock()
	switch {
	case o == nil:
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
		if a.key != o.key || a.done || !a.room(o) {
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

// room reports whether the call can take an offer: it has none, or one that was
// mere repetition of what it receives.
func (a *acceptance) room(o *offer) bool {
	p := a.offer
	return p == nil || p.cn != o.cn || p.number == a.number && o.number != a.number && !a.interrupted()
}

// await gives the call an offer. The caller holds the client's mu.
func (a *acceptance) await(o *offer) {
	if a.offer != nil {
		_ = a.offer.forget()
	}
	a.offer = o
	wake(a.wake)
}

// take returns the offer that came, if it did.
func (a *acceptance) take() *offer {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	o := a.offer
	a.offer = nil
	return o
}

// abandoned ends the calls of Accept that wait in vain for this file.
func (c *Client) abandoned(key relayKey, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.accepts {
		if a.key == key && a.offer == nil && a.interrupted() {
			a.end(err)
		}
	}
}

// endAccepts ends all calls of Accept that wait.
func (c *Client) endAccepts(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.accepts {
		if a.offer == nil && a.interrupted() {
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

// next waits for the file to be offered again, after cause. call is the caller's
// number.
func (a *acceptance) next(ctx context.Context, call uint64, cause error) (*offer, error) {
	late := a.c.now() + a.c.o.ResumeWait
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
		case <-a.wake:
		case <-a.over:
		case <-timer.C:
		case <-ctx.Done():
		case <-changed:
		case <-a.c.ctx.Done():
		}
		a.c.callGoesOn(call)
		drain(a.wake)
		switch o := a.take(); {
		case o != nil:
			return o, nil
		case over(a.over):
			return nil, a.err
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case a.c.now() >= late:
			return nil, cause
		}
	}
}
