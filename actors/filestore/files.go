package filestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"example.com/rollcall/actors/disk"
)

// file implements File.
type file struct {
	handle disk.File
	meta   Meta
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.handle.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = diskError("read", err)
	}
	return n, err
}

func (f *file) Close() error { return f.handle.Close() }

func (f *file) Meta() Meta { return f.meta.clone() }

// Open implements Store.
func (s *store) Open(id ID) (File, error) {
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.leave()
	m := s.lookup(id)
	if m == nil {
		return nil, ErrNotFound
	}
	path := filePath(id) + "/" + nameData
	h, err := s.disk.View(path)
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist) && s.lookup(id) == nil:
		return nil, ErrNotFound // deleted in between
	default:
		return nil, diskError("open", err)
	}
	return &file{handle: h, meta: m.clone()}, nil
}

// Stat implements Store.
func (s *store) Stat(id ID) (Meta, error) {
	if !s.enter() {
		return Meta{}, ErrClosed
	}
	defer s.leave()
	m := s.lookup(id)
	if m == nil {
		return Meta{}, ErrNotFound
	}
	return m.clone(), nil
}

func (s *store) lookup(id ID) *Meta {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files.byID[id]
}

// listStep is how many files List copies out under the lock at a time.
const listStep = 256

// List implements Store.
func (s *store) List(match func(*Meta) bool, cursor string, limit int) ([]Meta, string, error) {
	if !s.enter() {
		return nil, "", ErrClosed
	}
	defer s.leave()
	at, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	if limit < 1 || limit > MaxList {
		limit = MaxList
	}
	var found []Meta
	for {
		s.mu.Lock()
		step := s.files.after(at, listStep)
		s.mu.Unlock()
		for _, m := range step {
			if match != nil && !match(m) {
				continue
			}
			if len(found) == limit {
				return found, at.cursor(), nil
			}
			found = append(found, m.clone())
			at = position{m.Committed, m.ID}
		}
		if len(step) < listStep {
			return found, "", nil
		}
		last := step[len(step)-1]
		at = position{last.Committed, last.ID}
	}
}

// Delete implements Store.
func (s *store) Delete(id ID) error {
	if !s.enter() {
		return ErrClosed
	}
	defer s.leave()
	s.mu.Lock()
	m := s.files.byID[id]
	if m != nil {
		s.files.remove(m) // so that nobody else deletes it
	}
	s.mu.Unlock()
	if m == nil {
		return ErrNotFound
	}
	_, err := s.bury([]*Meta{m})
	return err
}

// Expire implements Store.
func (s *store) Expire(now int64) []Meta {
	if !s.enter() {
		return nil
	}
	defer s.leave()
	var due []*Meta
	s.mu.Lock()
	for _, m := range s.files.order {
		if m.Expires != 0 && m.Expires <= now {
			due = append(due, m)
		}
	}
	for _, m := range due {
		s.files.remove(m)
	}
	s.mu.Unlock()
	gone, _ := s.bury(due) // what the disk refused is visible again
	s.collect()
	s.notices.expire(now)
	removed := make([]Meta, len(gone))
	for i, m := range gone {
		removed[i] = m.clone()
	}
	return removed
}

// bury deletes files that have just been taken out of the index: it moves all of
// them to the trash, makes that durable in one step, and only then removes their
// content, so that no crash shows a file that has lost its data. It gives those
// that are out of view, and the last error. What could not be moved is put back.
func (s *store) bury(due []*Meta) (gone []*Meta, err error) {
	for _, m := range due {
		if e := s.disk.Rename(filePath(m.ID), trashPath(m.ID)); e != nil {
			err = diskError(fmt.Sprintf("delete %s", m.ID), e)
			s.mu.Lock()
			s.files.add(m)
			s.mu.Unlock()
			continue
		}
		gone = append(gone, m)
		s.mu.Lock()
		s.ledger.addFile(m.Owner, m.Size, -1)
		s.discardLater(trashPath(m.ID), m.Size)
		s.mu.Unlock()
	}
	if len(gone) == 0 {
		return gone, err
	}
	if e := s.syncDirs(dirTrash, dirFiles); e != nil {
		return gone, diskError("sync the deletion", e) // the content waits for a better day
	}
	for _, m := range gone {
		s.removeGarbage(trashPath(m.ID))
	}
	return gone, err
}
