package actors

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"example.com/rollcall/wire"
)

// socket is a TCP connection that a poller watches. It is a parked transport; of
// net.Conn, it has no Read and no deadlines, which nobody needs of it.
type socket struct {
	// static after start
	poller     *poller
	c          *connection
	descriptor int32

	// atomic
	turn  atomic.Int32 // whose turn it is to read: see claim
	final atomic.Bool  // the kernel has told of an end: read up to it
	wants atomic.Bool  // the actor waits for room

	// owned by who reads
	in intake

	// locked: the descriptor must not be closed while somebody reads from it
	mu     sync.Mutex
	closed bool
	ended  bool // the connection was told that nothing more will come
}

var _ parked = (*socket)(nil)

// inRound implements parked: who runs the actor in a round is its socket's poller.
func (s *socket) inRound() *round { return &s.poller.round }

func (s *socket) fd() int { return int(s.descriptor) }

// mark tells the events of this socket from those of one before it that had the
// same descriptor: connection IDs are never reused.
func (s *socket) mark() int32 { return int32(s.c.id) } //nolint:gosec // its low bits

// interest is what the poller asks the kernel for: to be told once of each change.
func (s *socket) interest(more uint32) *syscall.EpollEvent {
	return &syscall.EpollEvent{
		Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | epollEdge | more,
		Fd:     s.descriptor, Pad: s.mark(),
	}
}

// start implements parked.
func (s *socket) start(c *connection) {
	s.c = c
	if err := s.poller.add(s); err != nil {
		s.end(readEnded{err: fmt.Errorf("epoll: %w", err), reason: wire.ReasonReset}, nil)
	}
}

// onEvent is called by the poller, in its round.
func (s *socket) onEvent(events uint32, buf []byte, r *round) {
	if events&(syscall.EPOLLOUT|syscall.EPOLLERR|syscall.EPOLLHUP) != 0 && s.wants.CompareAndSwap(true, false) {
		s.c.tellIn(r, roomAgain{})
	}
	const last = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
	if events&last != 0 {
		s.final.Store(true)
	}
	if events&(syscall.EPOLLIN|last) != 0 {
		s.read(buf, r)
	}
}

// Whose turn it is: nobody's, somebody's, or somebody's who has to look again.
const (
	nobody int32 = iota
	somebody
	again
)

func (s *socket) claim() bool {
	for {
		switch {
		case s.turn.CompareAndSwap(nobody, somebody):
			return true
		case s.turn.CompareAndSwap(somebody, again), s.turn.Load() == again:
			return false
		}
	}
}

// read hands on what there is to read, unless somebody is at it. The round is that of
// the poller that calls it; nil for all others.
func (s *socket) read(buf []byte, r *round) {
	if !s.claim() {
		return
	}
	for {
		if s.drain(buf, r) {
			go s.readMore() // there is more, and others wait for this goroutine
			return
		}
		if s.turn.CompareAndSwap(somebody, nobody) {
			return
		}
		s.turn.Store(somebody)
	}
}

// readBuffers are for those who read beside the pollers.
var readBuffers = sync.Pool{New: func() any { return new([pollBuffer]byte) }}

// readMore goes on reading, with the turn of who has begun.
func (s *socket) readMore() {
	buf, ok := readBuffers.Get().(*[pollBuffer]byte)
	if !ok {
		return // unreachable
	}
	defer readBuffers.Put(buf)
	s.turn.Store(nobody)
	s.read(buf[:], nil)
}

// wake implements waker: there are credits again.
func (s *socket) wake() {
	go func() {
		s.c.woken()
		buf, ok := readBuffers.Get().(*[pollBuffer]byte)
		if !ok {
			return // unreachable
		}
		defer readBuffers.Put(buf)
		s.read(buf[:], nil)
	}()
}

// readsAtOnce is how often one socket is read before others have their turn.
const readsAtOnce = 16

// drain reads until nothing is there, no credits are left or others are to have
// their turn, which it reports.
func (s *socket) drain(buf []byte, r *round) (more bool) {
	defer func() {
		if v := recover(); v != nil {
			s.c.broke(v)
			s.end(nil, r)
			more = false
		}
	}()
	if s.in.waiting() && s.c.feed(&s.in, nil, 0, s, r) {
		return false
	}
	for range readsAtOnce {
		lead := s.in.lead(buf)
		n, err := s.receive(buf[lead:])
		switch {
		case err == syscall.EINTR: //nolint:errorlint // a bare number
			continue
		case err == syscall.EAGAIN: //nolint:errorlint // a bare number
			return false
		case err != nil:
			s.end(readEnded{err: fmt.Errorf("read: %w", err), reason: readReason(err), midFrame: s.in.midFrame()}, r)
			return false
		case n == 0:
			s.end(readEnded{err: io.EOF, reason: wire.ReasonEOF, midFrame: s.in.midFrame()}, r)
			return false
		}
		if !s.in.dropped {
			s.c.heard(n)
			if s.c.feed(&s.in, buf[:lead+n], lead, s, r) {
				return false
			}
		}
		if n < len(buf)-lead && !s.final.Load() {
			return false // what comes from now on is told anew
		}
	}
	return true
}

