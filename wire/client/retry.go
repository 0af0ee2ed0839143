package client

import (
	"context"
	"errors"
	"time"

	"example.com/rollcall/wire"
)

// retry says how long to wait before a transfer is asked for again on a living
// connection. A plain value. The wait doubles as long as nothing moves.
type retry struct{ n int }

const (
	minRetry       = 100 * time.Millisecond
	maxRetryDouble = 6 // doublings, so the longest wait is 6.4 s
)

func (r *retry) next() time.Duration {
	d := minRetry << min(r.n, maxRetryDouble)
	r.n++
	return d
}

// moved tells that the latest attempt got the file further.
func (r *retry) moved() { r.n = 0 }

// goOn returns nil when a transfer that ended with err on cn is to be asked for
// again, after the wait that this takes; else why not. call is the caller's number.
func (c *Client) goOn(ctx context.Context, cn *conn, call uint64, again *retry, err error) error {
	switch {
	case errors.Is(err, ErrDisconnected):
		return nil // the next connection is waited for anyway
	case errors.Is(err, wire.CodeShuttingDown):
		select {
		case <-cn.done:
		case <-ctx.Done():
		}
		c.callGoesOn(call)
		return ctx.Err()
	case errors.Is(err, wire.CodeInterrupted):
		err := pause(ctx, again.next())
		c.callGoesOn(call)
		return err
	default:
		return err
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
