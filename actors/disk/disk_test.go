package disk_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// every gives one of each kind of disk.
func every(t *testing.T) map[string]disk.FS {
	t.Helper()
	root, err := disk.Open(filepath.Join(t.TempDir(), "new"))
	ok(t, err)
	t.Cleanup(func() { root.Close() })
	sub, err := disk.Sub(disk.NewMemory(), "below")
	ok(t, err)
	return map[string]disk.FS{
		"root": root, "memory": disk.NewMemory(), "crashing": faultdisk.New(), "faulty": faultdisk.Over(disk.NewMemory()),
		"sub": sub, "lazy": disk.Lazy(func() (disk.FS, error) { return disk.NewMemory(), nil }),
	}
}

// TestSameAnswers: all disks answer alike.
func TestSameAnswers(t *testing.T) {
	for name, d := range every(t) {
		t.Run(name, func(t *testing.T) {
			is := func(err, want error) {
				t.Helper()
				if !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			}
			ok(t, d.Mkdir("a"))
			is(d.Mkdir("a"), fs.ErrExist)
			_, err := d.Create("none/f")
			is(err, fs.ErrNotExist)
			h, err := d.Create("a/f")
			ok(t, err)
			_, err = d.Create("a/f")
			is(err, fs.ErrExist)
			ok(t, disk.WriteAll(h, []byte("hello"), 2))
			ok(t, h.Truncate(6))
			h.Hint(0, 6)
			ok(t, h.Sync())
			ok(t, h.Close())
			for _, dir := range []string{"a", "."} {
				ok(t, d.SyncDir(dir))
			}
			b, err := disk.ReadFile(d, "a/f", 6)
			ok(t, err)
			if string(b) != "\x00\x00hell" {
				t.Errorf("read %q", b)
			}
			_, err = disk.ReadFile(d, "a/f", 5)
			is(err, disk.ErrTooLong)
			_, err = d.Edit("a/g")
			is(err, fs.ErrNotExist)
			_, err = d.Size("a")
			is(err, disk.ErrIrregular)
			if d.Remove("a") == nil {
				t.Error("a full directory was removed")
			}
			ok(t, d.Remove("a/g"))
			h, err = d.Create("a/g")
			ok(t, err)
			ok(t, h.Close())
			ok(t, d.Rename("a/f", "a/g"))
			found, err := d.List("a")
			ok(t, err)
			if len(found) != 1 || found[0] != (disk.Entry{Name: "g"}) {
				t.Errorf("listed %v", found)
			}
			n, err := d.Size("a/g")
			if n != 6 || err != nil {
				t.Errorf("size %d, %v", n, err)
			}
			lock, err := d.Lock("LOCK")
			ok(t, err)
			_, err = d.Lock("LOCK")
			is(err, disk.ErrLocked)
			ok(t, lock.Close())
			lock, err = d.Lock("LOCK")
			ok(t, err)
			ok(t, lock.Close())
			ok(t, disk.RemoveTree(d, ".", disk.Entry{Name: "a", Dir: true}))
			ok(t, disk.RemoveTree(d, ".", disk.Entry{Name: "a", Dir: true}))
			ok(t, d.Close())
		})
	}
}

// TestNothingLeavesTheDirectory: a symbolic link does not lead out of it.
func TestNothingLeavesTheDirectory(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	ok(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600))
	ok(t, os.Symlink(outside, filepath.Join(dir, "link")))
	d, err := disk.Open(dir)
	ok(t, err)
	defer d.Close()
	for _, name := range []string{"link/secret", "../" + filepath.Base(outside) + "/secret"} {
		if _, err := d.View(name); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

// TestReadOnly: looking changes nothing.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(dir, "f"), []byte("x"), 0o600))
	d, err := disk.OpenReadOnly(dir)
	ok(t, err)
	defer d.Close()
	_, create := d.Create("g")
	_, edit := d.Edit("f")
	_, lock := d.Lock("LOCK")
	for i, err := range []error{create, edit, lock, d.Mkdir("a"), d.Rename("f", "g"), d.Remove("f"), d.SyncDir(".")} {
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%d: %v", i, err)
		}
	}
	b, err := disk.ReadFile(d, "f", 10)
	if string(b) != "x" || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	if found, err := d.List("."); len(found) != 1 || err != nil {
		t.Errorf("listed %v, %v", found, err)
	}
	if _, err := disk.OpenReadOnly(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// TestLazyComesBack: a disk that cannot be opened is tried again at each use.
func TestLazyComesBack(t *testing.T) {
	broken := true
	d := disk.Lazy(func() (disk.FS, error) {
		if broken {
			return nil, syscall.EIO
		}
		return disk.NewMemory(), nil
	})
	if _, err := d.List("."); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	ok(t, d.Close())
	broken = false
	ok(t, d.Mkdir("a"))
	ok(t, d.SyncDir("a"))
}
