package actors

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/wire"
)

// testSettings are the supervisor's defaults without its chance.
func testSettings() Settings {
	return Settings{
		Node: "node", Epoch: 7, Prefix: "test",
		HandshakeTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second,
		FrameTimeout: 30 * time.Second, Linger: time.Second, LoginTimeout: 10 * time.Second,
		MaxSessions: 64, MaxConnections: 1000,
		MaxFrame: wire.DefaultMaxFrame, ReadBuffer: 1 << 10, Credits: 256,
		QueueBytes: 1 << 20, QueueFrames: 8192,
		FlushInterval: 5 * time.Millisecond, History: 4096, Recent: 64,
		SweepInterval: 5 * time.Second,
		Handle:        func(string) (Handler, bool) { return nil, false },
		TokenKey:      []byte("secret"),
		Random:        func() float64 { return 0 },
		Wall:          time.Now,
	}
}

// world is a system in a bubble, and a witness of all that its actors do. What
// must hold in every test is checked here: G1 before each message of the
// registry, and at the end G2 and that nothing is left.
type world struct {
	t      *testing.T
	engine *actor.Engine
	sys    *System

	mu     sync.Mutex
	events []Event
	ended  map[uint64]int           // terminations that reached the user manager
	before func(id string, msg any) // what the test adds to the hook; runs locked out of mu
	wrong  []string
	closed bool
	peers  []*peer
	real   bool // the world is in no bubble
}

// newWorld starts a system. Its end is that of the test.
func newWorld(t *testing.T, change ...func(*Settings)) *world {
	t.Helper()
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		t.Fatal(err)
	}
	return newWorldOn(t, engine, change...)
}

func newWorldOn(t *testing.T, engine *actor.Engine, change ...func(*Settings)) *world {
	t.Helper()
	w := &world{t: t, engine: engine, ended: map[uint64]int{}}
	set := testSettings()
	set.Hooks = &Hooks{BeforeReceive: w.witness}
	set.OnEvent = func(e Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, e)
	}
	for _, f := range change {
		f(&set)
	}
	sys, err := Start(engine, set)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.sys = sys
	w.mu.Unlock()
	t.Cleanup(w.close)
	return w
}

// witness runs before each message of each actor, on its goroutine. A receiver
// may be at work before Start has returned.
func (w *world) witness(id string, msg any) {
	switch m := msg.(type) {
	case terminated:
		w.mu.Lock()
		w.ended[m.c.id]++
		w.mu.Unlock()
	case accepted, register, ended, registryQuery, sweep, drain:
		w.checkMaps()
	}
	w.mu.Lock()
	before := w.before
	w.mu.Unlock()
	if before != nil {
		before(id, msg)
	}
}

// onMessage makes f run before each message that any actor handles from now on.
func (w *world) onMessage(f func(id string, msg any)) {
	w.mu.Lock()
	w.before = f
	w.mu.Unlock()
}

// panicOn makes the first n messages of this type panic before they are handled,
// at the actor whose ID ends so.
func panicOn[M any](w *world, suffix string, n int) {
	var mu sync.Mutex
	w.onMessage(func(id string, msg any) {
		if _, ok := msg.(M); !ok || !strings.HasSuffix(id, suffix) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if n > 0 {
			n--
			panic(fmt.Sprintf("injected at %s", id))
		}
	})
}

// checkMaps checks G1 on the registry's own goroutine: both maps agree, and
// what is in them has not been terminated.
func (w *world) checkMaps() {
	w.mu.Lock()
	sys := w.sys
	w.mu.Unlock()
	if sys == nil {
		return // Start is not through yet
	}
	r := sys.registry
	if r.dir == nil || r.dir.Len() > 200 {
		return // a test has broken it; a crowd is looked at in the end
	}
	if err := r.dir.Check(); err != nil {
		w.fail("the maps disagree: %v", err)
	}
	page, _, _ := r.dir.Page(0, 1<<20)
	for _, c := range page {
		if r.all[c.id] != c {
			w.fail("connection %d is in the maps, and unknown", c.id)
		}
	}
}

func (w *world) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// settle waits until nobody has anything left to do at this moment.
func (w *world) settle() {
	if !w.real {
		synctest.Wait()
	}
}

// pass lets time go by and everything due in it happen.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// seen returns the events of a type, in order.
func seen[E Event](w *world) (out []E) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if x, ok := e.(E); ok {
			out = append(out, x)
		}
	}
	return out
}

// terminationOf returns the termination of a connection, or nil.
func (w *world) terminationOf(id uint64) *Termination {
	for _, e := range seen[Terminated](w) {
		if e.Connection == id {
			return &e.Termination
		}
	}
	return nil
}

// wantEnd checks that a connection has ended so, once.
func (w *world) wantEnd(id uint64, reason wire.Reason) *Termination {
	w.t.Helper()
	t := w.terminationOf(id)
	switch {
	case t == nil:
		w.t.Fatalf("connection %d has not ended; want %v", id, reason)
	case t.Reason != reason:
		w.t.Fatalf("connection %d ended with %v (%s %s), want %v", id, t.Reason, t.Detail, t.Error, reason)
	}
	return t
}

// presenceLog is what was told of users, in order: +name and -name.
func (w *world) presenceLog() (log []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		switch e := e.(type) {
		case UserOnline:
			log = append(log, "+"+e.User)
		case UserOffline:
			log = append(log, "-"+e.User)
		}
	}
	return log
}

// onRegistry and onUsers run f on an actor and wait.
func onRegistry[T any](w *world, f func(*registry) T) T {
	w.t.Helper()
	v, err := fromRegistry(context.Background(), w.sys, f)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func onUsers[T any](w *world, f func(*userManager) T) T {
	w.t.Helper()
	v, err := fromUsers(context.Background(), w.sys, f)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// actorOf returns the actor of a live connection.
func (w *world) actorOf(id uint64) *connection {
	w.t.Helper()
	c := onRegistry(w, func(r *registry) *connection { return r.all[id] })
	if c == nil {
		w.t.Fatalf("no connection %d", id)
	}
	return c
}
