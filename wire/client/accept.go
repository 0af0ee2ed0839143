package client

import (
	"context"
	"encoding/hex"
	"errors"

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
	a := o.c.expect(o)
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
		if o, err = a.next(ctx, in.call, err); err != nil {
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
	in.c.place(a, r, o.number)
	err := o.forget()
	code := wire.CodeNone
	if err == nil {
		o.cn.out.steer(flow{frame: frameOf(&wire.Accept{
			Transfer: o.number, Offset: in.offset, Limit: limitFrom(in.offset, in.window),
		})})
		code, err = in.receive(ctx, r)
	}
	if !canGoOn(err) {
		in.c.settled(a) // before the server hears of it: the next offer is another one
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
