package client

import (
	"net"
	"syscall"
)

// tcpNotSentLowat is TCP_NOTSENT_LOWAT of Linux's tcp(7), which package syscall
// does not name.
const tcpNotSentLowat = 25

// unsentBytes is how much of what is written the kernel may hold before it is
// sent: two chunks. Left to itself it holds megabytes, and on a slow network
// pongs would wait behind them for longer than the server does (N21). What has
// been sent and is not acknowledged yet does not count, so it costs no speed.
const unsentBytes = 128 << 10

// limitUnsent bounds what waits in the kernel for a TCP connection. Where that
// cannot be done, the connection works all the same.
func limitUnsent(nc net.Conn) {
	if wrapped, ok := nc.(interface{ NetConn() net.Conn }); ok { // TLS
		nc = wrapped.NetConn()
	}
	tcp, ok := nc.(*net.TCPConn)
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
