package filestore

import (
	"errors"
	"io/fs"
)

// disk is what the store needs of a file system below its data directory. Names
// are slash-separated paths of our own making (see paths.go). There are two: one
// over an os.Root and one in memory; the tests have others, which fail, tear and
// crash. Errors are those of package os, for errors.Is.
type disk interface {
	mkdir(name string) error // fs.ErrExist if it is there
	// create makes a new file for reading and writing; fs.ErrExist if it is there.
	create(name string) (handle, error)
	// edit opens a file that is there for reading and writing.
	edit(name string) (handle, error)
	// view opens a file that is there for reading.
	view(name string) (handle, error)
	// rename moves a file or a directory. A file replaces a file of the new name;
	// a directory replaces nothing.
	rename(from, to string) error
	remove(name string) error // one file, or an empty directory
	list(name string) ([]entry, error)
	// size gives a regular file's length, and an error for everything else.
	size(name string) (int64, error)
	// syncDir makes the entries of a directory durable.
	syncDir(name string) error
	// free gives how many bytes can still be written, false if that is not known.
	free() (int64, bool)
	close() error
}

// handle is an open file. Its methods are called by one goroutine at a time,
// but for ReadAt.
type handle interface {
	ReadAt(p []byte, off int64) (int, error)
	WriteAt(p []byte, off int64) (int, error)
	Truncate(size int64) error
	// Sync makes the content and the length durable, not the name.
	Sync() error
	// hint tells that a range is written and will be synced some day, so that the
	// disk can begin. It promises nothing.
	hint(off, n int64)
	Close() error
}

// entry is a name in a directory.
type entry struct {
	name string
	dir  bool
}

// readFile reads a whole file of at most limit bytes; longer is an error.
func readFile(d disk, name string, limit int64) ([]byte, error) {
	n, err := d.size(name)
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, errTooLong
	}
	h, err := d.view(name)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	b := make([]byte, n)
	return b, readFull(h, b, 0)
}

// removeTree removes a file or a directory with all that is in it. That nothing
// is there is no error. Whatever a crash leaves of a partial lacks its metadata
// or its data, and so is plainly no partial.
func removeTree(d disk, parent string, e entry) error {
	name := parent + "/" + e.name
	if e.dir {
		inside, err := d.list(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		}
		for _, i := range inside {
			if err := removeTree(d, name, i); err != nil {
				return err
			}
		}
	}
	return d.remove(name)
}
