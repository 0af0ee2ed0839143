package supervisor_test

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// link is a transport in memory that behaves like a TCP connection: bounded
// buffers, half-closes, resets, deadlines and addresses; and with faults that no
// real one has on demand.
type link struct{ client, server *end }

// room is what one direction holds before a write waits, like a socket's
// buffers.
const room = 64 << 10

// newLink returns a link between two observed addresses.
func newLink(client, server net.Addr) *link {
	up, down := newPipe(), newPipe()
	return &link{
		client: &end{in: down, out: up, local: client, remote: server},
		server: &end{in: up, out: down, local: server, remote: client},
	}
}

// reset breaks the link: the server's reads and writes fail with ECONNRESET.
func (l *link) reset() {
	l.server.in.change(func(p *pipe) { p.readErr = syscall.ECONNRESET })
	l.server.out.change(func(p *pipe) { p.writeErr = syscall.ECONNRESET })
	_ = l.client.Close()
}

// pipe is one direction of a link.
type pipe struct {
	mu    sync.Mutex
	moved sync.Cond

	buf      []byte
	room     int
	rate     int   // bytes a second; 0: as fast as can be
	held     bool  // what was written does not arrive: reads wait
	shut     bool  // the writer has closed: reads end after buf
	gone     bool  // the reader has closed
	readErr  error // every read fails with it
	writeErr error // every write fails with it
	readBy   deadline
	writeBy  deadline
}

func newPipe() *pipe {
	p := &pipe{room: room}
	p.moved.L = &p.mu
	return p
}

// change changes a pipe and wakes all who wait for a change.
func (p *pipe) change(f func(*pipe)) {
	p.mu.Lock()
	f(p)
	p.mu.Unlock()
	p.moved.Broadcast()
}

// hold stops the arrival of bytes, or lets them go on: a reader that has
// stopped reading, or a process that is stopped.
func (p *pipe) hold(held bool) { p.change(func(p *pipe) { p.held = held }) }

func (p *pipe) read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.gone:
			return 0, net.ErrClosed
		case p.readErr != nil:
			return 0, p.readErr
		case p.readBy.over():
			return 0, os.ErrDeadlineExceeded
		case p.held:
		case len(p.buf) > 0:
			n := copy(b, p.buf)
			p.buf = p.buf[n:]
			p.moved.Broadcast()
			return n, nil
		case p.shut:
			return 0, io.EOF
		}
		p.moved.Wait()
	}
}

func (p *pipe) write(b []byte) (n int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.shut:
			return n, net.ErrClosed
		case p.writeErr != nil:
			return n, p.writeErr
		case p.gone:
			return n, syscall.EPIPE
		case p.writeBy.over():
			return n, os.ErrDeadlineExceeded
		}
		k := min(len(b), p.room-len(p.buf))
		p.buf = append(p.buf, b[:k]...)
		b, n = b[k:], n+k
		p.moved.Broadcast()
		if len(b) == 0 {
			return n, nil
		}
		p.moved.Wait()
	}
}

// deadline wakes a pipe when its time has come.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) over() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (d *deadline) set(at time.Time, p *pipe) {
	d.at = at
	if d.timer != nil {
		d.timer.Stop()
	}
	if !at.IsZero() {
		d.timer = time.AfterFunc(time.Until(at), p.moved.Broadcast)
	}
}

// end is one end of a link, a net.Conn.
type end struct {
	in, out       *pipe
	local, remote net.Addr
}

func (e *end) Write(b []byte) (int, error) { return e.out.write(b) }

// Read returns what has come; on a slow line not before its time, and little at
// once.
func (e *end) Read(b []byte) (int, error) {
	e.in.mu.Lock()
	rate := e.in.rate
	e.in.mu.Unlock()
	if rate == 0 {
		return e.in.read(b)
	}
	n, err := e.in.read(b[:min(len(b), max(rate/20, 1))])
	time.Sleep(time.Duration(n) * time.Second / time.Duration(rate)) // the line's own time
	return n, err
}

func (e *end) LocalAddr() net.Addr  { return e.local }
func (e *end) RemoteAddr() net.Addr { return e.remote }

func (e *end) CloseWrite() error {
	e.out.change(func(p *pipe) { p.shut = true; p.writeBy.set(time.Time{}, p) })
	return nil
}

func (e *end) Close() error {
	_ = e.CloseWrite()
	e.in.change(func(p *pipe) { p.gone = true; p.readBy.set(time.Time{}, p) })
	return nil
}

// closed reports whether this end has closed both ways.
func (e *end) closed() bool {
	e.in.mu.Lock()
	defer e.in.mu.Unlock()
	return e.in.gone
}

func (e *end) SetReadDeadline(at time.Time) error {
	e.in.change(func(p *pipe) { p.readBy.set(at, p) })
	return nil
}

func (e *end) SetWriteDeadline(at time.Time) error {
	e.out.change(func(p *pipe) { p.writeBy.set(at, p) })
	return nil
}

func (e *end) SetDeadline(at time.Time) error {
	_ = e.SetReadDeadline(at)
	return e.SetWriteDeadline(at)
}

// addr is the n-th address of a client, all behind one NAT.
func addr(n int) net.Addr { return &net.TCPAddr{IP: net.IPv4(198, 51, 100, 7), Port: 1024 + n} }

var serverAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7465}
