package actors

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/wire"
)

func TestCreditsFor(t *testing.T) {
	for _, tt := range []struct{ size, all, want int }{
		{0, 256, 1}, {4095, 256, 1}, {4096, 256, 2}, {64 << 10, 256, 17},
		{1 << 20, 256, 128}, {1 << 20, 3, 1}, {1 << 20, 1, 1}, {0, 1, 1},
	} {
		if got := creditsFor(tt.size, tt.all); got != tt.want {
			t.Errorf("a frame of %d bytes with %d credits costs %d, want %d", tt.size, tt.all, got, tt.want)
		}
	}
}

// taker is a reader that takes what it is told to, one after the other.
type taker struct {
	asks  chan int
	gone  chan struct{}
	freed atomic.Int32
	took  atomic.Int32
}

func take(c *credits) *taker {
	r := &taker{asks: make(chan int), gone: make(chan struct{})}
	go func() {
		defer close(r.gone)
		for n := range r.asks {
			if !c.take(n, func() {}, func() { r.freed.Add(1) }) {
				return
			}
			r.took.Add(int32(n))
		}
	}()
	return r
}

// guards H6, G4: the reader waits until there are enough, not before and not
// longer, and counts as held for just as long.
func TestCreditsBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &credits{free: 3}
		r := take(c)
		step := func(what string, held bool, took, freed int32) {
			t.Helper()
			synctest.Wait()
			if c.held() != held || r.took.Load() != took || r.freed.Load() != freed {
				t.Errorf("%s: held %v, took %d, freed %d; want %v, %d, %d",
					what, c.held(), r.took.Load(), r.freed.Load(), held, took, freed)
			}
		}
		r.asks <- 2
		step("enough", false, 2, 0)
		r.asks <- 4
		step("too few", true, 2, 0)
		c.give(2)
		step("still too few", true, 2, 0)
		if c.tryTake(4) {
			t.Error("took what is not there")
		}
		c.give(1)
		step("enough again", false, 6, 1)
		r.asks <- 1
		step("none left", true, 6, 1)
		c.close()
		step("closed", false, 6, 1)
		<-r.gone
		if c.give(9); c.tryTake(1) || c.take(1, nil, nil) {
			t.Error("credits after the close")
		}
		c.close()
		close(r.asks)
	})
}

// Whatever is given and taken in whatever order, no credit is lost or made.
func TestCreditsAreConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const all = 8
		c := &credits{free: all}
		out, waiting := 0, 0
		for range rapid.IntRange(0, 50).Draw(t, "steps") {
			n := rapid.IntRange(1, all).Draw(t, "n")
			if rapid.Bool().Draw(t, "take") {
				if ok := c.tryTake(n); ok != (n <= all-out) {
					t.Fatalf("took %d of %d: %v", n, all-out, ok)
				} else if ok {
					out += n
				}
			} else if back := min(n, out); back > 0 {
				c.give(back)
				out -= back
			}
			if int(c.free) != all-out || c.held() || waiting != 0 {
				t.Fatalf("%d free with %d out", c.free, out)
			}
		}
	})
}

// Many give while one takes, on real threads: none is lost.
func TestCreditsRace(t *testing.T) {
	c := &credits{}
	var wg sync.WaitGroup
	const givers, each = 4, 2000
	for range givers {
		wg.Go(func() {
			for range each {
				c.give(1)
			}
		})
	}
	for left := givers * each; left > 0; {
		n := min(left, 1+left%5)
		if !c.take(n, func() {}, func() {}) {
			t.Fatal("refused")
		}
		left -= n
	}
	wg.Wait()
	if c.free != 0 || c.held() {
		t.Errorf("%d left, held %v", c.free, c.held())
	}
}

// slowHandlers makes every handler wait for gate, and counts how many run.
func slowHandlers(gate <-chan struct{}, running *atomic.Int32) func(*Settings) {
	return func(s *Settings) {
		s.Credits = 8
		s.Handle = func(string) (Handler, bool) {
			return func(ctx context.Context, _ Caller, _ []byte) ([]byte, error) {
				running.Add(1)
				defer running.Add(-1)
				select {
				case <-gate:
				case <-ctx.Done():
				}
				return nil, ctx.Err()
			}, true
		}
	}
}

