package client

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

func TestCancelEndsAll(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		o := s.options()
		o.User = "alice"
		o.OnApp = func(string, []byte) {}
		d := s.start(ctx, o)
		p := s.accept().greet()
		p.login(1)
		c := (<-d).c
		watching := later(func() (*Watch, error) { return c.Watch(t.Context()) })
		m := expect[*wire.Watch](p)
		p.send(&wire.OK{Request: m.Request})
		w := (<-watching).v
		asked := later(func() ([]byte, error) { return c.Request(context.Background(), "k", nil) })
		expect[*wire.Request](p)
		cancel(why)
		if b := expect[*wire.Bye](p); b.Reason != wire.ReasonBye {
			t.Errorf("bye %v", b.Reason)
		}
		p.cut()
		<-c.Done()
		wantErr(t, c.Err(), why)
		wantErr(t, (<-asked).err, ErrDisconnected)
		for range w.Events() {
			t.Error("an event out of nothing")
		}
		wantErr(t, w.Err(), why)
		_, err := c.Watch(t.Context())
		wantErr(t, err, ErrClosed)
		wantErr(t, err, why)
		wantErr(t, c.Post("bob", "", nil), ErrClosed)
		// goleak and the bubble see to it that no goroutine is left.
	})
}

// The server's last words count, although the client finds out by a write that
// fails.
func TestByeBehindFailedWrite(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		dial := o.DialContext
		o.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := dial(ctx, network, addr)
			return &deafWriter{Conn: nc}, err
		}
		c, p := s.connect(o)
		if err := c.Post("bob", "", nil); err != nil {
			t.Error(err)
		}
		synctest.Wait() // the write has failed
		p.send(&wire.Bye{Reason: wire.ReasonKicked})
		<-c.Done()
		wantEnd(t, c.Err(), wire.ReasonKicked)
	})
}

// deafWriter fails at every write but the first, and can still read.
type deafWriter struct {
	net.Conn
	wrote bool
}

func (d *deafWriter) Write(b []byte) (int, error) {
	if d.wrote {
		return 0, syscall.EPIPE
	}
	d.wrote = true
	return d.Conn.Write(b)
}

func TestWriteFails(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.NoReconnect = true
		o.WriteTimeout = time.Second
		c, _ := s.connect(o)
		if err := c.Post("bob", "", nil); err != nil { // nobody reads it
			t.Error(err)
		}
		<-c.Done()
		wantEnd(t, c.Err(), wire.ReasonWriteFailed)
		wantErr(t, c.Err(), os.ErrDeadlineExceeded)
	})
}

func TestCloseIsIdempotent(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		var closed []<-chan result[any]
		for range 3 {
			closed = append(closed, later(func() (any, error) { return nil, c.Close() }))
		}
		expect[*wire.Bye](p)
		p.cut()
		for _, r := range closed {
			if err := (<-r).err; err != nil {
				t.Error(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		wantErr(t, c.Err(), ErrClosed)
	})
}

func TestCloseSendsWhatWaits(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		for range 3 {
			if err := c.Post("bob", "", make([]byte, 10<<10)); err != nil {
				t.Error(err)
			}
		}
		closed := later(func() (any, error) { return nil, c.Close() })
		for range 3 {
			expect[*wire.Send](p)
		}
		expect[*wire.Bye](p)
		p.cut()
		<-closed
	})
}

func TestCloseWithDeadServer(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, _ := s.connect(s.options())
		if err := c.Post("bob", "", nil); err != nil { // nobody reads it
			t.Error(err)
		}
		began := time.Now()
		_ = c.Close()
		if d := time.Since(began); d > byeTime {
			t.Errorf("Close took %v", d)
		}
	})
}

func TestCloseWhileDisconnected(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		s.refuse = errRefused
		p.cut()
		synctest.Wait()
		waits := later(func() (time.Duration, error) { return c.Ping(context.Background()) })
		synctest.Wait()
		_ = c.Close()
		wantErr(t, (<-waits).err, ErrClosed)
	})
}

func TestNoReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.NoReconnect = true
		c, p := s.connect(o)
		p.send(&wire.Bye{Reason: wire.ReasonServerShutdown})
		<-c.Done()
		wantEnd(t, c.Err(), wire.ReasonServerShutdown)
		_ = c.Close()
		wantEnd(t, c.Err(), wire.ReasonServerShutdown) // the first reason stays
	})
}
