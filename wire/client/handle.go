package client

import (
	"errors"
	"fmt"

	"example.com/rollcall/wire"
)

// receive is the reader's goroutine. Nothing that it calls waits for anybody:
// pings behind a message are answered whatever becomes of the message (N21).
func (c *Client) receive(cn *conn) {
	defer close(cn.read)
	for {
		cn.adapt()
		n, err := cn.nc.Read(cn.split.Space())
		if n > 0 {
			cn.heard.Store(int64(c.now()))
			cn.split.Filled(n)
			if end := c.frames(cn); end != nil {
				cn.fail(end)
				return
			}
		}
		if err != nil {
			cn.fail(readEnd(err)) // in the middle of a frame too (N1)
			return
		}
	}
}

// The sizes of a read buffer: while messages alone come, and while files do.
const (
	smallSpace = 4 << 10
	largeSpace = 128 << 10
)

// adapt makes the read buffer fit what comes, whenever it is empty.
func (cn *conn) adapt() {
	space := smallSpace
	if cn.receives() {
		space = largeSpace
	}
	if space == cn.space || !cn.greeted || cn.split.Buffered() > 0 {
		return
	}
	cn.split = wire.NewSplitter(int(cn.welcome.MaxFrame), space) //nolint:gosec // bounded by wire.Decode
	cn.space = space
}

// frames handles every whole frame that has arrived, in order (N16).
func (c *Client) frames(cn *conn) *EndError {
	for {
		f, ok, err := cn.split.Next()
		if err != nil {
			reason := wire.ReasonProtocolError
			if errors.Is(err, wire.ErrFrameTooLarge) {
				reason = wire.ReasonFrameTooLarge
			}
			return &EndError{Reason: reason, Err: err}
		}
		if !ok {
			return nil
		}
		if f.Type == wire.TypeChunk && cn.greeted {
			m, err := wire.DecodeChunk(f.Body) // without a copy
			if err != nil {
				return &EndError{Reason: wire.ReasonProtocolError, Err: err}
			}
			cn.chunk(m)
			continue
		}
		m, err := wire.Decode(f.Type, f.Body)
		if errors.Is(err, wire.ErrUnknownType) {
			continue // from a newer server
		}
		if err != nil {
			return &EndError{Reason: wire.ReasonProtocolError, Err: err}
		}
		if end := c.handle(cn, m); end != nil {
			return end
		}
	}
}

// broken is the end of a connection whose server broke the protocol.
func broken(format string, a ...any) *EndError {
	return &EndError{
		Reason: wire.ReasonProtocolError,
		Err:    fmt.Errorf("%w: %w", errProtocol, fmt.Errorf(format, a...)),
	}
}

// handle does what one message asks for, and returns why the connection has to
// end, if it has.
func (c *Client) handle(cn *conn, m wire.Message) *EndError {
	switch m := m.(type) {
	case *wire.Bye:
		end := &EndError{Reason: m.Reason, ByServer: true, Text: m.Text, retry: m.Retry}
		if cn.words != nil {
			end.Err = cn.words
		}
		return end
	case *wire.Error:
		if m.Request == 0 {
			cn.words = &RequestError{Code: m.Code, Text: m.Text}
			return nil
		}
	case *wire.Welcome:
		return cn.greet(m)
	}
	if !cn.greeted {
		return broken("%v before the welcome", m.Type())
	}
	switch m := m.(type) {
	case *wire.Ping:
		return cn.answerPing(m)
	case *wire.Pong:
		c.pong(cn, m)
	case *wire.Deliver:
		c.deliver(m)
	case *wire.App:
		c.app(m)
	case *wire.Snapshot:
		return c.applySnapshot(cn, m)
	case *wire.Delta:
		return c.applyDelta(cn, m)
	case *wire.Error:
		return cn.answered(m.Request, answer{m: m, err: &RequestError{Code: m.Code, Text: m.Text}})
	case *wire.LoginOK:
		return cn.answered(m.Request, answer{m: m})
	case *wire.OK:
		return cn.answered(m.Request, answer{m: m})
	case *wire.Ack:
		return cn.answered(m.ID, answer{m: m})
	case *wire.Response:
		return cn.answered(m.Request, answer{m: m})
	default:
		return c.handleFile(cn, m)
	}
	return nil
}

// handleFile is handle for what has to do with files.
func (c *Client) handleFile(cn *conn, m wire.Message) *EndError {
	switch m := m.(type) {
	case *wire.PutOK:
		return cn.answered(m.Request, answer{m: m})
	case *wire.GetOK:
		return cn.answered(m.Request, answer{m: m})
	case *wire.FileList:
		return cn.answered(m.Request, answer{m: m})
	case *wire.Credit:
		if s := cn.stream(m.Transfer); s != nil {
			s.credit(m)
		}
	case *wire.Done:
		if s := cn.stream(m.Transfer); s != nil {
			s.done(m)
		}
	case *wire.Abort:
		c.aborted(cn, m)
	case *wire.Offer:
		c.offered(cn, m)
	case *wire.FileNotice:
		c.fileNotice(m)
	default:
		return broken("%v from a server", m.Type())
	}
	return nil
}

// greet takes the server's welcome.
func (cn *conn) greet(m *wire.Welcome) *EndError {
	switch {
	case cn.greeted:
		return broken("a second welcome")
	case m.Version != wire.Version:
		return &EndError{
			Reason: wire.ReasonVersionUnsupported,
			Err:    fmt.Errorf("%w: a welcome of version %d", errProtocol, m.Version),
		}
	}
	cn.split.SetLimit(int(m.MaxFrame)) //nolint:gosec // bounded by wire.Decode
	cn.greeted = true
	cn.welcome = *m
	close(cn.welcomed)
	return nil
}

// answered hands an answer to the call that waits for it.
func (cn *conn) answered(id uint64, a answer) *EndError {
	cn.mu.Lock()
	waiting, err := cn.calls.take(id, a.m.Type())
	cn.mu.Unlock()
	if err != nil {
		return broken("%w", err)
	}
	if waiting == nil {
		return nil // its caller has gone, or it was sent without a wish for an answer
	}
	if waiting.slot {
		<-cn.slots
	}
	if waiting.accept != nil {
		waiting.accept(a)
	}
	waiting.reply <- a
	return nil
}
