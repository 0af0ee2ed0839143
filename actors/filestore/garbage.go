package filestore

import (
	"maps"
	"path"
	"slices"

	"example.com/rollcall/actors/disk"
)

// discardLater notes a path that is out of view and has yet to be removed from
// the disk. The lock must be held.
func (s *store) discardLater(path string, size int64) {
	if _, ok := s.garbage[path]; ok {
		return
	}
	s.garbage[path] = size
	s.ledger.addGarbage(size, 1)
}

// collect tries to remove the garbage. What the disk still refuses stays. What
// was moved to the trash must be there durably before its content goes, or a
// crash would show a file that has lost it.
func (s *store) collect() {
	s.mu.Lock()
	paths := slices.Sorted(maps.Keys(s.garbage))
	s.mu.Unlock()
	if len(paths) == 0 || s.syncDirs(dirTrash, dirFiles) != nil {
		return
	}
	for _, p := range paths {
		s.removeGarbage(p)
	}
}

// removeGarbage removes one piece of it, if the disk lets us. Two callers at
// once do no harm: paths are never used again while they are garbage.
func (s *store) removeGarbage(p string) {
	if err := disk.RemoveTree(s.disk, path.Dir(p), disk.Entry{Name: path.Base(p), Dir: true}); err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if size, ok := s.garbage[p]; ok {
		delete(s.garbage, p)
		s.ledger.addGarbage(size, -1)
	}
}
