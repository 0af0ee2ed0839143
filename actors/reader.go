package actors

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"example.com/rollcall/wire"
)

// Reading: bytes come from the transport, are cut into frames, decoded, and
// handed to the actor in batches. There are two ways to the bytes. A transport
// with a descriptor is parked at a poller (package poll), which reads into one
// buffer for all; any other has a goroutine that blocks in Read. Both use what
// is below. What bounds them: the splitter holds at most one frame, and every
// frame is paid for with credits before it is handed on.
//
// What panics here, the transport or a decoder, ends this connection alone (H1).

// park hands a connection to a poller, or to a goroutine of its own.
func (c *connection) park() {
	if !c.sys.pollers.Take(&c.seat) {
		go c.read()
	}
}

// read is the goroutine of a transport that is not parked.
func (c *connection) read() {
	defer c.readingPanics()
	for {
		c.fitSpace()
		n, err := c.transport.Read(c.split.Space())
		if n > 0 {
			c.heard(n)
			c.split.Filled(n)
			if _, ferr := c.hand(true); ferr != nil {
				c.misread(ferr)
				c.drainTransport()
				return
			}
		}
		if err != nil {
			c.readOut(err)
			return
		}
	}
}

// pollClient is a connection as its poller sees it.
type pollClient struct{ c *connection }

// Space implements poll.Client: the rest of a frame goes to its beginning, and
// while a file comes in the connection has a buffer of its own.
func (p pollClient) Space() []byte {
	c := p.c
	if c.fitSpace(); c.split.Buffered() == 0 && !c.filling {
		return nil
	}
	return c.split.Space()
}

// Came implements poll.Client.
func (p pollClient) Came(b []byte, err error) (next func()) {
	c := p.c
	defer func() {
		if v := recover(); v != nil {
			next = func() { c.readingPanicked(v) }
		}
	}()
	if len(b) > 0 {
		c.heard(len(b))
		unpaid, ferr := c.take(b)
		c.fitSpace() // it may be long until the next bytes
		switch {
		case errors.Is(ferr, errUnpaid):
			return func() { go c.readOn(unpaid) }
		case ferr != nil:
			return func() {
				c.misread(ferr)
				go c.drainTransport()
			}
		}
	}
	if err != nil {
		return func() { c.readOut(err) }
	}
	return nil
}

// take hands on what the poller has read, and holds on to what is left of it.
func (c *connection) take(b []byte) (unpaid paidFrame, err error) {
	if c.split.Buffered() > 0 || c.filling { // as Space had it
		c.split.Filled(len(b))
		return c.hand(false)
	}
	c.split.Lend(b)
	defer c.split.Own()
	return c.hand(false)
}

// Left implements poll.Client.
func (p pollClient) Left() { p.c.readerGone() }

// readOn goes on with a parked connection that had no credit for a frame: it
// waits for that, hands on what has come, and parks the connection again.
func (c *connection) readOn(unpaid paidFrame) {
	defer c.readingPanics()
	err := errEnding
	if c.credits.take(unpaid.credit, c.woken, c.freed) {
		c.tell(inbound{[]paidFrame{unpaid}})
		_, err = c.hand(true)
	}
	if err != nil {
		c.misread(err)
		c.drainTransport()
		return
	}
	c.park()
}

// heard notes a sign of life: only what is received is one (N2).
func (c *connection) heard(n int) {
	c.lastHeard.Store(int64(c.sys.now()))
	c.bytesIn.Add(uint64(n)) //nolint:gosec // n > 0
	c.sys.count.bytesIn.Add(uint64(n))
}

// misread tells of bytes that are no frames of ours.
func (c *connection) misread(err error) { c.tell(readEnded{err: err, reason: frameReason(err)}) }

// readOut tells that nothing more will come, and that nobody reads any more.
func (c *connection) readOut(err error) {
	c.tell(readEnded{err: err, reason: readReason(err), midFrame: c.split.Buffered() > 0})
	c.readerGone()
}

// readingPanics is deferred by everything that reads.
func (c *connection) readingPanics() {
	if v := recover(); v != nil {
		c.readingPanicked(v)
	}
}

func (c *connection) readingPanicked(v any) {
	c.sys.fault(c.pid, c.transport, v, debug.Stack())
	c.tell(readEnded{err: fmt.Errorf("%w: %v", errHandlerPanic, v), reason: wire.ReasonPanic})
	c.readerGone()
}

// fileSpace is the size of the read buffer while a file comes in. A client that
// makes use of it has just sent a frame as long as that of a large chunk, for
// which the buffer had grown already.
const fileSpace = 128 << 10

