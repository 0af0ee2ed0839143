package client

import (
	"context"
	"errors"

	"example.com/rollcall/wire"
)

// tagBytes is how much of an ID or a hash is in the name of a part.
const tagBytes = 8

// GetFile fetches a stored file to path. The path is the caller's choice, and
// never the server's name of the file (N26); [LocalName] makes a safe base of
// that.
//
// Until the file is whole, verified and durable, it is a part, which lies beside
// the path with the ending .part, and there is nothing at path, or what was
// there. When the connection breaks, GetFile goes on by itself; when the call
// ends early, the next one with the same path goes on with the part, after
// hashing it again. A part that turns out to be wrong is begun anew, once.
//
// A part is left by a call that fails, unless it is of no use to any other: it
// is empty, the whole had another SHA-256, or the file is gone from the server;
// GetOptions.DropPart removes it in any case.
//
// Without GetOptions.Replace, a file at path gives an error that is
// fs.ErrExist. Another call that receives the same file to the same path gives
// ErrPartBusy. For the rest, see [Client.Get].
func (c *Client) GetFile(ctx context.Context, id wire.FileID, path string, o GetOptions) (GetResult, error) {
	tag := id.String()
	p, err := openPart(path, tag[:min(len(tag), 2*tagBytes)], o.Replace)
	if err != nil {
		return GetResult{}, err
	}
	again := p.held > 0
	for {
		res, err := c.getPart(ctx, id, p, o)
		if err == nil || !again || !wrongPart(err) {
			p.leave(o.DropPart || uselessPart(err))
			return res, err
		}
		again = false
		if err := p.clear(); err != nil {
			p.leave(o.DropPart)
			return GetResult{}, err
		}
	}
}

func (c *Client) getPart(ctx context.Context, id wire.FileID, p *part, o GetOptions) (GetResult, error) {
	o.Offset = p.held
	in, err := newIntake(ctx, c, p, o)
	if err != nil {
		return GetResult{}, err
	}
	in.commit = p.commit
	err = in.get(ctx, id)
	return in.res, err
}

// wrongPart reports whether an error may come of a part that is not of this file:
// after a loss of power, say.
func wrongPart(err error) bool {
	return errors.Is(err, wire.CodeChecksumMismatch) || errors.Is(err, wire.CodeBadRequest) || errors.Is(err, errStart)
}

// uselessPart reports whether no later call can go on with the part.
func uselessPart(err error) bool {
	for _, code := range []wire.Code{
		wire.CodeChecksumMismatch, wire.CodeSizeMismatch, wire.CodeNotFound, wire.CodeNotAllowed, wire.CodeRemoved,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
