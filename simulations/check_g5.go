package simulations

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/wire"
)

// G5, files: what is visible is complete, verified and durable; a partial lives
// no longer than its connection and the grace; who waits is told.

// stored notes a file that its owner was told of as stored: from now on it is
// there, whatever crashes.
func (m *model) stored(id wire.FileID, name string, size int) {
	m.files = append(m.files, storedFile{id, name, size})
}

type storedFile struct {
	id   wire.FileID
	name string
	size int
}

// disk looks through the store, when nothing moves.
func (m *model) disk(all bool) {
	l := m.life
	if l == nil || l.stores.files == nil || l.dead.Load() {
		return
	}
	l.booted.Store(false) // the check's own operations have no faults
	defer l.booted.Store(true)
	store := l.stores.files
	for cursor := ""; ; {
		found, next, err := store.List(nil, cursor, 0)
		if err != nil {
			m.w.fail("G5", "a store that can be listed", "%v", err)
			return
		}
		for i := range found {
			if all || !m.looked[found[i].ID] {
				m.looked[found[i].ID] = true
				m.visible(store, &found[i])
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	for _, f := range m.files {
		var id filestore.ID
		copy(id[:], f.id)
		if _, err := store.Stat(id); err != nil {
			m.w.fail("G5", "a file that was told as stored is there", "%s: %v", f.name, err)
			return
		}
	}
}

// visible checks one file byte by byte.
func (m *model) visible(store filestore.Store, meta *filestore.Meta) {
	f, err := store.Open(meta.ID)
	if err != nil {
		m.w.fail("G5", "a visible file that opens", "%s: %v", meta.Name, err)
		return
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.NewSectionReader(f, 0, meta.Size+1))
	if err != nil && !errors.Is(err, io.EOF) {
		m.w.fail("G5", "a visible file that reads", "%s: %v", meta.Name, err)
		return
	}
	if int64(len(b)) != meta.Size || sha256.Sum256(b) != meta.SHA256 || !bytes.Equal(b, content(m.w.seed, meta.Name, len(b))) {
		m.w.fail("G5", "a visible file is whole and what was sent", "%s has %d bytes of %d", meta.Name, len(b), meta.Size)
	}
	m.w.effect("file verified")
}

// partials checks that nothing is left of transfers that are over, once
// everything was healed and had its time.
func (m *model) partials() {
	l := m.life
	if l == nil || l.stores.files == nil {
		return
	}
	for _, p := range l.stores.files.Partials() {
		if !m.w.puts() {
			m.w.fail("G5", "no partial file that nobody comes for", "%s, since %v", p.Meta.Name, time.UnixMilli(p.Since).Sub(m.w.base))
			return
		}
	}
	if u := l.stores.files.Usage(); u.Garbage > 0 && l.diskHits.Load() == 0 {
		m.w.fail("G5", "no garbage on a disk that works", "%d", u.Garbage)
	}
}

// puts reports whether a client is sending a file.
func (w *World) puts() bool {
	for _, c := range w.clients {
		if c.real != nil && c.real.busy == "put" {
			return true
		}
	}
	return false
}
