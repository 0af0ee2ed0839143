package filestore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

// damage changes a file behind the store's back.
func damage(t *testing.T, d disk.FS, path string, change func([]byte) []byte) {
	t.Helper()
	b := must[[]byte](t)(disk.ReadFile(d, path, 1<<20))
	ok(t, d.Remove(path))
	h := must[disk.File](t)(d.Create(path))
	ok(t, disk.WriteAll(h, change(b), 0))
	ok(t, h.Close())
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		b[at] ^= 1
		return b
	}
}

func cut(n int) func([]byte) []byte {
	return func(b []byte) []byte { return b[:n] }
}

// suspended leaves a partial of 2,000 bytes with 1,500 of them durable.
func suspended(t *testing.T, s Store, n byte) []byte {
	content := contentOf(uint64(n), 2000)
	p := must[Partial](t)(s.Begin(offerAs(n, content)))
	must[int](t)(p.Write(content[:700]))
	must[int64](t)(p.Sync())
	must[int](t)(p.Write(content[700:1500]))
	ok(t, p.Suspend())
	return content
}

// TestSweep: what is no partial is removed, what is no file is put aside, and
// each is counted. guards P8
func TestSweep(t *testing.T) {
	d := disk.NewMemory()
	s := openOn(t, d, Options{})
	content := contentOf(1, 100)
	for n := byte(1); n <= 6; n++ {
		put(t, s, offerAs(n, content), content)
	}
	for n := byte(11); n <= 16; n++ {
		suspended(t, s, n)
	}
	ok(t, s.AddNotice("bob", []byte("hello")))
	ok(t, s.Close())

	damage(t, d, filePath(idOf(2))+"/meta", flip(20))
	damage(t, d, filePath(idOf(3))+"/data", cut(99))
	damage(t, d, filePath(idOf(4))+"/meta", func(b []byte) []byte { return b[:slotOffset(&Meta{}, 1)] }) // no commitment
	ok(t, d.Rename(filePath(idOf(5)), filePath(idOf(99))))                                               // another's directory
	ok(t, d.Rename(filePath(idOf(6)), "files/report.pdf"))
	ok(t, d.Mkdir("files/empty"))

	damage(t, d, partialPath(idOf(12))+"/meta", cut(30))
	damage(t, d, partialPath(idOf(13))+"/data", cut(1499))
	ok(t, d.Remove(partialPath(idOf(14))+"/data"))
	ok(t, d.Rename(partialPath(idOf(15)), "partial/upload"))
	damage(t, d, partialPath(idOf(16))+"/data", func(b []byte) []byte { return append(b, make([]byte, 600)...) })
	ok(t, d.Mkdir("trash/x"))
	ok(t, d.Mkdir("trash/x/y"))
	h := must[disk.File](t)(d.Create("notices/README"))
	ok(t, h.Close())

	s, swept, err := openStore(d, Options{})
	ok(t, err)
	if want := (Swept{Files: 1, Partials: 2, Broken: 3, Trash: 1, Stray: 2, Quarantined: 6}); swept != want {
		t.Errorf("swept %+v\nwant  %+v", swept, want)
	}
	checkFiles(t, s)
	paths := pathsOf(t, d)
	for _, path := range []string{"quarantine/report.pdf/data", "quarantine/" + idOf(2).String() + "/data"} {
		if !paths[path] {
			t.Errorf("%s is not put aside", path)
		}
		delete(paths, path)
	}
	ok(t, s.Close())
	s, swept, err = openStore(d, Options{})
	ok(t, err)
	if want := (Swept{Files: 1, Partials: 2}); swept != want {
		t.Errorf("the second sweep: %+v", swept)
	}
	p := must[Partial](t)(s.Resume(idOf(16)))
	if p.Offset() != 1500 {
		t.Errorf("resumes at %d, with what the crash has left", p.Offset())
	}
	must[int](t)(p.Write(contentOf(16, 2000)[1500:]))
	must[Meta](t)(p.Commit(1))
	ok(t, s.Close())
	if files := checkFiles(t, openOn(t, d, Options{})); len(files) != 2 {
		t.Errorf("%d files", len(files))
	}
}

