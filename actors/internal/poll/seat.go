package poll

import (
	"net"
	"syscall"
)

// Client is the owner of a connection. Its methods are called by the poller's
// goroutine, one at a time and only while the connection is parked, and must not
// block: all other connections wait meanwhile.
type Client interface {
	// Space returns where to read into, or nil for the poller's own buffer.
	Space() []byte
	// Came is given what was read, possibly nothing, and the error that has ended
	// the stream, if one has: io.EOF, or what the system says. B is what Space has
	// returned, or the poller's, which takes it back when Came returns. When what
	// it returns is not nil, the connection is parked no longer, and that is
	// called. It may not panic: it guards itself.
	Came(b []byte, err error) (next func())
	// Left tells that the connection is parked no longer because of Leave.
	Left()
}

// Seat is what a connection is to its poller. It is a part of the client's own
// connection, made by SeatOf.
type Seat struct {
	// static after construction
	id     uint64
	raw    syscall.RawConn
	client Client
	// locked by the poller
	place place
}

// place says where a connection's reading is.
type place uint8

const (
	away    place = iota // with its client
	parked               // with the poller; nothing has come
	busy                 // with the poller, which reads
	leaving              // the same, and Leave was called meanwhile
)

// SeatOf returns a seat for a transport. The ID must be no other connection's. A
// transport without a descriptor that can be polled gets one that Take refuses
// and TryWrite writes nothing to.
func SeatOf(t net.Conn, id uint64, client Client) Seat {
	tcp, ok := t.(*net.TCPConn) // what TLS has to read is not what its socket has
	if !ok || !supported {
		return Seat{}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return Seat{}
	}
	return Seat{id: id, raw: raw, client: client}
}
