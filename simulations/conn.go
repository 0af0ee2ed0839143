package simulations

import (
	"encoding/hex"
	"hash/fnv"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// conn is one end of a link as a net.Conn: the server's, or a real client's.
// Every read and every write passes the gate.
type conn struct {
	w      *World
	link   *link
	of     *host
	in     *pipe
	out    *pipe
	local  net.Addr
	remote net.Addr
	rt, wt *ticket
	tap    *tap // the server's end alone

	// guarded by the world's lock
	closed   bool
	shutWr   bool
	deadline time.Time // of writes
	limit    *due
	until    time.Time // of reads
	expiry   *due
}

var _ net.Conn = (*conn)(nil)

func newConn(l *link, of *host, side string, in, out *pipe, local, remote net.Addr) *conn {
	name := of.name + "/link/" + strconv.Itoa(l.id) + "/" + side
	return &conn{
		w: l.w, link: l, of: of, in: in, out: out, local: local, remote: remote,
		rt: newTicket(of, name+"/read"), wt: newTicket(of, name+"/write"),
	}
}

func digest(b []byte) string {
	h := fnv.New32a()
	_, _ = h.Write(b)
	text := strconv.AppendInt(make([]byte, 0, 32), int64(len(b)), 10)
	text = append(text, " bytes "...)
	return string(hex.AppendEncode(text, h.Sum(nil)))
}

func opError(op string, err error) error {
	if err == io.EOF || err == net.ErrClosed || err == os.ErrDeadlineExceeded { //nolint:errorlint // our own
		return &net.OpError{Op: op, Net: "tcp", Err: err}
	}
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, err)}
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	for {
		c.w.lock()
		if c.of.dead.Load() {
			c.w.unlock()
			return 0, opError("read", net.ErrClosed)
		}
		c.rt.what = "read"
		if c.in.readable() || c.closed || c.lateRead() {
			c.w.gate.submit(c.rt)
		} else {
			c.in.reader = c.rt
		}
		c.w.unlock()
		<-c.rt.pass
		c.w.lock()
		n, again, err := c.readNow(b)
		c.w.unlock()
		if !again {
			return n, err
		}
	}
}

func (c *conn) lateRead() bool { return !c.until.IsZero() && !time.Now().Before(c.until) }

func (c *conn) readNow(b []byte) (n int, again bool, err error) {
	switch {
	case c.of.dead.Load(), c.closed:
		return 0, false, opError("read", net.ErrClosed)
	case len(c.in.recv) > 0:
		if c.in.cond.Tiny && !c.in.hurries(c.in.taken) {
			b = b[:min(len(b), 1+c.in.rng.IntN(7))]
		}
		n = c.in.take(b)
		if c.tap != nil {
			c.tap.read(b[:n])
		}
		return n, false, nil
	case c.in.reset != nil:
		c.readOver()
		return 0, false, opError("read", c.in.reset)
	case c.in.fin:
		c.readOver()
		return 0, false, io.EOF
	case c.lateRead():
		return 0, false, opError("read", os.ErrDeadlineExceeded)
	}
	return 0, true, nil
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	total := 0
	c.writes()
	for {
		c.w.lock()
		if c.of.dead.Load() {
			c.w.unlock()
			return total, opError("write", net.ErrClosed)
		}
		c.wt.what = "write"
		if c.closed || c.in.reset != nil || c.out.room() > 0 || c.lateWrite() {
			c.w.gate.submit(c.wt)
		} else {
			c.out.crowded, c.out.writer = true, c.wt
			if !c.deadline.IsZero() && c.limit == nil {
				c.limit = c.w.at(c.w.since(c.deadline), "", func() { c.limit = nil; c.out.wakeWriter() })
			}
		}
		c.w.unlock()
		<-c.wt.pass
		c.w.lock()
		n, again, err := c.writeNow(b)
		c.w.unlock()
		total += n
		if !again {
			return total, err
		}
		b = b[n:]
	}
}

func (c *conn) lateWrite() bool { return !c.deadline.IsZero() && !time.Now().Before(c.deadline) }

func (c *conn) writeNow(b []byte) (n int, again bool, err error) {
	switch {
	case c.of.dead.Load(), c.closed, c.shutWr:
		return 0, false, opError("write", net.ErrClosed)
	case c.in.reset != nil:
		return 0, false, opError("write", syscall.EPIPE)
	}
	n = min(len(b), c.out.room())
	if n > 0 {
		data := b[:n]
		if c.tap != nil {
			data = c.tap.wrote(data)
		}
		c.out.send(data)
	}
	if n == len(b) {
		return n, false, nil
	}
	c.out.crowded = true
	if n == 0 && c.lateWrite() {
		return 0, false, opError("write", os.ErrDeadlineExceeded)
	}
	return n, true, nil
}

// Close implements net.Conn. Like a kernel, it resets when something was not read.
func (c *conn) Close() error {
	if c.tap == nil { // a client's timer may close it: in its turn, like all that clients do
		t := c.w.tickets.get(c.of, c.rt.key+"/close", "closes")
		c.w.gate.enter(t)
		c.w.tickets.put(t)
	}
	c.w.lock()
	defer c.w.unlock()
	if c.of.dead.Load() {
		c.closed = true // nobody sees it
		c.in.tell()
		c.out.wakeWriter()
		return net.ErrClosed
	}
	if c.closed {
		return net.ErrClosed
	}
	c.w.trace.add(c.w.now(), c.rt.key, "close")
	c.shut()
	return nil
}

func (c *conn) shut() {
	if c.closed {
		return
	}
	c.closed = true
	unread := len(c.in.recv) > 0
	c.in.closed = true
	c.w.agenda.drop(c.limit)
	c.w.agenda.drop(c.expiry)
	switch {
	case c.in.reset != nil:
	case unread:
		c.out.abort()
	default:
		c.out.finish()
	}
	c.in.under -= len(c.in.recv)
	c.in.recv = nil
	c.in.tell()
	c.out.wakeWriter()
}

// CloseWrite is what a TCP connection has beside.
func (c *conn) CloseWrite() error {
	c.w.lock()
	defer c.w.unlock()
	if c.closed || c.of.dead.Load() {
		return net.ErrClosed
	}
	c.shutWr = true
	c.out.finish()
	return nil
}

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error {
	return firstError(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.w.lock()
	defer c.w.unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.until = t
	c.w.agenda.drop(c.expiry)
	c.expiry = nil
	if !t.IsZero() {
		c.expiry = c.w.at(c.w.since(t), "", func() { c.in.tell() })
	}
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.w.lock()
	defer c.w.unlock()
	if c.closed {
		return net.ErrClosed
	}
	c.deadline = t
	c.w.agenda.drop(c.limit)
	c.limit = nil
	if !t.IsZero() && c.out.writer != nil {
		c.limit = c.w.at(c.w.since(t), "", func() { c.limit = nil; c.out.wakeWriter() })
	}
	return nil
}