// TestQuarantineKeepsBoth: two broken files of one name are both kept.
func TestQuarantineKeepsBoth(t *testing.T) {
	d := disk.NewMemory()
	for range 3 {
		s := openOn(t, d, Options{})
		put(t, s, offerAs(1, nil), nil)
		ok(t, s.Close())
		damage(t, d, filePath(idOf(1))+"/meta", cut(0))
	}
	ok(t, openOn(t, d, Options{}).Close())
	if found := must[[]disk.Entry](t)(d.List(dirQuarantine)); len(found) != 3 {
		t.Fatalf("put aside: %v", found)
	}
}

// TestSweepLeavesWhatItCannotRead: an error of the disk is no reason to remove
// anything; and what cannot be removed is garbage that counts.
func TestSweepLeavesWhatItCannotRead(t *testing.T) {
	d := faultdisk.Over(disk.NewMemory())
	s := openOn(t, d, Options{})
	content := contentOf(1, 100)
	put(t, s, offerAs(1, content), content)
	suspended(t, s, 2)
	suspended(t, s, 3)
	ok(t, s.Close())
	damage(t, d, partialPath(idOf(3))+"/meta", cut(1))
	d.Set(func(op faultdisk.Op, path string) error {
		if op == "read" && path != partialPath(idOf(3))+"/meta" && path != nameVersion && path != nameEpoch || op == "remove" && path != nameEpoch+suffixNew {
			return syscall.EIO
		}
		return nil
	})
	s, swept, err := openStore(d, Options{})
	ok(t, err)
	if want := (Swept{Failed: 3}); swept != want {
		t.Errorf("swept %+v", swept)
	}
	if u := s.Usage(); u.Garbage != 1 || u.GarbageBytes != 1500 {
		t.Errorf("what cannot be removed counts %+v", u)
	}
	d.Set(nil)
	s.Expire(0)
	if u := s.Usage(); u != (Usage{}) {
		t.Errorf("repaired: %+v", u)
	}
	ok(t, s.Close())
	if _, swept, err = openStore(d, Options{}); err != nil || swept != (Swept{Files: 1, Partials: 1}) {
		t.Errorf("repaired and opened: %+v, %v", swept, err)
	}
}

// TestResumeTrustsNothing: after a restart, what was durable is read and hashed
// again; before one it is not needed. guards G5
func TestResumeTrustsNothing(t *testing.T) {
	for _, path := range []string{"/data", "/meta"} {
		d := disk.NewMemory()
		s := openOn(t, d, Options{})
		suspended(t, s, 1)
		ok(t, s.Close())
		if path == "/data" {
			damage(t, d, partialPath(idOf(1))+path, flip(3))
		}
		s = openOn(t, d, Options{})
		if path == "/meta" {
			damage(t, d, partialPath(idOf(1))+path, flip(20))
		}
		if _, err := s.Resume(idOf(1)); !errors.Is(err, ErrChecksum) {
			t.Errorf("a changed %s: %v", path, err)
		}
		if len(s.Partials()) != 0 {
			t.Errorf("a changed %s: the partial is still there", path)
		}
		checkNoOrphan(t, d, s)
	}
}

