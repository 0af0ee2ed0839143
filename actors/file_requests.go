package actors

import (
	"errors"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// What clients ask of the store beside puts.

func (m *fileManager) get(r fileRequest, g *wire.Get) {
	meta := filestore.Meta{}
	copy(meta.ID[:], g.File)
	x, err := m.book.Open(r.c.id, transfer.Get, r.user, transfer.GetKey(meta.ID.String()))
	if err != nil {
		m.refuse(r, wire.CodeTooMany, "too many transfers at once")
		return
	}
	m.spawnTransfer(x, meta, r.c.identifier).tell(attachTransfer{r: r, number: x.Number})
}

const (
	// listFiles is how many files a page has when the client does not say.
	listFiles = 100
	// listBytes is about how large a page of the list is made.
	listBytes = 24 << 10
	// listedBytes is more than what a file takes in a list beside its texts.
	listedBytes = 128
)

// list answers with a page of what the user may see.
func (m *fileManager) list(r fileRequest, f *wire.Files) {
	limit := listFiles
	if f.Limit > 0 {
		limit = int(min(f.Limit, wire.MaxFiles)) //nolint:gosec // bounded
	}
	page := &wire.FileList{Request: f.Request}
	m.onDisk(func() error {
		found, next, err := m.page(r.user, f.Cursor, limit)
		if n := m.fits(r.user, found); err == nil && n < len(found) {
			found, next, err = m.page(r.user, f.Cursor, n)
		}
		page.Next = next
		for i := range found {
			page.Files = append(page.Files, describe(&found[i], found[i].Owner == r.user))
		}
		return err
	}, func(err error) {
		switch {
		case errors.Is(err, filestore.ErrCursor):
			m.refuse(r, wire.CodeBadRequest, "the cursor is not one of ours")
		case err != nil:
			code, text := fileCode(err)
			m.refuse(r, code, text)
		default:
			r.c.tell(reply{credit: r.credit, msg: page})
		}
	})
}

func (m *fileManager) page(user, cursor string, limit int) ([]filestore.Meta, string, error) {
	return m.sys.set.Store.List(func(meta *filestore.Meta) bool { return m.sys.mayRead(meta, user) }, cursor, limit)
}

// fits returns how many of the files, one at least, a page has room for.
func (m *fileManager) fits(user string, found []filestore.Meta) int {
	room := min(listBytes, m.sys.set.MaxFrame-1024)
	for i := range found {
		f := describe(&found[i], found[i].Owner == user)
		room -= listedBytes + len(f.Owner) + len(f.Name) + len(f.Media)
		for _, to := range f.To {
			room -= len(to) + 3
		}
		if room < 0 {
			return max(i, 1)
		}
	}
	return len(found)
}

// remove takes a file of the user's out of the store.
func (m *fileManager) remove(r fileRequest, x *wire.Remove) {
	var id filestore.ID
	copy(id[:], x.File)
	m.onDisk(func() error {
		store := m.sys.set.Store
		meta, err := store.Stat(id)
		switch {
		case err != nil:
			return err
		case !m.sys.mayRead(&meta, r.user):
			return filestore.ErrNotFound
		case meta.Owner != r.user:
			return errNotYours
		}
		if err := store.Delete(id); err != nil {
			return err
		}
		m.tell(removed{meta})
		return nil
	}, func(err error) {
		switch {
		case errors.Is(err, errNotYours):
			m.refuse(r, wire.CodeNotAllowed, "the file is not yours")
		case err != nil:
			code, text := fileCode(err)
			m.refuse(r, code, text)
		default:
			r.c.tell(reply{credit: r.credit, msg: &wire.OK{Request: x.Request}})
		}
	})
}

var errNotYours = errors.New("the file is another's")
