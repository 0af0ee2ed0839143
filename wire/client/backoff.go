package client

import (
	"errors"
	"fmt"
	"time"
)

// The defaults of Backoff.
const (
	DefaultMinBackoff    = 100 * time.Millisecond
	DefaultMaxBackoff    = 10 * time.Second
	DefaultBackoffFactor = 2
)

// maxRetry bounds a server's advice how long to stay away: a mistaken server
// must not send its clients away for ever.
const maxRetry = 5 * time.Minute

// Backoff says how long to wait between attempts to connect: the n-th wait in
// a row, counted from 0, is drawn evenly from 0 to min(Max, Min·Factorⁿ), which
// is called full jitter, so that the clients of a server that died do not come
// back in step. The row begins anew after a connection that lived for Max. A
// server's advice how long to stay away, up to five minutes, comes on top.
//
// Zero fields mean 100 ms, 10 s and 2.
type Backoff struct {
	Min, Max time.Duration
	Factor   float64
}

// Validate reports every mistake in b at once; zero fields are none.
func (b Backoff) Validate() error {
	var errs []error
	if b.Min < 0 || b.Max < 0 {
		errs = append(errs, errors.New("client: a backoff below zero"))
	}
	if b = b.withDefaults(); b.Max < b.Min {
		errs = append(errs, fmt.Errorf("client: backoff from %v to %v is no range", b.Min, b.Max))
	}
	if !(b.Factor >= 1) { // NaN too
		errs = append(errs, fmt.Errorf("client: the backoff's factor %v is less than 1", b.Factor))
	}
	return errors.Join(errs...)
}

func (b Backoff) withDefaults() Backoff {
	if b.Min == 0 {
		b.Min = DefaultMinBackoff
		if b.Max > 0 {
			b.Min = min(b.Min, b.Max)
		}
	}
	if b.Max == 0 {
		b.Max = max(DefaultMaxBackoff, b.Min)
	}
	if b.Factor == 0 {
		b.Factor = DefaultBackoffFactor
	}
	return b
}

// backoff is where a client stands in its row of attempts. A plain value.
type backoff struct {
	Backoff
	ceiling time.Duration // of the next wait; 0 = Min
}

// lived tells how long the connection lived that has now ended.
func (b *backoff) lived(d time.Duration) {
	if d >= b.Max {
		b.ceiling = 0
	}
}

// next returns how long to wait before the next attempt: random is in [0, 1),
// and advice is the server's, in milliseconds.
func (b *backoff) next(random float64, advice uint64) time.Duration {
	ceiling := max(b.ceiling, b.Min)
	if grown := float64(ceiling) * b.Factor; grown < float64(b.Max) {
		b.ceiling = time.Duration(grown)
	} else {
		b.ceiling = b.Max
	}
	stay := min(advice, uint64(maxRetry/time.Millisecond))
	return time.Duration(random*float64(ceiling)) + time.Duration(stay)*time.Millisecond //nolint:gosec // stay <= maxRetry
}
