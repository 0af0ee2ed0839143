package presence

import (
	"slices"

	"example.com/rollcall/wire"
)

// Batch is what the watchers are to be told: every change after From, up to and
// with To. When From equals To there is nothing to tell.
type Batch struct {
	From, To uint64
	// Shared are the frames for every watcher in Everyone, in order; empty when
	// nobody watches everyone.
	Shared []*Frame
	// Everyone are the watchers of everyone. The slice is the board's own: it
	// must not be written to, and is valid until the next call that changes who
	// watches.
	Everyone []uint64
	// Named are the watchers of named users whom a change concerns, each with
	// its own frames; neighbours that are told the same share theirs.
	Named []Personal
}

// Personal is what one watcher of named users is to be told.
type Personal struct {
	Watcher uint64
	Frames  []*Frame // in order, at least one
}

// parcel is the one frame that a watcher of named users mostly gets, with all
// its parts in one piece of memory.
type parcel struct {
	frame Frame
	delta wire.Delta
	count int // of the changes, before they are gathered
	list  [1]*Frame
	one   [1]wire.Change
}

// Flush returns all changes since the last flush, and for whom they are.
func (b *Board) Flush() Batch {
	batch := Batch{From: b.flushed, To: b.Version()}
	if batch.From == batch.To {
		return batch
	}
	changes := b.history.between(batch.From, batch.To)
	if len(b.everyone) > 0 {
		batch.Everyone = b.everyone[:len(b.everyone):len(b.everyone)]
		batch.Shared = b.cut.deltaFrames(batch.From, batch.To, changes)
	}
	if len(b.audiences) > 0 {
		batch.Named = b.personal(changes, batch.To)
	}
	b.flushed = batch.To
	b.history.trim()
	if !b.useful() {
		b.base = base{} // too old: give its memory back
	}
	return batch
}

// personal gathers the changes by watcher of named users: it counts them first,
// so that each watcher's list is made once, in its size.
func (b *Board) personal(changes []wire.Change, to uint64) []Personal {
	var told []*watcher
	b.eachTold(changes, func(w *watcher, _ wire.Change) {
		if w.parcel == nil {
			w.parcel = new(parcel)
			told = append(told, w)
		}
		w.parcel.count++
	})
	if len(told) == 0 {
		return nil
	}
	for _, w := range told {
		if p := w.parcel; p.count == 1 {
			p.delta.Changes = p.one[:0]
		} else {
			p.delta.Changes = make([]wire.Change, 0, p.count)
		}
	}
	b.eachTold(changes, func(w *watcher, c wire.Change) {
		w.parcel.delta.Changes = append(w.parcel.delta.Changes, c)
	})
	all := make([]Personal, len(told))
	var last *parcel
	for i, w := range told {
		p := w.parcel
		p.delta.Epoch, p.delta.From, p.delta.To = b.Epoch(), w.to, to
		if last != nil && p.same(last) {
			all[i] = Personal{Watcher: w.id, Frames: all[i-1].Frames}
		} else {
			all[i] = Personal{Watcher: w.id, Frames: b.wrap(p)}
			last = p
		}
		w.parcel, w.to = nil, to
	}
	return all
}

// eachTold calls told for each change and each watcher that names its user and
// was not given it in the answer to its watch.
func (b *Board) eachTold(changes []wire.Change, told func(*watcher, wire.Change)) {
	for _, c := range changes {
		a := b.audiences[c.User]
		if a == nil {
			continue
		}
		for _, w := range a.watchers {
			if c.Version > w.to {
				told(w, c)
			}
		}
	}
}

// same reports whether both are told the same: those who all watch the same
// users stand behind one another, and share their frames.
func (p *parcel) same(q *parcel) bool {
	return p.delta.From == q.delta.From && slices.EqualFunc(p.delta.Changes, q.delta.Changes,
		func(a, b wire.Change) bool { return a.Version == b.Version })
}

// wrap makes the frames of what was gathered for one watcher.
func (b *Board) wrap(p *parcel) []*Frame {
	if d := p.delta; b.cut.fitting(d.Changes) < len(d.Changes) {
		return b.cut.deltaFrames(d.From, d.To, d.Changes)
	}
	p.frame.msg = &p.delta
	p.list[0] = &p.frame
	return p.list[:]
}
