package filestore

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"example.com/rollcall/actors/disk"
)

// Begin implements Store.
func (s *store) Begin(m Meta) (Partial, error) {
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.leave()
	m = m.clone()
	m.Committed = 0
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.ID.IsZero() {
		id, err := drawID(s.opts.Rand)
		if err != nil {
			return nil, err
		}
		m.ID = id
	}
	e, err := s.reserve(m)
	if err != nil {
		return nil, err
	}
	if err := s.disk.Mkdir(partialPath(m.ID)); err != nil {
		// What is there (garbage, say) is not ours to remove.
		s.forget(e)
		if errors.Is(err, fs.ErrExist) {
			return nil, ErrExists
		}
		return nil, diskError("create a partial", err)
	}
	p, err := s.create(e)
	if err != nil {
		s.abandon(e)
		return nil, diskError("create a partial", err)
	}
	s.opened(e, p)
	return p, nil
}

// reserve books the quota and the ID, and gives the partial's place in the
// index, open.
func (s *store) reserve(m Meta) (*unfinished, error) {
	free, known := s.disk.Free() // may wait for the disk
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken(m.ID) {
		return nil, ErrExists
	}
	if err := s.ledger.admit(&s.opts, m.Owner, m.Size); err != nil {
		return nil, err
	}
	if known && m.Size > free-s.pending.Load() {
		return nil, fmt.Errorf("%w: %d bytes are free", ErrStorageFull, free)
	}
	e := &unfinished{meta: m, open: true, since: m.Created}
	s.adopt(e)
	return e, nil
}

// create makes the files of a partial. Nothing of it is synced: a partial that a
// crash takes away has promised nothing yet.
func (s *store) create(e *unfinished) (*partial, error) {
	dir := partialPath(e.meta.ID)
	data, err := s.disk.Create(dir + "/" + nameData)
	if err != nil {
		return nil, err
	}
	file, err := s.disk.Create(dir + "/" + nameMeta)
	if err == nil {
		if err = disk.WriteAll(file, encodeMeta(&e.meta), 0); err == nil {
			return &partial{store: s, entry: e, data: data, file: file, hash: sha256.New()}, nil
		}
		file.Close()
	}
	data.Close()
	return nil, err
}
