package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// crowded is the crowd of a Scale: what its clients have in common.
type crowded struct {
	answers []answers
	pings   atomic.Uint64
	logged  atomic.Int64 // logins that were answered
	told    atomic.Int64 // up to which version the watcher was told
	lost    lost         // whom the server has ended
	before  side         // of who has not logged in,
	within  side         // and of who has

	cancel context.CancelFunc
	pumps  sync.WaitGroup
}

// answers are pings that are to be answered. A client has one of them at a time,
// unless it is behind by whole intervals: so they are bounded by the clients.
type answers struct {
	mu   sync.Mutex
	due  []pinged
	some chan struct{} // of one: there may be some
}

// pinged is one who has to answer.
type pinged struct {
	m    *memory
	echo uint64
}

// memory is a transport in memory whose other side is this file: it drops what
// it is sent, and answers pings. Its 24 bytes are all that a client costs.
type memory struct {
	of *side
	to supervisor.Fed
}

// lost are those whom the server has ended before they were to leave: some few, or
// what is measured says nothing.
type lost struct {
	strangers atomic.Int64 // who had not logged in

	mu   sync.Mutex
	over bool // they leave now: more are not kept
	who  map[*memory]struct{}
}

func (l *lost) add(m *memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return
	}
	if l.who == nil {
		l.who = make(map[*memory]struct{})
	}
	l.who[m] = struct{}{}
	if !m.of.logged {
		l.strangers.Add(1)
	}
}

// all returns them, before anyone leaves.
func (l *lost) all() map[*memory]struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	return l.who
}

// side is what all clients have in common of whom the same is known.
type side struct {
	*crowded
	logged bool
}

// newCrowded makes a crowd, whose pings are answered until stop.
func newCrowded() *crowded {
	c := &crowded{answers: make([]answers, runtime.GOMAXPROCS(0))}
	c.before, c.within = side{c, false}, side{c, true}
	pumping, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	for i := range c.answers {
		c.answers[i].some = make(chan struct{}, 1)
		c.pumps.Go(func() { c.answers[i].pump(pumping) })
	}
	return c
}

func (c *crowded) stop() {
	c.cancel()
	c.pumps.Wait()
}

func (m *memory) Feed(to supervisor.Fed) { m.to = to }

func (m *memory) TryWrite(frames [][]byte) (n int64, err error) {
	for _, f := range frames {
		n += int64(len(f))
		for b := f; len(b) > 0; {
			t, body, size, err := cut(b)
			if err != nil || size == 0 {
				break
			}
			switch t {
			case wire.TypePing:
				m.of.pings.Add(1)
				m.of.ask(pinged{m, numbers(body)[1]})
			case wire.TypeLoginOK:
				m.of.crowded.logged.Add(1)
				m.of = &m.of.within
			case wire.TypeDelta: // there is one watcher
				m.of.told.Store(int64(numbers(body)[3])) //nolint:gosec // a count
			case wire.TypeSnapshot:
				m.of.told.Store(int64(numbers(body)[2])) //nolint:gosec // a count
			}
			b = b[size:]
		}
	}
	return n, nil
}

func (*memory) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (*memory) Write(b []byte) (int, error)      { return len(b), nil }
func (m *memory) Close() error                   { m.of.lost.add(m); return nil }
func (*memory) LocalAddr() net.Addr              { return nil }
func (*memory) RemoteAddr() net.Addr             { return nil }
func (*memory) SetDeadline(time.Time) error      { return nil }
func (*memory) SetReadDeadline(time.Time) error  { return nil }
func (*memory) SetWriteDeadline(time.Time) error { return nil }

// ask lets p answer, soon: a transport must not do so itself while it is written to.
func (c *crowded) ask(p pinged) {
	a := &c.answers[p.echo%uint64(len(c.answers))]
	a.mu.Lock()
	a.due = append(a.due, p)
	first := len(a.due) == 1
	a.mu.Unlock()
	if first {
		select {
		case a.some <- struct{}{}:
		default:
		}
	}
}

// pump answers pings.
func (a *answers) pump(ctx context.Context) {
	var list []pinged
	var pong []byte
	for {
		select {
		case <-a.some:
		case <-ctx.Done():
			return
		}
		for {
			clear(list)
			a.mu.Lock()
			list, a.due = a.due, list[:0]
			a.mu.Unlock()
			if len(list) == 0 {
				break
			}
			for _, p := range list {
				pong = appendPong(pong[:0], p.echo)
				p.m.to.Came(pong)
			}
		}
	}
}

