package disk

import (
	"math"
	"os"
	"syscall"
)

// syncFileRangeWrite is SYNC_FILE_RANGE_WRITE of sync_file_range(2).
const syncFileRangeWrite = 2

// startWriting asks the kernel to begin writing a range out. It makes the Sync
// at the end short; by itself it makes nothing durable. It waits only when the
// device's queue is full.
func startWriting(f *os.File, off, n int64) {
	// An error is of no consequence: Sync meets it again.
	_ = syscall.SyncFileRange(int(f.Fd()), off, n, syncFileRangeWrite)
}

// freeBytes gives what an unprivileged process can still write.
func freeBytes(f *os.File) (int64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &s); err != nil || s.Bsize <= 0 {
		return 0, false
	}
	if s.Bavail > math.MaxInt64/uint64(s.Bsize) {
		return math.MaxInt64, true
	}
	return int64(s.Bavail) * s.Bsize, true
}
