//go:build race

package actors

import (
	"syscall"
	"unsafe"
)

// The race detector has to be told of what is read and written, which package
// syscall does, but for writev(2): see calls_linux.go.

func readNow(fd int, b []byte) (int, error) { return syscall.Read(fd, b) }

func writeNow(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }

func writevNow(fd int, list []syscall.Iovec, _ int) (int, error) {
	r, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list))) //nolint:gosec // as writev(2) wants it
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil //nolint:gosec // no more than there is
}

func closeNow(fd int) error { return syscall.Close(fd) }

func epollNow(fd int, events []syscall.EpollEvent) (int, error) {
	return syscall.EpollWait(fd, events, 0)
}
