package filestore

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// mountSmall mounts a tmpfs of a megabyte, which only root can. The same faults
// without a mount are in fault_test.go and run for everybody.
func mountSmall(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount; TestFaultAtEveryOperation does the same by injection")
	}
	dir := t.TempDir()
	if err := syscall.Mount("filestore-test", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no mount, in a container perhaps: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// TestRealDiskFull fills a real file system in the middle of two puts: one ends
// with the reason and leaves nothing, the other is unharmed. guards G5
func TestRealDiskFull(t *testing.T) {
	dir := mountSmall(t)
	s, _, err := Open(dir, Options{})
	ok(t, err)
	defer s.Close()
	if _, err := s.Begin(offerOf(make([]byte, 2<<20))); !errors.Is(err, ErrStorageFull) {
		t.Fatalf("two megabytes into one: %v", err)
	}
	small := contentOf(1, 100<<10)
	other := must[Partial](t)(s.Begin(offerOf(small)))
	must[int](t)(other.Write(small))
	large := contentOf(2, 600<<10)
	p := must[Partial](t)(s.Begin(offerAs(9, large)))
	must[int](t)(p.Write(large[:300<<10]))
	filler := filepath.Join(dir, "files", "filler") // somebody else writes
	err = os.WriteFile(filler, make([]byte, 1<<20), 0o600)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if _, err := p.Write(large[300<<10:]); !errors.Is(err, ErrStorageFull) {
		t.Fatalf("a full disk: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, partialPath(idOf(9)))); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the partial is still there: %v", err)
	}
	must[Meta](t)(other.Commit(1))
	ok(t, os.Remove(filler))
	put(t, s, offerAs(9, large), large)
	if files := checkFiles(t, s); len(files) != 2 {
		t.Fatalf("%d files", len(files))
	}
}

// TestRealReadOnly makes a real file system read-only under an open store, and
// opens one that is.
func TestRealReadOnly(t *testing.T) {
	dir := mountSmall(t)
	s, _, err := Open(dir, Options{})
	ok(t, err)
	content := contentOf(1, 1000)
	m := put(t, s, offerAs(1, content), content)
	suspended(t, s, 2)
	ok(t, s.Close())
	remount := func(flags uintptr) {
		ok(t, syscall.Mount("filestore-test", dir, "tmpfs", syscall.MS_REMOUNT|flags, "size=1m"))
	}
	remount(syscall.MS_RDONLY)
	if _, _, err := Open(dir, Options{}); !errors.Is(err, ErrReadOnly) || !errors.Is(err, ErrDisk) {
		t.Fatalf("opened read-only: %v", err)
	}
	remount(0)
	s, _, err = Open(dir, Options{})
	ok(t, err)
	defer s.Close()
	// The lock's handle is open for writing, which keeps the file system from
	// becoming read-only: take it away, as a disk does that gives up.
	ok(t, s.(*store).held[0].Close())
	remount(syscall.MS_RDONLY)
	if _, err := s.Begin(offerAs(3, content)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a put: %v", err)
	}
	if _, err := s.Resume(idOf(2)); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a resume: %v", err)
	}
	if err := s.Delete(m.ID); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a deletion: %v", err)
	}
	if err := s.AddNotice("bob", nil); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a notice: %v", err)
	}
	if files := checkFiles(t, s); len(files) != 1 || len(s.Partials()) != 1 {
		t.Errorf("%d files, %d partials", len(files), len(s.Partials()))
	}
	remount(0)
	p := must[Partial](t)(s.Resume(idOf(2)))
	must[int](t)(p.Write(contentOf(2, 2000)[p.Offset():]))
	must[Meta](t)(p.Commit(1))
	checkFiles(t, s)
}
