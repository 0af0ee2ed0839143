package actors

import (
	"net"
	"syscall"
)

// tcpNotSentLowat is TCP_NOTSENT_LOWAT of Linux's tcp(7), which package syscall
// does not name.
const tcpNotSentLowat = 25

// unsentBytes is how much the kernel may hold of what is written and not yet
// sent. Without a bound it takes megabytes for a client that reads slowly, and
// heartbeats and presence would wait behind them, out of our sight (N21, P7).
const unsentBytes = 128 << 10

// limitUnsent bounds what waits in the kernel for a TCP socket. Whether it
// can is the system's choice: without it the connection works all the same.
func limitUnsent(t net.Conn) {
	if wrapped, ok := t.(interface{ NetConn() net.Conn }); ok { // TLS
		t = wrapped.NetConn()
	}
	tcp, ok := t.(*net.TCPConn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, unsentBytes) //nolint:gosec // a descriptor fits
	})
}
