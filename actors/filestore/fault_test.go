package filestore

import (
	"errors"
	"fmt"
	"syscall"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

// putSlowly is a put with everything in it.
func putSlowly(s Store, m Meta, content []byte) error {
	p, err := s.Begin(m)
	if err != nil {
		return err
	}
	if _, err = p.Write(content[:len(content)/2]); err != nil {
		return checkOver(s, p, err)
	}
	if _, err = p.Sync(); err != nil {
		return checkOver(s, p, err)
	}
	if err = p.Suspend(); err != nil {
		return checkOver(s, p, err)
	}
	if p, err = s.Resume(m.ID); err != nil {
		return err
	}
	if _, err = p.Write(content[len(content)/2:]); err != nil {
		return checkOver(s, p, err)
	}
	if _, err = p.Commit(1000); err != nil {
		return checkOver(s, p, err)
	}
	return nil
}

// checkOver checks that a partial that has failed stays failed.
func checkOver(s Store, p Partial, err error) error {
	if _, e := p.Write(nil); !errors.Is(e, err) {
		return fmt.Errorf("after %w a write gives: %v", err, e)
	}
	if _, e := p.Sync(); !errors.Is(e, err) {
		return fmt.Errorf("after %w a sync gives: %v", err, e)
	}
	if _, e := p.Commit(1); !errors.Is(e, err) {
		return fmt.Errorf("after %w a commit gives: %v", err, e)
	}
	if e := p.Suspend(); !errors.Is(e, err) {
		return fmt.Errorf("after %w a suspension gives: %v", err, e)
	}
	if e := p.Discard(); e != nil {
		return fmt.Errorf("after %w a discard gives: %v", err, e)
	}
	for _, info := range s.Partials() {
		if info.Meta.ID == p.Meta().ID {
			return fmt.Errorf("after %w the partial is still listed", err)
		}
	}
	return err
}

// faults are what a disk can say, with what the store makes of it.
var faults = []struct {
	name     string
	err      error
	sentinel error
	lasting  bool                       // it goes on until it is repaired
	hits     func(op faultdisk.Op) bool // which operations
}{
	{"full once", syscall.ENOSPC, ErrStorageFull, false, fills},
	{"full", syscall.ENOSPC, ErrStorageFull, true, fills},
	{"over the disk's own quota", syscall.EDQUOT, ErrStorageFull, true, fills},
	{"failing once", syscall.EIO, ErrDisk, false, faultdisk.Op.Changes},
	{"failing", syscall.EIO, ErrDisk, true, faultdisk.Op.Changes},
	{"failing to sync", syscall.EIO, ErrDisk, true, func(op faultdisk.Op) bool { return op.Syncs() }},
	{"failing to rename", syscall.EIO, ErrDisk, true, func(op faultdisk.Op) bool { return op == "rename" }},
	{"failing to remove too", syscall.EIO, ErrDisk, true, func(op faultdisk.Op) bool { return op == "rename" || op == "remove" }},
	{"out of handles", syscall.EMFILE, ErrDisk, true, func(op faultdisk.Op) bool { return op == "create" || op == "edit" }},
	{"read-only", syscall.EROFS, ErrReadOnly, true, faultdisk.Op.Changes},
	{"forbidden", syscall.EACCES, ErrReadOnly, true, faultdisk.Op.Changes},
}

func fills(op faultdisk.Op) bool {
	return op.Changes() && op != "remove" && op != "edit" && op != "truncate"
}

// TestFaultAtEveryOperation lets every operation of a put fail in turn, once or
// from then on, over a real directory and in memory. The put ends with the
// fault's sentinel and leaves nothing; another put beside it is unharmed.
// guards G5, P8
func TestFaultAtEveryOperation(t *testing.T) {
	disks := map[string]func(*testing.T) disk.FS{
		"memory": func(*testing.T) disk.FS { return disk.NewMemory() },
		"root": func(t *testing.T) disk.FS {
			d := must[disk.FS](t)(disk.Open(t.TempDir()))
			t.Cleanup(func() { d.Close() })
			return d
		},
	}
	for where, open := range disks {
		for _, fault := range faults {
			t.Run(where+"/"+fault.name, func(t *testing.T) {
				for at := 1; ; at++ {
					d := faultdisk.Over(open(t))
					d.Dry()
					if !faultAt(t, d, at, fault.err, fault.sentinel, fault.lasting, fault.hits) {
						if at < 2 {
							t.Fatal("the fault hits nothing")
						}
						return
					}
				}
			})
		}
	}
}

// faultAt puts a file while the at-th operation fails; false: there is no such
// operation.
func faultAt(t *testing.T, d *faultdisk.Faulty, at int, fault, sentinel error, lasting bool, hits func(faultdisk.Op) bool) bool {
	s := openOn(t, d, Options{})
	before := contentOf(1, 900)
	put(t, s, offerAs(1, before), before)
	beside := contentOf(2, 1200)
	other := must[Partial](t)(s.Begin(offerAs(2, beside)))
	must[int](t)(other.Write(beside[:500]))

	n := 0
	what := ""
	d.Set(func(op faultdisk.Op, path string) error {
		if !hits(op) {
			return nil
		}
		if n++; n == at {
			what = string(op) + " " + path
		}
		if n == at || n > at && lasting {
			return fault
		}
		return nil
	})
	content := contentOf(3, 2000)
	err := putSlowly(s, offerAs(3, content), content)
	d.Set(nil)
	if n < at {
		ok(t, err)
		return false
	}
	if !errors.Is(err, sentinel) || !errors.Is(err, fault) {
		t.Fatalf("fault %d (%s) gives: %v", at, what, err)
	}
	if errors.Is(err, ErrStorageFull) && errors.Is(err, ErrDisk) {
		t.Fatalf("two sentinels: %v", err)
	}
	// A fault while Resume opens it is the one that keeps the partial.
	for _, info := range s.Partials() {
		if info.Meta.ID != idOf(3) {
			continue
		}
		if info.Durable != 1000 || info.Open {
			t.Fatalf("fault %d (%s) leaves %+v", at, what, info)
		}
		p := must[Partial](t)(s.Resume(idOf(3)))
		must[int](t)(p.Write(content[1000:]))
		must[Meta](t)(p.Commit(1000))
		ok(t, s.Delete(idOf(3)))
	}
	if u := s.Usage(); u.Partials != 1 || u.Reserved != 1200 {
		t.Fatalf("fault %d (%s) leaves the usage %+v", at, what, u)
	}
	s.Expire(0) // removes what the disk has refused to remove
	if u := s.Usage(); u.Garbage != 0 || u.GarbageBytes != 0 {
		t.Fatalf("fault %d (%s) leaves garbage: %+v", at, what, u)
	}
	must[int](t)(other.Write(beside[500:]))
	must[Meta](t)(other.Commit(1001))
	// What failed can be put again, under the same ID.
	ok(t, putSlowly(s, offerAs(3, content), content))
	if files := checkFiles(t, s); len(files) != 3 {
		t.Fatalf("fault %d (%s): there are %d files", at, what, len(files))
	}
	checkNoOrphan(t, d, s)
	ok(t, s.Close())
	return true
}

// TestFaultOfDeletion: what cannot be moved to the trash stays as it was; what
// cannot be made durable there keeps its content until it can.
func TestFaultOfDeletion(t *testing.T) {
	d := faultdisk.Over(disk.NewMemory())
	s := openOn(t, d, Options{})
	content := contentOf(1, 100)
	m := offerAs(1, content)
	m.Expires = 2000
	put(t, s, m, content)
	fail := func(broken faultdisk.Op) {
		d.Set(func(op faultdisk.Op, path string) error {
			if op == broken {
				return syscall.EIO
			}
			return nil
		})
	}
	fail("rename")
	if err := s.Delete(m.ID); !errors.Is(err, ErrDisk) {
		t.Fatalf("a rename that fails: %v", err)
	}
	if gone := s.Expire(2000); len(gone) != 0 {
		t.Fatalf("a rename that fails: %v are gone", gone)
	}
	if files := checkFiles(t, s); len(files) != 1 {
		t.Fatal("the file is not there any more")
	}
	fail("syncdir")
	if err := s.Delete(m.ID); !errors.Is(err, ErrDisk) {
		t.Fatalf("a sync that fails: %v", err)
	}
	if _, err := s.Stat(m.ID); !errors.Is(err, ErrNotFound) {
		t.Fatalf("a sync that fails: %v", err)
	}
	if !pathsOf(t, d)[trashPath(m.ID)+"/data"] {
		t.Fatal("the content was removed before the deletion was durable")
	}
	d.Set(nil)
	s.Expire(0)
	checkNoOrphan(t, d, s)
	if u := s.Usage(); u != (Usage{}) {
		t.Fatalf("the usage is %+v", u)
	}
}

// TestFullDiskIsRefusedEarly: what does not fit is refused before it begins, and
// what others have yet to write counts.
func TestFullDiskIsRefusedEarly(t *testing.T) {
	d := &smallDisk{FS: disk.NewMemory(), bytes: 10_000}
	s := openOn(t, d, Options{})
	first := contentOf(1, 6000)
	p := must[Partial](t)(s.Begin(offerOf(first)))
	second := contentOf(2, 5000)
	if _, err := s.Begin(offerOf(second)); !errors.Is(err, ErrStorageFull) {
		t.Fatalf("5,000 bytes where 6,000 of 10,000 are promised: %v", err)
	}
	must[int](t)(p.Write(first[:3000]))
	d.bytes -= 3000 // what is written is not free, and not promised any more
	third := contentOf(3, 4000)
	q := must[Partial](t)(s.Begin(offerOf(third)))
	if _, err := s.Begin(offerOf(contentOf(4, 1))); !errors.Is(err, ErrStorageFull) {
		t.Fatalf("one byte where all is promised: %v", err)
	}
	ok(t, p.Discard())
	d.bytes += 3000
	put(t, s, offerOf(second), second)
	ok(t, q.Discard())
	if got := s.pending.Load(); got != 0 {
		t.Fatalf("nobody writes, and %d bytes are promised", got)
	}
}

type smallDisk struct {
	disk.FS
	bytes int64
}

func (d *smallDisk) Free() (int64, bool) { return d.bytes, true }
