package poll

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// bufferSize is how much is read at once, of one connection.
	bufferSize = 64 << 10
	// eventCount is how many connections are served between two waits.
	eventCount = 128
)

// poller is one goroutine that waits for the bytes of many connections.
type poller struct {
	// static after construction
	epoll *os.File // an epoll instance, which Go's own poller waits for
	raw   syscall.RawConn
	fd    int
	ended chan struct{}

	// locked by mu
	mu    sync.Mutex
	seats map[uint64]*Seat // parked or busy

	// owned by the goroutine
	buf    []byte
	events []unix.EpollEvent
	ready  int   // how many of the events
	failed error // the wait's
	into   []byte
	n      int   // the read's
	err    error // the read's
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	// Go's poller waits for this one only if it is told that it does not block.
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poller{
		epoll: os.NewFile(uintptr(fd), "epoll"), fd: fd, ended: make(chan struct{}),
		seats: make(map[uint64]*Seat), buf: make([]byte, bufferSize),
		events: make([]unix.EpollEvent, eventCount),
	}
	// An error here means that it does not wait for it all the same.
	if err = p.epoll.SetReadDeadline(time.Time{}); err == nil {
		p.raw, err = p.epoll.SyscallConn()
	}
	if err != nil {
		_ = p.epoll.Close()
		return nil, err
	}
	return p, nil
}

func (p *poller) run() {
	defer close(p.ended)
	for {
		p.ready, p.failed = 0, nil
		if err := p.raw.Read(p.wait); err != nil || p.failed != nil {
			return // closed: epoll_wait has no other way to fail
		}
		for i := range p.events[:p.ready] {
			e := &p.events[i]
			p.serve(whole(e.Fd, e.Pad))
		}
	}
}

// wait asks the kernel which connections have something. It reports false when
// none has: then Go's poller wakes us.
func (p *poller) wait(fd uintptr) bool {
	for {
		n, err := unix.EpollWait(int(fd), p.events, 0) //nolint:gosec // a descriptor fits
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			p.failed = err
			return true
		default:
			p.ready = n
			return n > 0
		}
	}
}

// serve reads for a connection that has something.
func (p *poller) serve(id uint64) {
	p.mu.Lock()
	s := p.seats[id]
	if s == nil {
		p.mu.Unlock()
		return // it was closed since the kernel told of it
	}
	s.place = busy
	p.mu.Unlock()

	next := p.read(s)
	if next != nil {
		_ = s.raw.Control(func(fd uintptr) {
			_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, int(fd), nil) //nolint:gosec // a descriptor fits
		})
	}
	p.mu.Lock()
	left := s.place == leaving
	if left || next != nil {
		delete(p.seats, id)
		s.place = away
	} else {
		s.place = parked
	}
	p.mu.Unlock()
	switch {
	case next != nil:
		next()
	case left:
		s.client.Left()
	}
}

// read reads once: what is left makes the next wait return at once, after all
// others had their turn.
func (p *poller) read(s *Seat) (next func()) {
	if p.into = s.client.Space(); p.into == nil {
		p.into = p.buf
	}
	p.n, p.err = 0, nil
	if err := s.raw.Read(p.receive); err != nil {
		p.err = err
	}
	if p.n == 0 && p.err == nil {
		return nil
	}
	return s.client.Came(p.into[:p.n], p.err)
}

// receive is one read that does not block.
func (p *poller) receive(fd uintptr) bool {
	for {
		n, err := unix.Read(int(fd), p.into) //nolint:gosec // a descriptor fits
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
		case err != nil:
			p.err = os.NewSyscallError("read", err)
		case n == 0:
			p.err = io.EOF
		default:
			p.n = n
		}
		return true
	}
}
