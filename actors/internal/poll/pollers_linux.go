package poll

import (
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

const supported = true

// maxPollers bounds the pollers: one keeps a processor busy with some hundred
// thousand reads a second.
const maxPollers = 4

// Pollers are the pollers of one server. The zero value is ready; they start with
// the first connection that can be parked.
type Pollers struct {
	begin sync.Once
	all   []*poller // written once, by begin; empty if there can be none
}

func (ps *Pollers) start() {
	for range min(runtime.GOMAXPROCS(0), maxPollers) {
		p, err := newPoller()
		if err != nil {
			ps.end()
			ps.all = nil
			return
		}
		ps.all = append(ps.all, p)
		go p.run()
	}
}

// Take parks a connection: from now on its client is called. It returns false if
// that cannot be; then the client reads by itself.
func (ps *Pollers) Take(s *Seat) bool {
	if s.raw == nil {
		return false
	}
	ps.begin.Do(ps.start)
	return len(ps.all) > 0 && ps.of(s).take(s)
}

// Leave is called just before the transport is closed. If the connection is
// parked, its client's Left is called: at once, or when what is read at this
// moment was dealt with and did not end the parking itself.
func (ps *Pollers) Leave(s *Seat) {
	if s.raw == nil {
		return
	}
	if ps.begin.Do(ps.start); len(ps.all) > 0 {
		ps.of(s).leave(s)
	}
}

// Close ends the pollers. Every connection has been closed before.
func (ps *Pollers) Close() {
	ps.begin.Do(func() {})
	ps.end()
}

func (ps *Pollers) end() {
	for _, p := range ps.all {
		_ = p.epoll.Close()
		<-p.ended
	}
}

func (ps *Pollers) of(s *Seat) *poller { return ps.all[s.id%uint64(len(ps.all))] }

func (p *poller) take(s *Seat) bool {
	p.mu.Lock()
	p.seats[s.id] = s
	s.place = parked
	p.mu.Unlock()
	var err error
	closed := s.raw.Control(func(fd uintptr) {
		e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP}
		e.Fd, e.Pad = halves(s.id)
		err = unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, int(fd), &e) //nolint:gosec // a descriptor fits
	})
	if closed == nil && err == nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.place != parked {
		return true // Leave was faster, and has told
	}
	delete(p.seats, s.id)
	s.place = away
	return false
}

func (p *poller) leave(s *Seat) {
	p.mu.Lock()
	was := s.place
	switch was {
	case parked:
		delete(p.seats, s.id)
		s.place = away
	case busy:
		s.place = leaving
	case away, leaving:
	}
	p.mu.Unlock()
	if was == parked {
		s.client.Left()
	}
}

// halves and whole are how a number of 64 bits goes through an event.
func halves(id uint64) (int32, int32) { return int32(uint32(id)), int32(uint32(id >> 32)) } //nolint:gosec // two halves

func whole(low, high int32) uint64 { return uint64(uint32(low)) | uint64(uint32(high))<<32 } //nolint:gosec // two halves
