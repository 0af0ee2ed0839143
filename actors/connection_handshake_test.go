package actors

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// header is the start of a frame that promises a body of a length.
func header(length uint32, t wire.Type) []byte {
	return append(binary.BigEndian.AppendUint32(nil, length), byte(t))
}

func TestHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial()
		h := hello("laptop")
		h.Interval, h.Timeout = 4000, 20000
		p.send(h)
		got := want[*wire.Welcome](p)
		if got.Interval != 4000 || got.Timeout != 20000 || got.Epoch != 7 || got.Node != "node" ||
			got.Connection != p.id || got.MaxFrame != wire.DefaultMaxFrame || got.Version != wire.Version {
			t.Errorf("%+v", got)
		}
		if e := seen[Established](w); len(e) != 1 || e[0].Identifier != "laptop" || e[0].Connection != p.id {
			t.Errorf("%+v", e)
		}
	})
}

// guards G1: who reads a welcome is in both maps, and nobody else is.
func TestWelcomeMeansMapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.onMessage(func(_ string, msg any) {
			if _, ok := msg.(register); ok {
				time.Sleep(time.Second)
			}
		})
		p := w.dial()
		p.send(hello("laptop"))
		if got := p.messages(); len(got) != 0 || len(seen[Established](w)) != 0 {
			t.Errorf("%v before the registration", got)
		}
		w.pass(time.Second)
		want[*wire.Welcome](p)
		found := onRegistry(w, func(r *registry) int {
			return len(r.dir.ByIdentifier("laptop")) + len(r.dir.ByEndpoint(p.link.client.local.String()))
		})
		if found != 2 {
			t.Errorf("it is in %d maps", found)
		}
	})
}

// What a client may do wrong before it is welcomed, and what it is told.
func TestHandshakeRefusals(t *testing.T) {
	old := &wire.Hello{MinVersion: 2, MaxVersion: 9, Identifier: "x"}
	tests := []struct {
		name   string
		bytes  []byte
		reason wire.Reason
	}{
		{"ping first", frameOf(&wire.Ping{Time: 1}), wire.ReasonProtocolError},
		{"login first", frameOf(&wire.Login{Request: 1, User: "u"}), wire.ReasonProtocolError},
		{"bye first", frameOf(&wire.Bye{Reason: wire.ReasonBye}), wire.ReasonProtocolError},
		{"unknown type first", header(1, 99), wire.ReasonProtocolError},
		{"garbage", []byte("GET / HTTP/1.1\r\n\r\n"), wire.ReasonFrameTooLarge},
		{"no type", []byte{0, 0, 0, 0}, wire.ReasonProtocolError},
		{"bad body", append(header(3, wire.TypeHello), 0xff, 0xff), wire.ReasonProtocolError},
		{"too large for a hello", header(wire.MaxHelloFrame+1, wire.TypeHello), wire.ReasonFrameTooLarge},
		{"4 GiB", header(1<<32-1, wire.TypeHello), wire.ReasonFrameTooLarge},
		{"no common version", frameOf(old), wire.ReasonVersionUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				other := w.dial().greet("other")
				p := w.dial()
				p.raw(tt.bytes)
				if bye := want[*wire.Bye](p); bye.Reason != tt.reason || bye.Text == "" {
					t.Errorf("told %v %q, want %v", bye.Reason, bye.Text, tt.reason)
				}
				if e := w.wantEnd(p.id, tt.reason); e.Handshaken || e.Identifier != "" && tt.reason != wire.ReasonVersionUnsupported {
					t.Errorf("%+v", e)
				}
				// guards N9: nothing was established.
				if e := seen[Established](w); len(e) != 1 || e[0].Connection != other.id {
					t.Errorf("established: %+v", e)
				}
				w.pass(2 * time.Second)
				if !p.link.server.isClosed() {
					t.Error("the transport is open still")
				}
				other.send(&wire.Ping{Time: 5})
				want[*wire.Pong](other)
			})
		})
	}
}

// What breaks the protocol after the welcome.
func TestViolationsWhenOpen(t *testing.T) {
	tests := []struct {
		name   string
		bytes  []byte
		reason wire.Reason
	}{
		{"second hello", frameOf(hello("again")), wire.ReasonProtocolError},
		{"a server's message", frameOf(&wire.OK{Request: 1}), wire.ReasonProtocolError},
		{"bad body", append(header(3, wire.TypePing), 0xff, 0xff), wire.ReasonProtocolError},
		{"too large", header(wire.DefaultMaxFrame+1, wire.TypeSend), wire.ReasonFrameTooLarge},
		{"no type", []byte{0, 0, 0, 0}, wire.ReasonProtocolError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				p := w.dial().greet("x")
				p.raw(tt.bytes)
				if bye := want[*wire.Bye](p); bye.Reason != tt.reason {
					t.Errorf("told %v, want %v", bye.Reason, tt.reason)
				}
				w.wantEnd(p.id, tt.reason)
			})
		})
	}
}

