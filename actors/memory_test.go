package actors

import (
	"testing"
	"unsafe"
)

// What every idle connection costs grows only by decision. One field more is
// the last that its size class of 480 bytes takes; the next one is 32 bytes up.
func TestSizeOfAConnection(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return // the numbers are those of 64 bits
	}
	if n := unsafe.Sizeof(connection{}); n > 480 {
		t.Errorf("a connection is %d bytes: one field more is 32", n)
	}
}
