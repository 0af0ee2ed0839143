package heartbeat

import (
	"errors"
	"fmt"
	"time"
)

// ErrBounds is the error of bounds that contradict themselves or each other.
var ErrBounds = errors.New("heartbeat: impossible bounds")

// The defaults of the issue: ping after 15 s of silence, end at 30 s.
const (
	DefaultInterval = 15 * time.Second
	DefaultTimeout  = 30 * time.Second
)

// The limits within which a client may choose when the embedder names none.
const (
	defaultMinInterval = time.Second
	defaultMaxInterval = 10 * time.Minute
	defaultMinTimeout  = 2 * time.Second
	defaultMaxTimeout  = 30 * time.Minute
)

// What no configuration may go beyond: the protocol counts in milliseconds, and
// a month of silence is no supervision any more.
const (
	shortest = time.Millisecond
	longest  = 30 * 24 * time.Hour
)

// Times are the two numbers of one connection's heartbeat. Interval is at most
// half of Timeout, so that a peer is asked, and has as long to answer as it was
// left alone.
type Times struct {
	Interval time.Duration // silence after which the peer is pinged
	Timeout  time.Duration // silence after which the connection ends
}

// Answer is how long a peer has to answer a ping: Timeout - Interval.
func (t Times) Answer() time.Duration { return t.Timeout - t.Interval }

// Slack is how late a check may come without being taken for a stall of the
// server: a 32nd of the timeout, at least 100 ms, at most 1 s, and never more
// than a quarter of the time a peer has to answer (which matters below 400 ms
// of answer only). What the caller's timer adds, its granule, must stay below
// it: past it, lateness is read as a stall (P4) and nobody is expired.
func (t Times) Slack() time.Duration {
	return min(lateness(t.Timeout), t.Answer()/4)
}

// lateness is the slack that every thing done once in d is given.
func lateness(d time.Duration) time.Duration {
	return min(max(d/32, 100*time.Millisecond), time.Second)
}

// fit makes t usable whatever it holds: a timeout of at least 2 ns and an
// interval above 0 and of at most half of it.
func (t Times) fit() Times {
	t.Timeout = max(t.Timeout, 2)
	t.Interval = min(max(t.Interval, 1), t.Timeout/2)
	return t
}

// Bounds are what the server allows a client to choose. The zero value is
// usable: every field that is zero takes its default (15 s and 30 s within 1 s
// to 10 min and 2 s to 30 min), widened as far as Default needs it.
type Bounds struct {
	Default                  Times
	MinInterval, MaxInterval time.Duration
	MinTimeout, MaxTimeout   time.Duration
}

// resolved fills in what was left zero.
func (b Bounds) resolved() Bounds {
	d := &b.Default
	switch {
	case d.Interval == 0 && d.Timeout == 0:
		d.Interval, d.Timeout = DefaultInterval, DefaultTimeout
	case d.Interval == 0:
		d.Interval = d.Timeout / 2
	case d.Timeout == 0:
		d.Timeout = 2 * d.Interval
	}
	fill := func(field *time.Duration, to time.Duration) {
		if *field == 0 {
			*field = to
		}
	}
	fill(&b.MinInterval, min(defaultMinInterval, d.Interval))
	fill(&b.MaxInterval, max(defaultMaxInterval, d.Interval))
	fill(&b.MinTimeout, max(min(defaultMinTimeout, d.Timeout), 2*b.MinInterval))
	fill(&b.MaxTimeout, max(defaultMaxTimeout, d.Timeout))
	return b
}

// Validate reports every contradiction at once; each error wraps [ErrBounds].
func (b Bounds) Validate() error {
	b = b.resolved()
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrBounds}, args...)...))
	}
	within := func(name string, d, least, most time.Duration) {
		if least > most {
			refuse("the least %s, %v, is above the greatest, %v", name, least, most)
		} else if d < least || d > most {
			refuse("the default %s, %v, is not within %v to %v", name, d, least, most)
		}
		if least < shortest {
			refuse("the least %s, %v, is below %v", name, least, shortest)
		}
		if most > longest {
			refuse("the greatest %s, %v, is above %v", name, most, longest)
		}
	}
	within("interval", b.Default.Interval, b.MinInterval, b.MaxInterval)
	within("timeout", b.Default.Timeout, b.MinTimeout, b.MaxTimeout)
	if b.Default.Interval > b.Default.Timeout/2 {
		refuse("the default interval, %v, is above half of the default timeout, %v",
			b.Default.Interval, b.Default.Timeout)
	}
	if b.MinInterval > b.MinTimeout/2 {
		refuse("the least interval, %v, is above half of the least timeout, %v",
			b.MinInterval, b.MinTimeout)
	}
	return errors.Join(errs...)
}

// Negotiate turns what a client wants into what it gets: each wish is clamped
// into the bounds, a wish of zero or less is the default, and an interval above
// half of the timeout comes down to it. The timeout is never changed for the
// interval's sake, since it is what the watchers of the client rely on.
// The bounds are taken to be valid.
func (b Bounds) Negotiate(wantInterval, wantTimeout time.Duration) Times {
	b = b.resolved()
	choose := func(want, def, least, most time.Duration) time.Duration {
		if want <= 0 {
			want = def
		}
		return min(max(want, least), most)
	}
	return Times{
		Interval: choose(wantInterval, b.Default.Interval, b.MinInterval, b.MaxInterval),
		Timeout:  choose(wantTimeout, b.Default.Timeout, b.MinTimeout, b.MaxTimeout),
	}.fit()
}
