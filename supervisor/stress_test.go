package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// TestStress lets many clients of both kinds log in, send, ask and break off at
// once over real sockets, while the program kicks, pushes and queries; then
// everything leaves, and then the server shuts down in the middle of a second
// storm. Nothing may be left, and nothing may have panicked. Guards G1, G2, G3,
// G6.
func TestStress(t *testing.T) {
	r := serve(t, supervisor.Config{Linger: 200 * time.Millisecond})
	if err := supervisor.HandleRequest(r.s, "echo", echo); err != nil {
		t.Fatal(err)
	}
	watcher := r.join(t, "watcher").watch()
	watcher.look(func(v *view) { v.slow = true }) // as it may be in a storm
	storm := func(ctx context.Context, rounds int) (visits *sync.WaitGroup, end func()) {
		ctx, cancel := context.WithCancel(ctx)
		var all, around sync.WaitGroup
		for i := range 60 {
			random := rand.New(rand.NewPCG(uint64(i), uint64(rounds)))
			all.Go(func() {
				for range rounds {
					if visit(ctx, r.addr, i, random) != nil {
						return
					}
				}
			})
		}
		for i := range 15 {
			around.Go(func() { visitLong(ctx, r.addr, fmt.Sprint("long ", i)) })
		}
		around.Go(func() { meddle(ctx, r.s) })
		return &all, func() { cancel(); around.Wait() }
	}

	visits, end := storm(t.Context(), 30)
	visits.Wait()
	end()
	// The last to come: when it has left, all before it were accepted. An event of
	// a termination comes when both maps have forgotten the connection.
	r.join(t, "last").send(&wire.Bye{Reason: wire.ReasonBye})
	r.rec.until(t, func() bool {
		n := r.s.Counters()
		return terminated(n) == n.Accepted-1
	})
	c, err := r.s.Counts(t.Context())
	if err != nil || c.Connections != 1 || c.Handshaking != 0 ||
		c.Users != 1 || c.Sessions != 1 || c.Identifiers != 1 || c.Watchers != 1 {
		t.Errorf("G1: %+v with the watcher alone, %v", c, err)
	}
	n := r.s.Counters()
	if n.Panics != 0 || n.HandlerPanics != 0 || n.Terminations["panic"] != 0 || n.Mended != 0 {
		t.Errorf("%d panics, %d mended", n.Panics, n.Mended)
	}
	if n.Logins < 200 {
		t.Errorf("only %d logins of %d connections: no storm", n.Logins, n.Accepted)
	}
	watcher.look(func(v *view) {
		if v.problem != nil {
			t.Errorf("the watcher: %v", v.problem)
		}
	})

	visits, end = storm(t.Context(), 1<<30)
	r.rec.until(t, func() bool { return r.s.Counters().Logins >= n.Logins+200 })
	if err := r.s.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	visits.Wait()
	end()
	n = r.s.Counters()
	total := terminated(n)
	if n.Live != 0 || n.Accepted != total || n.Panics != 0 {
		t.Errorf("G2: %d live, %d accepted, %d terminated, %d panics", n.Live, n.Accepted, total, n.Panics)
	}
	t.Logf("%d connections, %d logins, %d messages, ends %v", n.Accepted, n.Logins, n.Messages, n.Terminations)
}

func echo(_ context.Context, _ supervisor.Caller, b []byte) ([]byte, error) { return b, nil }

// terminated is how many connections have ended.
func terminated(n supervisor.Counters) (total uint64) {
	for _, k := range n.Terminations {
		total += k
	}
	return total
}

// visit is one short life, with a random end. Its error is that of a server that
// is no longer there.
func visit(ctx context.Context, addr string, i int, random *rand.Rand) error {
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = nc.Close() }()
	user := fmt.Sprint("user ", i%20)
	var b []byte
	for k, m := range []wire.Message{
		&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: fmt.Sprint("device ", i)},
		&wire.Login{Request: 1, User: user},
		&wire.Watch{Request: 2, Users: []string{"user 1", "user 2"}},
		&wire.Send{ID: 3, To: fmt.Sprint("user ", random.IntN(20)), Body: make([]byte, random.IntN(2000))},
		&wire.Request{Request: 4, Kind: "echo", Body: []byte("x")},
		&wire.Ping{Time: 5},
	} {
		if b, err = wire.Append(b, m); err != nil {
			return err
		}
		if k > random.IntN(8) {
			break
		}
	}
	switch random.IntN(6) {
	case 0:
		b = b[:len(b)-1-random.IntN(len(b)-1)] // in the middle of something
	case 1:
		b = append(b, "garbage"...)
	case 2:
		if b, err = wire.Append(b, &wire.Bye{Reason: wire.ReasonBye}); err != nil {
			return err
		}
	}
	_, _ = nc.Write(b)
	if random.IntN(4) > 0 { // wait for the answers, or for some of them
		_ = nc.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
		_, _ = io.CopyN(io.Discard, nc, int64(random.IntN(150)))
	}
	if tcp, ok := nc.(*net.TCPConn); ok && random.IntN(3) == 0 {
		_ = tcp.SetLinger(0) // a reset
	}
	return nil
}

// visitLong is a client of the client package that stays until ctx or the
// server ends.
func visitLong(ctx context.Context, addr, user string) {
	c, err := client.Dial(ctx, addr, client.Options{User: user, NoReconnect: true})
	if err != nil {
		return
	}
	defer func() { _ = c.Close() }()
	w, err := c.Watch(ctx)
	if err != nil {
		return
	}
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-w.Events():
			if !ok {
				return
			}
		}
		if n%10 == 0 {
			if _, err := c.Send(ctx, "user 3", []byte("hello")); errors.Is(err, client.ErrClosed) {
				return
			}
			_, _ = c.Request(ctx, "echo", []byte("x"))
		}
	}
}

// meddle is the program around the server.
func meddle(ctx context.Context, s *supervisor.Supervisor) {
	for ctx.Err() == nil {
		for _, err := range []error{
			second(s.KickUser(ctx, "user 7", "meddling")),
			second(s.PushAll(ctx, "news", []byte("x"))),
			second(s.Push(ctx, "user 4", "news", []byte("x"))),
			second(s.Connections(ctx, 0, 50)),
			second(s.Users(ctx, 0, 50)),
			second(s.Terminations(ctx, 0, 50, nil)),
			second(s.Counts(ctx)),
			second(s.User(ctx, "user 3")),
		} {
			if errors.Is(err, supervisor.ErrShutdown) {
				return
			}
		}
	}
}
