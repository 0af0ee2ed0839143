package filestore

import (
	"errors"
	"fmt"
	"io"

	"example.com/rollcall/actors/disk"
)

// Open opens the store in a directory, which is created if it is not there (its
// parent must be), and puts in order what a crash has left. One process can have
// it open at a time. Errors: those of Options.Validate, ErrLocked, ErrForeign,
// ErrReadOnly, ErrStorageFull, ErrDisk.
func Open(dir string, o Options) (Store, Swept, error) {
	if err := o.Validate(); err != nil {
		return nil, Swept{}, err
	}
	d, err := disk.Open(dir)
	if err != nil {
		return nil, Swept{}, diskError("open the data directory", err)
	}
	s, swept, err := claim(d, o, d)
	if err != nil {
		d.Close()
		return nil, Swept{}, err
	}
	return s, swept, nil
}

// OpenOn opens the store on a disk of the caller's: one that others use too, or
// one of a test that fails and crashes. It is as with Open, lock and sweep
// included, but that the disk stays open when the store is closed.
func OpenOn(d disk.FS, o Options) (Store, Swept, error) {
	if err := o.Validate(); err != nil {
		return nil, Swept{}, err
	}
	s, swept, err := claim(d, o)
	if err != nil {
		return nil, Swept{}, err
	}
	return s, swept, nil
}

// NewMemory makes a store in memory, for simulations and for embedders that keep
// nothing. It is the same store over a disk that is never full and never fails.
func NewMemory(o Options) (Store, error) {
	s, _, err := OpenOn(disk.NewMemory(), o)
	return s, err
}

// claim takes the lock of a disk that is ours, or can become so, and opens the
// store on it. The store closes what else it is given.
func claim(d disk.FS, o Options, others ...io.Closer) (*store, Swept, error) {
	if err := checkOwn(d); err != nil {
		return nil, Swept{}, err
	}
	lock, err := d.Lock(nameLock)
	switch {
	case errors.Is(err, disk.ErrLocked):
		return nil, Swept{}, ErrLocked
	case err != nil:
		return nil, Swept{}, diskError("lock the data directory", err)
	}
	s, swept, err := openStore(d, o, append([]io.Closer{lock}, others...)...)
	if err != nil {
		lock.Close()
		return nil, Swept{}, err
	}
	return s, swept, nil
}

// checkOwn refuses a directory in which somebody else keeps something: the sweep
// would remove it.
func checkOwn(d disk.FS) error {
	found, err := d.List(".")
	if err != nil {
		return diskError("read the data directory", err)
	}
	other := ""
	for _, e := range found {
		switch e.Name {
		case nameVersion:
			return checkVersion(d)
		case nameLock, nameVersion + suffixNew, nameLostFound, nameRecord:
		default:
			other = e.Name
		}
	}
	if other != "" {
		return fmt.Errorf("%w: it has %q and no %s", ErrForeign, other, nameVersion)
	}
	return nil
}

func checkVersion(d disk.FS) error {
	switch b, err := disk.ReadFile(d, nameVersion, int64(len(versionContent))); {
	case errors.Is(err, disk.ErrTooLong) || err == nil && string(b) != versionContent:
		return fmt.Errorf("%w: its %s is another", ErrForeign, nameVersion)
	case err != nil:
		return diskError("read "+nameVersion, err)
	}
	return nil
}
