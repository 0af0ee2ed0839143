package actors

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// link is a transport in memory with the manners of TCP: buffers of a bounded
// size, half closes, deadlines, addresses. Its faults are set while it is in
// use.
type link struct{ client, server *end }

// linkRoom is how many bytes one direction of a link holds.
const linkRoom = 16 << 10

// newLink returns a link between two observed addresses.
func newLink(client, server string) *link {
	up, down := newStream(), newStream()
	return &link{
		client: &end{in: down, out: up, local: addr(client), remote: addr(server)},
		server: &end{in: up, out: down, local: addr(server), remote: addr(client)},
	}
}

// reset breaks both directions, as a RST does.
func (l *link) reset() {
	for _, s := range []*stream{l.client.in, l.client.out} {
		s.change(func(s *stream) { s.broken, s.buf = syscall.ECONNRESET, nil })
	}
}

type addr string

func (addr) Network() string  { return "test" }
func (a addr) String() string { return string(a) }

// end is one end of a link.
type end struct {
	in, out       *stream
	local, remote net.Addr

	mu      sync.Mutex
	closed  int   // how often Close was called
	closing error // what Close answers
}

func (e *end) Read(b []byte) (int, error)  { return e.in.read(b) }
func (e *end) Write(b []byte) (int, error) { return e.out.write(b) }
func (e *end) LocalAddr() net.Addr         { return e.local }
func (e *end) RemoteAddr() net.Addr        { return e.remote }

// Close closes both directions for this side; the other reads what is left,
// and then EOF.
func (e *end) Close() error {
	e.mu.Lock()
	e.closed++
	e.mu.Unlock()
	e.out.change(func(s *stream) { s.shut = true })
	e.in.change(func(s *stream) { s.deaf = true })
	return e.closing
}

func (e *end) isClosed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.closed > 0
}

// CloseWrite closes the writing half.
func (e *end) CloseWrite() error {
	e.out.change(func(s *stream) { s.shut = true })
	return nil
}

func (e *end) SetDeadline(t time.Time) error {
	return firstError(e.SetReadDeadline(t), e.SetWriteDeadline(t))
}
func (e *end) SetReadDeadline(t time.Time) error  { e.in.readBy.set(e.in, t); return nil }
func (e *end) SetWriteDeadline(t time.Time) error { e.out.writeBy.set(e.out, t); return nil }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// plain hides that a transport can close its halves.
type plain struct{ net.Conn }

// stream is one direction of a link.
type stream struct {
	mu      sync.Mutex
	moved   *sync.Cond
	buf     []byte
	room    int
	chunk   int           // most bytes of one read; 0: no bound
	held    bool          // nothing arrives: reads wait
	shut    bool          // the writer has closed
	deaf    bool          // the reader has closed
	broken  error         // every read and write fails with it
	writer  chan struct{} // one write at a time, like a socket
	readBy  deadline
	writeBy deadline
}

func newStream() *stream {
	s := &stream{room: linkRoom, writer: make(chan struct{}, 1)}
	s.moved = sync.NewCond(&s.mu)
	return s
}

// change changes a stream and wakes who waits.
func (s *stream) change(f func(*stream)) {
	s.mu.Lock()
	f(s)
	s.mu.Unlock()
	s.moved.Broadcast()
}

// hold stops the arrival of bytes, or lets it go on: a peer that does not read.
func (s *stream) hold(held bool) { s.change(func(s *stream) { s.held = held }) }

func (s *stream) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.buf)
}

func (s *stream) read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.deaf:
			return 0, net.ErrClosed
		case s.broken != nil:
			return 0, s.broken
		case s.readBy.over:
			return 0, os.ErrDeadlineExceeded
		case s.held:
		case len(s.buf) > 0:
			if s.chunk > 0 {
				b = b[:min(len(b), s.chunk)]
			}
			n := copy(b, s.buf)
			s.buf = s.buf[n:]
			s.moved.Broadcast()
			return n, nil
		case s.shut:
			return 0, io.EOF
		}
		s.moved.Wait()
	}
}

func (s *stream) write(b []byte) (n int, err error) {
	s.writer <- struct{}{}
	defer func() { <-s.writer }()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.shut:
			return n, net.ErrClosed
		case s.deaf:
			return n, syscall.EPIPE
		case s.broken != nil:
			return n, s.broken
		case s.writeBy.over:
			return n, os.ErrDeadlineExceeded
		}
		if k := min(s.room-len(s.buf), len(b)-n); k > 0 {
			s.buf = append(s.buf, b[n:n+k]...)
			n += k
			s.moved.Broadcast()
		}
		if n == len(b) {
			return n, nil
		}
		s.moved.Wait()
	}
}

// deadline is one deadline of a stream, guarded by its lock.
type deadline struct {
	over  bool
	timer *time.Timer
	round int // which setting the timer is of
}

func (d *deadline) set(s *stream, t time.Time) {
	s.change(func(s *stream) {
		if d.timer != nil {
			d.timer.Stop()
		}
		d.round++
		d.over, d.timer = false, nil
		if t.IsZero() {
			return
		}
		round := d.round
		d.timer = time.AfterFunc(time.Until(t), func() {
			s.change(func(*stream) { d.over = d.over || d.round == round })
		})
	})
}
