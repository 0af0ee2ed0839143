package client

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"example.com/rollcall/wire"
)

// Accept takes the file to path, under the rules of [Client.GetFile]: a part
// that an earlier call has left is gone on with. It returns when the file is
// whole, verified, durable and at path.
//
// When the connection breaks, on either side, Accept waits for the offer to come
// again, as long as Options.ResumeWait, and goes on. When ctx ends, the transfer
// is taken back. The end of the transfer by the sender or the server is a
// [*RequestError]; then the part is removed, unless it may be gone on with.
//
// Accept must not be called by OnOffer itself, which it would hold up: use
// another goroutine. After an error of the path, the offer can be answered again.
func (f Offer) Accept(ctx context.Context, path string, o GetOptions) (GetResult, error) {
	if err := f.o.claim(); err != nil {
		return GetResult{}, err
	}
	p, err := openPart(path, hex.EncodeToString(f.o.key.sha256[:tagBytes]), o.Replace)
	if err != nil {
		f.o.unclaim()
		return GetResult{}, err
	}
	if uint64(p.held) > f.o.file.Size { //nolint:gosec // not negative
		if err = p.clear(); err != nil {
			f.o.unclaim()
			p.leave(o.DropPart)
			return GetResult{}, err
		}
	}
	o.Offset = p.held
	res, err := f.o.receive(ctx, p, o, p.commit)
	var refused *RequestError
	ended := errors.As(err, &refused) && refused.Code != wire.CodeInterrupted
	p.leave(o.DropPart || ended)
	return res, err
}

// AcceptTo takes the file into dst, under the rules of [Client.Get]. For the
// rest it is like Accept.
func (f Offer) AcceptTo(ctx context.Context, dst GetTarget, o GetOptions) (GetResult, error) {
	if err := f.o.claim(); err != nil {
		return GetResult{}, err
	}
	return f.o.receive(ctx, dst, o, nil)
}

// receive takes the file of an offer that is claimed.
func (o *offer) receive(ctx context.Context, dst GetTarget, opts GetOptions, commit func() error) (GetResult, error) {
	in, err := newIntake(ctx, o.c, dst, opts)
	if err == nil && in.offset > o.file.Size {
		err = errStart
	}
	if err != nil {
		o.unclaim()
		return GetResult{}, err
	}
	in.commit = commit
	_ = in.describe(&o.file) // it is the first
	a := o.c.expectAgain(o)
	err = in.accept(ctx, a, o)
	o.c.unexpect(a, err)
	return in.res, err
}

// accept receives the file, over as many offers as it takes.
func (in *intake) accept(ctx context.Context, a *acceptance, o *offer) error {
	for {
		err := in.acceptOn(ctx, a, o)
		if !canGoOn(err) {
			return err
		}
		if o, err = a.next(ctx, err); err != nil {
			return err
		}
	}
}

// canGoOn reports whether a relay that ended so may be offered again.
func canGoOn(err error) bool {
	return errors.Is(err, ErrDisconnected) || errors.Is(err, wire.CodeInterrupted)
}

// acceptOn is the transfer of one offer.
func (in *intake) acceptOn(ctx context.Context, a *acceptance, o *offer) error {
	r := newReceiving(o.cn, in.offset, in.window, true)
	r.begin(o.number, o.file.Size)
	in.c.place(a, r)
	err := o.forget()
	code := wire.CodeNone
	if err == nil {
		o.cn.out.steer(flow{frame: frameOf(&wire.Accept{
			Transfer: o.number, Offset: in.offset, Limit: limitFrom(in.offset, in.window),
		})})
		code, err = in.receive(ctx, r)
	}
	if !canGoOn(err) {
		in.c.settleAccept(a) // before the server hears of it: the next offer is another one
	}
	r.leave()
	switch {
	case err == nil:
		in.c.deliverDone(o)
	case code != wire.CodeNone:
		o.cn.abort(o.number, code, "")
	}
	return err
}

// acceptance is one call of Accept, as the reader sees it.
type acceptance struct {
	// Static after construction.
	c      *Client
	key    relayKey
	offers chan *offer   // holds one: the file is offered again
	over   chan struct{} // closed when it will not come any more

	// Guarded by the client's mu.
	cn   *conn
	r    *receiving // on cn; nil while it is under way to the call
	err  error      // why over
	done bool       // over is closed
}

// expectAgain enters a call of Accept into the client's list. They are as many as
// there are calls in flight.
func (c *Client) expectAgain(o *offer) *acceptance {
	a := &acceptance{c: c, key: o.key, cn: o.cn, offers: make(chan *offer, 1), over: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accepts == nil {
		c.accepts = make(map[*acceptance]struct{})
	}
	c.accepts[a] = struct{}{}
	return a
}

// unexpect takes a call that has ended out of the list. What was offered to it
// meanwhile is answered as the call ended.
func (c *Client) unexpect(a *acceptance, err error) {
	c.mu.Lock()
	delete(c.accepts, a)
	c.mu.Unlock()
	select {
	case o := <-a.offers:
		switch {
		case o.forget() != nil: // it was taken back
		case err == nil:
			c.deliverAgain(o)
		default:
			o.cn.abort(o.number, wire.CodeCancelled, "")
		}
	default:
	}
}

// settleAccept tells that the call waits for no offer any more.
func (c *Client) settleAccept(a *acceptance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.end(nil)
}

// place tells where the file is being received.
func (c *Client) place(a *acceptance, r *receiving) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.cn, a.r = r.cn, r
}

// interrupted reports whether the call waits for the file to be offered again,
// or is about to find out that it has to. The caller holds the client's mu.
func (a *acceptance) interrupted() bool {
	return len(a.offers) == 0 && !a.done && (a.cn.ended() != nil || a.r != nil && a.r.over())
}

// readopt hands an offer to a call of Accept that was interrupted.
func (c *Client) readopt(o *offer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.accepts {
		if a.key == o.key && a.interrupted() {
			_ = o.claim() // nobody else knows it
			a.cn, a.r = o.cn, nil
			a.offers <- o
			return true
		}
	}
	return false
}

// abandoned ends the calls of Accept that wait in vain for this file.
func (c *Client) abandoned(key relayKey, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.accepts {
		if a.key == key && a.interrupted() {
			a.end(err)
		}
	}
}

// endAccepts ends all calls of Accept that wait.
func (c *Client) endAccepts(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.accepts {
		if a.interrupted() {
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
