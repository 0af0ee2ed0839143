package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"example.com/rollcall/wire"
)

// conn is one socket of a loop.
type conn struct {
	fd      int
	in      []byte // a frame that has begun
	out     []byte // what waits for the socket
	dirty   bool   // is in the loop's list of those that have something to write
	waiting bool   // the loop waits until the socket takes more
	id      int    // the load's number of it
	user    string
	watches bool
	version uint64 // up to which it was told
	logged  bool
}

// loop is one thread's epoll. It writes at the end of each round what the round
// has produced, in one write a socket.
type loop struct {
	ep     int
	listen int // -1: none
	conns  map[int]*conn
	events []unix.EpollEvent
	buf    []byte
	dirty  []*conn
	left   []*conn // closed in this round

	frame  func(c *conn, t wire.Type, body []byte)
	closed func(c *conn)
	opened func(c *conn)
}

func newLoop() (*loop, error) {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &loop{
		ep: ep, listen: -1, conns: make(map[int]*conn),
		events: make([]unix.EpollEvent, 1024), buf: make([]byte, 256<<10),
		frame: func(*conn, wire.Type, []byte) {}, closed: func(*conn) {}, opened: func(*conn) {},
	}, nil
}

// close closes everything.
func (l *loop) close() {
	for fd := range l.conns {
		_ = unix.Close(fd)
	}
	if l.listen >= 0 {
		_ = unix.Close(l.listen)
	}
	_ = unix.Close(l.ep)
}

// address makes a socket address of HOST:PORT, IPv4.
func address(server string) (*unix.SockaddrInet4, error) {
	a, err := netip.ParseAddrPort(server)
	if err != nil || !a.Addr().Unmap().Is4() {
		return nil, fmt.Errorf("%q is no IPv4 address with a port", server)
	}
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().Unmap().As4()}, nil
}

// dial connects to a server.
func (l *loop) dial(to *unix.SockaddrInet4) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	for {
		err = unix.Connect(fd, to)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil && !errors.Is(err, unix.EISCONN) && !errors.Is(err, unix.EALREADY) {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("connect: %w", err)
	}
	return l.add(fd)
}

func (l *loop) add(fd int) (*conn, error) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	err := unix.SetNonblock(fd, true)
	if err == nil {
		err = unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}) //nolint:gosec // a descriptor
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("epoll: %w", err)
	}
	c := &conn{fd: fd}
	l.conns[fd] = c
	return c, nil
}

// serve listens, and accepts in each round.
func (l *loop) serve(at *unix.SockaddrInet4) (port int, err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return 0, fmt.Errorf("socket: %w", err)
	}
	l.listen = fd
	if err := unix.Bind(fd, at); err != nil {
		return 0, fmt.Errorf("bind: %w", err)
	}
	if err := unix.Listen(fd, 4096); err != nil {
		return 0, fmt.Errorf("listen: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, fmt.Errorf("getsockname: %w", err)
	}
	in4, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return 0, errFrame
	}
	return in4.Port, unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}) //nolint:gosec // a descriptor
}

// send queues bytes; they are written at the end of the round.
func (l *loop) send(c *conn, b []byte) {
	c.out = append(c.out, b...)
	l.mark(c)
}

func (l *loop) mark(c *conn) {
	if !c.dirty {
		c.dirty = true
		l.dirty = append(l.dirty, c)
	}
}

// drop closes a socket.
func (l *loop) drop(c *conn) {
	if c.fd < 0 {
		return
	}
	delete(l.conns, c.fd)
	_ = unix.Close(c.fd)
	c.fd = -1
	l.left = append(l.left, c)
}

// step waits for something to do, for at most wait, and does one round.
func (l *loop) step(wait time.Duration) error {
	l.flush()
	ms := int((wait + time.Millisecond - 1) / time.Millisecond)
	n, err := unix.EpollWait(l.ep, l.events, ms)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("epoll: %w", err)
	}
	for i := range max(n, 0) {
		e := l.events[i]
		if int(e.Fd) == l.listen {
			l.accept()
			continue
		}
		c := l.conns[int(e.Fd)]
		if c == nil {
			continue
		}
		if e.Events&unix.EPOLLOUT != 0 {
			l.mark(c)
		}
		if e.Events&^unix.EPOLLOUT != 0 {
			l.read(c)
		}
	}
	for len(l.left) > 0 {
		left := l.left
		l.left = nil
		for _, c := range left {
			l.closed(c)
		}
	}
	l.flush()
	return nil
}

func (l *loop) accept() {
	for range 256 {
		fd, _, err := unix.Accept4(l.listen, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err != nil {
			return
		}
		if c, err := l.add(fd); err == nil {
			l.opened(c)
		}
	}
}

// read takes all that has come.
func (l *loop) read(c *conn) {
	for more := true; more && c.fd >= 0; {
		more = l.sip(c, l.buf)
	}
}

// sip takes what has come, as far as it fits buf, and reports whether there may
// be more.
func (l *loop) sip(c *conn, buf []byte) bool {
	n, err := unix.Read(c.fd, buf)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return false
	case err != nil || n == 0:
		l.drop(c)
		return false
	}
	b := buf[:n]
	if len(c.in) > 0 {
		c.in = append(c.in, b...)
		b = c.in
	}
	for c.fd >= 0 {
		t, body, size, err := cut(b)
		if err != nil {
			l.drop(c)
			return false
		}
		if size == 0 {
			break
		}
		l.frame(c, t, body)
		b = b[size:]
	}
	if len(b) == 0 {
		c.in = nil
	} else {
		c.in = append([]byte(nil), b...)
	}
	return n == len(buf)
}

// heed tells epoll whether the loop wants to know what comes.
func (l *loop) heed(c *conn, on bool) error {
	e := unix.EpollEvent{Fd: int32(c.fd)} //nolint:gosec // a descriptor
	if on {
		e.Events = unix.EPOLLIN
	}
	return unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, c.fd, &e)
}

func (l *loop) flush() {
	dirty := l.dirty
	l.dirty = l.dirty[:0]
	for _, c := range dirty {
		c.dirty = false
		l.write(c)
	}
}

func (l *loop) write(c *conn) {
	for c.fd >= 0 && len(c.out) > 0 {
		n, err := unix.Write(c.fd, c.out)
		switch {
		case errors.Is(err, unix.EAGAIN):
			l.waitFor(c, true)
			return
		case errors.Is(err, unix.EINTR):
		case err != nil:
			l.drop(c)
			return
		default:
			c.out = c.out[n:]
		}
	}
	c.out = nil
	l.waitFor(c, false)
}

// waitFor asks epoll to tell when the socket takes more, or no more.
func (l *loop) waitFor(c *conn, on bool) {
	if c.waiting == on || c.fd < 0 {
		return
	}
	c.waiting = on
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)} //nolint:gosec // a descriptor
	if on {
		e.Events |= unix.EPOLLOUT
	}
	_ = unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, c.fd, &e)
}