// fitSpace makes the read buffer as large as it is to be, between two frames.
func (c *connection) fitSpace() {
	space := c.sys.set.ReadBuffer
	if c.filling {
		space = max(fileSpace, space)
	}
	if space != c.space && c.greeted && c.split.Buffered() == 0 {
		c.split, c.space = *wire.NewSplitter(c.sys.set.MaxFrame, space), space
	}
}

// decode decodes a frame. The data of a chunk is copied once, to where it waits
// for the disk.
func (c *connection) decode(f wire.Frame) (wire.Message, error) {
	if f.Type != wire.TypeChunk || !c.greeted || c.sys.files == nil {
		return wire.Decode(f.Type, f.Body)
	}
	m, err := wire.DecodeChunk(f.Body)
	if err != nil {
		return nil, err
	}
	m.Data = c.sys.files.buffers.clone(m.Data)
	return &m, nil
}

// markPartial notes since when a frame is incomplete: not since it was read,
// if hand then had to wait for credits.
func (c *connection) markPartial() {
	if c.partialSince.Load() == 0 {
		c.partialSince.Store(max(int64(c.sys.stall.ran(c.sys.now())), 1))
	}
}

// freed notes that the reader no longer waits: till now the silence was ours (G4).
func (c *connection) freed() { c.readerFreed.Store(int64(c.sys.now())) }

// woken is called when the reader goes on after a wait for credits.
func (c *connection) woken() { c.hooks.goOn(c.pid.ID, "credits") }

// errEnding is returned by hand when the connection no longer takes frames.
var errEnding = errors.New("rollcall: connection is ending")

// errUnpaid is returned by hand when there is no credit and it must not wait.
var errUnpaid = errors.New("rollcall: no credit")

// hand decodes all whole frames and hands them to the actor in as few messages
// as credits allow. When there is no credit it waits, or returns the frame with
// errUnpaid if it must not: then the caller owes the credit, and calls it again.
// It notes whether the last frame was a long part of a file.
func (c *connection) hand(wait bool) (unpaid paidFrame, err error) {
	var batch []paidFrame
	send := func() {
		if len(batch) > 0 {
			c.tell(inbound{batch})
			batch = nil
		}
	}
	defer send()
	for {
		f, ok, err := c.split.Next()
		if err != nil {
			return paidFrame{}, err
		}
		if !ok {
			if c.split.Buffered() > 0 {
				c.markPartial()
			}
			return paidFrame{}, nil
		}
		c.partialSince.Store(0) // a frame was completed; what follows is another
		c.framesIn.Add(1)
		c.sys.count.framesIn.Add(1)
		if f.Type.Known() && !f.Type.FromClient() {
			// Before it is decoded: only a server may make another take the memory
			// of a snapshot.
			return paidFrame{}, fmt.Errorf("%w: message %v is not for a server", wire.ErrMalformed, f.Type)
		}
		c.filling = f.Type == wire.TypeChunk && len(f.Body) > maxChunk/2
		m, err := c.decode(f)
		if errors.Is(err, wire.ErrUnknownType) && c.greeted {
			c.sys.count.unknownFrames.Add(1)
			continue
		}
		if err != nil {
			return paidFrame{}, err
		}
		if !c.greeted {
			c.greeted = true // whether it is a hello is the actor's to judge
			c.split.SetLimit(c.sys.set.MaxFrame)
		}
		p := paidFrame{m, creditsFor(len(f.Body), c.sys.set.Credits)}
		if !c.credits.tryTake(p.credit) {
			if !wait {
				return p, errUnpaid
			}
			send()
			if !c.credits.take(p.credit, c.woken, c.freed) {
				return paidFrame{}, errEnding
			}
		}
		batch = append(batch, p)
	}
}

// frameReason tells what is wrong with bytes that are no frames of ours.
func frameReason(err error) wire.Reason {
	switch {
	case errors.Is(err, wire.ErrFrameTooLarge):
		return wire.ReasonFrameTooLarge
	case errors.Is(err, errEnding):
		return wire.ReasonNone // the connection has its reason already
	default:
		return wire.ReasonProtocolError
	}
}

// drainTransport reads and drops until the peer closes or the transport is
// closed, so that closing it does not reset the stream and take the goodbye
// with it. The linger bounds it.
func (c *connection) drainTransport() {
	_, _ = io.Copy(io.Discard, onlyReader{c.transport})
	c.readerGone()
}

// onlyReader hides what else a transport can do, such as splicing.
type onlyReader struct{ io.Reader }

// readerGone tells the actor that nobody reads any more.
func (c *connection) readerGone() { c.tell(readerExit{}) }
