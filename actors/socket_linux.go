package actors

import (
	"net"
	"syscall"
)

// tcpNotSentLowat is TCP_NOTSENT_LOWAT of Linux's tcp(7), which package syscall
// does not name.
const tcpNotSentLowat = 25

// limitUnsent bounds how much the kernel holds of what is written to a TCP socket
// and not yet sent. Without a bound it takes megabytes for a client that reads
// slowly, and heartbeats and presence would wait behind them, out of our sight
// (N21, P7). Whether it can is the system's choice: without it the connection works
// all the same.
func limitUnsent(t net.Conn, bytes int) {
	if s, ok := t.(*socket); ok {
		if !s.closed { // only the actor closes, and only it calls this
			_ = syscall.SetsockoptInt(s.fd(), syscall.IPPROTO_TCP, tcpNotSentLowat, bytes)
		}
		return
	}
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
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, bytes) //nolint:gosec // a descriptor fits
	})
}
