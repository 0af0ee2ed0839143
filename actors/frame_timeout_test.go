package actors

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// A frame that is never completed ends the connection exactly the frame timeout
// after its first byte, however lively the client is and whatever heartbeat it
// has chosen.
func TestFrameTimeout(t *testing.T) {
	for _, interval := range []time.Duration{2 * time.Second, 15 * time.Second, 5 * time.Minute} {
		t.Run(interval.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				p := w.dial()
				p.silence() // no pong comes between the bytes
				p.send(wishing(interval))
				w.pass(time.Second)
				b := frameOf(&wire.Ping{Time: 1 << 60})
				p.raw(b[:1])
				for i := 1; i < 10; i++ { // one byte at a time
					w.pass(3 * time.Second)
					p.raw(b[i : i+1])
				}
				w.pass(3*time.Second - 1)
				if e := w.terminationOf(p.id); e != nil {
					t.Fatalf("ended early: %+v", e)
				}
				w.pass(1)
				e := w.wantEnd(p.id, wire.ReasonProtocolError)
				if e.Lived != 31*time.Second {
					t.Errorf("ended at %v", e.Lived)
				}
				want[*wire.Bye](p)
			})
		})
	}
}

// A connection between two frames is looked at for its heartbeat alone, however
// short the frame timeout is.
func TestNoTickBetweenFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ticks atomic.Int32
		w := newWorld(t, func(s *Settings) {
			witness := s.Hooks.BeforeReceive
			s.Hooks = &Hooks{BeforeReceive: func(actorID string, msg any) {
				if _, ok := msg.(tick); ok {
					ticks.Add(1)
				}
				witness(actorID, msg)
			}}
		})
		p := w.dial()
		p.send(wishing(5 * time.Minute))
		for range 8 {
			p.send(&wire.Ping{Time: 1})
			w.pass(30 * time.Second)
		}
		if n := ticks.Load(); n != 0 {
			t.Errorf("%d ticks in four minutes", n)
		}
		w.pass(5 * time.Minute)
		if n := ticks.Load(); n == 0 {
			t.Error("no heartbeat")
		}
	})
}

// wishing is a hello that wishes a heartbeat.
func wishing(interval time.Duration) *wire.Hello {
	h := hello("x")
	h.Interval = uint64(interval / time.Millisecond)
	h.Timeout = 2 * h.Interval
	return h
}

// Frames that are completed in time, one after the other without a pause
// between them, never run into it.
func TestFrameTimeoutCountsEachFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial().greet("x")
		p.silence()
		b := frameOf(&wire.Ping{Time: 1 << 60})
		p.raw(b[:4])
		for range 20 { // the rest of one frame and the beginning of the next
			w.pass(20 * time.Second)
			p.raw(append(append([]byte{}, b[4:]...), b[:4]...))
		}
		if e := w.terminationOf(p.id); e != nil {
			t.Errorf("ended: %+v", e)
		}
	})
}

// guards G4, H6: while the server itself does not read on, because the client's
// messages wait for a slow handler, the clock of the next frame stands still.
func TestFrameTimeoutExcusesTheHeldReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		w := newWorld(t, func(s *Settings) {
			s.Credits = 2
			s.Handle = func(string) (Handler, bool) {
				return func(context.Context, Caller, []byte) ([]byte, error) { <-done; return nil, nil }, true
			}
		})
		p := w.dial()
		p.send(wishing(5 * time.Minute))
		app := frameOf(&wire.App{Kind: "slow"})
		var b []byte
		for range 3 { // the third waits for a credit
			b = append(b, app...)
		}
		p.raw(append(b, app[:4]...)) // and behind it a fourth has begun
		w.pass(70 * time.Second)
		close(done)
		w.pass(30*time.Second - 1)
		if e := w.terminationOf(p.id); e != nil {
			t.Fatalf("ended for our own slowness: %s", e.Detail)
		}
		w.pass(1)
		if e := w.wantEnd(p.id, wire.ReasonProtocolError); e.Lived != 100*time.Second {
			t.Errorf("ended at %v", e.Lived)
		}
	})
}

// guards P4: a stall of the server itself completes nobody's frame or hello, and
// is held against nobody: both have as much more time as it lasted.
func TestStallExcusesFramesAndHandshakes(t *testing.T) {
	for name, going := range map[string]bool{"over": false, "going on": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.pass(offBeat)
				p, q := w.dial(), w.dial()
				p.send(wishing(5 * time.Minute))
				p.raw(frameOf(&wire.Ping{Time: 1 << 60})[:4])
				b := frameOf(hello("q"))
				q.raw(b[:4])
				// The server stalls from 1 s till 10 s: q's deadline falls due at its end.
				w.stalled(offBeat+time.Second, offBeat+10*time.Second, going)
				w.pass(10*time.Second + 1)
				if e := w.terminationOf(q.id); e != nil {
					t.Fatalf("a hello that the server did not read: %+v", e)
				}
				w.stalled(offBeat+time.Second, offBeat+10*time.Second, false)
				w.pass(10 * time.Second)
				if e := w.wantEnd(q.id, wire.ReasonHandshakeTimeout); e.Lived != 19*time.Second {
					t.Errorf("the handshake ended at %v", e.Lived)
				}
				// The next one, from 20 s till 30 s, covers the deadline of p's frame.
				w.stalled(offBeat+20*time.Second, offBeat+30*time.Second, going)
				w.pass(10 * time.Second) // the helper's stalls replace each other: 10 s in all
				if e := w.terminationOf(p.id); e != nil {
					t.Fatalf("a frame that the server did not read: %+v", e)
				}
				w.stalled(offBeat+20*time.Second, offBeat+30*time.Second, false)
				w.pass(30 * time.Second)
				if e := w.wantEnd(p.id, wire.ReasonProtocolError); e.Lived.Round(time.Second) != 40*time.Second {
					t.Errorf("the frame ended at %v", e.Lived)
				}
			})
		})
	}
}