// await waits until left returns nothing more, as long as it gets less.
func (c *crowded) await(ctx context.Context, left func() int64) error {
	var least int64
	end := time.Now()
	for {
		n := left()
		switch now := time.Now(); {
		case n <= 0:
			return nil
		case n < least || least == 0:
			least, end = n, now.Add(patience)
		case now.After(end):
			return errSilent
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		time.Sleep(50 * time.Microsecond)
	}
}

// watch lets one more client in, who watches everyone and knows of the first n.
func (c *crowded) watch(sup *supervisor.Supervisor, n int) error {
	m := &memory{of: &c.before}
	want := c.logged.Load() + 1
	if err := sup.ServeConn(m); err != nil {
		return err
	}
	m.to.Came(visit{user: "watcher"}.greeting())
	if err := c.await(context.Background(), func() int64 { return want - c.logged.Load() }); err != nil {
		return err
	}
	version := uint64(n + 1) //nolint:gosec // positive
	m.to.Came(must(&wire.Watch{Request: watchRequest, Everyone: true, Epoch: sup.Epoch(), Version: version}))
	return c.await(context.Background(), func() int64 { return int64(version) - c.told.Load() }) //nolint:gosec // a count
}

// people are clients, in pieces.
type people struct {
	pieces [][]memory
	count  int
}

const (
	// fillBatch is how many clients one feeder makes in one piece.
	fillBatch = 1024
	// fillAhead is how many logins may be under way: the server's queues do not
	// grow beyond what they keep.
	fillAhead = 16 * fillBatch
)

func (p people) at(i int) *memory { return &p.pieces[i/fillBatch][i%fillBatch] }

// end ends n of them, as evenly spread as whole numbers are, and returns how many: those
// who are lost already have no end any more.
func (p people) end(n int, lost map[*memory]struct{}) int64 {
	if n == 0 {
		return 0
	}
	step := p.count / n
	var ended atomic.Int64
	var hands sync.WaitGroup
	for h := range runtime.GOMAXPROCS(0) {
		hands.Go(func() {
			for i := h; i < n; i += runtime.GOMAXPROCS(0) {
				for k := i * step; k < (i+1)*step; k++ {
					m := p.at(k)
					if _, gone := lost[m]; !gone {
						m.to.Ended(io.EOF)
						ended.Add(1)
						break
					}
				}
			}
		})
	}
	hands.Wait()
	return ended.Load()
}

// fill lets everybody in, from as many feeders as there are processors, as long as
// there is memory.
func (m *scaled) fill(ctx context.Context) (err error) {
	c := m.crowd
	batches := make(chan int)
	var failed atomic.Pointer[error]
	pieces := make([][]memory, (m.Count+fillBatch-1)/fillBatch)
	var feeders sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		feeders.Go(func() {
			for k := range batches {
				pieces[k] = make([]memory, min(fillBatch, m.Count-k*fillBatch))
				if err := c.feed(m.sup, pieces[k], k*fillBatch); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	given, progress := 0, newFilling(m)
	for k := range pieces {
		given = min((k+1)*fillBatch, m.Count)
		batches <- k
		if err = c.await(ctx, func() int64 {
			if failed.Load() != nil {
				return 0
			}
			return c.left(given) - fillAhead
		}); err != nil || failed.Load() != nil || !progress.goesOn(given) {
			break
		}
	}
	close(batches)
	feeders.Wait()
	if f := failed.Load(); f != nil {
		err = *f
	}
	if err == nil || ctx.Err() != nil {
		if late := c.await(context.WithoutCancel(ctx), func() int64 { return c.left(given) }); err == nil {
			err = late
		}
	}
	m.all = people{pieces, given}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%d of %d logged in: %w", c.logged.Load(), given, err)
	}
	return err
}

// left is how many of those who were given have neither logged in nor been lost.
func (c *crowded) left(given int) int64 {
	return int64(given) - c.logged.Load() - c.lost.strangers.Load()
}

// feed lets the clients of one piece in. Their greetings differ in their numbers
// alone.
func (c *crowded) feed(sup *supervisor.Supervisor, all []memory, first int) error {
	const name, digits = "user-", "000000000"
	greeting := visit{user: name + digits}.greeting()
	var places []int // of the digits
	for at := 0; ; at += len(name) {
		k := bytes.Index(greeting[at:], []byte(name))
		if k < 0 {
			break
		}
		at += k
		places = append(places, at+len(name))
	}
	var number []byte
	for i := range all {
		m := &all[i]
		m.of = &c.before
		if err := sup.ServeConn(m); err != nil {
			return err
		}
		number = fmt.Appendf(number[:0], "%09d", first+i)
		for _, at := range places {
			copy(greeting[at:at+len(digits)], number)
		}
		m.to.Came(greeting)
	}
	return nil
}
