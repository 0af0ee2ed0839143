package filestore

import (
	"bytes"
	"crypto/sha256"
)

// A meta file holds the Meta as Begin wrote it, then three slots: two for
// checkpoints, written in turns, and one for the commit. Each slot lies in one
// sector of its own, so that a write that is torn spoils the slot being written
// and nothing else, and the file does not grow however often a partial syncs.
const (
	slotSize   = 512
	slotCommit = 2
	slots      = 3
	maxMeta    = (recordHead+maxRecord+slotSize-1)/slotSize*slotSize + slots*slotSize
)

// checkpoint says what was durable when it was written.
type checkpoint struct {
	Offset int64             `cbor:"1,keyasint"`
	Digest [sha256.Size]byte `cbor:"2,keyasint"` // of the content up to Offset
	At     int64             `cbor:"3,keyasint"` // Unix ms
}

// commitment is what Commit adds to the Meta.
type commitment struct {
	Committed int64 `cbor:"1,keyasint"`
	Expires   int64 `cbor:"2,keyasint,omitempty"`
}

// metaFile is the content of a meta file, decoded.
type metaFile struct {
	meta      Meta // Committed is 0, as written by Begin
	durable   checkpoint
	next      int // the slot for the next checkpoint
	committed commitment
	complete  bool // there is a commitment
}

// encodeMeta gives the meta file that Begin writes.
func encodeMeta(m *Meta) []byte {
	return appendRecord(nil, kindMeta, m)
}

// slotOffset gives where a slot lies in the meta file of m.
func slotOffset(m *Meta, slot int) int64 {
	n := int64(len(encodeMeta(m)))
	return (n+slotSize-1)/slotSize*slotSize + int64(slot)*slotSize
}

// decodeMeta reads a meta file. Not ok: it holds no valid Meta. Slots that are
// torn, empty or nonsense count as not written.
func decodeMeta(b []byte) (f metaFile, ok bool) {
	kind, body, _, ok := cutRecord(b)
	if !ok || kind != kindMeta || decoder.Unmarshal(body, &f.meta) != nil {
		return metaFile{}, false
	}
	m := &f.meta
	if m.check() != nil || m.ID.IsZero() || m.Committed != 0 || !bytes.HasPrefix(b, encodeMeta(m)) {
		return metaFile{}, false // what we do not write ourselves is damage
	}
	for slot := range slots {
		at := slotOffset(m, slot)
		if at >= int64(len(b)) {
			break
		}
		kind, body, _, ok := cutRecord(b[at:min(at+slotSize, int64(len(b)))])
		switch {
		case !ok:
		case slot == slotCommit:
			f.readCommitment(kind, body)
		default:
			f.readCheckpoint(slot, kind, body)
		}
	}
	return f, true
}

func (f *metaFile) readCheckpoint(slot int, kind byte, body []byte) {
	var c checkpoint
	if kind != kindCheckpoint || decoder.Unmarshal(body, &c) != nil {
		return
	}
	if c.Offset < f.durable.Offset || c.Offset > f.meta.Size || c.At < 0 {
		return
	}
	f.durable, f.next = c, 1-slot
}

func (f *metaFile) readCommitment(kind byte, body []byte) {
	var c commitment
	if kind != kindCommit || decoder.Unmarshal(body, &c) != nil || c.Committed < 0 || c.Expires < 0 {
		return
	}
	f.committed, f.complete = c, true
}

// visible gives the Meta with its commitment.
func (f *metaFile) visible() Meta {
	m := f.meta
	m.Committed, m.Expires = f.committed.Committed, f.committed.Expires
	return m
}
