package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"example.com/rollcall/wire"
)

// GetTarget is where a file goes that is received; an *os.File is one. Each byte
// is written once, in order. With GetOptions.Offset it has to be an io.ReaderAt
// too. It is used by one goroutine at a time.
type GetTarget interface {
	io.WriterAt
	// Sync makes what was written durable. The server, or the sender, is told
	// that the file is there only after that.
	Sync() error
}

// GetOptions says how a file is received. The zero value is usable.
type GetOptions struct {
	// Offset is up to where the target of Get and AcceptTo holds the file
	// already: these bytes are read and hashed first. The calls that are given a
	// path find out by themselves.
	Offset int64
	// Progress is told how far the file has come, at most ten times a second,
	// by the goroutine that called: it must not block.
	Progress func(Progress)

	// The rest is for the calls that are given a path.

	// Replace allows that there is a file at the path, which is replaced when
	// the new one is whole.
	Replace bool
	// DropPart removes the part whenever the call fails. Else it is left, for
	// the next call with the same path to go on with, unless it is of no use to
	// any: see [Client.GetFile].
	DropPart bool
}

// GetResult tells of a file that is here.
type GetResult struct {
	File wire.File
	// Received is how many bytes of the file came over connections in this call.
	Received int64
	// Resumed is the offset at which this call began: what was here already.
	Resumed int64
}

// errTarget is a target or an option that cannot be used.
var errTarget = errors.New("client: bad target")

// Get fetches a stored file into dst. It returns when the file is whole, its
// size and SHA-256 are right, and dst is synced. A login is needed.
//
// When the connection breaks, Get goes on over the next one from where it was.
// It allows the server Options.Window bytes that were not written yet, and takes
// as much memory at most: a slow dst slows the server, and nothing else.
//
// A refusal, and the end of the transfer by the server, is a [*RequestError]:
// errors.Is(err, wire.CodeNotFound). So is a file that is not what was promised:
// errors.Is(err, wire.CodeChecksumMismatch). Get returns no sooner than a call
// of dst does. After an error, what dst holds is not verified.
func (c *Client) Get(ctx context.Context, id wire.FileID, dst GetTarget, o GetOptions) (GetResult, error) {
	in, err := newIntake(ctx, c, dst, o)
	if err != nil {
		return GetResult{}, err
	}
	err = in.get(ctx, id)
	return in.res, err
}

// intake is a file that is being received, over as many connections as it takes.
// It is owned by the goroutine of the call.
type intake struct {
	c      *Client
	dst    GetTarget
	o      GetOptions
	window uint64
	call   uint64       // its number, see Options.GoOn
	commit func() error // makes the file visible once it is durable; may be nil
	meter  meter
	res    GetResult

	known  bool // res.File is
	offset uint64
	hash   hash.Hash // of what is before offset
}

// newIntake reads what the target holds already.
func newIntake(ctx context.Context, c *Client, dst GetTarget, o GetOptions) (*intake, error) {
	in := &intake{c: c, dst: dst, o: o, call: c.number(), window: uint64(c.o.Window), hash: sha256.New()} //nolint:gosec // positive
	if o.Offset < 0 {
		return nil, fmt.Errorf("%w: an offset of %d", errTarget, o.Offset)
	}
	if o.Offset > 0 {
		src, ok := dst.(io.ReaderAt)
		if !ok {
			return nil, fmt.Errorf("%w: it cannot be read, and holds %d bytes", errTarget, o.Offset)
		}
		held := io.NewSectionReader(src, 0, o.Offset)
		if err := copyInto(ctx, in.hash, held, o.Offset); err != nil {
			return nil, err
		}
	}
	in.offset = uint64(o.Offset) //nolint:gosec // not negative
	in.res.Resumed = o.Offset
	return in, nil
}

// copyInto hashes exactly n bytes.
func copyInto(ctx context.Context, h hash.Hash, src io.Reader, n int64) error {
	buf := make([]byte, min(hashPiece, n))
	for left := n; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece := buf[:min(int64(len(buf)), left)]
		if _, err := io.ReadFull(src, piece); err != nil {
			return fmt.Errorf("%w: reading what it holds: %w", errTarget, err)
		}
		_, _ = h.Write(piece) // never fails
		left -= int64(len(piece))
	}
	return nil
}

// get fetches the file by its ID.
func (in *intake) get(ctx context.Context, id wire.FileID) error {
	if _, err := wire.Append(nil, &wire.Get{Request: 1, File: id}); err != nil {
		return err
	}
	var again retry
	for {
		cn, err := in.c.ready(ctx, in.call)
		if err != nil {
			return err
		}
		before := in.res.Received
		if err = in.getOn(ctx, cn, id); err == nil {
			return nil
		}
		if in.res.Received > before {
			again.moved()
		}
		if err := in.c.goOn(ctx, cn, in.call, &again, err); err != nil {
			return err
		}
	}
}

