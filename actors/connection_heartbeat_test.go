package actors

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// guards G4, N2: a silent client is pinged after the interval and ended exactly
// at the timeout, though it is sent data all the time: what goes out is no sign
// of life.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann")
		p.silence()
		for i := range 30 {
			if e := w.terminationOf(p.id); e != nil {
				t.Fatalf("ended after %d s", i)
			}
			_, _ = w.sys.Push(t.Context(), "ann", "news", nil)
			w.pass(time.Second - time.Duration(i/29)) // the last one a nanosecond short
		}
		if e := w.terminationOf(p.id); e != nil {
			t.Fatal("ended before the timeout")
		}
		w.pass(1)
		e := w.wantEnd(p.id, wire.ReasonHeartbeatTimeout)
		if e.Silent != 30*time.Second || e.PingsSent != 1 || e.PingsMissed != 1 || e.RTT != 0 {
			t.Errorf("%+v", e)
		}
		want[*wire.Ping](p)
		if b := want[*wire.Bye](p); b.Reason != wire.ReasonHeartbeatTimeout {
			t.Errorf("%+v", b)
		}
	})
}

// guards G4: a client that answers is never ended, and one that speaks on its
// own is never asked.
func TestAnswersAreLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pass(time.Second)
		quiet, chatty := w.dial().greet("quiet"), w.dial().greet("chatty")
		half := w.dial().greet("half a frame") // any bytes are life
		half.silence()
		half.raw(header(30_000, wire.TypeSend))
		for range 25 {
			w.pass(time.Second)
			chatty.send(&wire.Pong{}) // an answer to nothing counts as bytes do
			half.raw([]byte{0})
		}
		w.pass(4 * time.Second)
		chatty.send(&wire.Ping{Time: 3})
		for range 360 {
			w.pass(10 * time.Second)
			chatty.send(&wire.Unwatch{Request: 1})
		}
		if e := w.terminationOf(quiet.id); e != nil {
			t.Errorf("the quiet one was ended: %+v", e)
		}
		if e := w.wantEnd(half.id, wire.ReasonProtocolError); e.Lived != 30*time.Second || e.PingsSent != 0 {
			t.Errorf("%+v", e)
		}
		pings := 0
		for _, m := range quiet.messages() {
			if _, ok := m.(*wire.Ping); ok {
				pings++
			}
		}
		if pings != 241 { // an hour and 29 s, one each 15 s
			t.Errorf("%d pings", pings)
		}
		if _, asked := find[*wire.Ping](chatty); asked {
			t.Error("who speaks was asked whether it lives")
		}
	})
}

// A pong measures the round trip; one that answers nothing of ours measures
// nothing.
func TestRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial().greet("x")
		p.silence()
		w.pass(15 * time.Second)
		ping := want[*wire.Ping](p)
		w.pass(70 * time.Millisecond)
		p.send(&wire.Pong{Echo: 1 << 63}, &wire.Pong{Echo: ping.Time + 1e9}, &wire.Pong{Echo: ping.Time}, &wire.Pong{Echo: 0})
		if i, err := w.sys.Connection(t.Context(), p.id); err != nil || i.RTT != 70*time.Millisecond || i.Silent != 0 {
			t.Errorf("%+v, %v", i, err)
		}
	})
}

// The wishes of a client are kept within the server's bounds, and what the
// welcome says is what happens.
func TestNegotiatedHeartbeat(t *testing.T) {
	for _, tt := range []struct{ interval, timeout, wantInterval, wantTimeout uint64 }{
		{0, 0, 15000, 30000}, {1, 1, 1000, 2000}, {1 << 31, 1 << 31, 600_000, 1_800_000}, {5000, 12_000, 5000, 12_000},
		{20_000, 24_000, 12_000, 24_000},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			p := w.dial()
			p.silence()
			h := hello("x")
			h.Interval, h.Timeout = tt.interval, tt.timeout
			p.send(h)
			m := want[*wire.Welcome](p)
			if m.Interval != tt.wantInterval || m.Timeout != tt.wantTimeout {
				t.Errorf("wished %d, %d: got %d, %d", tt.interval, tt.timeout, m.Interval, m.Timeout)
			}
			timeout := time.Duration(m.Timeout) * time.Millisecond
			w.pass(timeout - 1)
			if e := w.terminationOf(p.id); e != nil {
				t.Fatalf("%v: ended early", timeout)
			}
			w.pass(1)
			w.wantEnd(p.id, wire.ReasonHeartbeatTimeout)
		})
	}
}

// Connections of one moment are not all pinged in one moment.
func TestPingsAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Uint32
		w := newWorld(t, func(s *Settings) { s.Random = func() float64 { return float64(n.Add(1)%16) / 16 } })
		var peers []*peer
		for range 16 {
			peers = append(peers, w.dial().greet("x"))
		}
		w.pass(15*time.Second - 15*time.Second/8)
		times := map[time.Duration]bool{}
		for range 2000 {
			w.pass(time.Millisecond)
			for _, p := range peers {
				if _, ok := find[*wire.Ping](p); ok {
					times[w.sys.now()] = true
				}
			}
		}
		if len(times) < 8 {
			t.Errorf("16 pings came in %d moments", len(times))
		}
	})
}
