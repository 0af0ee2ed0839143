package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// hatch is a listener in memory, through which a test also hands in errors.
type hatch struct {
	conns  chan net.Conn
	errs   chan error
	closed chan struct{}
	once   sync.Once
}

func newHatch() *hatch {
	return &hatch{conns: make(chan net.Conn), errs: make(chan error), closed: make(chan struct{})}
}

func (h *hatch) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case err := <-h.errs:
		return nil, err
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *hatch) Close() error { h.once.Do(func() { close(h.closed) }); return nil }

func (*hatch) Addr() net.Addr { return serverAddr }

// knock connects through the hatch.
func (h *hatch) knock(w *world) *peer {
	l := newLink(addr(len(w.links)), serverAddr)
	w.links = append(w.links, l)
	p := newPeer(w.t, l.client)
	p.link = l
	w.peers = append(w.peers, p)
	h.conns <- l.server
	return p
}

// TestServe: any number of listeners, each ends by its context or its own
// failure; connections outlive it; and a passing shortage is waited out.
func TestServe(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		one, two := newHatch(), newHatch()
		first, cancel := context.WithCancel(ctx)
		serve := func(ctx context.Context, h *hatch) <-chan error {
			done := make(chan error, 1)
			go func() { done <- w.s.Serve(ctx, h) }()
			synctest.Wait()
			return done
		}
		if w.s.Ready() {
			t.Error("ready without a listener")
		}
		endOne, endTwo := serve(first, one), serve(ctx, two)
		if !w.s.Ready() {
			t.Error("not ready")
		}
		a, b := one.knock(w).hello("a"), two.knock(w).hello("b")

		begun := time.Now()
		for range 3 {
			one.errs <- &net.OpError{Op: "accept", Err: syscall.EMFILE}
		}
		c := one.knock(w).hello("c")
		if d := time.Since(begun); d == 0 || d > time.Second {
			t.Errorf("it waited %v for descriptors", d)
		}
		if n := w.s.Counters().AcceptErrors; n != 3 {
			t.Errorf("%d accepts failed", n)
		}

		cancel()
		if err := <-endOne; err != nil {
			t.Errorf("the first ended with %v", err)
		}
		select {
		case <-one.closed:
		default:
			t.Error("the first listener is open")
		}
		if !w.s.Ready() {
			t.Error("not ready, though the second accepts")
		}
		broken := errors.New("the listener broke")
		two.errs <- broken
		if err := <-endTwo; !errors.Is(err, broken) {
			t.Errorf("the second ended with %v", err)
		}
		w.alive(a, b, c)

		three := newHatch()
		endThree := serve(ctx, three)
		w.down = true
		if err := w.s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-endThree; err != nil {
			t.Errorf("the third ended with %v", err)
		}
		late := newHatch()
		if err := w.s.Serve(ctx, late); !errors.Is(err, supervisor.ErrShutdown) {
			t.Errorf("a late Serve returned %v", err)
		}
		select {
		case <-late.closed:
		default:
			t.Error("N13: the late listener is open")
		}
		if w.s.Ready() {
			t.Error("ready after the shutdown")
		}
	})
}

// TestAcceptDuringShutdown: a transport that comes at the instant of a shutdown
// is either served and told, or refused; when both have returned nothing is
// left. Guards G2, N13.
func TestAcceptDuringShutdown(t *testing.T) {
	for range 20 {
		inBubble(t, supervisor.Config{}, func(w *world) {
			var all sync.WaitGroup
			links := make([]*link, 8)
			for i := range links {
				links[i] = newLink(addr(i), serverAddr)
				all.Go(func() {
					if err := w.s.ServeConn(links[i].server); err != nil && !errors.Is(err, supervisor.ErrShutdown) {
						t.Errorf("ServeConn: %v", err)
					}
				})
			}
			w.down = true
			if err := w.s.Shutdown(ctx); err != nil {
				t.Error(err)
			}
			all.Wait()
			synctest.Wait()
			for _, l := range links {
				if !l.server.closed() {
					t.Error("a transport was left open by the shutdown")
				}
				_ = l.client.Close()
			}
		})
		if t.Failed() {
			return
		}
	}
}

// TestAcceptBehindShutdown: a transport that was let in before the shutdown, and
// is not a connection yet when it comes, is waited for. Guards G2, N13.
func TestAcceptBehindShutdown(t *testing.T) {
	var late atomic.Bool
	entered, gate := make(chan struct{}), make(chan struct{})
	wall := func() time.Time { // is read on the way from the door to the actor
		if late.CompareAndSwap(true, false) {
			close(entered)
			<-gate
		}
		return time.Now()
	}
	inBubble(t, supervisor.Config{Wall: wall}, func(w *world) {
		entered, gate = make(chan struct{}), make(chan struct{}) // of this bubble
		synctest.Wait()
		l := newLink(addr(0), serverAddr)
		w.links = append(w.links, l)
		p := newPeer(t, l.client)
		w.peers = append(w.peers, p)
		accepted, over := make(chan error, 1), make(chan error, 1)
		late.Store(true)
		go func() { accepted <- w.s.ServeConn(l.server) }()
		<-entered
		w.down = true
		go func() { over <- w.s.Shutdown(ctx) }()
		w.after(time.Second)
		close(gate)
		if err := <-accepted; err != nil {
			t.Errorf("ServeConn: %v", err)
		}
		if err := <-over; err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if !l.server.closed() {
			t.Error("the shutdown has left a transport open")
		}
		if bye, _ := p.bye(); bye == nil || bye.Reason != wire.ReasonServerShutdown {
			t.Errorf("the client read %+v", bye)
		}
	})
}

