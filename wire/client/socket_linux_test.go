package client

import (
	"net"
	"syscall"
	"testing"
)

type wrapped struct{ net.Conn }

func (w wrapped) NetConn() net.Conn { return w.Conn }

// guards N21: what waits in the kernel is bounded, below TLS too.
func TestLimitUnsent(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, wrap := range []func(net.Conn) net.Conn{
		func(nc net.Conn) net.Conn { return nc },
		func(nc net.Conn) net.Conn { return wrapped{nc} },
	} {
		nc, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		limitUnsent(wrap(nc))
		raw, err := nc.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		err = raw.Control(func(fd uintptr) {
			got, _ = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat) //nolint:gosec // a descriptor fits
		})
		if err != nil || got != unsentBytes {
			t.Errorf("%d bytes, %v", got, err)
		}
		_ = nc.Close()
	}
	ours, theirs := net.Pipe()
	limitUnsent(ours) // nothing to do
	_, _ = ours.Close(), theirs.Close()
}
