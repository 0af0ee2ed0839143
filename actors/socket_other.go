//go:build !linux

package actors

import "net"

// inFlight is room for what was sent and not yet confirmed.
const inFlight = 128 << 10

// limitUnsent bounds what waits in the kernel for a TCP socket, so that
// heartbeats and presence do not wait behind it, out of our sight (N21, P7): here
// with its send buffer, which counts what is on its way as well.
func limitUnsent(t net.Conn, bytes int) {
	if wrapped, ok := t.(interface{ NetConn() net.Conn }); ok { // TLS
		t = wrapped.NetConn()
	}
	if tcp, ok := t.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(bytes + inFlight)
	}
}
