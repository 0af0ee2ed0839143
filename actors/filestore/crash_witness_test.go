package filestore

import (
	"errors"
	"slices"
	"testing"

	"example.com/rollcall/actors/disk/faultdisk"
)

// witness notes what the store has promised before the crash.
type witness struct {
	content   map[ID][]byte
	liar      map[ID]bool  // its hash is wrong
	committed map[ID]bool  // Commit has said so
	finishing map[ID]bool  // Commit, Delete, Drop, Discard or Expire has begun: anything may be left
	deleted   map[ID]bool  // Delete has said so
	durable   map[ID]int64 // what Sync has said
	told      []string     // notices that are kept for sure
	begun     []string     // notices that may be there
}

func newWitness() *witness {
	return &witness{
		content: make(map[ID][]byte), liar: make(map[ID]bool), committed: make(map[ID]bool),
		finishing: make(map[ID]bool), deleted: make(map[ID]bool), durable: make(map[ID]int64),
	}
}

// check opens the disk after a crash and checks every promise. With an error the
// disk has crashed again.
func (w *witness) check(t *testing.T, d *faultdisk.Disk) error {
	s, swept, err := openStore(d, crashOptions())
	if err != nil {
		return err
	}
	if swept.Quarantined+swept.Failed+swept.Stray > 0 {
		t.Fatalf("the sweep found what no crash can leave: %+v", swept)
	}
	files := checkFiles(t, s)
	for id := range w.committed {
		if _, there := files[id]; !there && !w.finishing[id] {
			t.Fatalf("the committed file %s is lost", id)
		}
	}
	for id := range files {
		if w.liar[id] || w.deleted[id] || !w.committed[id] && !w.finishing[id] {
			t.Fatalf("the file %s is visible and must not be", id)
		}
	}
	partials := make(map[ID]PartialInfo)
	for _, p := range s.Partials() {
		partials[p.Meta.ID] = p
	}
	for id, n := range w.durable {
		p, there := partials[id]
		if !w.finishing[id] && !w.committed[id] && (!there || p.Durable < n) {
			t.Fatalf("of the partial %s, %d bytes were durable, and %+v is left", id, n, p)
		}
	}
	if err := w.checkNotices(t, s); err != nil {
		return err
	}
	for id, info := range partials {
		if err := w.finish(t, s, id, info); err != nil {
			return err
		}
	}
	if d.Crashed() { // a removal does not say so
		return faultdisk.ErrCrashed
	}
	checkFiles(t, s)
	checkNoOrphan(t, d, s, "bob")
	return s.Close()
}

// finish carries on where a partial was left: half of them are dropped.
func (w *witness) finish(t *testing.T, s *store, id ID, info PartialInfo) error {
	if id[15]%4 == 1 {
		return s.Drop(id)
	}
	p, err := s.Resume(id)
	if err != nil {
		return err
	}
	if p.Offset() != info.Durable {
		t.Fatalf("the partial %s was listed with %d bytes and resumes at %d", id, info.Durable, p.Offset())
	}
	if _, err := p.Write(w.content[id][p.Offset():]); err != nil {
		return err
	}
	if _, err = p.Commit(9000); w.liar[id] && errors.Is(err, ErrChecksum) {
		return nil
	}
	return err
}

func (w *witness) checkNotices(t *testing.T, s *store) error {
	kept, err := s.Notices("bob")
	if err != nil {
		return err
	}
	var found []string
	for i, n := range kept {
		if i > 0 && n.Seq <= kept[i-1].Seq {
			t.Fatalf("the numbers of the notices do not grow: %v", kept)
		}
		found = append(found, string(n.Body))
	}
	for _, body := range w.told {
		if !slices.Contains(found, body) {
			t.Fatalf("the notice %q is lost; there are %q", body, found)
		}
	}
	rest := w.begun
	for _, body := range found { // in the order in which they were added, each once
		at := slices.Index(rest, body)
		if at < 0 {
			t.Fatalf("there are the notices %q, added were %q", found, w.begun)
		}
		rest = rest[at+1:]
	}
	return nil
}
