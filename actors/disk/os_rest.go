//go:build !windows && (!unix || solaris || illumos || aix)

package disk

import (
	"errors"
	"fmt"
	"os"
)

// lockFile refuses: without a lock two processes would destroy each other's
// files, and the guarantees are tested on Unix alone.
func lockFile(*os.File) (bool, error) {
	return false, fmt.Errorf("lock files: %w", errors.ErrUnsupported)
}

// syncDirHandle makes a directory's entries durable.
func syncDirHandle(f *os.File) error { return f.Sync() }
