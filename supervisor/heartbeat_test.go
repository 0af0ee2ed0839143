package supervisor_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestOutgoingTrafficIsNoLife: a client that no longer answers is ended at its
// timeout, however much is sent to it meanwhile, pings included. Guards N2, G4.
func TestOutgoingTrafficIsNoLife(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		friend, frozen := w.join("friend"), w.join("frozen")
		watcher := w.watcher("watcher")
		begun := time.Now()
		frozen.freeze() // its system takes what is sent, as after a SIGSTOP
		for range 29 {
			r := friend.next()
			friend.send(&wire.Send{ID: r, To: "frozen", Body: []byte("are you there?")})
			if ack, ok := friend.answer(r).(*wire.Ack); !ok || ack.Sessions != 1 {
				t.Fatalf("at %v: %+v", time.Since(begun), ack)
			}
			w.after(time.Second)
		}
		w.after(time.Second - 1)
		w.alive(frozen)
		w.same("frozen", watcher.told("frozen"))
		w.after(1)
		last := w.ended(frozen, wire.ReasonHeartbeatTimeout)
		w.same("frozen", watcher.told("frozen"), "heartbeat_timeout")
		if last.FramesOut < 30 || last.PingsMissed < 1 || last.Silent != 30*time.Second {
			t.Errorf("evidence %+v", last)
		}
		w.alive(friend, watcher)
		frozen.thaw()
	})
}

// TestAnyByteIsLife: a client that sends anything at all in time is never ended
// for silence, and one that answers its pings never; not in a day. Guards G4.
func TestAnyByteIsLife(t *testing.T) {
	inBubble(t, supervisor.Config{FrameTimeout: 48 * time.Hour}, func(w *world) {
		answering := w.join("answering")
		trickle := w.join("trickle")
		trickle.silence()
		trickle.raw([]byte{0, 0, 16, 0, byte(wire.TypeApp)})
		for range 2880 { // a day of half minutes
			w.after(30*time.Second - 1)
			trickle.raw([]byte{0})
			synctest.Wait()
		}
		w.alive(answering, trickle)
		if answering.pinged() < 5000 {
			t.Errorf("%d pings in a day", answering.pinged())
		}
		w.after(30*time.Second - 1)
		w.alive(trickle)
		w.after(1)
		w.ended(trickle, wire.ReasonHeartbeatTimeout)
	})
}

// TestHeartbeatIsNegotiated: a client gets what it wants within the bounds, and
// is ended by what it got.
func TestHeartbeatIsNegotiated(t *testing.T) {
	for _, c := range []struct {
		wantInterval, wantTimeout uint64
		interval, timeout         time.Duration
	}{
		{0, 0, 15 * time.Second, 30 * time.Second},
		{2000, 5000, 2 * time.Second, 5 * time.Second},
		{1, 1, time.Second, 2 * time.Second},
		{1 << 31, 1 << 32 >> 1, 10 * time.Minute, 30 * time.Minute},
		{4000, 6000, 3 * time.Second, 6 * time.Second}, // at least two pings a timeout
		{0, 10_000, 5 * time.Second, 10 * time.Second},
	} {
		t.Run(fmt.Sprintf("%d,%d", c.wantInterval, c.wantTimeout), func(t *testing.T) {
			inBubble(t, supervisor.Config{}, func(w *world) {
				p := w.dial().helloWith(&wire.Hello{
					MinVersion: 1, MaxVersion: 7, Identifier: "x", Interval: c.wantInterval, Timeout: c.wantTimeout,
				})
				interval, timeout := time.Duration(p.welcome.Interval), time.Duration(p.welcome.Timeout)
				if interval*time.Millisecond != c.interval || timeout*time.Millisecond != c.timeout {
					t.Fatalf("got %d ms, %d ms", interval, timeout)
				}
				p.silence()
				w.after(c.timeout - 1)
				w.alive(p)
				if p.pinged() < 1 {
					t.Error("it was not pinged")
				}
				w.after(1)
				w.ended(p, wire.ReasonHeartbeatTimeout)
			})
		})
	}
}

// TestPingsAreSpread: clients of one moment are not pinged in one moment.
func TestPingsAreSpread(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		const n = 100
		for i := range n {
			w.dial().hello(fmt.Sprint(i)).silence()
		}
		synctest.Wait()
		pinged := func() (k int) {
			for _, p := range w.peers {
				k += len(has[*wire.Ping](p))
			}
			return k
		}
		const spread = 15 * time.Second / 8
		w.after(15*time.Second - spread)
		if k := pinged(); k > n/4 {
			t.Errorf("%d were pinged too early", k)
		}
		steps, most, before := 16, 0, pinged()
		for range steps {
			w.after(spread / time.Duration(steps))
			k := pinged()
			most, before = max(most, k-before), k
		}
		if k := pinged(); k != n {
			t.Errorf("%d of %d were pinged within the interval", k, n)
		}
		if most > n/4 {
			t.Errorf("%d of %d were pinged in one step of %d", most, n, steps)
		}
	})
}

// freezer stops every actor of a server at its next message, as a SIGSTOP would.
type freezer struct{ gate atomic.Pointer[chan struct{}] }

