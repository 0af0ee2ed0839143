package actors

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/wire"
)

// all makes a peer in every state that a connection can be in.
func (w *world) everyState() (peers []*peer) {
	peers = append(peers,
		w.dial(),                  // has not said hello
		w.dial().greet("laptop"),  // is open
		w.join("ann"),             // is logged in
		w.dial().greet("stalled")) // does not read
	peers[3].link.server.out.change(func(s *stream) { s.room = 0 })
	return peers
}

// A shutdown says goodbye to all at once, and waits until all have gone: for
// those who do not close, the linger.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		peers := w.everyState()
		start := time.Now()
		if err := w.shutdown(t.Context()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v, not one linger", took)
		}
		w.settle()
		for i, p := range peers {
			w.wantEnd(p.id, wire.ReasonServerShutdown)
			if bye, ok := find[*wire.Bye](p); i < 3 && (!ok || bye.Reason != wire.ReasonServerShutdown) {
				t.Errorf("peer %d was told %v", i, bye)
			}
		}
		if e := seen[UserOffline](w); len(e) != 1 || e[0].Reason != wire.ReasonServerShutdown {
			t.Errorf("%+v", e)
		}
	})
}

// Without connections it is over at once; and again, and with a context that
// has ended, it is over already.
func TestShutdownIsIdempotent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		start := time.Now()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		for range 100 {
			if err := w.sys.Shutdown(over); err != nil {
				t.Fatalf("again: %v", err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		if _, err := w.sys.Counts(t.Context()); !errors.Is(err, ErrShutdown) {
			t.Errorf("a query after the shutdown: %v", err)
		}
		if _, err := w.sys.Push(t.Context(), "ann", "k", nil); !errors.Is(err, ErrShutdown) {
			t.Errorf("a push after the shutdown: %v", err)
		}
	})
}

// Several who shut down at the same time all wait for the same end.
func TestShutdownsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.everyState()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := w.shutdown(context.Background()); err != nil {
					t.Error(err)
				}
				if n := w.sys.Counters().Live; n != 0 {
					t.Errorf("returned with %d live", n)
				}
			})
		}
		wg.Wait()
	})
}

// guards H2: when the context ends, what is left is cut off: those who are told
// to go, and those who were going before.
func TestShutdownForces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.Linger = time.Hour })
		peers := w.everyState()
		going := w.dial().greet("lingers")
		_ = w.sys.Kick(t.Context(), going.id, "") // and it does not close
		w.settle()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		if err := w.shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("shutdown: %v", err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		for _, p := range append(peers, going) {
			if !p.link.server.isClosed() {
				t.Errorf("connection %d is open still", p.id)
			}
		}
	})
}

// The context of a second call cuts as well.
func TestSecondShutdownForces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.Linger = time.Hour })
		w.everyState()
		done := make(chan error)
		go func() { done <- w.shutdown(context.Background()) }()
		w.pass(time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := w.sys.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second: %v", err)
		}
		w.settle()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the first: %v", err)
			}
		default:
			t.Error("the first still waits")
			<-done
		}
	})
}

// A handler has its context ended by a shutdown, and one that does not heed it
// is waited for no longer than the context and some patience.
func TestShutdownAndHandlers(t *testing.T) {
	for _, heeds := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			w := newWorld(t, func(s *Settings) {
				s.Handle = func(string) (Handler, bool) {
					return func(ctx context.Context, _ Caller, _ []byte) ([]byte, error) {
						if heeds {
							<-ctx.Done()
						} else {
							<-release
						}
						return nil, nil
					}, true
				}
			})
			p := w.dial().greet("x")
			p.send(&wire.Request{Request: 1, Kind: "k"}, &wire.App{Kind: "k"})
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			start := time.Now()
			err := w.shutdown(ctx)
			if took := time.Since(start); heeds && (err != nil || took > time.Second) ||
				!heeds && (err == nil || took != 6*time.Second) {
				t.Errorf("heeds %v: took %v, %v", heeds, took, err)
			}
			close(release)
			w.settle()
		})
	}
}

// Whoever comes while the server shuts down is told so, or is served and told to
// go; nobody is left behind, whenever it comes.
func TestShutdownWhileAccepting(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			var wg sync.WaitGroup
			var links []*link
			for range 8 {
				l := newLink("c", "s")
				links = append(links, l)
				wg.Go(func() {
					if err := w.sys.Accept(l.server); err != nil && !errors.Is(err, ErrShutdown) {
						t.Error(err)
					}
				})
			}
			if err := w.shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			wg.Wait()
			w.settle()
			for _, l := range links {
				if !l.server.isClosed() {
					t.Error("a transport is open still")
				}
			}
		})
	}
}

// The same, at the worst moment: when an accept has seen no shutdown, and has
// not yet made its connection.
func TestShutdownWaitsForAnAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		var armed atomic.Bool
		w := newWorld(t, func(s *Settings) {
			s.Wall = func() time.Time {
				if armed.CompareAndSwap(true, false) {
					<-gate // the connection is being made
				}
				return time.Now()
			}
		})
		armed.Store(true)
		l := newLink("c", "s")
		go func() { _ = w.sys.Accept(l.server) }()
		w.settle()
		done := make(chan error, 1)
		go func() { done <- w.shutdown(context.Background()) }()
		w.pass(time.Second)
		select {
		case <-done:
			t.Error("the shutdown did not wait")
		default:
		}
		close(gate)
		w.pass(5 * time.Second)
		if err := <-done; err != nil || !l.server.isClosed() {
			t.Errorf("%v, closed %v", err, l.server.isClosed())
		}
	})
}

// guards H4: of those who start under one name at the same time one does; the
// others are told. The name is free again when the shutdown is over.
func TestStartTakesItsPrefix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, err := actor.NewEngine(actor.NewEngineConfig())
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			var wg sync.WaitGroup
			started := make(chan *System, 8)
			for range 8 {
				wg.Go(func() {
					sys, err := Start(engine, testSettings())
					if err == nil {
						started <- sys
					} else if !errors.Is(err, ErrPrefixTaken) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if len(started) != 1 {
				t.Fatalf("%d have started", len(started))
			}
			sys := <-started
			if _, err := sys.Counts(t.Context()); err != nil {
				t.Error(err)
			}
			other := testSettings()
			other.Prefix = "other"
			beside, err := Start(engine, other)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []*System{sys, beside} {
				if err := s.Shutdown(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// guards H4: a name is taken until the last actor under it has stopped.
func TestPrefixIsTakenToTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		w := newWorld(t, func(s *Settings) {
			record := s.OnEvent
			s.OnEvent = func(e Event) { <-gate; record(e) } // the herald is busy
		})
		w.join("ann")
		go func() { _ = w.shutdown(context.Background()) }()
		w.pass(5 * time.Second)
		if _, err := Start(w.engine, testSettings()); !errors.Is(err, ErrPrefixTaken) {
			t.Errorf("beside the old herald: %v", err)
		}
		close(gate)
		w.settle()
		sys, err := Start(w.engine, testSettings())
		if err != nil {
			t.Fatal(err)
		}
		if err := sys.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
