package filestore

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
)

// index holds the visible files, by ID and in the order of List. It is a plain
// value: the store's lock guards it. A *Meta in it is never changed. Files are
// nearly always added at the end; Options.MaxFiles bounds it.
type index struct {
	byID  map[ID]*Meta
	order []*Meta
}

func newIndex() index { return index{byID: make(map[ID]*Meta)} }

func (x *index) add(m *Meta) {
	at, _ := x.find(m.Committed, m.ID)
	x.byID[m.ID] = m
	x.order = slices.Insert(x.order, at, m)
}

func (x *index) remove(m *Meta) {
	at, found := x.find(m.Committed, m.ID)
	if !found {
		return
	}
	delete(x.byID, m.ID)
	x.order = slices.Delete(x.order, at, at+1)
}

// find gives where a file stands in the order, or would.
func (x *index) find(committed int64, id ID) (int, bool) {
	return slices.BinarySearchFunc(x.order, position{committed, id}, func(m *Meta, p position) int {
		switch {
		case m.ID == p.id && m.Committed == p.committed:
			return 0
		case m.before(p.committed, p.id):
			return -1
		}
		return 1
	})
}

// after gives up to n files that come after p.
func (x *index) after(p position, n int) []*Meta {
	at, found := x.find(p.committed, p.id)
	if found {
		at++
	}
	return slices.Clone(x.order[at:min(at+n, len(x.order))])
}

// position is a place in the order of List. A cursor is its text.
type position struct {
	committed int64
	id        ID
}

func (p position) cursor() string {
	b := binary.BigEndian.AppendUint64(nil, uint64(p.committed))
	return hex.EncodeToString(append(b, p.id[:]...))
}

func parseCursor(s string) (position, error) {
	p := position{committed: -1}
	if s == "" {
		return p, nil
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 8+len(p.id) {
		return p, ErrCursor
	}
	p.committed = int64(binary.BigEndian.Uint64(b))
	copy(p.id[:], b[8:])
	if p.committed < 0 {
		return p, ErrCursor
	}
	return p, nil
}
