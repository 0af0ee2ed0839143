package simulations

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// host is who goroutines belong to: one life of the server, or one client. All
// its goroutines can be held, as by SIGSTOP, and it can be dead: nothing that its
// goroutines still do is seen by anybody.
type host struct {
	name string
	held atomic.Bool
	dead atomic.Bool
	// slow is how many operations of a slow disk are under way, with a lock, that
	// others on the disk may want: these wait at the gate until then, since time
	// stands still while somebody waits for a lock.
	slow atomic.Int32
}

// ticket is what one goroutine waits with at the gate. A goroutine has one
// ticket at a time.
type ticket struct {
	key  string // who it is: the same in each run, and nobody else's
	what string // what it is about to do, for the trace
	of   *host
	pass chan struct{}

	disk    bool // the goroutine may want a lock that is held while a disk is slow
	granted bool // owned by the driver
	panics  bool // the goroutine is to panic when it goes on
}

// held reports whether the ticket cannot be granted now.
func (t *ticket) held() bool { return t.of.held.Load() || t.disk && t.of.slow.Load() > 0 }

func newTicket(of *host, key string) *ticket {
	return &ticket{key: key, of: of, pass: make(chan struct{}, 1)}
}

// gate makes the order in which goroutines go on the seed's: each hands in a
// ticket and waits, and a driver, when nothing else can move, picks one.
//
// Its bound is the number of goroutines.
type gate struct {
	off atomic.Bool // nobody waits: for runs under the race detector

	mu      sync.Mutex
	waiting []*ticket
	asleep  bool
	wake    chan struct{} // one token; tells a sleeping driver of a ticket
}

func newGate() *gate { return &gate{wake: make(chan struct{}, 1)} }

// submit hands a ticket in. The goroutine then receives from its pass.
func (g *gate) submit(t *ticket) {
	if g.off.Load() || t.of.dead.Load() {
		t.pass <- struct{}{}
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	t.granted = false
	g.waiting = append(g.waiting, t)
	if g.asleep {
		g.asleep = false
		g.wake <- struct{}{}
	}
}

// enter hands in a ticket and waits until it is granted.
func (g *gate) enter(t *ticket) {
	if g.off.Load() || t.of.dead.Load() {
		return
	}
	g.submit(t)
	<-t.pass
}

// release lets everybody of a host go who waits: it is dead.
func (g *gate) release(of *host) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = slices.DeleteFunc(g.waiting, func(t *ticket) bool {
		if t.of == of {
			t.pass <- struct{}{}
			return true
		}
		return false
	})
}

// ready returns the tickets that can be granted, sorted by key. Only the driver
// calls it, when nothing moves.
func (g *gate) ready(into []*ticket) []*ticket {
	g.mu.Lock()
	defer g.mu.Unlock()
	into = into[:0]
	for _, t := range g.waiting {
		if !t.held() {
			into = append(into, t)
		}
	}
	if len(into) > 1 {
		slices.SortFunc(into, func(a, b *ticket) int { return strings.Compare(a.key, b.key) })
	}
	return into
}

// grant lets one go.
func (g *gate) grant(t *ticket) {
	g.mu.Lock()
	i := slices.Index(g.waiting, t)
	last := len(g.waiting) - 1
	g.waiting[i] = g.waiting[last]
	g.waiting[last] = nil
	g.waiting = g.waiting[:last]
	t.granted = true
	g.mu.Unlock()
	t.pass <- struct{}{}
}

// sleep tells that the driver will wait for a token of wake. It reports false
// when there is a ticket already.
func (g *gate) sleep() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.waiting {
		if !t.held() {
			return false
		}
	}
	g.asleep = true
	return true
}

// awake ends sleep, and drops a token that came at the same time.
func (g *gate) awake() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asleep = false
	select {
	case <-g.wake:
	default:
	}
}

// poke wakes a sleeping driver.
func (g *gate) poke() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asleep {
		g.asleep = false
		g.wake <- struct{}{}
	}
}

// releaseAll lets everybody go: the run is over.
func (g *gate) releaseAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.waiting {
		t.pass <- struct{}{}
	}
	g.waiting = nil
}
