package client

import (
	"context"
	"net"
	"testing"

	"example.com/rollcall/wire"
)

// listen plays the server on a real socket: every connection goes to serve, one
// after another, and is closed behind it. It returns the address.
func listen(t *testing.T, serve ...func(p *peer)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, f := range serve {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			f(&peer{t: t, nc: nc, split: wire.NewSplitter(wire.MaxMaxFrame, 4<<10)})
			_ = nc.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func TestOverTCP(t *testing.T) {
	addr := listen(t,
		func(p *peer) { // is reset in the middle of a frame
			p.greet()
			p.login(1)
			m := expect[*wire.Watch](p)
			p.send(&wire.OK{Request: m.Request}, &wire.Snapshot{Epoch: 1, Version: 3, Online: online("bob")})
			p.sendRaw([]byte{0, 0})
			_ = p.nc.(*net.TCPConn).SetLinger(0)
		},
		func(p *peer) {
			p.greet()
			p.login(1)
			m := expect[*wire.Watch](p)
			if m.Epoch != 1 || m.Version != 3 {
				t.Errorf("asked %+v", m)
			}
			p.send(&wire.OK{Request: m.Request}, &wire.Delta{Epoch: 1, From: 3, To: 4,
				Changes: []wire.Change{{Version: 4, User: "bob", Reason: wire.ReasonReset}}})
			if b := expect[*wire.Bye](p); b.Reason != wire.ReasonBye {
				t.Errorf("bye %v", b.Reason)
			}
		})
	c, err := Dial(t.Context(), addr, Options{User: "alice", Backoff: Backoff{Max: 1}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"snapshot 1/3 bob", "offline 1/4 bob reset"} {
		if got := tellEvent(<-w.Events()); got != want {
			t.Errorf("event %q, want %q", got, want)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestNobodyListens(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	if c, err := Dial(context.Background(), addr, Options{}); err == nil {
		_ = c.Close()
		t.Error("connected to nobody")
	}
}

// A bye that the server sends as it closes is not lost, although what the client
// has sent meanwhile makes the kernel reset the connection.
func TestByeOverTCP(t *testing.T) {
	addr := listen(t, func(p *peer) {
		p.greet()
		p.send(&wire.Bye{Reason: wire.ReasonKicked, Text: "out"})
		_ = p.nc.(*net.TCPConn).CloseWrite()
		for {
			if _, err := p.read(); err != nil {
				return
			}
		}
	})
	c, err := Dial(t.Context(), addr, Options{})
	if err != nil {
		wantEnd(t, err, wire.ReasonKicked)
		return
	}
	for { // keep on writing into the close
		select {
		case <-c.Done():
		default:
			_ = c.Post("bob", "", make([]byte, 1000))
			continue
		}
		break
	}
	wantEnd(t, c.Err(), wire.ReasonKicked)
}
