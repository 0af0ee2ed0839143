package presence

import (
	"errors"
	"fmt"
)

// ErrTooMany is a watch past MaxNames or MaxWatches. Nothing of it was taken.
var ErrTooMany = errors.New("presence: too many watches")

// Mark says what a watcher knows already: the state at Version of Epoch. The
// zero mark is that of a watcher that knows nothing.
type Mark struct{ Epoch, Version uint64 }

// Answer is the state that a watch is answered with.
type Answer struct {
	// Frames are to be sent in this order: a snapshot and the deltas that lead
	// from it to Version, or deltas alone. There is at least one. Frames for
	// watchers of everyone are shared.
	Frames []*Frame
	// Snapshot tells that Frames begin with a snapshot, which replaces all that
	// the watcher knew.
	Snapshot bool
	// Version is what the watcher has when it has applied the frames.
	Version uint64
}

// WatchAll makes w a watcher of everyone; names that it watched before are
// included from now on and forgotten. Resume is honoured when this is the first
// watch of w since Drop, or when w watched everyone already at that version; and
// when the history goes back to it: then the answer holds deltas alone.
func (b *Board) WatchAll(w uint64, resume Mark) Answer {
	x, known := b.watchers[w]
	if !known {
		x = &watcher{id: w}
		b.watchers[w] = x
	}
	resumes := b.resumes(resume) && (!known || (x.all && resume.Version >= x.grown))
	had := b.had(x)
	if !x.all {
		b.partAll(x)
		b.raise(x)
		x.grown = b.Version()
	}
	if resumes {
		x.to = b.Version()
		return Answer{Frames: b.history.since(resume.Version, b.cut), Version: b.Version()}
	}
	return b.state(x, had)
}

// had returns the version that w may have been sent, so that no snapshot takes
// it back (G3).
func (b *Board) had(w *watcher) uint64 {
	if w.all {
		return max(w.to, b.flushed)
	}
	return w.to
}

// WatchUsers adds the users to those that w watches; a name that is there
// already counts once. Resume is honoured as by WatchAll; a watch that adds
// names to earlier ones is answered by a snapshot of all of them. For a watcher
// of everyone nothing is added, and the answer is that of WatchAll. The users
// are valid (wire.ValidUser). The error wraps ErrTooMany, and nothing has
// changed then.
func (b *Board) WatchUsers(w uint64, users []string, resume Mark) (Answer, error) {
	x, known := b.watchers[w]
	if !known {
		x = &watcher{id: w}
	}
	if x.all {
		return b.WatchAll(w, resume), nil
	}
	fresh := x.missing(users)
	if n := len(x.names) + len(fresh); n > MaxNames {
		return Answer{}, fmt.Errorf("%w: %d names, more than %d", ErrTooMany, n, MaxNames)
	}
	if n := b.watches + len(fresh); n > b.maxWatches {
		return Answer{}, fmt.Errorf("%w: %d of all watchers, more than %d", ErrTooMany, n, b.maxWatches)
	}
	b.watchers[w] = x
	resumes := b.resumes(resume) && (!known || (len(fresh) == 0 && resume.Version >= x.grown))
	if len(fresh) > 0 {
		b.join(x, fresh)
		x.grown = b.Version()
	}
	if resumes {
		x.to = b.Version()
		return Answer{Frames: b.namedSince(x, resume.Version), Version: b.Version()}, nil
	}
	return b.state(x, b.had(x)), nil
}

// resumes reports whether the board can lead a watcher on from the mark.
func (b *Board) resumes(m Mark) bool {
	return m != Mark{} && m.Epoch == b.Epoch() && b.history.covers(m.Version)
}

// state answers with a snapshot of all that w watches, which is not older than
// had.
func (b *Board) state(w *watcher, had uint64) Answer {
	a := Answer{Snapshot: true, Version: b.Version()}
	if w.all {
		a.Frames = b.all(had)
	} else {
		a.Frames = b.named(w)
	}
	w.to = b.Version()
	return a
}

// Refresh answers with a snapshot of all that w watches now: for a watcher that
// was too slow for deltas (P7). It returns false when w watches nobody.
func (b *Board) Refresh(w uint64) (Answer, bool) {
	x := b.watchers[w]
	if x == nil || (!x.all && len(x.names) == 0) {
		return Answer{}, false
	}
	return b.state(x, b.had(x)), true
}

// Unwatch takes the users from those that w names, or everything when users is
// empty. For a watcher of everyone naming users changes nothing.
func (b *Board) Unwatch(w uint64, users []string) {
	x := b.watchers[w]
	switch {
	case x == nil:
	case len(users) > 0:
		b.partSome(x, users)
	case x.all:
		b.lower(x)
	default:
		b.partAll(x)
	}
}

// Drop forgets w, at the end of its connection or session. It is idempotent.
func (b *Board) Drop(w uint64) {
	b.Unwatch(w, nil)
	delete(b.watchers, w)
}

// Watches tells what w watches: everyone, or how many names.
func (b *Board) Watches(w uint64) (everyone bool, names int) {
	x := b.watchers[w]
	if x == nil {
		return false, 0
	}
	return x.all, len(x.names)
}
