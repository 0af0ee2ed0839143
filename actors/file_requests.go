package actors

import (
	"errors"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// What clients ask of the store beside puts.

func (m *fileManager) get(r fileRequest, g *wire.Get) {
	x, err := m.book.Open(r.c.id, transfer.Get, r.user, transfer.Key{Owner: r.user, Kind: transfer.Get})
	if err != nil {
		m.refuse(r, wire.CodeTooMany, "too many transfers at once")
		return
	}
	meta := filestore.Meta{}
	copy(meta.ID[:], g.File)
	t := m.spawnTransfer(x, meta)
	t.tell(attachTransfer{c: r.c, request: g.Request, credit: r.credit, get: g})
}

// listBytes is about how large a page of the list is made.
const listBytes = 24 << 10

// list answers with a page of what the user may see.
func (m *fileManager) list(r fileRequest, f *wire.Files) {
	m.aside(func() {
		limit := int(min(f.Limit, wire.MaxEntries)) //nolint:gosec // bounded
		if limit == 0 {
			limit = 100
		}
		limit = min(limit, m.listRoom())
		found, next, err := m.sys.set.Store.List(func(meta *filestore.Meta) bool { return mayRead(meta, r.user) }, f.Cursor, limit)
		if err != nil {
			code, text := fileCode(err)
			if errors.Is(err, filestore.ErrCursor) {
				code, text = wire.CodeBadRequest, "the cursor is not one of ours"
			}
			m.refuse(r, code, text)
			return
		}
		list := &wire.FileList{Request: r.request(), Next: next}
		for i := range found {
			file := describe(&found[i])
			if file.Owner != r.user {
				file.To = nil // who else gets it is the owner's to know
			}
			list.Files = append(list.Files, file)
		}
		r.c.tell(reply{credit: r.credit, msg: list})
	})
}

func (r fileRequest) request() uint64 { return requestOf(r.msg) }

// listRoom is how many files a page holds so that it fits a frame even when
// each names all the recipients that a description may name.
func (m *fileManager) listRoom() int {
	const most = 600 + describedRecipients*(wire.MaxUser+3)
	return max(min(listBytes, m.sys.set.MaxFrame)/most, 1)
}

// remove takes a file of the user's out of the store.
func (m *fileManager) remove(r fileRequest, x *wire.Remove) {
	m.aside(func() {
		store := m.sys.set.Store
		var id filestore.ID
		copy(id[:], x.File)
		meta, err := store.Stat(id)
		switch {
		case err != nil, !mayRead(&meta, r.user):
			m.refuse(r, wire.CodeNotFound, "no such file")
			return
		case meta.Owner != r.user:
			m.refuse(r, wire.CodeNotAllowed, "the file is not yours")
			return
		}
		if err := store.Delete(id); err != nil {
			code, text := fileCode(err)
			m.refuse(r, code, text)
			return
		}
		m.tell(removed{meta})
		r.c.tell(reply{credit: r.credit, msg: &wire.OK{Request: x.Request}})
	})
}
