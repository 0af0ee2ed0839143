package actors

import (
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
)

// pollers watch the sockets of all connections that have one: one goroutine, one
// descriptor of the kernel's epoll(7) and one read buffer for every two processors,
// whatever the number of connections. They are made when the first one comes.
//
// Each wakes a thread when something comes, and finds the less to do the more there
// are of them: on two processors, one takes a tenth less for a heartbeat than two.
// What the other processors are for is to run the actors.
type pollers struct {
	// static after construction
	once sync.Once
	// owned by whoever holds mu
	mu     sync.Mutex
	all    []*poller
	next   int
	closed bool
}

// poller watches some of the sockets.
type poller struct {
	// static after construction
	fd   int
	file *os.File // the same descriptor, in Go's own poller: an idle one holds no thread
	wait syscall.RawConn
	done chan struct{}

	// owned by whoever holds mu
	mu      sync.Mutex
	sockets []*socket // by descriptor; bounded by the limit of open files

	// owned by its goroutine
	buf    []byte
	events []syscall.EpollEvent
	ready  []*socket
	round  round

	// owned by its goroutine: to be closed at the end of the round
	closing []int // bounded by the events of one
}

const (
	// pollBuffer takes what one read brings: a whole frame of a file and more.
	pollBuffer = 128 << 10
	// pollEvents is how many sockets are looked at in one go.
	pollEvents = 256
	// epollEdge is EPOLLET of epoll(7), as the bit that it is.
	epollEdge = 1 << 31
)

// park takes a TCP connection's descriptor over, so that it needs no goroutine.
// It returns nil for every other transport, and when the system refuses: then the
// connection is served by goroutines.
func (s *System) park(t net.Conn) parked {
	tcp, ok := t.(*net.TCPConn)
	if !ok {
		return nil
	}
	p := s.pollers.pick(s)
	if p == nil {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	fd := -1
	err = raw.Control(func(of uintptr) {
		r, _, errno := syscall.Syscall(syscall.SYS_FCNTL, of, syscall.F_DUPFD_CLOEXEC, 0)
		if errno == 0 {
			fd = int(r) //nolint:gosec // a descriptor
		}
	})
	if err != nil || fd < 0 {
		return nil
	}
	_ = tcp.Close()                                  // the descriptor of our own is the socket now
	return &socket{descriptor: int32(fd), poller: p} //nolint:gosec // a descriptor
}

// pick chooses a poller for one more socket; nil when there are none.
func (ps *pollers) pick(s *System) *poller {
	ps.once.Do(func() { ps.open(s) })
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if len(ps.all) == 0 || ps.closed {
		return nil
	}
	ps.next = (ps.next + 1) % len(ps.all)
	return ps.all[ps.next]
}

func (ps *pollers) open(s *System) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		p, err := newPoller(s)
		if err != nil {
			return
		}
		ps.all = append(ps.all, p)
		go p.run()
	}
}

func newPoller(s *System) (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return nil, err
	}
	p := &poller{
		fd: fd, file: os.NewFile(uintptr(fd), "epoll"), done: make(chan struct{}), //nolint:gosec // a descriptor
		buf: make([]byte, pollBuffer), events: make([]syscall.EpollEvent, pollEvents), round: round{sys: s},
	}
	if p.wait, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, err
	}
	return p, nil
}

// stop ends all pollers and waits for them. No connection is left.
func (ps *pollers) stop() {
	ps.mu.Lock()
	all := ps.all
	ps.closed = true
	ps.mu.Unlock()
	for _, p := range all {
		_ = p.file.Close()
		<-p.done
	}
}

// run waits for sockets with something to do, and does it. What a connection's
// actor does about it is done here as well, when it is idle, and what this leads to:
// nobody waits inside receive.
//
// All of it is one wait of Go's poller, which is told of each change once: what
// comes while this goroutine is busy ends the next wait at once. So it need not
// look again whether there is more before it waits, unless it took as much as it
// has room for.
func (p *poller) run() {
	defer close(p.done)
	_ = p.wait.Read(func(uintptr) bool {
		for {
			n, err := epollNow(p.fd, p.events)
			switch {
			case err == syscall.EINTR: //nolint:errorlint // a bare number
				continue
			case err != nil:
				return true
			}
			p.serve(n)
			if n < len(p.events) {
				return false
			}
		}
	})
}

// serve does what n events ask for.
func (p *poller) serve(n int) {
	p.resolve(n)
	for i, s := range p.ready {
		if s != nil {
			s.onEvent(p.events[i].Events, p.buf, &p.round)
			p.ready[i] = nil
			if p.round.frames >= roundFrames {
				p.round.end()
			}
		}
	}
	p.round.end()
	for _, fd := range p.closing {
		_ = closeNow(fd)
	}
	p.closing = p.closing[:0]
}

// resolve finds the sockets of n events. An event of a socket that was closed
// meanwhile, and whose number may have been given away again, finds none.
func (p *poller) resolve(n int) {
	p.ready = p.ready[:0]
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range n {
		e := &p.events[i]
		var s *socket
		if int(e.Fd) < len(p.sockets) {
			if s = p.sockets[e.Fd]; s != nil && s.mark() != e.Pad {
				s = nil
			}
		}
		p.ready = append(p.ready, s)
	}
}

// add begins to watch a socket.
func (p *poller) add(s *socket) error {
	p.mu.Lock()
	if s.fd() >= len(p.sockets) {
		grown := make([]*socket, max(s.fd()+1, 2*len(p.sockets)))
		copy(grown, p.sockets)
		p.sockets = grown
	}
	p.sockets[s.fd()] = s
	p.mu.Unlock()
	return syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, s.fd(), s.interest(0))
}

// forget is called before a socket's descriptor is closed.
func (p *poller) forget(s *socket) {
	p.mu.Lock()
	if s.fd() < len(p.sockets) && p.sockets[s.fd()] == s {
		p.sockets[s.fd()] = nil
	}
	p.mu.Unlock()
}
