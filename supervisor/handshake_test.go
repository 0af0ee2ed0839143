package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestUnfinishedHandshake: who connects and goes without a hello is counted and
// never announced. Guards N9.
func TestUnfinishedHandshake(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		watcher := w.watcher("watcher")
		for i := range 30 {
			p := w.dial()
			if i%3 == 1 {
				p.raw([]byte{0, 0, 0})
			}
			p.cut()
		}
		w.settle()
		if got := events[supervisor.Established](w.rec); len(got) != 1 {
			t.Errorf("N9: %d connections were announced, there is one", len(got))
		}
		ends := events[supervisor.Terminated](w.rec)
		if len(ends) != 30 {
			t.Errorf("%d terminations", len(ends))
		}
		for _, e := range ends {
			if e.Handshaken || e.Identifier != "" || e.Reason != wire.ReasonEOF {
				t.Errorf("it ended as %+v", e.Termination)
			}
		}
		if n := w.s.Counters(); n.Handshakes != 1 || n.Accepted != 31 || n.Live != 1 {
			t.Errorf("%d handshakes of %d, %d live", n.Handshakes, n.Accepted, n.Live)
		}
		watcher.look(func(v *view) {
			if len(v.log) != 0 {
				t.Errorf("the watcher was told %+v", v.log)
			}
		})
	})
}

// TestWelcomeMeansListed: a client that has its welcome is in both maps, and
// announced. Guards G1.
func TestWelcomeMeansListed(t *testing.T) {
	inBubble(t, supervisor.Config{Node: "node 7", Epoch: 77, MaxFrame: 8 << 10}, func(w *world) {
		for i := range 50 {
			p := w.dial().hello(fmt.Sprint("device ", i%7))
			if !w.listed(p, fmt.Sprint("device ", i%7)) {
				t.Fatalf("connection %d is welcome and in no map", p.id)
			}
			if got := p.welcome; got.Node != "node 7" || got.Epoch != 77 || got.MaxFrame != 8<<10 || got.Version != 1 {
				t.Fatalf("welcome %+v", got)
			}
		}
		synctest.Wait()
		if got := events[supervisor.Established](w.rec); len(got) != 50 {
			t.Errorf("%d connections were announced", len(got))
		}
	})
}

// TestSilentSocketsHoldUpNobody: each handshake waits under its own deadline,
// and no healthy one behind them; nor does a slow authenticator. Guards N14.
func TestSilentSocketsHoldUpNobody(t *testing.T) {
	inBubble(t, supervisor.Config{
		Authenticate: func(ctx context.Context, l supervisor.LoginAttempt) error {
			if l.User == "slow" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		},
	}, func(w *world) {
		begun := time.Now()
		const n = 500
		var silent []*peer
		for i := range n {
			p := w.dial()
			if i%2 == 0 {
				p.raw([]byte{0, 0, 0, 30, byte(wire.TypeHello)})
			}
			silent = append(silent, p)
		}
		slow := w.dial().hello("slow")
		slow.send(&wire.Login{Request: slow.next(), User: "slow"})
		healthy := w.join("healthy")
		if d := time.Since(begun); d != 0 {
			t.Errorf("N14: the healthy handshake took %v", d)
		}
		if got := w.counts().Handshaking; got != n {
			t.Errorf("%d handshakes wait", got)
		}
		w.after(10*time.Second - 1)
		if got := w.counts().Handshaking; got != n {
			t.Errorf("%d handshakes wait before the deadline", got)
		}
		w.after(1)
		if got := w.counts().Handshaking; got != 0 {
			t.Errorf("%d handshakes wait after the deadline", got)
		}
		for _, p := range silent {
			if bye, _ := p.bye(); bye == nil || bye.Reason != wire.ReasonHandshakeTimeout {
				t.Fatalf("a silent client read %+v", bye)
			}
		}
		if bye, _ := slow.bye(); bye == nil || bye.Reason != wire.ReasonPanic {
			t.Errorf("the client of the slow login read %+v", bye) // LoginTimeout is 10 s, too
		}
		w.alive(healthy)
	})
}

// TestRefusalIsNotLifted: who is refused is closed, and is refused again however
// often it comes back; the ban ends by time alone. Guards N12, N13.
func TestRefusalIsNotLifted(t *testing.T) {
	var until time.Time
	inBubble(t, supervisor.Config{Authenticate: func(_ context.Context, l supervisor.LoginAttempt) error {
		if l.User == "banned" && time.Now().Before(until) {
			return errors.New("banned")
		}
		return nil
	}}, func(w *world) {
		until = time.Now().Add(time.Minute)
		for time.Until(until) > 0 {
			p := w.dialFrom(addr(5), nil).hello("banned device")
			if m, ok := p.tryLogin("banned", "", nil).(*wire.Error); !ok || m.Code != wire.CodeLoginRefused {
				t.Errorf("after %v the login was answered by %+v", time.Until(until), m)
			}
			w.ended(p, wire.ReasonLoginRefused)
			w.after(7 * time.Second)
			if !p.link.server.closed() {
				t.Error("N13: a refused socket is open")
			}
		}
		w.alive(w.join("banned"))
	})
}

// TestEarlyMessages: what comes behind the hello in the same piece is handled
// after the welcome, in order.
func TestEarlyMessages(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		p := w.dial()
		p.send(
			&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "hasty"},
			&wire.Ping{Time: 5},
			&wire.Login{Request: 1, User: "hasty"},
		)
		p.id = want[*wire.Welcome](p).Connection
		if m, ok := p.answer(1).(*wire.LoginOK); !ok || m.User != "hasty" {
			t.Errorf("the login was answered by %+v", m)
		}
		if m := want[*wire.Pong](p); m.Echo != 5 {
			t.Errorf("pong %+v", m)
		}
		w.alive(p)
	})
}