// A frame of an unknown type is skipped, whatever is in it.
func TestUnknownTypesAreSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial().greet("x")
		p.raw(append(append(header(4, 77), 0xff, 0xff, 0xff), frameOf(&wire.Ping{Time: 8})...))
		if pong := want[*wire.Pong](p); pong.Echo != 8 {
			t.Errorf("%+v", pong)
		}
		if n := w.sys.Counters().UnknownFrames; n != 1 {
			t.Errorf("%d unknown frames counted", n)
		}
	})
}

// guards N16: what comes before the registration is through is kept, and handled
// behind the welcome in its order.
func TestEarlyFramesKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial()
		w.onMessage(func(_ string, msg any) {
			if _, ok := msg.(register); ok {
				time.Sleep(time.Second) // the registry is slow
			}
		})
		if err := p.try(hello("x"), &wire.Unwatch{Request: 1}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		if err := p.try(&wire.Unwatch{Request: 2}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond)
		if err := p.try(&wire.Unwatch{Request: 3}, &wire.Bye{Reason: wire.ReasonBye}, &wire.Unwatch{Request: 4}); err != nil {
			t.Fatal(err)
		}
		w.settle()
		if got := p.messages(); len(got) != 0 {
			t.Fatalf("got %v before the registration", got)
		}
		w.onMessage(nil)
		w.pass(2 * time.Second)
		if n := w.wantEnd(p.id, wire.ReasonBye).FramesIn; n != 6 {
			t.Errorf("%d frames in", n)
		}
		if n := onUsers(w, func(u *userManager) int { return len(u.conns) }); n != 0 {
			t.Errorf("%d connections left", n)
		}
	})
}

// guards N16: the answers to early frames come in the order of the frames.
func TestEarlyFramesAreAnsweredInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial()
		if err := p.try(hello("x"), &wire.Unwatch{Request: 1}, &wire.Unwatch{Request: 2}); err != nil {
			t.Fatal(err)
		}
		p.send(&wire.Unwatch{Request: 3})
		got := p.messages()
		if len(got) != 4 || got[0].Type() != wire.TypeWelcome {
			t.Fatalf("%v", got)
		}
		for i, m := range got[1:] {
			if ok, is := m.(*wire.OK); !is || ok.Request != uint64(i)+1 {
				t.Errorf("answer %d is %+v", i, m)
			}
		}
	})
}

// guards N14: silent sockets wait each for itself, until exactly the handshake
// timeout, and hold up nobody.
func TestHandshakeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var silent []*peer
		for range 30 {
			silent = append(silent, w.dial())
		}
		slow := w.dial()
		b := frameOf(hello("slow"))
		slow.raw(b[:3])
		w.dial().greet("healthy")
		w.pass(10*time.Second - 1)
		if n := len(seen[Terminated](w)); n != 0 {
			t.Fatalf("%d ended before the timeout", n)
		}
		slow.raw(b[3 : len(b)-1]) // bytes are no hello
		w.pass(1)
		for _, p := range append(silent, slow) {
			if e := w.wantEnd(p.id, wire.ReasonHandshakeTimeout); e.Handshaken || e.Lived != 10*time.Second {
				t.Errorf("%+v", e)
			}
			want[*wire.Bye](p)
		}
		if n := len(seen[Terminated](w)); n != 31 {
			t.Errorf("%d ended", n)
		}
	})
}

// A registration that never comes through ends at the same deadline.
func TestHandshakeTimeoutWhileRegistering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial()
		w.onMessage(func(_ string, msg any) {
			if _, ok := msg.(register); ok {
				time.Sleep(20 * time.Second)
			}
		})
		p.send(hello("x"))
		w.pass(10 * time.Second)
		want[*wire.Bye](p)
		w.onMessage(nil)
		w.pass(20 * time.Second)
		w.wantEnd(p.id, wire.ReasonHandshakeTimeout)
		if len(seen[Established](w)) != 0 {
			t.Error("it was established")
		}
	})
}