// TestSharedEngine: two supervisors live on one engine under two names, not
// under one; and a name is free again after a shutdown. Guards H4.
func TestSharedEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		engine, err := actor.NewEngine(actor.NewEngineConfig())
		if err != nil {
			t.Fatal(err)
		}
		one, err := supervisor.NewOn(engine, supervisor.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if one.Engine() != engine {
			t.Error("it runs on another engine")
		}
		if _, err := supervisor.NewOn(engine, supervisor.Config{}); !errors.Is(err, supervisor.ErrNameTaken) {
			t.Errorf("a second of the same name: %v", err)
		}
		two, err := supervisor.NewOn(engine, supervisor.Config{Name: "two"})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*supervisor.Supervisor{one, two} {
			if err := s.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		}
		again, err := supervisor.NewOn(engine, supervisor.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
}

// TestHandlerKinds: a kind has one handler, and a name that the protocol allows.
func TestHandlerKinds(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		none := func(context.Context, supervisor.Caller, []byte) error { return nil }
		if err := supervisor.Handle(w.s, "kind", none); err != nil {
			t.Error(err)
		}
		if err := supervisor.Handle(w.s, "kind", none); !errors.Is(err, supervisor.ErrKindTaken) {
			t.Errorf("a second handler: %v", err)
		}
		for _, kind := range []string{"", "a\n", string(make([]byte, 65))} {
			if err := supervisor.Handle(w.s, kind, none); !errors.Is(err, wire.ErrField) {
				t.Errorf("kind %q: %v", kind, err)
			}
		}
	})
}

// TestPush: to all sessions of a user, of everyone, of nobody; and what no frame
// holds.
func TestPush(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		a, b, c := w.join("alice"), w.join("alice"), w.join("carol")
		w.dial().hello("anonymous")
		for _, x := range []struct {
			n, want int
			err     error
		}{
			got(w.s.Push(ctx, "alice", "news", []byte("x")))(2),
			got(w.s.Push(ctx, "nobody", "news", nil))(0),
			got(w.s.PushAll(ctx, "news", nil))(3),
		} {
			if x.n != x.want || x.err != nil {
				t.Errorf("queued for %d, want %d, %v", x.n, x.want, x.err)
			}
		}
		w.settle()
		for p, n := range map[*peer]int{a: 2, b: 2, c: 1} {
			if got := len(has[*wire.App](p)); got != n {
				t.Errorf("%s got %d", p.user, got)
			}
		}
		if _, err := w.s.Push(ctx, "alice", "", nil); !errors.Is(err, wire.ErrField) {
			t.Errorf("no kind: %v", err)
		}
		if _, err := w.s.Push(ctx, "alice", "news", make([]byte, 64<<10)); !errors.Is(err, wire.ErrFrameTooLarge) {
			t.Errorf("too much: %v", err)
		}
		if err := w.s.Kick(ctx, 9999, ""); !errors.Is(err, supervisor.ErrNotFound) {
			t.Errorf("a kick of nobody: %v", err)
		}
		if _, err := w.s.KickUser(ctx, "nobody", ""); !errors.Is(err, supervisor.ErrNotFound) {
			t.Errorf("a kick of nobody: %v", err)
		}
		over, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := w.s.Counts(over); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("a query whose context has ended: %v", err)
		}
	})
}

type outcome = struct {
	n, want int
	err     error
}

func got(n int, err error) func(want int) outcome {
	return func(want int) outcome { return outcome{n, want, err} }
}

// TestPages: lists are handed out whole, each entry once, while others come.
func TestPages(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		for i := range 250 {
			w.join(fmt.Sprint("user ", i))
		}
		conns, users := map[uint64]bool{}, map[string]bool{}
		last := uint64(0)
		for cursor := uint64(0); ; {
			page, err := w.s.Connections(ctx, cursor, 40)
			if err != nil || len(page.Connections) > 40 {
				t.Fatal(len(page.Connections), err)
			}
			for _, c := range page.Connections {
				if conns[c.ID] || c.ID <= last || c.User == "" || c.Identifier == "" {
					t.Errorf("out of order or twice: %+v", c)
				}
				conns[c.ID], last = true, c.ID
			}
			if w.join(fmt.Sprint("late ", cursor)); page.Next == 0 {
				break
			}
			cursor = page.Next
		}
		for cursor := uint64(0); ; {
			page, err := w.s.Users(ctx, cursor, 0)
			if err != nil || len(page.Users) > 100 {
				t.Fatal(len(page.Users), err)
			}
			for _, u := range page.Users {
				if users[u.User] || len(u.Sessions) != 1 || u.Sessions[0].Remote == "" {
					t.Errorf("twice, or without a session: %+v", u)
				}
				users[u.User] = true
			}
			if cursor = page.Next; cursor == 0 {
				break
			}
		}
		if len(conns) < 250 || len(users) < 250 {
			t.Errorf("%d connections, %d users were listed", len(conns), len(users))
		}
		if page, err := w.s.Connections(ctx, 0, 1<<20); err != nil || len(page.Connections) > 1000 {
			t.Errorf("a page of %d, %v", len(page.Connections), err)
		}
	})
}
