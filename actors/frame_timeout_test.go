package actors

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/internal/heartbeat"
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
				h := hello("x")
				h.Interval, h.Timeout = uint64(interval/time.Millisecond), uint64(2*interval/time.Millisecond)
				p.send(h)
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

// Frames that are completed in time, one after the other without a pause
// between them, never run into it.
func TestFrameTimeoutCountsEachFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial().greet("x")
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
		p := w.dial().greet("x")
		app := frameOf(&wire.App{Kind: "slow"})
		var b []byte
		for range 3 { // the third waits for a credit
			b = append(b, app...)
		}
		p.raw(append(b, app[:4]...)) // and behind it a fourth has begun
		w.pass(time.Minute)
		close(done)
		w.pass(time.Second)
		if e := w.terminationOf(p.id); e != nil {
			t.Fatalf("ended for our own slowness: %s", e.Detail)
		}
		w.pass(30 * time.Second)
		if e := w.wantEnd(p.id, wire.ReasonProtocolError); e.Lived > 92*time.Second {
			t.Errorf("ended at %v", e.Lived)
		}
	})
}

// guards P4: a stall of the server itself completes nobody's frame or hello, and
// is held against nobody.
func TestFrameAndHandshakeTimeoutsExcuseStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p, q := w.dial().greet("x"), w.dial()
		b := frameOf(&wire.Ping{Time: 1 << 60})
		p.raw(b[:4])
		q.raw(frameOf(hello("q"))[:4])
		w.pass(5 * time.Second)
		// A SIGSTOP of 25 s: the timers fire together, when all goes on.
		w.stallFor(25 * time.Second)
		w.settle()
		if e := seen[Terminated](w); len(e) != 0 {
			t.Fatalf("after the stall: %+v", e)
		}
		q.raw(frameOf(hello("q"))[4:])
		want[*wire.Welcome](q)
		p.raw(b[4:])
		want[*wire.Pong](p)
		_ = heartbeat.Signs{}
	})
}
