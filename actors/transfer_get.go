package actors

import (
	"slices"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// The life of a get on the disk.

// readAhead is how much of a file is read from the disk at one time, in chunks.
const readAhead = 4

func (t *transferActor) nextGet() {
	switch {
	case t.file == nil && t.waiting != nil:
		t.openFile(t.waiting.r.user)
		return
	case t.owner == nil:
		return
	}
	most := uint64(t.sys.chunkSize()) //nolint:gosec // positive
	offset, n := t.out.Next(readAhead/2*most, readAhead*most)
	if n == 0 {
		return
	}
	owner, file, number := t.owner, t.file, t.number
	t.do(opRead, func(*diskDone) error {
		for left := n; left > 0; {
			part := int(min(left, most)) //nolint:gosec // at most a chunk
			b := newBulk(number, offset, part)
			if _, err := file.ReadAt(b.data(), int64(offset)); err != nil { //nolint:gosec // within the file's size
				return err
			}
			owner.tell(b)
			offset, left = offset+uint64(part), left-uint64(part) //nolint:gosec // positive
		}
		return nil
	})
}

// openFile opens the file of a get, if it is for this user: who may not have it
// is not told that it exists, whatever the disk says.
func (t *transferActor) openFile(user string) {
	id, store := t.meta.ID, t.sys.set.Store
	t.do(opOpen, func(d *diskDone) error {
		meta, err := store.Stat(id)
		if err != nil {
			return err
		}
		if !t.sys.mayRead(&meta, user) {
			return filestore.ErrNotFound
		}
		d.file, err = store.Open(id)
		return err
	})
}

// onOpen answers a get.
func (t *transferActor) onOpen(d diskDone) {
	w := t.waiting
	if d.err != nil {
		code, text := fileCode(d.err)
		t.refuse(code, text)
		return
	}
	t.file, t.meta = d.file, d.file.Meta()
	get, ok := w.r.msg.(*wire.Get)
	size := uint64(t.meta.Size) //nolint:gosec // not negative
	if !ok || get.Offset > size {
		t.refuse(wire.CodeBadRequest, "the offset is beyond the end")
		return
	}
	t.waiting, t.owner = nil, w.r.c
	t.out = transfer.NewOutflow(size, get.Offset, get.Limit, t.sys.set.Window)
	t.owner.tell(transferOpen{t: t, number: t.number, credit: w.r.credit, reply: &wire.GetOK{
		Request: get.Request, Transfer: t.number, File: describe(&t.meta, w.r.user == t.meta.Owner),
	}})
}

// refuse answers the get that this transfer was made for, and ends it.
func (t *transferActor) refuse(code wire.Code, text string) {
	t.files.refuse(t.waiting.r, code, text)
	t.waiting = nil
	t.end(endTransfer{code: code, text: text})
}

// mayRead tells who may know of a file: nobody any more once its time is over, even
// while it has not been removed.
func (s *System) mayRead(m *filestore.Meta, user string) bool {
	if m.Expires != 0 && m.Expires <= s.set.Wall().UnixMilli() {
		return false
	}
	return m.Everyone || m.Owner == user || slices.Contains(m.Recipients, user)
}
