package actors

import (
	"testing"
	"unsafe"
)

// What every idle connection costs grows only by decision. Each field more puts
// it into the next size class, 64 bytes up.
func TestSizeOfAConnection(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return // the numbers are those of 64 bits
	}
	if n := unsafe.Sizeof(connection{}); n > 568 {
		t.Errorf("a connection is %d bytes: one field more is 64", n)
	}
}
