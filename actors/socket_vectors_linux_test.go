package actors

import (
	"syscall"
	"testing"
)

// Pieces of one memory are one to the kernel, in their order and without a gap only.
func TestBehind(t *testing.T) {
	b := make([]byte, 100)
	v := func(b []byte) *syscall.Iovec {
		v := &syscall.Iovec{Base: &b[0]}
		v.SetLen(len(b))
		return v
	}
	for _, x := range []struct {
		first, then []byte
		want        bool
	}{
		{b[:10:10], b[10:20], true}, {b[:10], b[11:20], false}, {b[10:20], b[:10], false}, {b[:10], b[:10], false},
		{b[:10], b[9:20], false},
	} {
		if got := behind(v(x.first), x.then); got != x.want {
			t.Errorf("%t, want %t", got, x.want)
		}
	}
}
