package disk

import (
	"errors"
	"io"
	"io/fs"
)

// Sub gives a directory of a disk as a disk of its own, and makes it if it is
// not there. Closing it does not close d.
func Sub(d FS, dir string) (FS, error) {
	if err := d.Mkdir(dir); err == nil {
		if err := d.SyncDir("."); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return subFS{d, dir}, nil
}

// subFS puts a directory before every name.
type subFS struct {
	in  FS
	dir string
}

func (s subFS) at(name string) string {
	if name == "." {
		return s.dir
	}
	return s.dir + "/" + name
}

func (s subFS) Mkdir(name string) error             { return s.in.Mkdir(s.at(name)) }
func (s subFS) Create(name string) (File, error)    { return s.in.Create(s.at(name)) }
func (s subFS) Edit(name string) (File, error)      { return s.in.Edit(s.at(name)) }
func (s subFS) View(name string) (File, error)      { return s.in.View(s.at(name)) }
func (s subFS) Rename(from, to string) error        { return s.in.Rename(s.at(from), s.at(to)) }
func (s subFS) Remove(name string) error            { return s.in.Remove(s.at(name)) }
func (s subFS) List(name string) ([]Entry, error)   { return s.in.List(s.at(name)) }
func (s subFS) Size(name string) (int64, error)     { return s.in.Size(s.at(name)) }
func (s subFS) SyncDir(name string) error           { return s.in.SyncDir(s.at(name)) }
func (s subFS) Free() (int64, bool)                 { return s.in.Free() }
func (s subFS) Lock(name string) (io.Closer, error) { return s.in.Lock(s.at(name)) }
func (s subFS) Close() error                        { return nil }
