package actors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// script is a listener whose Accept gives what the test says.
type script struct {
	next   chan any // a net.Conn or an error
	closed chan struct{}
	once   sync.Once
}

func newScript() *script { return &script{next: make(chan any, 100), closed: make(chan struct{})} }

func (l *script) Accept() (net.Conn, error) {
	select {
	case x := <-l.next:
		if t, ok := x.(net.Conn); ok {
			return t, nil
		}
		return nil, x.(error)
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *script) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *script) Addr() net.Addr { return addr("script") }

func (l *script) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// listen runs Listen, and returns where its result comes.
func (w *world) listen(ctx context.Context, l net.Listener) chan error {
	done := make(chan error, 1)
	go func() { done <- w.sys.Listen(ctx, l) }()
	w.settle()
	return done
}

// Listen ends, closes its listener and returns nil when its context ends or the
// server shuts down; it returns the error of a listener that fails for good.
func TestListenEnds(t *testing.T) {
	broken := errors.New("broken")
	for name, want := range map[string]error{"context": nil, "shutdown": nil, "failure": broken, "closed": net.ErrClosed} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				l := newScript()
				done := w.listen(ctx, l)
				k := newLink("c", "s")
				l.next <- k.server
				w.settle()
				if n := w.sys.Counters().Accepted; n != 1 {
					t.Fatalf("%d accepted", n)
				}
				switch name {
				case "context":
					cancel()
				case "shutdown":
					_ = k.client.Close()
					_ = w.shutdown(t.Context())
				case "failure":
					l.next <- broken
				case "closed":
					_ = l.Close()
				}
				w.settle()
				if err := <-done; !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
				if !l.isClosed() {
					t.Error("the listener is open still")
				}
				if name != "shutdown" && k.server.isClosed() {
					t.Error("the connection has gone with its listener")
				}
			})
		})
	}
}

// An accept that fails for want of something is tried again, after a wait that
// grows, up to a second, and starts anew when one has gone well.
func TestListenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		l := newScript()
		done := w.listen(ctx, l)
		for range 10 {
			l.next <- &net.OpError{Err: syscall.EMFILE}
		}
		l.next <- newLink("a", "s").server
		w.pass(2274 * time.Millisecond) // 5, 10, … 640 and the first of two seconds
		if c := w.sys.Counters(); c.AcceptErrors != 9 || c.Accepted != 0 {
			t.Errorf("%d errors, %d accepted", c.AcceptErrors, c.Accepted)
		}
		w.pass(time.Second + 2*time.Millisecond)
		if c := w.sys.Counters(); c.AcceptErrors != 10 || c.Accepted != 1 {
			t.Errorf("%d errors, %d accepted", c.AcceptErrors, c.Accepted)
		}
		l.next <- syscall.ECONNABORTED
		l.next <- newLink("b", "s").server
		w.pass(5 * time.Millisecond)
		if n := w.sys.Counters().Accepted; n != 2 {
			t.Errorf("%d accepted", n)
		}
		l.next <- syscall.ENFILE
		w.settle()
		cancel() // in the middle of a wait
		w.settle()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestPassing(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{syscall.EMFILE, true}, {&net.OpError{Err: syscall.ENFILE}, true}, {fmt.Errorf("x: %w", syscall.EINTR), true},
		{&net.OpError{Err: timeoutError{}}, true}, {net.ErrClosed, false}, {io.EOF, false}, {syscall.EINVAL, false},
	} {
		if got := passing(tt.err); got != tt.want {
			t.Errorf("%v: %v", tt.err, got)
		}
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

// guards N13, G6: past the bound a client is told why and its socket is closed;
// when one has gone the next is let in.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.MaxConnections = 2 })
		first := w.dial().greet("a")
		w.dial()
		for range 3 {
			l := newLink("c", "s")
			if err := w.sys.Accept(l.server); !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
			b, err := io.ReadAll(l.client)
			if want := frameOf(&wire.Bye{Reason: wire.ReasonTooMany, Text: "the server is full"}); err != nil || string(b) != string(want) {
				t.Errorf("told %q, %v", b, err)
			}
			if !l.server.isClosed() {
				t.Error("left open")
			}
		}
		if n := w.sys.Counters().Refused; n != 3 {
			t.Errorf("%d refused", n)
		}
		first.close()
		w.dial().greet("b")
	})
}

// silent is a transport whose writes wait for the peer to say something first,
// as TLS does.
type silentTLS struct{ *end }

func (s silentTLS) Write(b []byte) (int, error) {
	if _, err := s.Read(make([]byte, 1)); err != nil {
		return 0, err
	}
	return s.end.Write(b)
}

// guards N14: who is refused and silent holds up neither its own refusal nor the
// accept loop.
func TestRefusalsHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.MaxConnections = 1 })
		first := w.dial().greet("a")
		l := newLink("c", "s")
		if err := w.sys.Accept(silentTLS{l.server}); !errors.Is(err, ErrFull) || !l.server.isClosed() {
			t.Fatal(err)
		}
		script := newScript()
		ctx, cancel := context.WithCancel(t.Context())
		done := w.listen(ctx, script)
		var links []*link
		for range 30 {
			l := newLink("c", "s")
			links = append(links, l)
			script.next <- silentTLS{l.server}
		}
		w.settle()
		first.close()
		script.next <- newLink("d", "s").server
		w.settle()
		if n := w.sys.Counters(); n.Accepted != 2 || n.Refused != 31 {
			t.Errorf("%d accepted, %d refused", n.Accepted, n.Refused)
		}
		w.pass(time.Second)
		for _, l := range links {
			if !l.server.isClosed() {
				t.Fatal("left open")
			}
		}
		cancel()
		<-done
	})
}

// guards N13: a client that has spoken before it is refused reads why: what it
// said is not answered by a reset. On real sockets.
func TestRefusalIsRead(t *testing.T) {
	w := newWorld(t, func(s *Settings) { s.MaxConnections = 0 })
	w.real = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.sys.Listen(ctx, l) }()
	for range 20 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write(frameOf(hello("eager")))
		b := make([]byte, wire.HeaderSize)
		if _, err := io.ReadFull(c, b); err != nil || b[4] != byte(wire.TypeBye) {
			t.Fatalf("read %x, %v", b, err)
		}
		_ = c.Close()
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
