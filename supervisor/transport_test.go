package supervisor_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// bothWays runs a test with connections that are parked at pollers, where the
// system has them, and with a goroutine for each.
func bothWays(t *testing.T, cfg supervisor.Config, test func(t *testing.T, r *realServer)) {
	for _, goroutines := range []bool{false, true} {
		t.Run(fmt.Sprintf("goroutines=%t", goroutines), func(t *testing.T) {
			cfg.Goroutines = goroutines
			test(t, serve(t, cfg))
		})
	}
}

// inPieces writes b in pieces of n bytes, each in a segment of its own as far as
// the system allows.
func (p *peer) inPieces(b []byte, n int) {
	p.t.Helper()
	for len(b) > 0 {
		k := min(n, len(b))
		p.raw(b[:k])
		b = b[k:]
	}
}

func frameOf(t testing.TB, messages ...wire.Message) (b []byte) {
	t.Helper()
	for _, m := range messages {
		var err error
		if b, err = wire.Append(b, m); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// Frames come whole, however the stream is cut: single bytes, many frames in one
// write, a large frame in pieces with others right behind it.
func TestFramesInPieces(t *testing.T) {
	bothWays(t, supervisor.Config{}, func(t *testing.T, r *realServer) {
		if err := supervisor.HandleRequest(r.s, "echo", echo); err != nil {
			t.Fatal(err)
		}
		p := r.dial(t)
		p.inPieces(frameOf(t, &wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "cut"}), 1)
		want[*wire.Welcome](p)
		p.login("ann")
		large := bytes.Repeat([]byte{'x'}, 50_000)
		var all []wire.Message
		for i := range 20 {
			all = append(all, &wire.Send{ID: uint64(100 + i), To: "ann", Body: fmt.Append(nil, i)})
		}
		all = append(all, &wire.Send{ID: 200, To: "ann", Body: large}, &wire.Send{ID: 201, To: "ann", Body: []byte("end")})
		b := frameOf(t, all...)
		for _, n := range []int{len(b), 777, 4096, 40_000} {
			p.inPieces(b, n)
			for _, m := range all {
				d := want[*wire.Deliver](p)
				if s := m.(*wire.Send); d.ID != s.ID || !bytes.Equal(d.Body, s.Body) {
					t.Fatalf("pieces of %d: %d came, %d bytes, in place of %d", n, d.ID, len(d.Body), s.ID)
				}
			}
		}
	})
}

// guards N1, N9, G2: a stream that ends within a frame, or with a reset, ends its
// connection at once; who breaks the protocol can read why.
func TestStreamsEnd(t *testing.T) {
	bothWays(t, supervisor.Config{}, func(t *testing.T, r *realServer) {
		half := frameOf(t, &wire.Send{ID: 1, To: "nobody", Body: make([]byte, 3000)})
		ends := map[wire.Reason]func(p *peer){
			wire.ReasonEOF: func(p *peer) {
				p.raw(half[:1234])
				_ = p.nc.Close()
			},
			wire.ReasonReset: func(p *peer) {
				_ = p.nc.(*net.TCPConn).SetLinger(0)
				_ = p.nc.Close()
			},
			wire.ReasonFrameTooLarge: func(p *peer) { p.raw([]byte{0xff, 0xff, 0xff, 0xff, 1, 2, 3}) },
			wire.ReasonProtocolError: func(p *peer) { p.raw([]byte{0, 0, 0, 2, 9, 0xff}) },
			wire.ReasonBye:           func(p *peer) { p.send(&wire.Bye{Reason: wire.ReasonBye}) },
		}
		for reason, end := range ends {
			p := r.join(t, "user "+reason.String())
			end(p)
			r.rec.until(t, func() bool { return len(r.rec.terminations(p.id)) > 0 })
			x := r.rec.terminations(p.id)
			if len(x) != 1 || x[0].Reason != reason || x[0].MidFrame != (reason == wire.ReasonEOF) {
				t.Errorf("%s: %+v", reason, x)
			}
			if reason == wire.ReasonFrameTooLarge || reason == wire.ReasonProtocolError {
				if bye := want[*wire.Bye](p); bye.Reason != reason {
					t.Errorf("told %s in place of %s", bye.Reason, reason)
				}
			}
		}
	})
}

// guards H6: a client that has no credits left is not read, and loses nothing:
// when its requests are answered, what it has sent meanwhile is handled, in
// order. The others do not wait.
func TestOutOfCredits(t *testing.T) {
	bothWays(t, supervisor.Config{Credits: 8}, func(t *testing.T, r *realServer) {
		open := make(chan struct{})
		err := supervisor.HandleRequest(r.s, "wait", func(ctx context.Context, _ supervisor.Caller, in uint64) (uint64, error) {
			select {
			case <-open:
			case <-ctx.Done():
			}
			return in, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		p := r.join(t, "ann")
		const n = 200
		var all []wire.Message
		for i := range n {
			all = append(all, &wire.Request{Request: uint64(1000 + i), Kind: "wait", Body: []byte{0x01}},
				&wire.Send{ID: uint64(5000 + i), To: "ann", Body: make([]byte, 1000)})
		}
		b := frameOf(t, all...)
		written := make(chan struct{})
		go func() { // it may have to wait until the server reads
			defer close(written)
			_ = p.putRaw(b)
		}()
		stop := r.healthyPair(t)
		r.rec.until(t, func() bool { return r.s.Counters().Requests >= 4 })
		close(open)
		next := uint64(5000)
		for range n {
			if d := want[*wire.Deliver](p); d.ID != next {
				t.Fatalf("%d came in place of %d", d.ID, next)
			}
			next++
		}
		for i := range n {
			if m := p.answer(uint64(1000 + i)); m.Type() != wire.TypeResponse {
				t.Fatalf("%+v", m)
			}
		}
		<-written
		stop()
	})
}

// guards N2, G4: a client that says nothing is given up at its timeout, and one
// whose bytes come is not, whichever way they are read.
func TestSilenceOverSockets(t *testing.T) {
	bothWays(t, supervisor.Config{MinInterval: 50 * time.Millisecond, MinTimeout: 100 * time.Millisecond}, func(t *testing.T, r *realServer) {
		dead, alive := r.dial(t), r.dial(t)
		for _, p := range []*peer{dead, alive} {
			p.helloWith(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "x", Interval: 100, Timeout: 300})
		}
		dead.mu.Lock()
		dead.mute = true
		dead.mu.Unlock()
		if bye := want[*wire.Bye](dead); bye.Reason != wire.ReasonHeartbeatTimeout {
			t.Errorf("told %s", bye.Reason)
		}
		<-dead.done
		alive.send(&wire.Ping{Time: 7})
		want[*wire.Pong](alive)
	})
}
