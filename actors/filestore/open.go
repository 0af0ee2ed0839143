package filestore

import (
	"fmt"
	"io"
	"os"
)

// Open opens the store in a directory, which is created if it is not there (its
// parent must be), and puts in order what a crash has left. One process can have
// it open at a time. Errors: those of Options.Validate, ErrLocked, ErrForeign,
// ErrReadOnly, ErrStorageFull, ErrDisk.
func Open(dir string, o Options) (Store, Swept, error) {
	if err := o.Validate(); err != nil {
		return nil, Swept{}, err
	}
	d, err := openRoot(dir)
	if err != nil {
		return nil, Swept{}, diskError("open the data directory", err)
	}
	lock, err := claim(d)
	if err != nil {
		d.close()
		return nil, Swept{}, err
	}
	s, swept, err := openStore(d, lock, o)
	if err != nil {
		lock.Close()
		d.close()
		return nil, Swept{}, err
	}
	return s, swept, nil
}

// NewMemory makes a store in memory, for simulations and for embedders that keep
// nothing. It is the same store over a disk that is never full and never fails.
func NewMemory(o Options) (Store, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s, _, err := openStore(newMemoryDisk(), nil, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// claim takes the lock of a directory that is ours, or can become so.
func claim(d *rootDisk) (io.Closer, error) {
	if err := checkOwn(d); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(nameLock, os.O_RDWR|os.O_CREATE, modeFile)
	if err != nil {
		return nil, diskError("open the lock", err)
	}
	switch ok, err := lockFile(f); {
	case err != nil:
		f.Close()
		return nil, diskError("lock the data directory", err)
	case !ok:
		f.Close()
		return nil, ErrLocked
	}
	return f, nil
}

// checkOwn refuses a directory in which somebody else keeps something: the sweep
// would remove it.
func checkOwn(d disk) error {
	found, err := d.list(".")
	if err != nil {
		return diskError("read the data directory", err)
	}
	other := ""
	for _, e := range found {
		switch e.name {
		case nameVersion:
			return checkVersion(d)
		case nameLock, nameVersion + suffixNew, nameLostFound:
		default:
			other = e.name
		}
	}
	if other != "" {
		return fmt.Errorf("%w: it has %q and no %s", ErrForeign, other, nameVersion)
	}
	return nil
}

func checkVersion(d disk) error {
	switch b, err := readFile(d, nameVersion, int64(len(versionContent))); {
	case err == errTooLong || err == nil && string(b) != versionContent:
		return fmt.Errorf("%w: its %s is another", ErrForeign, nameVersion)
	case err != nil:
		return diskError("read "+nameVersion, err)
	}
	return nil
}