func TestResumeReadsOnlyAfterRestart(t *testing.T) {
	d := faultdisk.Over(disk.NewMemory())
	s := openOn(t, d, Options{})
	suspended(t, s, 1)
	reads := 0
	d.Set(func(op faultdisk.Op, path string) error {
		if op == "read" && path == partialPath(idOf(1))+"/data" {
			reads++
		}
		return nil
	})
	p := must[Partial](t)(s.Resume(idOf(1)))
	if reads != 0 {
		t.Errorf("a resume in the same life has read the data %d times", reads)
	}
	ok(t, p.Suspend())
	ok(t, s.Close())
	s = openOn(t, d, Options{})
	d.Set(func(op faultdisk.Op, path string) error {
		if op == "read" && path == partialPath(idOf(1))+"/data" {
			return syscall.EIO
		}
		return nil
	})
	if _, err := s.Resume(idOf(1)); !errors.Is(err, ErrDisk) {
		t.Errorf("the disk cannot read: %v", err)
	}
	d.Set(nil)
	p = must[Partial](t)(s.Resume(idOf(1))) // it has got better
	must[int](t)(p.Write(contentOf(1, 2000)[1500:]))
	must[Meta](t)(p.Commit(1))
	checkFiles(t, s)
}

// TestForeignDirectory: what is not ours is not touched.
func TestForeignDirectory(t *testing.T) {
	dir := t.TempDir()
	ok(t, os.Mkdir(filepath.Join(dir, "files"), 0o700))
	ok(t, os.WriteFile(filepath.Join(dir, "files", "thesis"), []byte("years"), 0o600))
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrForeign) {
		t.Fatalf("somebody's directory: %v", err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "files", "thesis")); err != nil || !bytes.Equal(b, []byte("years")) {
		t.Fatalf("%q, %v", b, err)
	}
	if _, err := os.Stat(filepath.Join(dir, nameLock)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a lock in somebody's directory: %v", err)
	}
	for _, version := range []string{"rollcall filestore 2\n", "", "something else altogether\n"} {
		dir := t.TempDir()
		ok(t, os.WriteFile(filepath.Join(dir, nameVersion), []byte(version), 0o600))
		if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrForeign) {
			t.Fatalf("the version %q: %v", version, err)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	ok(t, os.WriteFile(file, nil, 0o600))
	if _, _, err := Open(file, Options{}); !errors.Is(err, ErrDisk) {
		t.Fatalf("a file: %v", err)
	}
	if _, _, err := Open(filepath.Join(file, "x", "y"), Options{}); !errors.Is(err, ErrDisk) {
		t.Fatalf("below a file: %v", err)
	}
	mounted := t.TempDir() // the top of a file system of its own
	ok(t, os.Mkdir(filepath.Join(mounted, nameLostFound), 0o700))
	openDir(t, mounted, Options{})
}

// TestLinksLeadNowhere: a symbolic link in the data directory opens nothing
// outside of it. guards N26
func TestLinksLeadNowhere(t *testing.T) {
	outside, dir := t.TempDir(), filepath.Join(t.TempDir(), "data")
	secret := filepath.Join(outside, "secret")
	ok(t, os.WriteFile(secret, contentOf(1, 100), 0o600))
	s := openDir(t, dir, Options{})
	content := contentOf(1, 100)
	m := put(t, s, offerAs(1, content), content)
	suspended(t, s, 2)
	for _, path := range []string{filePath(m.ID) + "/data", partialPath(idOf(2)) + "/data"} {
		ok(t, os.Remove(filepath.Join(dir, path)))
		ok(t, os.Symlink(secret, filepath.Join(dir, path)))
	}
	ok(t, os.Symlink(outside, filepath.Join(dir, "partial", idOf(3).String())))
	if _, err := s.Open(m.ID); !errors.Is(err, ErrDisk) {
		t.Errorf("a link opens: %v", err)
	}
	if _, err := s.Resume(idOf(2)); !errors.Is(err, ErrDisk) {
		t.Errorf("a link resumes: %v", err)
	}
	ok(t, s.Close())
	_, swept, err := Open(dir, Options{})
	ok(t, err)
	if swept.Quarantined != 1 || swept.Broken != 1 || swept.Stray != 1 {
		t.Errorf("links are swept as %+v", swept)
	}
	if b, err := os.ReadFile(secret); err != nil || len(b) != 100 {
		t.Errorf("what a link pointed at: %d bytes, %v", len(b), err)
	}
}
