package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"example.com/rollcall/wire"
)

// PutOptions says what a file is called and for whom it is.
type PutOptions struct {
	// Name is the file's, 1 to [wire.MaxFileName] bytes without control
	// characters. It is never a path. PutFile takes the base of its path if it
	// is empty.
	Name  string
	Media string // the media type, such as text/plain; at most [wire.MaxMedia] bytes
	// To are the users that the file is for, at most [wire.MaxRecipients];
	// Everyone is for all.
	To       []string
	Everyone bool
	// Relay passes the file straight to the one user in To, who has to be online
	// and to accept; the server keeps nothing.
	Relay bool
	// SHA256 is of the whole content. Nil: the source is read once more, before
	// anything is sent.
	SHA256 []byte
	// Progress is told how far the file has come, at most ten times a second,
	// by the goroutine that called: it must not block.
	Progress func(Progress)
	// KeepOnCancel is for programs that go away and come back: when the context
	// ends, the put is not taken back. It is interrupted with the end of the
	// connection, and the same put goes on with it within the server's transfer
	// grace. So close the client then.
	KeepOnCancel bool
}

// PutResult tells of a file that has arrived.
type PutResult struct {
	// File is its ID in the server's store; a relay has none.
	File wire.FileID
	// Sent is how many bytes of the file this call gave to connections.
	Sent int64
	// Resumed is the offset at which this call began: what the other side held
	// already.
	Resumed int64
}

// ErrChanged means that a file is not what it was when it was announced: it has
// grown or shrunk, or its content has changed. The transfer was taken back.
var ErrChanged = errors.New("client: the source has changed")

// Put sends the first size bytes of src to the server's store or, as a relay,
// straight to another user. It returns when the server says that the file is
// whole, verified and durable: there, or with the recipient. Progress tells of
// it meanwhile. A login is needed.
//
// When the connection breaks, Put goes on over the next one from the byte that
// the other side holds, and so does the same put of another life of this
// program, within the server's transfer grace. The same put is one of the same
// user with equal name, size, SHA-256, recipients and kind. A relay waits for
// its recipient like that, too.
//
// Several transfers share the connection fairly, and none delays a message or a
// heartbeat by more than one chunk (N21). A put takes up to 512 KiB of memory.
//
// A refusal, and the end of the transfer by the server or the other user, is a
// [*RequestError]: errors.Is(err, wire.CodeQuotaExceeded), wire.CodeDeclined.
// A source that is too short gives an error that wraps ErrChanged. When ctx
// ends, the transfer is taken back, and the other side forgets what it has; see
// PutOptions.KeepOnCancel. Put returns no sooner than src.ReadAt does.
func (c *Client) Put(ctx context.Context, src io.ReaderAt, size int64, o PutOptions) (PutResult, error) {
	return c.putSource(ctx, source{r: src, size: size}, o)
}

func (c *Client) putSource(ctx context.Context, src source, o PutOptions) (PutResult, error) {
	if src.size < 0 {
		return PutResult{}, fmt.Errorf("client: a size of %d", src.size)
	}
	m := wire.Put{
		Request: 1, Name: o.Name, Size: uint64(src.size), Media: o.Media, SHA256: o.SHA256,
		To: slices.Clone(o.To), Everyone: o.Everyone, Relay: o.Relay,
	}
	if m.SHA256 == nil {
		m.SHA256 = make([]byte, wire.HashSize)
	}
	if _, err := wire.Append(nil, &m); err != nil {
		return PutResult{}, err // before the source is read
	}
	if o.SHA256 == nil {
		var err error
		if m.SHA256, err = src.hash(ctx); err != nil {
			return PutResult{}, err
		}
		if _, err := src.verify(); err != nil {
			return PutResult{}, err
		}
	}
	p := putting{c: c, call: c.number(), src: src, put: m, o: o, meter: meter{size: src.size}}
	err := p.run(ctx)
	return p.res, err
}