// receive reads once.
func (s *socket) receive(buf []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return 0, syscall.EAGAIN
	}
	return readNow(s.fd(), buf)
}

// end tells the connection, once, that nothing more will come, and why.
func (s *socket) end(why any, r *round) {
	s.mu.Lock()
	told := s.ended
	s.ended = true
	s.mu.Unlock()
	if told {
		return
	}
	if why != nil && !s.in.dropped {
		s.c.tellIn(r, why)
	}
	s.c.tellIn(r, readerExit{})
}

// writeFrames implements parked.
func (s *socket) writeFrames(frames [][]byte) (total int64, err error) {
	for len(frames) > 0 {
		n, size, err := s.write(frames)
		switch {
		case err == syscall.EINTR: //nolint:errorlint // a bare number
			continue
		case err == syscall.EAGAIN: //nolint:errorlint // a bare number
			return total, errWouldBlock
		case err != nil:
			return total, fmt.Errorf("write: %w", err)
		}
		total += int64(n)
		if n < size {
			return total, errWouldBlock
		}
		frames = frames[min(len(frames), maxVectors):]
	}
	return total, nil
}

// maxVectors is the kernel's bound for one writev(2): IOV_MAX.
const maxVectors = 1024

// write writes as many frames as one system call takes; size is how long these
// are.
func (s *socket) write(frames [][]byte) (n, size int, err error) {
	if s.closed { // only the actor closes, and only it writes
		return 0, 0, net.ErrClosed
	}
	if len(frames) == 1 {
		n, err = writeNow(s.fd(), frames[0])
		return n, len(frames[0]), err
	}
	vectors, ok := vectorLists.Get().(*[]syscall.Iovec)
	if !ok {
		return 0, 0, net.ErrClosed // unreachable
	}
	list := (*vectors)[:0]
	for _, f := range frames[:min(len(frames), maxVectors)] {
		if len(f) == 0 {
			continue
		}
		if k := len(list); k > 0 && behind(&list[k-1], f) {
			list[k-1].SetLen(int(list[k-1].Len) + len(f)) //nolint:gosec // the sum of lengths
		} else {
			v := syscall.Iovec{Base: &f[0]}
			v.SetLen(len(f))
			list = append(list, v)
		}
		size += len(f)
	}
	n, err = writevNow(s.fd(), list, size)
	clear(list)
	*vectors = list
	vectorLists.Put(vectors)
	return n, size, err
}

// behind reports whether f lies right behind v in memory, as the frames of messages that
// came together do: for the kernel they are one.
func behind(v *syscall.Iovec, f []byte) bool {
	return uintptr(unsafe.Pointer(v.Base))+uintptr(v.Len) == uintptr(unsafe.Pointer(&f[0])) //nolint:gosec // compared, and no more
}

var vectorLists = sync.Pool{New: func() any { return new([]syscall.Iovec) }}

// awaitRoom implements parked.
func (s *socket) awaitRoom() {
	s.wants.Store(true)
	// To ask anew is to be told anew, at once if there is room by now.
	if err := syscall.EpollCtl(s.poller.fd, syscall.EPOLL_CTL_MOD, s.fd(), s.interest(syscall.EPOLLOUT)); err != nil {
		s.wants.Store(false)
		s.c.tell(roomAgain{})
	}
}

// CloseWrite closes the writing half.
func (s *socket) CloseWrite() error { return syscall.Shutdown(s.fd(), syscall.SHUT_WR) }

// Close implements net.Conn. The actor calls it, once. In a round, the descriptor is
// closed at its end: others are told first.
func (s *socket) Close() error {
	s.poller.forget(s)
	s.mu.Lock()
	s.closed = true
	told := s.ended
	s.ended = true
	var err error
	if s.c.box.inRound {
		s.poller.closing = append(s.poller.closing, s.fd())
	} else {
		err = closeNow(s.fd())
	}
	s.mu.Unlock()
	if !told {
		s.c.tell(readerExit{})
	}
	return err
}

// RemoteAddr implements net.Conn.
func (s *socket) RemoteAddr() net.Addr { return addressOf(s.c.endpoint.Remote) }

// LocalAddr implements net.Conn.
func (s *socket) LocalAddr() net.Addr { return addressOf(s.c.endpoint.Local) }

func addressOf(text string) net.Addr {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return &net.TCPAddr{} // unreachable: the text is an address of TCP's
	}
	return net.TCPAddrFromAddrPort(a)
}

// Read implements net.Conn. The poller reads; nobody else may.
func (s *socket) Read([]byte) (int, error) { return 0, net.ErrClosed }

// Write implements net.Conn. The actor writes with writeFrames.
func (s *socket) Write([]byte) (int, error) { return 0, net.ErrClosed }

// SetDeadline and the other two implement net.Conn: the actor keeps the time.
func (s *socket) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (s *socket) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (s *socket) SetWriteDeadline(time.Time) error { return nil }
