package actors

import (
	"errors"
	"fmt"
	"io"

	"example.com/rollcall/wire"
)

// read is the goroutine that blocks in the transport's Read for a connection.
// It cuts the stream into frames, decodes them and hands them on in batches.
// What bounds it: the splitter holds at most one frame, and every frame is paid
// for with credits before it is handed on.
//
// What panics in it, the transport or a decoder, ends this connection alone (H1).
func (c *connection) read() {
	defer func() {
		if v := recover(); v != nil {
			c.broke(v)
			c.readerGone()
		}
	}()
	s := c.sys
	split := wire.NewSplitter(wire.MaxHelloFrame, s.set.ReadBuffer)
	space := s.set.ReadBuffer
	greeted, filling := false, false
	for {
		if want := c.readSpace(filling); want != space && greeted && split.Buffered() == 0 {
			split, space = wire.NewSplitter(s.set.MaxFrame, want), want
		}
		n, err := c.transport.Read(split.Space())
		if n > 0 {
			c.heard(n)
			split.Filled(n)
			if ferr := c.hand(split, &greeted, &filling); ferr != nil {
				c.tell(readEnded{err: ferr, reason: frameReason(ferr)})
				c.drainTransport()
				return
			}
			if split.Buffered() > 0 {
				c.markPartial()
			}
		}
		if err != nil {
			c.tell(readEnded{err: err, reason: readReason(err), midFrame: split.Buffered() > 0})
			c.readerGone()
			return
		}
	}
}

// fileSpace is the size of the read buffer while a file comes in. A client that
// makes use of it has just sent a frame as long as that of a large chunk, for
// which the buffer had grown already.
const fileSpace = 128 << 10

// readSpace returns how large the read buffer is to be.
func (c *connection) readSpace(filling bool) int {
	if filling {
		return max(fileSpace, c.sys.set.ReadBuffer)
	}
	return c.sys.set.ReadBuffer
}

// decode decodes a frame. The data of a chunk is copied once, to where it waits
// for the disk.
func (c *connection) decode(batch *batch, f wire.Frame, greeted bool) (wire.Message, error) {
	switch f.Type {
	case wire.TypePing:
		return batch.decodePing(f.Body)
	case wire.TypePong:
		return batch.decodePong(f.Body)
	case wire.TypeSend:
		return batch.decodeSend(f.Body)
	}
	if f.Type != wire.TypeChunk || !greeted || c.sys.files == nil {
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
		c.frameBegun()
	}
}

// freed notes that the reader no longer waits: till now the silence was ours (G4).
func (c *connection) freed() { c.readerFreed.Store(int64(c.sys.now())) }

// woken is called when the reader goes on after a wait for credits.
func (c *connection) woken() { c.resumes("credits") }

// errEnding is returned by hand when the connection no longer takes frames.
var errEnding = errors.New("rollcall: connection is ending")

// hand decodes all whole frames and hands them to the actor in as few messages
// as credits allow. It notes in filling whether the last of them was a long part
// of a file.
func (c *connection) hand(split *wire.Splitter, greeted, filling *bool) error {
	batch := newBatch()
	send := func() {
		if len(batch.frames) > 0 {
			c.tell(inbound{batch})
			batch = newBatch()
		}
	}
	defer send()
	for {
		f, ok, err := split.Next()
		if err != nil || !ok {
			return err
		}
		*filling = f.Type == wire.TypeChunk && len(f.Body) > maxChunk/2
		m, err := c.open(batch, f, *greeted)
		if err != nil {
			return err
		}
		if m == nil {
			continue
		}
		if !*greeted {
			*greeted = true // whether it is a hello is the actor's to judge
			split.SetLimit(c.sys.set.MaxFrame)
		}
		credit := creditsFor(len(f.Body), c.sys.set.Credits)
		paid := paidFrame{m, credit}
		if !c.credits.tryTake(credit) {
			paid = paid.kept()
			send()
			if !c.credits.take(credit, c.woken, c.freed) {
				return errEnding
			}
		}
		batch.frames = append(batch.frames, paid)
	}
}

// open decodes a frame that is whole. A message of nil is one to be skipped.
func (c *connection) open(batch *batch, f wire.Frame, greeted bool) (wire.Message, error) {
	if c.partialSince.Load() != 0 {
		c.partialSince.Store(0) // a frame was completed; what follows is another
	}
	c.framesIn.Add(1)
	c.sys.count.framesIn.Add(1)
	if f.Type.Known() && !f.Type.FromClient() {
		// Before it is decoded: only a server may make another take the memory
		// of a snapshot.
		return nil, fmt.Errorf("%w: message %v is not for a server", wire.ErrMalformed, f.Type)
	}
	m, err := c.decode(batch, f, greeted)
	if errors.Is(err, wire.ErrUnknownType) && greeted {
		c.sys.count.unknownFrames.Add(1)
		return nil, nil //nolint:nilnil // to be skipped
	}
	return m, err
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

// readerGone tells the actor that the reader's goroutine has ended.
func (c *connection) readerGone() { c.tell(readerExit{}) }