func (f *freezer) hooks() *supervisor.Hooks {
	return &supervisor.Hooks{BeforeReceive: func(string, any) {
		if gate := f.gate.Load(); gate != nil {
			<-*gate
		}
	}}
}

// stop stops the world's server for d: its actors, and the reading of what its
// clients send meanwhile.
func (f *freezer) stop(w *world, d time.Duration) {
	gate := make(chan struct{})
	f.gate.Store(&gate)
	for _, l := range w.links {
		l.server.in.hold(true)
	}
	time.Sleep(d)
	for _, l := range w.links {
		l.server.in.hold(false)
	}
	f.gate.Store(nil)
	close(gate)
	synctest.Wait()
}

// TestServerStall: a server that has stood still, however long, ends nobody for
// the silence that was its own. Whoever is dead is found out afterwards, after
// being asked again. Guards P4, G4.
func TestServerStall(t *testing.T) {
	for _, at := range []time.Duration{
		0, time.Second, 14 * time.Second, 15 * time.Second, 29 * time.Second,
	} {
		t.Run(fmt.Sprint("after ", at), func(t *testing.T) {
			var f freezer
			inBubble(t, supervisor.Config{Hooks: f.hooks()}, func(w *world) {
				watcher := w.watcher("watcher")
				var alive []*peer
				for i := range 10 {
					alive = append(alive, w.join(fmt.Sprint("alive ", i)))
				}
				dead := w.join("dead")
				dead.silence()
				w.settle()
				w.after(at)
				f.stop(w, 5*time.Minute)
				w.alive(append(alive, watcher, dead)...)
				w.after(15*time.Second - 1) // timeout - interval: time to answer
				w.alive(dead)
				w.after(time.Second)
				w.ended(dead, wire.ReasonHeartbeatTimeout)
				w.after(10 * time.Minute)
				w.alive(append(alive, watcher)...)
				w.same("dead", watcher.told("dead"), "+", "heartbeat_timeout")
			})
		})
	}
}

// TestBackpressureIsNotSilence: while the server does not read, because its
// handlers are busy, it does not take the client for silent. Guards G4, N21.
func TestBackpressureIsNotSilence(t *testing.T) {
	inBubble(t, supervisor.Config{Credits: 8}, func(w *world) {
		release := make(chan struct{})
		if err := supervisor.HandleRequest(w.s, "slow",
			func(context.Context, supervisor.Caller, []byte) ([]byte, error) { <-release; return nil, nil }); err != nil {
			t.Fatal(err)
		}
		p := w.join("busy")
		for range 20 {
			p.send(&wire.Request{Request: p.next(), Kind: "slow"})
		}
		w.after(10 * time.Minute) // its pongs are not read
		w.alive(p)
		close(release)
		for range 20 {
			want[*wire.Response](p)
		}
		w.after(time.Hour)
		w.alive(p)
		p.silence()
		w.after(31 * time.Second)
		w.ended(p, wire.ReasonHeartbeatTimeout)
	})
}

// TestDeathBehindBackpressure: a client that dies while the server does not read
// from it is found out by the pings that the transport refuses. Guards N1, G2.
func TestDeathBehindBackpressure(t *testing.T) {
	inBubble(t, supervisor.Config{Credits: 8}, func(w *world) {
		if err := supervisor.HandleRequest(w.s, "wait",
			func(ctx context.Context, _ supervisor.Caller, _ []byte) ([]byte, error) {
				<-ctx.Done()
				return nil, nil
			}); err != nil {
			t.Fatal(err)
		}
		watcher, p := w.watcher("watcher"), w.join("dying")
		for range 9 {
			p.send(&wire.Request{Request: p.next(), Kind: "wait"})
		}
		w.settle()
		p.cut()
		w.after(15 * time.Second)
		w.ended(p, wire.ReasonReset)
		w.same("dying", watcher.told("dying"), "+", "reset")
	})
}

// TestHeartbeatsOvertakeData: a pong is sent ahead of all data that waits, and
// so is a ping: at most one write lies before it. Guards N21.
func TestHeartbeatsOvertakeData(t *testing.T) {
	inBubble(t, supervisor.Config{WriteTimeout: time.Minute}, func(w *world) {
		p := w.join("slow reader")
		p.freeze()
		for range 15 {
			if _, err := w.s.Push(ctx, "slow reader", "bulk", make([]byte, 60<<10)); err != nil {
				t.Fatal(err)
			}
		}
		p.send(&wire.Ping{Time: 7})
		w.settle()
		w.after(15 * time.Second) // and the server asks as well
		p.thaw()
		w.settle()
		p.mu.Lock()
		defer p.mu.Unlock()
		bulk, before := 0, map[string]int{}
		for _, m := range p.got {
			switch m := m.(type) {
			case *wire.App:
				bulk++
			case *wire.Pong:
				if m.Echo != 7 {
					t.Errorf("the pong echoes %d", m.Echo)
				}
				before["pong"] = bulk
			case *wire.Ping:
				before["ping"] = bulk
			}
		}
		if bulk != 15 || len(before) != 2 || before["pong"] > 2 || before["ping"] > 2 {
			t.Errorf("%d frames of bulk came; before them %v", bulk, before)
		}
	})
}
