package presence

import "example.com/rollcall/wire"

// What a part of a message takes at most when it is encoded, in bytes. A key
// takes one, an integer up to nine, the head of a text up to two, that of an
// array up to three.
const (
	frameSize  = wire.HeaderSize + 1 + 4*(1+9) + 2 + 1 + 3 // all but the entries
	changeSize = 1 + (1 + 9) + (1 + 2) + (1 + 1) + (1 + 2) + (1 + 9)
	onlineSize = 1 + (1 + 2) + (1 + 9)
)

// cutter makes frames that keep the limits: wire.MaxEntries and a budget of
// bytes. One entry always fits, since the budget is at least wire.MinMaxFrame; if
// an entry breaks the limits of wire all the same, it goes alone, and Encode
// gives the error.
type cutter struct {
	epoch  uint64
	budget int
}

// budget bounds what a caller asked for.
func budget(bytes int) int {
	return min(max(bytes, wire.MinMaxFrame), DefaultFrame)
}

// fitting returns how many changes from the beginning fit one frame.
func (c cutter) fitting(changes []wire.Change) int {
	n, size := 0, frameSize
	for ; n < len(changes) && n < wire.MaxEntries; n++ {
		if size += changeSize + len(changes[n].User); size > c.budget {
			break
		}
	}
	return max(n, min(len(changes), 1))
}

// deltas calls emit with deltas that join up and together lead from one version
// to the other; with one empty delta when there are no changes. They share the
// array of changes, which must not be written to afterwards.
func (c cutter) deltas(from, to uint64, changes []wire.Change, emit func(wire.Delta)) {
	for {
		n := c.fitting(changes)
		d := wire.Delta{Epoch: c.epoch, From: from, To: to, Changes: changes[:n:n]}
		if changes = changes[n:]; len(changes) > 0 {
			d.To = d.Changes[n-1].Version
		}
		emit(d)
		if len(changes) == 0 {
			return
		}
		from = d.To
	}
}

// deltaFrames returns the same as frames.
func (c cutter) deltaFrames(from, to uint64, changes []wire.Change) []*Frame {
	var frames []*Frame
	c.deltas(from, to, changes, func(d wire.Delta) {
		frames = append(frames, &Frame{msg: &d})
	})
	return frames
}

// fittingOnline returns how many entries from the beginning fit one frame.
func (c cutter) fittingOnline(online []wire.Online) int {
	n, size := 0, frameSize
	for ; n < len(online) && n < wire.MaxEntries; n++ {
		if size += onlineSize + len(online[n].User); size > c.budget {
			break
		}
	}
	return max(n, min(len(online), 1))
}

// snapshotFrames returns the parts of a snapshot, at least one. They share the
// array of online, which must not be written to afterwards.
func (c cutter) snapshotFrames(version uint64, online []wire.Online) []*Frame {
	var frames []*Frame
	for part := uint64(0); ; part++ {
		n := c.fittingOnline(online)
		s := &wire.Snapshot{Epoch: c.epoch, Version: version, Part: part, Online: online[:n:n]}
		online = online[n:]
		s.More = len(online) > 0
		frames = append(frames, &Frame{msg: s})
		if !s.More {
			return frames
		}
	}
}
