package client

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/wire"
)

// TestHeartbeatWorld runs a heartbeat through random silences and stalls, and
// compares it with the rules said in another way.
//
// guards N2, P4, G4.
func TestHeartbeatWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timeout := time.Duration(rapid.IntRange(200, 60_000).Draw(t, "timeout")) * time.Millisecond
		interval := time.Duration(rapid.Float64Range(0.01, 1).Draw(t, "interval") * float64(timeout))
		h := newHeartbeat(0, interval, timeout, 0)
		lateness := max(timeout/32, lateAt)
		var now, heard, stalled, asked time.Duration // stalled: end of the latest stall that shows
		lastPing := time.Duration(-1)
		for now < 20*timeout {
			// The world: the check comes when asked for, or later; before it,
			// bytes may have been received.
			late := time.Duration(0)
			if rapid.IntRange(0, 9).Draw(t, "stall") == 0 {
				late = time.Duration(rapid.Float64Range(0, 3).Draw(t, "for") * float64(timeout))
			}
			now = asked + late
			if late > lateness {
				stalled = now
			}
			if rapid.IntRange(0, 2).Draw(t, "bytes") == 0 {
				heard = rapid.Custom(func(t *rapid.T) time.Duration {
					return time.Duration(rapid.Int64Range(int64(heard), int64(now)).Draw(t, "heard"))
				}).Draw(t, "heard at")
			}
			v, next := h.check(now, heard, rapid.Float64Range(0, 0.999).Draw(t, "jitter"))

			silent := now - heard
			since := now - max(heard, stalled) // time in which an answer could have come
			dead := silent >= timeout
			if stalled > heard {
				dead = dead && since >= timeout-h.interval
			}
			if (v == expire) != dead {
				t.Fatalf("at %v, silent for %v, stalled until %v: %v", now, silent, stalled, v)
			}
			if dead {
				return
			}
			quiet := now - max(heard, lastPing)
			switch {
			case v == ping:
				if quiet < h.interval*7/8 && late <= lateness {
					t.Fatalf("a ping after %v of quiet, interval %v", quiet, h.interval)
				}
				lastPing = now
			case quiet >= h.interval && lastPing >= 0:
				t.Fatalf("no ping after %v of quiet, interval %v", quiet, h.interval)
			case late > lateness:
				t.Fatalf("no probe after a stall of %v", late)
			}
			if next <= now || next > now+timeout/8+1 {
				t.Fatalf("at %v asks for %v", now, next)
			}
			asked = next
		}
	})
}

// connectQuick is connect with an interval of 1 s and a timeout of 3 s.
func (s *script) connectQuick(o Options) (*Client, *peer) {
	s.t.Helper()
	d := s.start(s.t.Context(), o)
	p := s.accept()
	expect[*wire.Hello](p)
	w := testWelcome
	w.Interval, w.Timeout = 1000, 3000
	p.send(&w)
	got := <-d
	if got.err != nil {
		s.t.Fatal(got.err)
	}
	return got.c, p
}

// guards N2: a server that takes what it is sent but says nothing is dead.
func TestDeadServer(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		var state State
		o := s.options()
		o.OnState = func(st State) {
			if st.Phase == Disconnected {
				state = st
			}
		}
		c, p := s.connectQuick(o)
		began := time.Now()
		pings := 0
		for {
			m, err := p.read()
			if err != nil {
				break
			}
			if _, ok := m.(*wire.Ping); !ok {
				t.Fatalf("the client sent %T", m)
			}
			pings++
		}
		if d := time.Since(began); d < 3*time.Second || d > 3100*time.Millisecond {
			t.Errorf("given up after %v", d)
		}
		if pings < 2 || pings > 4 {
			t.Errorf("%d pings", pings)
		}
		p = s.accept().greet()
		wantEnd(t, state.Err, wire.ReasonHeartbeatTimeout)
		synctest.Wait()
		closeBoth(c, p)
	})
}

func TestLiveServerIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connectQuick(s.options())
		for range 20 {
			m := expect[*wire.Ping](p)
			time.Sleep(700 * time.Millisecond)
			p.send(&wire.Pong{Echo: m.Time})
		}
		synctest.Wait()
		if d := c.RTT(); d.Round(10*time.Microsecond) != 700*time.Millisecond {
			t.Errorf("round trip %v", d)
		}
		// Half a frame, byte by byte, is life as well.
		for _, b := range []byte{0, 0, 0, 2, 127} {
			time.Sleep(990 * time.Millisecond)
			p.sendRaw([]byte{b})
		}
		if s.dials != 1 {
			t.Errorf("dialled %d times", s.dials)
		}
		go func() {
			for { // the pings of the end
				if _, err := p.read(); err != nil {
					return
				}
			}
		}()
		p2 := later(func() (any, error) { return nil, c.Close() })
		time.Sleep(byeTime)
		p.cut()
		<-p2
	})
}

func TestPing(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		first := later(func() (time.Duration, error) { return c.Ping(t.Context()) })
		a := expect[*wire.Ping](p)
		second := later(func() (time.Duration, error) { return c.Ping(t.Context()) })
		b := expect[*wire.Ping](p)
		if a.Time == b.Time {
			t.Error("two pings with one time")
		}
		time.Sleep(time.Second)
		p.send(&wire.Pong{Echo: b.Time}, &wire.Pong{Echo: 123456789}) // the second echo is of nothing
		if r := <-second; r.err != nil || r.v < time.Second-2*time.Microsecond || r.v > time.Second+2*time.Microsecond {
			t.Errorf("%+v", r)
		}
		p.cut()
		wantErr(t, (<-first).err, ErrDisconnected)
		p = s.accept().greet()
		synctest.Wait()
		closeBoth(c, p)
	})
}

// guards N21: the pong overtakes all the data that waits.
func TestPongOvertakesData(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		body := make([]byte, 20<<10)
		for range 8 {
			if err := c.Post("bob", "", body); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait() // the writer is stuck in its first write
		p.send(&wire.Ping{Time: 1})
		synctest.Wait()
		behind := 0
		for {
			m, err := p.read()
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := m.(*wire.Pong); ok {
				break
			}
			behind++
		}
		if behind > 1 { // what the transport had already
			t.Errorf("the pong came behind %d messages", behind)
		}
		for range 8 - behind {
			expect[*wire.Send](p)
		}
		closeBoth(c, p)
	})
}

func TestPongsAreBounded(t *testing.T) {
	o := newOutbox()
	for i := range 100 {
		o.pong([]byte{byte(i)})
	}
	batch, last := o.take(nil)
	if len(batch) != maxPongs || batch[0] != 100-maxPongs || last {
		t.Errorf("%v, %v", batch, last)
	}
	if !o.heartbeat([]byte{1}) || o.heartbeat([]byte{2}) {
		t.Error("want room for one ping of the heartbeat")
	}
}
