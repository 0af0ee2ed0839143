//go:build !linux

package client

import "net"

// sendBuffer bounds what waits in the kernel where there is no better way. It
// bounds what one round trip carries as well.
const sendBuffer = 512 << 10

// limitUnsent bounds what waits in the kernel for a TCP connection, so that
// pongs do not wait behind it (N21).
func limitUnsent(nc net.Conn) {
	if wrapped, ok := nc.(interface{ NetConn() net.Conn }); ok { // TLS
		nc = wrapped.NetConn()
	}
	if tcp, ok := nc.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
}