// guards H6, G6: a client that floods has no more in flight inside the server
// than its credits; the rest waits in its own socket. Others notice nothing, and
// its silence is not held against it. When it goes on, nothing was lost.
func TestFloodIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, running := make(chan struct{}), &atomic.Int32{}
		w := newWorld(t, slowHandlers(gate, running))
		other, p := w.dial().greet("other"), w.dial().greet("flood")
		const n = 4000
		var b []byte
		for i := range n {
			b = append(b, frameOf(&wire.Request{Request: uint64(i) + 1, Kind: "slow"})...)
		}
		sent := make(chan error)
		go func() { _, err := p.link.client.Write(b); sent <- err }()
		w.settle()
		if got := running.Load(); got != 8 {
			t.Errorf("%d requests run, with 8 credits", got)
		}
		c := w.actorOf(p.id)
		if !c.credits.held() {
			t.Error("the reader is not held")
		}
		if got := p.link.client.out.waiting(); got != linkRoom {
			t.Errorf("%d bytes wait in the socket", got)
		}
		w.pass(10 * time.Minute) // guards G4
		if e := w.terminationOf(p.id); e != nil {
			t.Fatalf("the held client was ended: %v %s", e.Reason, e.Detail)
		}
		other.send(&wire.Ping{Time: 1})
		want[*wire.Pong](other)
		close(gate)
		if err := <-sent; err != nil {
			t.Fatal(err)
		}
		w.settle()
		answers := 0
		for _, m := range p.messages() {
			if _, ok := m.(*wire.Response); ok {
				answers++
			}
		}
		if answers != n || c.credits.held() {
			t.Errorf("%d answers to %d requests, held %v", answers, n, c.credits.held())
		}
		// guards G4: from here on silence is the client's own again.
		p.silence()
		w.pass(time.Minute)
		w.wantEnd(p.id, wire.ReasonHeartbeatTimeout)
	})
}

// The end of a connection frees its held reader, and its handlers.
func TestEndFreesTheHeldReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := &atomic.Int32{}
		w := newWorld(t, slowHandlers(make(chan struct{}), running))
		p := w.dial().greet("x")
		var b []byte
		for i := range 50 {
			b = append(b, frameOf(&wire.Request{Request: uint64(i) + 1, Kind: "slow"})...)
		}
		p.raw(append(b, frameOf(&wire.App{Kind: "slow"})...))
		if err := w.sys.Kick(t.Context(), p.id, "enough"); err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Second)
		w.wantEnd(p.id, wire.ReasonKicked)
		want[*wire.Bye](p)
		if n := w.sys.Counters().Live; n != 0 || running.Load() != 0 {
			t.Errorf("%d live, %d handlers", n, running.Load())
		}
	})
}

// Every kind of message gives its credits back: a client that sends each a
// hundred times, with eight credits, is served.
func TestEveryMessagePaysBack(t *testing.T) {
	all := map[string]wire.Message{
		"ping": &wire.Ping{Time: 1}, "pong": &wire.Pong{Echo: 1},
		"login": &wire.Login{Request: 1, User: "ann"}, "send": &wire.Send{ID: 1, To: "ann"},
		"send without ack": &wire.Send{ID: 1, To: "ann", NoAck: true},
		"send to nobody":   &wire.Send{ID: 1, To: "nobody"},
		"watch":            &wire.Watch{Request: 1, Everyone: true},
		"watch names":      &wire.Watch{Request: 1, Users: []string{"ann"}},
		"unwatch":          &wire.Unwatch{Request: 1}, "request": &wire.Request{Request: 1, Kind: "k"},
		"app": &wire.App{Kind: "k"}, "logout": &wire.Logout{Request: 1},
		"send too large": &wire.Send{ID: 1, To: "ann", Body: make([]byte, wire.DefaultMaxFrame-20)},
	}
	for name, m := range all {
		for _, loggedIn := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, func(s *Settings) { s.Credits = 8 })
					p := w.dial().greet("x")
					if loggedIn {
						p.login("ann")
					}
					for range 100 {
						p.send(m)
					}
					c := w.actorOf(p.id)
					if c.credits.free != 8 || c.credits.held() {
						t.Errorf("%d of 8 credits are left", c.credits.free)
					}
				})
			})
		}
	}
}
