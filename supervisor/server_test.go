package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// realServer is a supervisor on a real listener.
type realServer struct {
	t    testing.TB
	s    *supervisor.Supervisor
	addr string
	rec  *recorder
}

func serve(t testing.TB, cfg supervisor.Config) *realServer {
	t.Helper()
	r := &realServer{t: t, rec: new(recorder)}
	cfg.OnEvent = r.rec.record
	cfg.EventBuffer = 1 << 20
	s, err := supervisor.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.s, r.addr = s, l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		r.rec.check(t)
	})
	return r
}

// dial connects a peer, which is closed with the test.
func (r *realServer) dial(t testing.TB) *peer {
	t.Helper()
	nc, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	p := newPeer(t, nc)
	t.Cleanup(func() {
		p.cut()
		<-p.done
	})
	return p
}

func (r *realServer) join(t testing.TB, user string) *peer {
	t.Helper()
	return r.dial(t).hello(user + "'s device").login(user)
}

// healthyPair exchanges messages for as long as a test lasts; stop ends it, and
// returns how many went through. It has the least timeout that there is, so that
// whatever holds the server up for long would end it.
func (r *realServer) healthyPair(t testing.TB) (stop func() int) {
	t.Helper()
	alice, bob := r.join(t, "alice"), r.join(t, "bob")
	over, failed := make(chan struct{}), make(chan error, 1)
	n := 0
	go func() {
		failed <- func() error {
			for {
				select {
				case <-over:
					return nil
				default:
				}
				n++
				if err := alice.put(&wire.Send{ID: uint64(n), To: "bob", Body: fmt.Append(nil, n)}); err != nil {
					return err
				}
				got, err := bob.find(func(m wire.Message) bool { _, ok := m.(*wire.Deliver); return ok })
				if err != nil {
					return err
				}
				if d := got.(*wire.Deliver); string(d.Body) != fmt.Sprint(n) {
					return fmt.Errorf("message %q came in place of %d", d.Body, n)
				}
				ack, err := alice.find(func(m wire.Message) bool { return answers(m) == uint64(n) })
				if err != nil {
					return err
				}
				if a, ok := ack.(*wire.Ack); !ok || a.Sessions != 1 {
					return errors.New("no ack")
				}
			}
		}()
	}()
	return func() int {
		t.Helper()
		close(over)
		if err := <-failed; err != nil {
			t.Errorf("the healthy pair: %v, after %d messages", err, n)
		}
		return n
	}
}
