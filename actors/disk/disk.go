package disk

import (
	"errors"
	"io"
	"io/fs"
)

var (
	// ErrTooLong is what ReadFile says of a file that is longer than its limit.
	ErrTooLong = errors.New("longer than it can be")
	// ErrIrregular tells that there is something of that name, and it is no regular file.
	ErrIrregular = errors.New("not a regular file")
	// ErrLocked tells that somebody else holds the lock.
	ErrLocked = errors.New("somebody else holds the lock")
)

// FS is a directory and what is below it. There are two here, over a real
// directory ([Open]) and in memory ([NewMemory]), and one in package faultdisk.
// Its methods may be called by many goroutines. Errors are those of package os,
// for errors.Is: fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, syscall.ENOSPC.
type FS interface {
	Mkdir(name string) error // fs.ErrExist if it is there
	// Create makes a new file for reading and writing; fs.ErrExist if it is there.
	Create(name string) (File, error)
	// Edit opens a file that is there for reading and writing.
	Edit(name string) (File, error)
	// View opens a file that is there for reading.
	View(name string) (File, error)
	// Rename moves a file or a directory. A file replaces a file of the new name;
	// a directory replaces nothing.
	Rename(from, to string) error
	// Remove removes one file, or an empty directory. That it is not there is no
	// error.
	Remove(name string) error
	List(name string) ([]Entry, error)
	// Size gives a regular file's length, and an error for everything else.
	Size(name string) (int64, error)
	// SyncDir makes the entries of a directory durable.
	SyncDir(name string) error
	// Free gives how many bytes can still be written, false if that is not known.
	Free() (int64, bool)
	// Lock takes a lock that is tied to a file, which it makes if it is not there,
	// until the closer is closed or the process ends. It never waits: ErrLocked if
	// somebody has it, in this process too.
	Lock(name string) (io.Closer, error)
	Close() error
}

// File is an open file. Its methods are called by one goroutine at a time, but
// for ReadAt.
type File interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	// Sync makes the content and the length durable, not the name.
	Sync() error
	// Hint tells that a range is written and will be synced some day, so that the
	// disk can begin. It promises nothing.
	Hint(off, n int64)
	Close() error
}

// Entry is a name in a directory.
type Entry struct {
	Name string
	Dir  bool
}

// ReadFile reads a whole file of at most limit bytes; ErrTooLong for a longer one.
func ReadFile(d FS, name string, limit int64) ([]byte, error) {
	n, err := d.Size(name)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: ErrTooLong}
	}
	h, err := d.View(name)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	b := make([]byte, n)
	return b, ReadFull(h, b, 0)
}

// ReadFull reads len(b) bytes at off; io.ErrUnexpectedEOF for a shorter file.
func ReadFull(h io.ReaderAt, b []byte, off int64) error {
	n, err := h.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// WriteAll writes all of b at off; io.ErrShortWrite if the disk takes less and
// says nothing.
func WriteAll(h io.WriterAt, b []byte, off int64) error {
	n, err := h.WriteAt(b, off)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}

// RemoveTree removes a file or a directory with all that is in it. That nothing
// is there is no error.
func RemoveTree(d FS, parent string, e Entry) error {
	name := parent + "/" + e.Name
	if e.Dir {
		inside, err := d.List(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		}
		for _, i := range inside {
			if err := RemoveTree(d, name, i); err != nil {
				return err
			}
		}
	}
	return d.Remove(name)
}
