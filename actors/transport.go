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
	// inRound returns the round in which the actor is run, for an actor that is run
	// in one.
	inRound() *round
}

// errWouldBlock is returned by writeFrames.
var errWouldBlock = errors.New("rollcall: the transport takes no more now")

// Feeder is a transport of the embedding program's that needs no goroutine: it
// hands on what comes by itself. For one that is given to Accept, Read, Write and
// the deadlines of net.Conn are never called.
type Feeder interface {
	net.Conn
	// Feed is called once, by who accepts: from now on, what comes goes there. It
	// must not call it before it has returned.
	Feed(to Fed)
	// TryWrite takes as much of the frames as it can at once, and returns how many
	// bytes that is. When it is not all, the transport calls Room later on. It must
	// neither block nor call what Feed was given, and not keep the frames.
	TryWrite(frames [][]byte) (int64, error)
}

// Fed is where a Feeder's bytes go. The methods of one connection are called by
// one goroutine at a time, and never by TryWrite; they do not block, but may do
// what the bytes lead to.
type Fed interface {
	// Came hands bytes on, which stay the caller's. What there are no credits for
	// is kept: it reports whether that is so, and nothing more should come for a
	// while; what comes all the same is kept as well.
	Came(b []byte) (full bool)
	// Ended tells, once, that nothing more will come: io.EOF, or why else.
	Ended(err error)
	// Room tells that TryWrite takes more.
	Room()
}
