package wheel

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// Link is what an owner of a deadline has of the wheel. The zero value is not
// armed. It belongs to the wheel, and must not be copied while it is armed.
type Link[T any] struct {
	next, prev T // in its bucket; zero at the ends
	due        time.Duration
	place      int32 // unarmed, its place in the heap + 1, -1 - its bucket, or inRun - its place in the run
}

const unarmed = 0

// Due returns for when the link was last armed.
func (l *Link[T]) Due() time.Duration { return l.due }

// Armed reports whether the link is armed.
func (l *Link[T]) Armed() bool { return l.place != unarmed }

// Linked is an owner of a deadline: a pointer.
type Linked[T any] interface {
	comparable
	Link() *Link[T]
}

const (
	buckets = 512
	shift   = 27 // a bucket is 2^27 ns long
	inRun   = -1 - buckets
)

// Wheel holds deadlines. Its zero value is empty; times count from any beginning,
// and are not negative. It is not safe for use by several goroutines.
type Wheel[T Linked[T]] struct {
	now   int64 // the number of the bucket that was taken last; what is due until its end is in run and near
	far   [buckets]T
	used  [buckets / 64]uint64 // which buckets are not empty
	run   []place[T]           // what that bucket held, the latest first; who has left it is none
	near  []place[T]           // a heap by deadline, of those who were armed since
	count int
}

// place is a place in the run or the heap.
type place[T any] struct {
	due time.Duration
	x   T
}

// Len returns how many are armed.
func (w *Wheel[T]) Len() int { return w.count }

// Set arms x, or arms it anew.
func (w *Wheel[T]) Set(x T, due time.Duration) {
	w.Cancel(x)
	l := x.Link()
	l.due = max(due, 0)
	w.count++
	w.enter(x, l)
}

func (w *Wheel[T]) enter(x T, l *Link[T]) {
	tick := int64(l.due >> shift)
	if tick <= w.now {
		w.near = append(w.near, place[T]{})
		w.up(len(w.near)-1, place[T]{l.due, x})
		return
	}
	b := int(min(tick, w.now+buckets-1) % buckets)
	var none T
	l.prev, l.next, l.place = none, w.far[b], int32(-1-b) //nolint:gosec // less than buckets
	if l.next != none {
		l.next.Link().prev = x
	}
	w.far[b] = x
	w.used[b/64] |= 1 << (b % 64)
}

// Cancel disarms x, if it is armed.
func (w *Wheel[T]) Cancel(x T) {
	l := x.Link()
	switch {
	case l.place == unarmed:
		return
	case l.place > 0:
		w.drop(int(l.place) - 1)
	case l.place <= inRun:
		var none T
		w.run[inRun-l.place].x = none
		w.trim()
	default:
		w.unlink(l)
	}
	l.place = unarmed
	w.count--
}

// trim drops those at the end of the run who have left it.
func (w *Wheel[T]) trim() {
	var none T
	for n := len(w.run); n > 0 && w.run[n-1].x == none; n-- {
		w.run = w.run[:n-1]
	}
	if len(w.run) == 0 && cap(w.run) > keptNear {
		w.run = nil // a crowd was due at once
	}
}

// unlink takes a link out of its bucket.
func (w *Wheel[T]) unlink(l *Link[T]) {
	var none T
	if l.next != none {
		l.next.Link().prev = l.prev
	}
	if l.prev != none {
		l.prev.Link().next = l.next
	} else {
		b := int(-1 - l.place)
		if w.far[b] = l.next; l.next == none {
			w.used[b/64] &^= 1 << (b % 64)
		}
	}
	l.next, l.prev = none, none
}

// Due disarms those whose deadline is not after now, the earliest first, appends
// them to to, and stops when to has no more room. When it is called again, now
// must not be less.
func (w *Wheel[T]) Due(now time.Duration, to []T) []T {
	for len(to) < cap(to) {
		x, due, ok := w.first()
		if !ok {
			// Bucket by bucket: so no sorting is done twice when there is no room.
			if w.advance(int64(now >> shift)) {
				continue
			}
			break
		}
		if due > now {
			break
		}
		w.Cancel(x)
		to = append(to, x)
	}
	if len(w.near) == 0 && cap(w.near) > keptNear {
		w.near = nil // a crowd was due at once
	}
	return to
}

// first returns who is due first, of those in the run and the heap.
func (w *Wheel[T]) first() (x T, due time.Duration, ok bool) {
	if n := len(w.run); n > 0 && (len(w.near) == 0 || w.run[n-1].due <= w.near[0].due) {
		return w.run[n-1].x, w.run[n-1].due, true
	}
	if len(w.near) > 0 {
		return w.near[0].x, w.near[0].due, true
	}
	return x, 0, false
}

// keptNear bounds the room that an empty run or heap keeps.
const keptNear = 1 << 14

// advance makes a run of the next bucket up to that of the tick, and reports whether
// there is one. There must be neither a run nor a heap.
//
// A run is sorted once and read from its end: of very many, a heap would touch a
// dozen links that are not in the cache, for each that is taken.
func (w *Wheel[T]) advance(tick int64) bool {
	for w.now < tick {
		b, ok := w.following()
		if !ok || w.tickOf(b) > tick {
			w.now = tick
			return false
		}
		w.now = w.tickOf(b)
		x := w.far[b]
		var none T
		w.far[b] = none
		w.used[b/64] &^= 1 << (b % 64)
		for x != none {
			l := x.Link()
			next := l.next
			l.next, l.prev, l.place = none, none, unarmed
			if int64(l.due>>shift) <= w.now {
				w.run = append(w.run, place[T]{l.due, x})
			} else {
				w.enter(x, l)
			}
			x = next
		}
		if len(w.run) > 0 {
			slices.SortFunc(w.run, func(a, b place[T]) int { return cmp.Compare(b.due, a.due) })
			for i, p := range w.run {
				p.x.Link().place = inRun - int32(i) //nolint:gosec // bounded by the number of connections
			}
			return true
		}
	}
	return false
}

// following returns the first bucket after the present one that is not empty.
func (w *Wheel[T]) following() (int, bool) {
	from := int((w.now + 1) % buckets)
	for i := range len(w.used) + 1 {
		k := (from/64 + i) % len(w.used)
		word := w.used[k]
		if i == 0 {
			word &= ^uint64(0) << (from % 64)
		}
		if word != 0 {
			return k*64 + bits.TrailingZeros64(word), true
		}
	}
	return 0, false
}

// tickOf returns the number of the next bucket that is at this place.
func (w *Wheel[T]) tickOf(b int) int64 {
	return w.now + 1 + (int64(b)-(w.now+1)%buckets+buckets)%buckets
}

// Next returns when Due is to be called at the latest, or false when nothing is
// armed.
func (w *Wheel[T]) Next() (time.Duration, bool) {
	if _, due, ok := w.first(); ok {
		return due, true // the buckets are all later
	}
	if b, ok := w.following(); ok {
		return time.Duration(w.tickOf(b)) << shift, true
	}
	return 0, false
}
