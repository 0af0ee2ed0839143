package presence

import "example.com/rollcall/wire"

// cell is how many versions one shared piece of the history has. Frames that
// many watchers are sent cover whole cells, so that each change is encoded once
// for all newcomers and once for each flush; what remains on either side of the
// cells is at most a cell.
const cell = 128

// history is the newest changes, and the frames that were made of them.
type history struct {
	keep int
	// log holds the changes from version first on, without a hole. It is
	// appended to and otherwise never written to: frames share its arrays.
	log   []wire.Change
	first uint64 // always the first version of a cell: k*cell + 1

	cells      [][]*Frame // by cell, from that of first on; nil until asked for
	head, rest span       // the last ones made
}

// span is the frames of a stretch of the history that is no cell.
type span struct {
	from, to uint64
	frames   []*Frame
}

// version returns the version of the newest change.
func (h *history) version() uint64 { return h.first + uint64(len(h.log)) - 1 }

// covers reports whether every change after the version is still here.
func (h *history) covers(version uint64) bool {
	return version+1 >= h.first && version <= h.version()
}

// after returns the changes after the version, which the history covers.
func (h *history) after(version uint64) []wire.Change { return h.log[version+1-h.first:] }

// between returns the changes after from, up to and with to.
func (h *history) between(from, to uint64) []wire.Change {
	return h.log[from+1-h.first : to+1-h.first : to+1-h.first]
}

// since returns shared frames that lead from the version, which the history
// covers, to the newest one. There is at least one, empty when nothing has
// changed.
func (h *history) since(from uint64, cut cutter) []*Frame {
	to := h.version()
	k, end := (from+cell-1)/cell, to/cell // the whole cells are k to end-1
	if from == to || k > end {
		return h.span(&h.rest, from, to, cut)
	}
	var frames []*Frame
	if from < k*cell {
		frames = append(frames, h.span(&h.head, from, k*cell, cut)...)
	}
	for ; k < end; k++ {
		frames = append(frames, h.cell(k, cut)...)
	}
	if end*cell < to {
		frames = append(frames, h.span(&h.rest, end*cell, to, cut)...)
	}
	return frames
}

// span returns the frames of a stretch, from the memory if it was the last one
// asked for: watchers that lost their connections together come back with the
// same version.
func (h *history) span(last *span, from, to uint64, cut cutter) []*Frame {
	if last.frames == nil || last.from != from || last.to != to {
		*last = span{from: from, to: to, frames: cut.deltaFrames(from, to, h.between(from, to))}
	}
	return last.frames[:len(last.frames):len(last.frames)]
}

// cell returns the frames of cell k, all of whose changes are here.
func (h *history) cell(k uint64, cut cutter) []*Frame {
	i := int(k - (h.first-1)/cell) //nolint:gosec // bounded by the length of the log
	for len(h.cells) <= i {
		h.cells = append(h.cells, nil)
	}
	if h.cells[i] == nil {
		h.cells[i] = cut.deltaFrames(k*cell, (k+1)*cell, h.between(k*cell, (k+1)*cell))
	}
	return h.cells[i]
}

// trim gives up what is older than the newest keep changes, once there are twice
// as many: so a change is copied once at most. It makes a new array, since
// frames share the old one.
func (h *history) trim() {
	if len(h.log) < 2*h.keep+cell {
		return
	}
	gone := (len(h.log) - h.keep) / cell // whole cells
	rest := h.log[gone*cell:]
	h.log = append(make([]wire.Change, 0, 2*h.keep+2*cell), rest...)
	h.first += uint64(gone) * cell
	h.cells = append([][]*Frame(nil), h.cells[min(gone, len(h.cells)):]...)
	h.head, h.rest = span{}, span{}
}
