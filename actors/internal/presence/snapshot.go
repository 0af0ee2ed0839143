package presence

import (
	"slices"

	"example.com/rollcall/wire"
)

// base is the cached snapshot of everyone.
type base struct {
	frames  []*Frame // nil: there is none
	version uint64
}

// fewUsers is how many online users make a snapshot so small that it is never
// kept once it is old.
const fewUsers = 128

// useful reports whether the cached snapshot, and the deltas since, cost less
// than a new snapshot: ten thousand watchers that arrive together, and change
// the board by arriving, must not each cost an encoding of all the others. A
// snapshot of n users is made anew at most once in n/4 changes.
func (b *Board) useful() bool {
	if b.base.frames == nil || !b.history.covers(b.base.version) {
		return false
	}
	stale := b.Version() - b.base.version
	if len(b.online) <= fewUsers {
		return stale == 0 // made anew for less than a write costs: nobody sees an old one first
	}
	return stale <= max(256, uint64(len(b.online))/4)
}

// all returns the state of everyone: the cached snapshot, unless it is older
// than had, and what follows it.
func (b *Board) all(had uint64) []*Frame {
	if !b.useful() || b.base.version < had {
		b.base = base{
			frames:  b.cut.snapshotFrames(b.Version(), slices.Clone(b.online)),
			version: b.Version(),
		}
	}
	frames := slices.Clip(b.base.frames)
	if b.base.version < b.Version() {
		frames = append(frames, b.history.since(b.base.version, b.cut)...)
	}
	return frames
}

// named returns the snapshot of the users that w names, in the order of their
// names.
func (b *Board) named(w *watcher) []*Frame {
	var online []wire.Online
	for i := range w.names {
		if at, ok := b.index[w.names[i].audience.user]; ok {
			online = append(online, b.online[at])
		}
	}
	return b.cut.snapshotFrames(b.Version(), online)
}

// namedSince returns the changes after the version, which the history covers, of
// the users that w names.
func (b *Board) namedSince(w *watcher, version uint64) []*Frame {
	var changes []wire.Change
	for _, c := range b.history.after(version) {
		if _, ok := w.find(c.User); ok {
			changes = append(changes, c)
		}
	}
	return b.cut.deltaFrames(version, b.Version(), changes)
}
