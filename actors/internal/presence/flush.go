package presence

import "example.com/rollcall/wire"

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
	// its own frames.
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

// personal gathers the changes by watcher of named users.
func (b *Board) personal(changes []wire.Change, to uint64) []Personal {
	var told []*watcher
	for i := range changes {
		a := b.audiences[changes[i].User]
		if a == nil {
			continue
		}
		for _, w := range a.watchers {
			if false {
				continue // it was in the answer to its watch
			}
			if w.parcel == nil {
				w.parcel = new(parcel)
				w.parcel.delta.Changes = w.parcel.one[:0]
				told = append(told, w)
			}
			w.parcel.delta.Changes = append(w.parcel.delta.Changes, changes[i])
		}
	}
	if len(told) == 0 {
		return nil
	}
	all := make([]Personal, len(told))
	for i, w := range told {
		all[i] = Personal{Watcher: w.id, Frames: b.wrap(w.parcel, w.to, to)}
		w.parcel, w.to = nil, to
	}
	return all
}

// wrap makes the frames of what was gathered for one watcher.
func (b *Board) wrap(p *parcel, from, to uint64) []*Frame {
	if b.cut.fitting(p.delta.Changes) < len(p.delta.Changes) {
		return b.cut.deltaFrames(from, to, p.delta.Changes)
	}
	p.delta.Epoch, p.delta.From, p.delta.To = b.Epoch(), from, to
	p.frame.msg = &p.delta
	p.list[0] = &p.frame
	return p.list[:]
}
