//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package client

import (
	"os"
	"syscall"
)

// lockPart makes sure that no other call, of this process or another, writes the
// part. The lock ends with the file, and with the process.
func lockPart(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var locked error
	err = raw.Control(func(fd uintptr) {
		locked = syscall.Flock(int(fd), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // a file descriptor
	})
	if err != nil {
		return err
	}
	if locked == syscall.EWOULDBLOCK { //nolint:errorlint // a bare number
		return ErrPartBusy
	}
	return nil // also where the file system knows no locks
}
