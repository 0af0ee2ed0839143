package filestore

import (
	"cmp"
	"slices"

	"example.com/rollcall/actors/disk"
)

// taken says whether an ID names anything in the store, garbage too. The lock
// must be held.
func (s *store) taken(id ID) bool {
	if s.partials[id] != nil || s.files.byID[id] != nil {
		return true
	}
	for _, path := range []string{partialPath(id), filePath(id), trashPath(id)} {
		if _, ok := s.garbage[path]; ok {
			return true
		}
	}
	return false
}

// adopt puts a partial into the index and books its quota. The lock must be
// held.
func (s *store) adopt(e *unfinished) {
	e.rest.Store(e.meta.Size - e.durable)
	s.partials[e.meta.ID] = e
	s.ledger.addPartial(e.meta.Owner, e.meta.Size, 1)
	s.pending.Add(e.rest.Load())
}

// opened makes a partial known to Close.
func (s *store) opened(e *unfinished, p *partial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.writer = p
}

// shut notes that nobody has the partial open any more.
func (s *store) shut(e *unfinished) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.open, e.writer = false, nil
}

// forget takes a partial out of the index and frees its quota.
func (s *store) forget(e *unfinished) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(e)
}

func (s *store) forgetLocked(e *unfinished) {
	delete(s.partials, e.meta.ID)
	s.ledger.addPartial(e.meta.Owner, e.meta.Size, -1)
	s.pending.Add(-e.rest.Load())
}

// abandon removes a partial that nobody else uses. It is gone from view and its
// owner's quota is free whatever the disk says; what the disk refuses to remove
// becomes garbage. The removal is not synced: a crash can bring the partial
// back, and then its grace ends it (P8).
func (s *store) abandon(e *unfinished) {
	err := disk.RemoveTree(s.disk, dirPartial, disk.Entry{Name: e.meta.ID.String(), Dir: true})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(e)
	if err != nil {
		s.discardLater(partialPath(e.meta.ID), e.meta.Size)
	}
}

// Partials implements Store.
func (s *store) Partials() []PartialInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]PartialInfo, 0, len(s.partials))
	for _, e := range s.partials {
		list = append(list, PartialInfo{Meta: e.meta.clone(), Durable: e.durable, Since: e.since, Open: e.open})
	}
	slices.SortFunc(list, func(a, b PartialInfo) int {
		return cmp.Or(cmp.Compare(a.Meta.Created, b.Meta.Created), a.Meta.ID.Compare(b.Meta.ID))
	})
	return list
}

// Drop implements Store.
func (s *store) Drop(id ID) error {
	if !s.enter() {
		return ErrClosed
	}
	defer s.leave()
	switch e, err := s.acquire(id); err {
	case nil:
		s.abandon(e)
		return nil
	case ErrNotFound:
		return nil
	default:
		return err
	}
}

// acquire takes a partial that is not open: nobody else can until it is shut or
// forgotten.
func (s *store) acquire(id ID) (*unfinished, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.partials[id]
	switch {
	case e == nil:
		return nil, ErrNotFound
	case e.open:
		return nil, ErrBusy
	}
	e.open = true
	return e, nil
}