// getOn is the get on one connection.
func (in *intake) getOn(ctx context.Context, cn *conn, id wire.FileID) error {
	r := newReceiving(cn, in.offset, in.window, false)
	_, m, _, err := in.c.askOn(ctx, cn, in.call, wire.TypeGetOK,
		func(n uint64) wire.Message {
			return &wire.Get{Request: n, File: id, Offset: in.offset, Limit: limitFrom(in.offset, in.window)}
		},
		func(a answer) {
			if m, ok := a.m.(*wire.GetOK); ok {
				r.begin(m.Transfer, m.File.Size)
			}
		})
	if err != nil {
		if number := r.leave(); number != 0 { // the answer and the context's end came at once
			cn.abort(number, wire.CodeCancelled, "")
		}
		return err
	}
	ok := m.(*wire.GetOK) //nolint:forcetypeassert // calls.take saw to it
	code := wire.CodeBadRequest
	if string(ok.File.ID) != string(id) {
		err = fmt.Errorf("%w: another file than was asked for", errProtocol)
	} else if err = in.describe(&ok.File); err == nil {
		code, err = in.receive(ctx, r)
	}
	number := r.leave()
	if err == nil {
		cn.out.steer(flow{frame: frameOf(&wire.Done{Transfer: number})})
	} else if code != wire.CodeNone {
		cn.abort(number, code, "")
	}
	return err
}

// describe takes the description of the file that comes. It is the same on every
// connection.
func (in *intake) describe(f *wire.File) error {
	if in.known && (f.Size != in.res.File.Size || string(f.SHA256) != string(in.res.File.SHA256)) {
		return fmt.Errorf("%w: the file is another than before", errProtocol)
	}
	in.res.File, in.known = *f, true
	in.meter.size = int64(f.Size) //nolint:gosec // bounded by wire.Decode
	return nil
}

// maxPiece is how much of a file is hashed and written in one go.
const maxPiece = 256 << 10

// receive takes what comes until the file is whole and durable, or the transfer
// over. The code, if any, is to be told to the server.
func (in *intake) receive(ctx context.Context, r *receiving) (wire.Code, error) {
	in.progress()
	for broken := false; ; broken = over(r.cn.done) {
		piece, whole, end := r.peek(maxPiece)
		var refused *RequestError
		switch {
		case whole:
			return in.finish()
		case ctx.Err() != nil:
			return wire.CodeCancelled, ctx.Err()
		case errors.As(end, &refused) && refused.Code != wire.CodeInterrupted:
			return wire.CodeNone, end // what waits is of no use any more
		case len(piece) > 0:
			if err := in.take(piece); err != nil {
				return wire.CodeStorageFailed, err
			}
			r.took(len(piece))
			in.progress()
			continue
		case refused != nil:
			return wire.CodeNone, end
		case errors.Is(end, ErrLoggedOut):
			return wire.CodeNone, end // the session's end has ended the transfer
		case end != nil:
			return faultOf(end), fmt.Errorf("%w: %w", errProtocol, end)
		case broken:
			return wire.CodeNone, ErrDisconnected
		}
		select {
		case <-r.wake:
		case <-ctx.Done():
		case <-r.cn.done:
		}
		in.c.callGoesOn(in.call)
		drain(r.wake)
	}
}

// faultOf is the code of what the server did wrong.
func faultOf(err error) wire.Code {
	switch {
	case errors.Is(err, errPastEnd):
		return wire.CodeSizeMismatch
	case errors.Is(err, errWindow):
		return wire.CodeWindowExceeded
	default:
		return wire.CodeBadRequest
	}
}

// take hashes and writes one piece.
func (in *intake) take(piece []byte) error {
	_, _ = in.hash.Write(piece)                                        // never fails
	if _, err := in.dst.WriteAt(piece, int64(in.offset)); err != nil { //nolint:gosec // below the size
		return fmt.Errorf("client: writing the file: %w", err)
	}
	in.offset += uint64(len(piece))
	in.res.Received += int64(len(piece))
	return nil
}

// finish verifies the whole file and makes it durable and visible.
func (in *intake) finish() (wire.Code, error) {
	if string(in.hash.Sum(nil)) != string(in.res.File.SHA256) {
		return wire.CodeChecksumMismatch, &RequestError{
			Code: wire.CodeChecksumMismatch, Text: "what came does not have the SHA-256 that was promised",
		}
	}
	if err := in.dst.Sync(); err != nil {
		return wire.CodeStorageFailed, fmt.Errorf("client: making the file durable: %w", err)
	}
	if in.commit != nil {
		if err := in.commit(); err != nil {
			return wire.CodeStorageFailed, err
		}
	}
	return wire.CodeNone, nil
}

func (in *intake) progress() {
	if in.o.Progress == nil {
		return
	}
	if now, ok := in.meter.at(in.c.now(), int64(in.offset)); ok { //nolint:gosec // at most the size
		in.o.Progress(now)
	}
}
