package disk

import (
	"io"
	"io/fs"
)

// OpenReadOnly opens a directory that is there, to look at it: whatever would
// change it, a lock too, is refused with fs.ErrPermission.
func OpenReadOnly(dir string) (FS, error) {
	d, err := openRoot(dir)
	if err != nil {
		return nil, err
	}
	return ReadOnly(d), nil
}

// ReadOnly gives a disk that refuses, with fs.ErrPermission, whatever would
// change d. Closing it closes d.
func ReadOnly(d FS) FS { return readOnlyFS{d} }

// readOnlyFS names every method that it passes on, so that a new one of FS has
// to be thought about.
type readOnlyFS struct{ in FS }

func refused(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrPermission}
}

func (r readOnlyFS) Mkdir(name string) error             { return refused("mkdir", name) }
func (r readOnlyFS) Create(name string) (File, error)    { return nil, refused("create", name) }
func (r readOnlyFS) Edit(name string) (File, error)      { return nil, refused("edit", name) }
func (r readOnlyFS) View(name string) (File, error)      { return r.in.View(name) }
func (r readOnlyFS) Rename(from, _ string) error         { return refused("rename", from) }
func (r readOnlyFS) Remove(name string) error            { return refused("remove", name) }
func (r readOnlyFS) List(name string) ([]Entry, error)   { return r.in.List(name) }
func (r readOnlyFS) Size(name string) (int64, error)     { return r.in.Size(name) }
func (r readOnlyFS) SyncDir(name string) error           { return refused("sync", name) }
func (r readOnlyFS) Free() (int64, bool)                 { return r.in.Free() }
func (r readOnlyFS) Lock(name string) (io.Closer, error) { return nil, refused("lock", name) }
func (r readOnlyFS) Close() error                        { return r.in.Close() }
