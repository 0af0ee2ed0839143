//go:build !linux

package actors

import "net"

// sendBuffer bounds what waits in the kernel where there is no better way.
const sendBuffer = 256 << 10

// limitUnsent bounds what waits in the kernel for a TCP socket, so that
// heartbeats and presence do not wait behind it, out of our sight (N21, P7).
func limitUnsent(t net.Conn) {
	if wrapped, ok := t.(interface{ NetConn() net.Conn }); ok { // TLS
		t = wrapped.NetConn()
	}
	if tcp, ok := t.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
}
