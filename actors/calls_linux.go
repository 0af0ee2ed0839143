//go:build !race

package actors

import (
	"syscall"
	"unsafe"
)

// The calls of the pollers' sockets never wait: the sockets do not block, and what
// is looked for is there or is not. So they are made without telling Go's scheduler,
// which would take each for one that may last: it wakes its clock, a thread, for the
// first one after an idle moment, and while that clock runs it looks at every
// processor up to 50,000 times a second for calls that last. On a processor that the
// load needs too, that is what a notice then waits for (BENCHMARKS.md).
//
// What is lost: while such a call runs, its processor is not given to others, and a
// collection waits for it. Hence longCall.
//
// The clock sleeps while nothing else wakes it, and who computes for long is not
// interrupted; but any timer wakes it too, and that of the stall clock comes several
// times a second.

// longCall is the length from which a write may take so long that the scheduler is
// told.
const longCall = 64 << 10

// readNow is read(2) on a descriptor that does not block.
func readNow(fd int, b []byte) (int, error) {
	return result(syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))) //nolint:gosec // as read(2) wants it
}

// writeNow is write(2) on a descriptor that does not block.
func writeNow(fd int, b []byte) (int, error) {
	if len(b) >= longCall {
		return syscall.Write(fd, b)
	}
	return result(syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))) //nolint:gosec // as write(2) wants it
}

// writevNow is writev(2) of so many bytes on a descriptor that does not block.
func writevNow(fd int, list []syscall.Iovec, size int) (int, error) {
	if size >= longCall {
		return result(syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list)))) //nolint:gosec // as writev(2) wants it
	}
	return result(syscall.RawSyscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(list))), uintptr(len(list)))) //nolint:gosec // as writev(2) wants it
}

// epollNow is epoll_wait(2) that does not wait.
func epollNow(fd int, events []syscall.EpollEvent) (int, error) {
	return result(syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)) //nolint:gosec // as epoll_pwait(2) wants it
}

// closeNow is close(2) of a socket that does not linger.
func closeNow(fd int) error {
	_, err := result(syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(fd), 0, 0))
	return err
}

func result(r, _ uintptr, errno syscall.Errno) (int, error) {
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil //nolint:gosec // no more than was asked for
}
