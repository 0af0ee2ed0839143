//go:build unix && !solaris && !illumos && !aix

package disk

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes the lock of an open file, for as long as it is open. A killed
// process loses it with its handles. False: somebody else has it.
func lockFile(f *os.File) (bool, error) {
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	default:
		return false, err
	}
}

// syncDirHandle makes a directory's entries durable.
func syncDirHandle(f *os.File) error { return f.Sync() }
