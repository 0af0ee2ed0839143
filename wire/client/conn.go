package client

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"example.com/rollcall/wire"
)

// conn is one connection of a client, with a goroutine that reads and one that
// writes. Nothing of it outlives it: the next connection has its own.
type conn struct {
	// Static after construction.
	nc       net.Conn
	goOn     func(goroutine string) // see Options.GoOn; may be nil
	base     time.Time              // the origin of the client's times
	out      *outbox                // has its own lock
	slots    chan struct{}          // one token a call, maxCalls at most
	welcomed chan struct{}          // closed by the reader once welcome is set
	done     chan struct{}          // closed by fail
	read     chan struct{}          // closed when the reader has ended
	written  chan struct{}          // closed when the writer has ended

	// Owned by the reader.
	split   *wire.Splitter
	space   int // of split's buffer
	greeted bool
	words   *RequestError // an error about the connection, before its bye

	// Static once welcomed is closed.
	welcome wire.Welcome

	// Atomic.
	heard atomic.Int64 // when bytes were last received, since base

	// Guarded by mu, which is never held while anything blocks.
	mu       sync.Mutex
	end      *EndError // why it ended; nil while it lives
	calls    calls
	pings    map[uint64]chan time.Duration // of Ping, by the time sent; within slots
	pinged   uint64                        // the time of the latest ping of the heartbeat
	lastTime uint64                        // the latest time in any ping: each has its own
	streams  streams                       // the transfers
	offers   map[uint64]*offer             // of files, that wait for an answer; maxOffers at most
	confirms map[uint64]func()             // by a ping's time; maxDelivered at most
}

func newConn(nc net.Conn, base time.Time) *conn {
	cn := &conn{
		nc:       nc,
		base:     base,
		out:      newOutbox(),
		slots:    make(chan struct{}, maxCalls),
		welcomed: make(chan struct{}),
		done:     make(chan struct{}),
		read:     make(chan struct{}),
		written:  make(chan struct{}),
		split:    wire.NewSplitter(wire.MaxHelloFrame, smallSpace),
		space:    smallSpace,
		calls:    make(calls),
		pings:    make(map[uint64]chan time.Duration),
	}
	cn.heard.Store(int64(time.Since(base)))
	return cn
}

// fail ends the connection: the first reason counts, and every call in flight
// is told. It does not close the transport, shut does.
func (cn *conn) fail(end *EndError) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.end != nil {
		return
	}
	cn.end = end
	for id, waiting := range cn.calls {
		waiting.reply <- answer{err: ErrDisconnected}
		delete(cn.calls, id)
	}
	clear(cn.pings) // their callers watch done
	for _, o := range cn.offers {
		cn.takeBack(o, ErrDisconnected)
	}
	close(cn.done)
}

// ended reports why the connection ended, nil while it lives.
func (cn *conn) ended() *EndError {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	return cn.end
}

// byeTime bounds how long a goodbye may take: to send what waits, and for the
// server to close.
const byeTime = time.Second

// shut closes the transport of a connection that has failed, and waits for its
// goroutines. There is no bye: a client's bye is for a client that wants to go
// (PROTOCOL.md section 4).
func (cn *conn) shut() {
	_ = cn.nc.Close()
	<-cn.read
	<-cn.written
}

// part says goodbye after what waits to be sent, lets the server close first so
// that the bye is read for sure, and closes. With a dead server it takes byeTime.
func (cn *conn) part(end *EndError) {
	if frame, err := wire.Append(nil, &wire.Bye{Reason: wire.ReasonBye}); err == nil {
		cn.out.finish(frame)
	}
	timer := time.NewTimer(byeTime)
	defer timer.Stop()
	select {
	case <-cn.written:
		cn.goesOn("run")
		if half, ok := cn.nc.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		select {
		case <-cn.read:
		case <-timer.C:
		}
	case <-timer.C:
	}
	cn.goesOn("run")
	cn.fail(end)
	_ = cn.nc.Close()
	<-cn.read
	<-cn.written
}
