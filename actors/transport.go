package actors

import (
	"errors"
	"net"
)

// parked is a transport that needs no goroutine: it hands on what comes by
// itself, and takes what it can at once. A connection whose transport is none
// has a goroutine that reads, and one for each write.
type parked interface {
	net.Conn
	// start hands everything that comes to c from now on.
	start(c *connection)
	// writeFrames writes as much as the transport takes now. It returns
	// errWouldBlock with what it took when that is not everything. The actor
	// calls it, and nobody else.
	writeFrames(frames [][]byte) (int64, error)
	// awaitRoom sends a roomAgain once the transport takes more.
	awaitRoom()
}

// errWouldBlock is returned by writeFrames.
var errWouldBlock = errors.New("rollcall: the transport takes no more now")
