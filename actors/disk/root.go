package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	modeDir  = 0o700
	modeFile = 0o600
)

// rootFS is the real disk.
type rootFS struct{ root *os.Root }

// Open opens a directory, which is made if it is not there (its parent must be).
func Open(dir string) (FS, error) {
	if err := os.Mkdir(dir, modeDir); err == nil {
		// The new directory's own name is durable when its parent is synced.
		if err := syncPath(filepath.Dir(dir)); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return openRoot(dir)
}

func openRoot(dir string) (FS, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: syscall.ENOTDIR} // a FIFO would not even fail
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &rootFS{root: root}, nil
}

func (d *rootFS) Mkdir(name string) error { return d.root.Mkdir(name, modeDir) }

func (d *rootFS) Create(name string) (File, error) {
	return d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (d *rootFS) Edit(name string) (File, error) { return d.openOld(name, os.O_RDWR) }

func (d *rootFS) View(name string) (File, error) { return d.openOld(name, os.O_RDONLY) }

// openOld opens a regular file that is there: to open a FIFO could take for ever.
func (d *rootFS) openOld(name string, flag int) (File, error) {
	if _, err := d.Size(name); err != nil {
		return nil, err
	}
	return d.open(name, flag)
}

func (d *rootFS) open(name string, flag int) (File, error) {
	f, err := d.root.OpenFile(name, flag, modeFile)
	if err != nil {
		return nil, err
	}
	return rootFile{f}, nil
}

func (d *rootFS) Rename(from, to string) error { return d.root.Rename(from, to) }

func (d *rootFS) Remove(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *rootFS) List(name string) ([]Entry, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(found))
	for i, e := range found {
		entries[i] = Entry{Name: e.Name(), Dir: e.IsDir()}
	}
	return entries, nil
}

func (d *rootFS) Size(name string) (int64, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, &fs.PathError{Op: "size", Path: name, Err: ErrIrregular}
	}
	return info.Size(), nil
}

func (d *rootFS) SyncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDirHandle(f)
}

func (d *rootFS) Free() (int64, bool) {
	f, err := d.root.Open(".")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	return freeBytes(f)
}

func (d *rootFS) Lock(name string) (io.Closer, error) {
	f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE, modeFile)
	if err != nil {
		return nil, err
	}
	switch ok, err := lockFile(f); {
	case err != nil:
		f.Close()
		return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
	case !ok:
		f.Close()
		return nil, &fs.PathError{Op: "lock", Path: name, Err: ErrLocked}
	}
	return f, nil
}

func (d *rootFS) Close() error { return d.root.Close() }

// rootFile is an *os.File. Its Sync is fsync, on Darwin F_FULLFSYNC.
type rootFile struct{ *os.File }

func (h rootFile) Hint(off, n int64) { startWriting(h.File, off, n) }

// syncPath syncs a directory outside the root.
func syncPath(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDirHandle(f)
}
