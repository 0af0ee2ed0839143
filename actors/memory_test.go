package actors

import (
	"testing"
	"unsafe"
)

// What every idle connection costs grows only by decision. It fills a size
// class of 512 bytes; one field more is 64.
func TestSizeOfAConnection(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		return // the numbers are those of 64 bits
	}
	if n := unsafe.Sizeof(connection{}); n > 512 {
		t.Errorf("a connection is %d bytes: one field more is 64", n)
	}
}
