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

	waiting int     // tickets at the gate; guarded by the gate's lock
	links   []*link // a client's, in order of their beginning; guarded by the world's lock
}

// ticket is what one goroutine waits with at the gate. A goroutine has one
// ticket at a time.
type ticket struct {
	key  string // who it is: the same in each run, and nobody else's
	what string // what it is about to do, for the trace
	of   *host
	pass chan struct{}

	disk   bool // the goroutine may want a lock that is held while a disk is slow
	panics bool // the goroutine is to panic when it goes on
}

// restrained reports whether a ticket of the host's may have to wait.
func (h *host) restrained() bool { return h.held.Load() || h.slow.Load() > 0 }

// goesFirst reports whether the ticket goes before all others: what the server
// tells its program is compared with what follows.
func (t *ticket) goesFirst() bool { return strings.HasSuffix(t.key, "/herald") }

// held reports whether the ticket cannot be granted now.
func (t *ticket) held() bool { return t.of.held.Load() || t.disk && t.of.slow.Load() > 0 }

func newTicket(of *host, key string) *ticket {
	return &ticket{key: key, of: of, pass: make(chan struct{}, 1)}
}

// gate makes the order in which goroutines go on the seed's: each hands in a
// ticket and waits, and a driver, when nothing else can move, picks one.
//
// Its bound is the number of goroutines. What a step costs does not grow with it,
// but for the moving of pointers: the tickets are kept in order.
type gate struct {
	off atomic.Bool // nobody waits: for runs under the race detector

	mu     sync.Mutex
	fresh  []*ticket // handed in since the driver has looked
	sorted []*ticket // the others, by key
	able   []*ticket // scratch of ready
	hosts  []*host   // whose they all are, each once
	first  int       // how many of them go before all others
	asleep bool
	wake   chan struct{} // one token; tells a sleeping driver of a ticket
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
	g.fresh = append(g.fresh, t)
	if t.of.waiting++; t.of.waiting == 1 {
		g.hosts = append(g.hosts, t.of)
	}
	if t.goesFirst() {
		g.first++
	}
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

// left accounts for a ticket that is not at the gate any more.
func (g *gate) left(t *ticket) {
	if t.of.waiting--; t.of.waiting == 0 {
		i := slices.Index(g.hosts, t.of)
		g.hosts = slices.Delete(g.hosts, i, i+1)
	}
	if t.goesFirst() {
		g.first--
	}
}

// release lets everybody of a host go who waits: it is dead.
func (g *gate) release(of *host) {
	g.releaseIf(func(t *ticket) bool { return t.of == of })
}

// releaseAll lets everybody go: the run is over.
func (g *gate) releaseAll() {
	g.releaseIf(func(*ticket) bool { return true })
}

func (g *gate) releaseIf(goes func(*ticket) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	leaves := func(t *ticket) bool {
		if !goes(t) {
			return false
		}
		g.left(t)
		t.pass <- struct{}{}
		return true
	}
	g.fresh = slices.DeleteFunc(g.fresh, leaves)
	g.sorted = slices.DeleteFunc(g.sorted, leaves)
}

// byKey is the order of tickets.
func byKey(a, b *ticket) int { return strings.Compare(a.key, b.key) }

// manyFresh is how many fresh tickets are sorted at once, and not put into their
// places one by one.
const manyFresh = 64

// arrange puts the fresh tickets in order.
func (g *gate) arrange() {
	if len(g.fresh) > manyFresh {
		g.sorted = append(g.sorted, g.fresh...)
		slices.SortFunc(g.sorted, byKey)
	} else {
		for _, t := range g.fresh {
			i, _ := slices.BinarySearchFunc(g.sorted, t, byKey)
			g.sorted = slices.Insert(g.sorted, i, t)
		}
	}
	clear(g.fresh)
	g.fresh = g.fresh[:0]
}

// ready returns the tickets that can be granted, sorted by key, and how many of
// all go before the others. They are the driver's to read until the next call of
// the gate's; only the driver calls it, when nothing moves.
func (g *gate) ready() (ready []*ticket, first int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.arrange()
	if !slices.ContainsFunc(g.hosts, (*host).restrained) {
		return g.sorted, g.first
	}
	g.able = g.able[:0]
	for _, t := range g.sorted {
		if !t.held() {
			g.able = append(g.able, t)
		}
	}
	return g.able, g.first
}

// grant lets one go.
func (g *gate) grant(t *ticket) {
	g.mu.Lock()
	i, _ := slices.BinarySearchFunc(g.sorted, t, byKey)
	for g.sorted[i] != t {
		i++
	}
	g.sorted = slices.Delete(g.sorted, i, i+1)
	g.left(t)
	g.mu.Unlock()
	t.pass <- struct{}{}
}

// sleep tells that the driver will wait for a token of wake. It reports false
// when there is a ticket already.
func (g *gate) sleep() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, tickets := range [2][]*ticket{g.fresh, g.sorted} {
		for _, t := range tickets {
			if !t.held() {
				return false
			}
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
