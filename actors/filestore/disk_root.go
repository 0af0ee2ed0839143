package filestore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	modeDir  = 0o700
	modeFile = 0o600
)

var (
	errTooLong   = errors.New("longer than it can be")
	errIrregular = errors.New("not a regular file")
)

// rootDisk is the real disk. The os.Root keeps every path inside the data
// directory, whatever somebody has put into it (symbolic links too).
type rootDisk struct{ root *os.Root }

// openRoot opens the data directory and makes it if it is not there.
func openRoot(dir string) (*rootDisk, error) {
	if err := os.Mkdir(dir, modeDir); err == nil {
		// The new directory's own name is durable when its parent is synced.
		if err := syncPath(filepath.Dir(dir)); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &rootDisk{root: root}, nil
}

func (d *rootDisk) mkdir(name string) error { return d.root.Mkdir(name, modeDir) }

func (d *rootDisk) create(name string) (handle, error) {
	return d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

func (d *rootDisk) edit(name string) (handle, error) { return d.open(name, os.O_RDWR) }

func (d *rootDisk) view(name string) (handle, error) { return d.open(name, os.O_RDONLY) }

func (d *rootDisk) open(name string, flag int) (handle, error) {
	f, err := d.root.OpenFile(name, flag, modeFile)
	if err != nil {
		return nil, err
	}
	return rootHandle{f}, nil
}

func (d *rootDisk) rename(from, to string) error { return d.root.Rename(from, to) }

func (d *rootDisk) remove(name string) error {
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *rootDisk) list(name string) ([]entry, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, len(found))
	for i, e := range found {
		entries[i] = entry{name: e.Name(), dir: e.IsDir()}
	}
	return entries, nil
}

func (d *rootDisk) size(name string) (int64, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, &fs.PathError{Op: "size", Path: name, Err: errIrregular}
	}
	return info.Size(), nil
}

func (d *rootDisk) syncDir(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDirHandle(f)
}

func (d *rootDisk) free() (int64, bool) {
	f, err := d.root.Open(".")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	return freeBytes(f)
}

func (d *rootDisk) close() error { return d.root.Close() }

// rootHandle is an *os.File. Its Sync is fsync, on Darwin F_FULLFSYNC.
type rootHandle struct{ *os.File }

func (h rootHandle) hint(off, n int64) { startWriting(h.File, off, n) }

// syncPath syncs a directory outside the root.
func syncPath(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return syncDirHandle(f)
}

// readFull reads len(b) bytes at off; a shorter file is an error.
func readFull(h handle, b []byte, off int64) error {
	n, err := h.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
