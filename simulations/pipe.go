package simulations

import (
	"math/rand/v2"
	"syscall"
	"time"
)

// pipe is one direction of a link: bytes that are sent at one end arrive at the
// other, in order, later. All of it is guarded by the world's lock.
//
// Its bound is the window: who sends more waits.
type pipe struct {
	w    *World
	link *link
	name string // for the trace
	rng  *rand.Rand
	cond Conditions

	sent    int           // bytes, ever
	taken   int           // bytes, ever
	crowded bool          // a write had to wait
	corrupt int           // how many of the next segments get a wrong byte
	silent  bool          // nothing arrives: what is under way waits
	lost    bool          // no data arrive any more, of what is under way either
	free    time.Duration // until when the line is busy
	latest  time.Duration // when the latest segment arrives: order is kept
	under   int           // bytes under way or unread
	ended   bool          // a FIN was sent
	stuck   []segment     // what would have arrived while silent

	// the receiving end
	recv    []byte
	fin     bool
	reset   error
	closed  bool          // nobody reads any more
	reader  *ticket       // waits for something to read; nil: nobody
	sink    func()        // told of something to read; nil: nobody
	arrived time.Duration // when bytes last arrived
	read    time.Duration // when bytes were last read

	// the sending end
	writer *ticket // waits for room; nil: nobody
	back   *pipe   // the other direction
}

type segment struct {
	data []byte
	fin  bool
	rst  bool
}

// room is how much can be sent now.
func (p *pipe) room() int { return max(p.cond.window()-p.under, 0) }

// send puts data on the line. The caller has looked at the room.
func (p *pipe) send(data []byte) {
	p.under += len(data)
	for len(data) > 0 {
		n := min(len(data), maxSegment)
		if small := p.cond.Segment; small > 0 && !p.hurries(p.sent) {
			n = 1 + p.rng.IntN(min(n, small))
		}
		p.sent += n
		p.launch(segment{data: append([]byte(nil), data[:n]...)})
		data = data[n:]
	}
}

// minced is how many bytes of a pipe go in pieces as small as its conditions say.
// Of what follows most goes in large ones: a flood in crumbs shows nothing that a
// few thousand crumbs have not shown, and takes as long as a hundred runs.
const minced = 8 << 10

// hurries tells whether the next piece, behind so many bytes, may be large.
func (p *pipe) hurries(after int) bool { return after > minced && p.rng.IntN(16) > 0 }

// finish sends a FIN behind the data.
func (p *pipe) finish() {
	if !p.ended {
		p.ended = true
		p.launch(segment{fin: true})
	}
}

// abort sends a reset, which overtakes nothing.
func (p *pipe) abort() {
	p.ended = true
	p.launch(segment{rst: true})
}

func (p *pipe) launch(s segment) {
	now := p.w.now()
	start := max(now, p.free)
	if p.cond.Bandwidth > 0 {
		start += time.Duration(len(s.data)) * time.Second / time.Duration(p.cond.Bandwidth)
	}
	p.free = start
	at := start + p.cond.Latency
	if p.cond.Jitter > 0 {
		at += time.Duration(p.rng.Int64N(int64(p.cond.Jitter)))
	}
	at = max(at, p.latest)
	p.latest = at
	p.w.at(at, "", func() { p.arrive(s) })
}

// arrive is what happens at the receiving end.
func (p *pipe) arrive(s segment) {
	if p.silent {
		p.stuck = append(p.stuck, s)
		return
	}
	if p.reset != nil || p.lost && !s.rst {
		return
	}
	if p.closed {
		p.under -= len(s.data)
		if len(s.data) > 0 && !p.back.ended {
			p.back.abort() // like a kernel whose process has closed the socket
		} else if len(s.data) > 0 && !p.link.refused {
			p.link.refused = true
			p.back.launch(segment{rst: true})
		}
		return
	}
	switch {
	case s.rst:
		p.reset = syscall.ECONNRESET
		p.w.trace.add(p.w.now(), p.name, "reset")
	case s.fin:
		p.fin = true
		p.w.trace.add(p.w.now(), p.name, "fin")
	default:
		if p.corrupt > 0 {
			p.corrupt--
			p.w.effect("corrupted")
			s.data[p.rng.IntN(len(s.data))] ^= byte(1 + p.rng.IntN(255))
		}
		p.recv = append(p.recv, s.data...)
		p.arrived = p.w.now()
		p.w.trace.add(p.w.now(), p.name, digest(s.data))
	}
	p.tell()
	if p.reset != nil {
		p.back.wakeWriter() // what is written on this end fails now
	}
}

// tell wakes who reads.
func (p *pipe) tell() {
	if t := p.reader; t != nil {
		p.reader = nil
		p.w.gate.submit(t)
	}
	if p.sink != nil {
		p.sink()
	}
}

func (p *pipe) wakeWriter() {
	if t := p.writer; t != nil {
		p.writer = nil
		p.w.gate.submit(t)
	}
}

// readable reports whether a read would not wait.
func (p *pipe) readable() bool { return len(p.recv) > 0 || p.fin || p.reset != nil || p.closed }

// take reads up to len(b) bytes.
func (p *pipe) take(b []byte) int {
	n := copy(b, p.recv)
	if n == len(p.recv) {
		p.recv = p.recv[:0]
		if cap(p.recv) > 4<<10 {
			p.recv = nil
		}
	} else {
		p.recv = p.recv[:copy(p.recv, p.recv[n:])]
	}
	p.under -= n
	p.taken += n
	if n > 0 {
		p.read = p.w.now()
		p.wakeWriter()
	}
	return n
}

// hush makes the pipe silent, or lets go of what waits.
func (p *pipe) hush(silent bool) {
	p.silent = silent
	if silent {
		return
	}
	stuck := p.stuck
	p.stuck = nil
	for _, s := range stuck {
		p.arrive(s) // at once: what was sent later arrives later
	}
}
