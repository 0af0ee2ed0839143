package actors

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// guards H1, S1: a connection that panics, and panics again when it is to end,
// is closed and has its one termination all the same; it stays until it is let
// go of, so that whoever has sent it something gets an answer.
func TestConnectionPanicsTwice(t *testing.T) {
	for name, harm := range map[string]func(c *connection){
		"while it ends":       func(c *connection) { c.todo().cancel = once(func() { panic("again") }) },
		"before it can end":   func(c *connection) { c.abandoned() },
		"and again and again": func(c *connection) { c.abandoned(); c.lanes().Take(nil, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ann, bob := w.join("ann"), w.join("bob")
				ann.messages()
				c := w.actorOf(bob.id)
				done := false
				w.onMessage(func(id string, msg any) {
					if _, ok := msg.(inbound); ok && id == c.name() && !done {
						done = true
						harm(c)
						panic("injected")
					}
					if _, ok := msg.(ended); ok {
						time.Sleep(time.Second) // the registry is slow: bob is in the books still
					}
				})
				if err := bob.try(&wire.Ping{Time: 1}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
				if !bob.link.server.isClosed() {
					t.Error("the transport is open still")
				}
				if err := ann.try(&wire.Send{ID: 7, To: "bob"}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
				if got := ann.outcomes(); fmt.Sprint(got) != "map[7:[-1]]" {
					t.Errorf("the send: %v", got)
				}
				w.pass(2 * time.Second)
				w.onMessage(nil)
				if e := w.wantEnd(bob.id, wire.ReasonPanic); !e.Handshaken {
					t.Errorf("%+v", e)
				}
				if n := w.sys.Counters().Live; n != 1 {
					t.Errorf("%d live", n)
				}
			})
		})
	}
}

// once calls f at the first call alone.
func once(f func()) func() {
	called := false
	return func() {
		if !called {
			called = true
			f()
		}
	}
}

// guards N10, N16: the one-way messages of a connection are handled in order, one
// after the other; requests side by side; and the messages of another connection
// wait for neither.
func TestAppsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		w := newWorld(t, func(s *Settings) { s.Handle = recordingHandler(&order) })
		p, q := w.dial().greet("p"), w.dial().greet("q")
		var b []byte
		for i := range 20 {
			b = append(b, frameOf(&wire.App{Kind: "app", Body: fmt.Append(nil, i)})...)
		}
		p.raw(b)
		p.send(&wire.Request{Request: 1, Kind: "a"}, &wire.Request{Request: 2, Kind: "b"})
		q.send(&wire.Request{Request: 3, Kind: "c"})
		w.pass(time.Second + time.Millisecond)
		for _, r := range []uint64{1, 2} {
			if m := want[*wire.Response](p); m.Request != 1 && m.Request != 2 {
				t.Errorf("%+v, want %d", m, r)
			}
		}
		want[*wire.Response](q)
		w.pass(20 * time.Second)
		if len(order) != 20 {
			t.Fatalf("%d were handled", len(order))
		}
		for i, s := range order {
			if s != fmt.Sprint(i) {
				t.Errorf("number %d is %s", i, s)
			}
		}
	})
}
