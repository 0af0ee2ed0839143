package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/internal/heartbeat"
	"example.com/rollcall/wire"
)

// offBeat lies between two beats of the stall clock. What begins there has its
// deadlines there: what a test says of stalls just before one then stands.
const offBeat = 7 * time.Millisecond

// stalled makes every connection see, at each of its ticks from now on, a stall
// of the server that lasted from one time to the other, or that is going on. A
// bubble's clock cannot stall by itself.
func (w *world) stalled(from, to time.Duration, going bool) {
	m := heartbeat.NewStallMonitor(w.sys.stall.period)
	m.Beat(from)
	if !going {
		m.Beat(to)
	}
	w.onMessage(func(_ string, msg any) {
		if _, ok := msg.(tick); !ok {
			return
		}
		s := m.Stalls()
		if !going {
			s.Beat = w.sys.now()
		}
		w.sys.stall.publish(s)
	})
}

// guards P4: after its own stall the server pings first, and leaves the client
// the time to answer that it always has.
func TestStallExcusesSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pass(offBeat)
		p, q := w.dial().greet("answers"), w.dial().greet("silent")
		q.silence()
		p.pause()
		w.pass(20 * time.Second)
		// A stall from 20 s to 30 s: at its end nobody has been heard for 30 s.
		w.stalled(offBeat+20*time.Second, offBeat+30*time.Second, false)
		w.pass(10 * time.Second)
		if e := seen[Terminated](w); len(e) != 0 {
			t.Fatalf("ended by our own stall: %+v", e)
		}
		p.resume()
		w.pass(10 * time.Second)
		if e := w.wantEnd(q.id, wire.ReasonHeartbeatTimeout); e.Lived != 40*time.Second {
			t.Errorf("the silent one ended at %v, want 30 s and the stall of 10 s", e.Lived)
		}
		if e := w.terminationOf(p.id); e != nil {
			t.Errorf("who answers was ended: %+v", e)
		}
		w.onMessage(nil)
	})
}

// guards P4: the stall clock takes a late beat for a stall, counts it and tells of it.
func TestStallClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pass(time.Hour)
		if n := len(seen[Stall](w)); n != 0 || w.sys.Counters().Stalls != 0 {
			t.Fatalf("%d stalls without one", n)
		}
		var signs heartbeat.Signs
		w.sys.stall.sign(w.sys.now(), &signs)
		if signs.Stalled || signs.StallEnd != 0 {
			t.Errorf("%+v", signs)
		}
		// What a check sees whose clock has run on while the stall clock has not.
		w.sys.stall.sign(w.sys.now()+2*time.Second, &signs)
		if !signs.Stalled {
			t.Error("a beat that is two seconds late is no stall")
		}
	})
}

// A late beat is told of as an event, with its length.
func TestStallIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		m := heartbeat.NewStallMonitor(time.Millisecond)
		m.Beat(w.sys.now() - time.Minute) // the last beat was a minute ago
		c := &stallClock{sys: w.sys, period: time.Second, done: make(chan struct{}), ended: make(chan struct{})}
		go c.run(m)
		w.pass(time.Second)
		c.stop()
		w.settle()
		if e := seen[Stall](w); len(e) != 1 || e[0].Length != 61*time.Second {
			t.Errorf("%+v", e)
		}
		if n := w.sys.Counters().Stalls; n != 1 {
			t.Errorf("%d counted", n)
		}
	})
}

func TestStallPeriod(t *testing.T) {
	for shortest, want := range map[time.Duration]time.Duration{
		time.Millisecond: 20 * time.Millisecond,
		2 * time.Second:  125 * time.Millisecond,
		time.Hour:        500 * time.Millisecond,
	} {
		if got := stallPeriod(shortest); got != want {
			t.Errorf("for %v: %v, want %v", shortest, got, want)
		}
	}
}

// guards G6, P4: a server that stalls again and again, because it has too much to
// do, still ends those who never finish a hello or a frame: in as much time as
// it has run.
func TestOftenStalledServerKeepsItsDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.onMessage(func(_ string, msg any) {
			if _, ok := msg.(tick); ok { // half of the time was lost, the latest just now
				now := w.sys.now()
				w.sys.stall.publish(heartbeat.Stalls{Beat: now, End: now, Total: now / 2})
			}
		})
		w.pass(offBeat)
		silent, p := w.dial(), w.dial()
		p.send(wishing(5 * time.Minute))
		p.raw(frameOf(&wire.Ping{Time: 1 << 60})[:4])
		w.pass(2 * time.Minute)
		if e := w.wantEnd(silent.id, wire.ReasonHandshakeTimeout); e.Lived.Round(time.Second) != 20*time.Second {
			t.Errorf("the handshake ended at %v", e.Lived)
		}
		if e := w.wantEnd(p.id, wire.ReasonProtocolError); e.Lived.Round(time.Second) != time.Minute {
			t.Errorf("the frame ended at %v", e.Lived)
		}
	})
}

// guards P4, G5: a stall of the server's own over the end of a transfer's grace
// does not cost a client its file that has come back meanwhile: its hello still
// waits in the socket.
func TestStallOverTheEndOfAFileGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := fileWorld(t)
		w.pass(offBeat)
		data := make([]byte, 1000)
		begin := func(request uint64) *wire.PutOK {
			p := w.join("ann")
			p.send(putMessage(request, "half", data, "bob"))
			ok := want[*wire.PutOK](p)
			if ok.Offset == 0 {
				p.send(&wire.Chunk{Transfer: ok.Transfer, Data: data[:400]})
			}
			w.settle()
			p.close()
			w.settle()
			return ok
		}
		begin(1)
		w.pass(fileGrace - 2*time.Second)
		// Two seconds before its end the server stands still, for three.
		m := heartbeat.NewStallMonitor(w.sys.stall.period)
		from := w.sys.now()
		m.Beat(from)
		m.Beat(from + 3*time.Second)
		s := m.Stalls()
		w.onMessage(func(_ string, msg any) {
			if _, ok := msg.(filesDue); ok {
				s.Beat = w.sys.now()
				w.sys.stall.publish(s)
			}
		})
		w.pass(3*time.Second + settling - time.Millisecond)
		if ok := begin(1); ok.Offset != 400 {
			t.Errorf("it goes on at %d", ok.Offset)
		}
		// Who does not come back has its grace, and no more.
		w.pass(fileGrace + time.Millisecond)
		w.wantNoFiles()
		w.onMessage(nil)
	})
}
