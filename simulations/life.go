package simulations

import (
	"context"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/rollcall/supervisor"
)

// life is one life of the server: from its start to its shutdown or crash.
type life struct {
	host
	w        *World
	n        int
	s        *supervisor.Supervisor
	listener *listener
	served   chan struct{} // closed when Serve has returned
	serveErr error         // of Serve; static once served is closed
	querying atomic.Bool
	died     chan struct{} // closed when it is dead before it was stopped
	booted   atomic.Bool   // it has a place in the world
	diskHits atomic.Int64  // operations of the disk that failed or were slow
	stopping bool          // it is being stopped, to be started again; guarded by the world's lock
	stores   stores

	mu     sync.Mutex
	random *rand.Rand
	events []supervisor.Event // not yet looked at
}

// newLife builds the server, anew or for the first time. It may wait for the
// disk; the world's lock is not held.
func (w *World) newLife() (*life, error) {
	w.lock()
	w.lives++
	l := &life{w: w, n: w.lives, served: make(chan struct{}), died: make(chan struct{})}
	w.unlock()
	l.name = "s" + strconv.Itoa(l.n)
	l.random = stream(w.seed, l.name+"/random")
	cfg := w.plan.Server.config()
	cfg.Name, cfg.Node = l.name, "sim"
	cfg.Epoch = uint64(l.n) //nolint:gosec // small
	cfg.Random = l.float
	cfg.Secret = []byte(strings.Repeat(string(rune('a'+w.seed%26)), 32))
	cfg.Wall = w.wall
	cfg.OnEvent = l.event
	cfg.Hooks = &supervisor.Hooks{BeforeReceive: l.beforeReceive, EndTurn: l.endTurn, GoOn: l.goOn}
	if w.plan.Server.Authenticate || w.plan.Server.LoginMax > 0 {
		cfg.Authenticate = l.authenticate
	}
	if err := l.open(&cfg); err != nil {
		return nil, err
	}
	if w.plan.Server.Roll {
		cfg.Epoch = 0 // the server's own business
	}
	if w.embed != nil && w.embed.Config != nil {
		w.embed.Config(&cfg)
	}
	s, err := supervisor.New(cfg)
	if err != nil {
		return nil, err
	}
	l.s = s
	if err := l.handlers(); err != nil {
		return nil, err
	}
	t := w.tickets.get(&l.host, l.name+"/boot", "is up")
	w.gate.enter(t)
	w.tickets.put(t)
	return l, nil
}

// live gives a new life its place in the world.
func (w *World) live(l *life) {
	w.life = l
	l.listener = newListener(l)
	w.model.born(l)
	l.booted.Store(true)
	w.dirty = true
	go func() {
		defer close(l.served)
		l.serveErr = l.s.Serve(context.Background(), l.listener)
	}()
}

func (l *life) float() float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.random.Float64()
}

func (l *life) event(e supervisor.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// drained returns the events since it was called last.
func (l *life) drained() []supervisor.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.events
	l.events = nil
	return e
}

// beforeReceive is the gate before an actor handles a message.
func (l *life) beforeReceive(actorID string, msg any) {
	if l.dead.Load() || l.w.gate.off.Load() {
		return
	}
	what := reflect.TypeOf(msg).String()
	if l.querying.Load() && strings.HasSuffix(what, "Query") {
		return
	}
	t := l.w.tickets.get(&l.host, actorID, what)
	l.w.gate.enter(t)
	panics := t.panics
	l.w.tickets.put(t)
	if panics && !l.dead.Load() {
		panic("simulated panic")
	}
}

// endTurn lets the seed say where an actor's turn ends.
func (l *life) endTurn(string, int) bool {
	if l.dead.Load() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.random.IntN(2) == 0
}

// goOn is the gate of the server's other goroutines. The stall clock's beat
// has nothing to do with the others' order, and is held only with the server.
func (l *life) goOn(goroutine string) {
	if l.dead.Load() || l.w.gate.off.Load() {
		return
	}
	if strings.HasSuffix(goroutine, "/stall clock") && !l.held.Load() {
		return
	}
	t := l.w.tickets.get(&l.host, goroutine, "goes on")
	t.disk = strings.Contains(goroutine, "/files/aside/")
	l.w.gate.enter(t)
	l.w.tickets.put(t)
}

// ask runs a query while nothing else of the server moves.
func (l *life) ask(query func(ctx context.Context)) {
	l.querying.Store(true)
	query(context.Background())
	l.querying.Store(false)
}

// wall is the server's wall clock, which can jump.
func (w *World) wall() time.Time { return time.Now().Add(time.Duration(w.wallOff.Load())) }

// ticketPool keeps tickets for those who need one for a moment.
type ticketPool struct {
	mu   sync.Mutex
	free []*ticket
}

func (p *ticketPool) get(of *host, key, what string) *ticket {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		t := p.free[n-1]
		p.free = p.free[:n-1]
		t.of, t.key, t.what, t.panics, t.disk = of, key, what, false, false
		return t
	}
	t := newTicket(of, key)
	t.what = what
	return t
}

func (p *ticketPool) put(t *ticket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, t)
}

// shutDown stops the server in good order, on a goroutine of its own. Then is a
// moment of the world's, and told how that went.
func (l *life) shutDown(within time.Duration, then func(err, served error)) {
	w := l.w
	w.go1(func() {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		err := l.s.Shutdown(ctx)
		<-l.served
		served := l.serveErr
		l.retire()
		w.lock()
		defer w.unlock()
		w.at(w.now(), "", func() { then(err, served) })
		w.gate.poke()
	})
}
