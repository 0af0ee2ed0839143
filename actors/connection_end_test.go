package actors

import (
	"context"
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// Every way in which a client or its transport ends, and what is made of it.
// The registry and the user manager know at once; the actor stops soon.
func TestEnds(t *testing.T) {
	send := frameOf(&wire.Send{ID: 1, To: "ann", Body: make([]byte, 100)})
	tests := []struct {
		name     string
		leave    func(p *peer)
		reason   wire.Reason
		midFrame bool
		bye      bool
	}{
		{"bye", func(p *peer) { p.send(&wire.Bye{Reason: wire.ReasonBye, Text: "so long"}) }, wire.ReasonBye, false, false},
		{"bye of another reason", func(p *peer) { p.send(&wire.Bye{Reason: wire.ReasonPanic}) }, wire.ReasonBye, false, false},
		{"bye and close", func(p *peer) { _ = p.try(&wire.Bye{Reason: wire.ReasonBye}); p.close() }, wire.ReasonBye, false, false},
		{"close", (*peer).close, wire.ReasonEOF, false, false},
		{"half close", func(p *peer) { _ = p.link.client.CloseWrite() }, wire.ReasonEOF, false, false},
		// guards N1: an end within a frame is an end.
		{"close within a header", func(p *peer) { p.raw(send[:3]); p.close() }, wire.ReasonEOF, true, false},
		{"close within a body", func(p *peer) { p.raw(send[:50]); p.close() }, wire.ReasonEOF, true, false},
		{"reset", func(p *peer) { p.link.reset() }, wire.ReasonReset, false, false},
		{"reset within a frame", func(p *peer) { p.raw(send[:50]); p.link.reset() }, wire.ReasonReset, true, false},
		{"broken pipe on write", func(p *peer) {
			p.link.server.out.change(func(s *stream) { s.broken = syscall.EPIPE })
			p.send(&wire.Ping{Time: 1})
		}, wire.ReasonReset, false, false},
		{"write refused", func(p *peer) {
			p.link.server.out.change(func(s *stream) { s.broken = errors.New("no") })
			p.send(&wire.Ping{Time: 1})
		}, wire.ReasonWriteFailed, false, false},
		{"kick", func(p *peer) { _ = p.w.sys.Kick(p.w.t.Context(), p.id, "out") }, wire.ReasonKicked, false, true},
		{"bad frame", func(p *peer) { p.raw([]byte{0, 0, 0, 0}) }, wire.ReasonProtocolError, false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				p := w.join("ann")
				w.pass(3 * time.Second)
				tt.leave(p)
				w.settle()
				e := w.wantEnd(p.id, tt.reason)
				if e.MidFrame != tt.midFrame || !e.Handshaken || e.User != "ann" || e.Lived != 3*time.Second ||
					e.Identifier != "ann's phone" || e.Interval != 15*time.Second || e.Timeout != 30*time.Second {
					t.Errorf("%+v", e)
				}
				if log := w.presenceLog(); !slices.Equal(log, []string{"+ann", "-ann"}) {
					t.Errorf("presence: %v", log)
				}
				if bye, ok := find[*wire.Bye](p); ok != tt.bye || ok && bye.Reason != tt.reason {
					t.Errorf("bye: %v %+v", ok, bye)
				}
				w.pass(time.Second) // the linger
				if !p.link.server.isClosed() || w.sys.Counters().Live != 0 {
					t.Error("it lives on")
				}
				if got := onRegistry(w, func(r *registry) int { return len(r.all) + r.dir.Len() }); got != 0 {
					t.Errorf("%d in the maps", got)
				}
			})
		})
	}
}

// The goodbye: what was queued comes first, then the bye, then the end of the
// stream; the server's own half stays open for the linger, so that closing does
// not reset what the client has not read.
func TestGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann")
		p.pause()
		for i := range 100 {
			if n, err := w.sys.Push(t.Context(), "ann", "k", make([]byte, 300+i)); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if err := w.sys.Kick(t.Context(), p.id, "out"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.wantEnd(p.id, wire.ReasonKicked)
		w.pass(time.Second / 2)
		p.resume()
		w.settle()
		got := p.messages()
		if len(got) != 101 || got[100].Type() != wire.TypeBye || !errors.Is(p.ended(), io.EOF) {
			t.Errorf("%d messages, then %v", len(got), p.ended())
		}
		if p.link.server.isClosed() {
			t.Error("closed before the client has")
		}
		p.close()
		if !p.link.server.isClosed() || w.sys.Counters().Live != 0 {
			t.Error("not closed when the client has")
		}
	})
}

// A client that does not read its goodbye, or does not close, is closed when
// the linger is over, and not before. So is one that floods meanwhile.
func TestLinger(t *testing.T) {
	for _, name := range []string{"does not read", "does not close", "floods"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				p := w.dial().greet("x")
				if name == "does not read" {
					p.link.server.out.change(func(s *stream) { s.room = 0 }) // its window is full
				}
				_ = w.sys.Kick(t.Context(), p.id, "out")
				w.settle()
				if name == "floods" {
					go func() {
						for p.try(&wire.Ping{Time: 1}) == nil {
							time.Sleep(time.Millisecond) // or the bubble's time stood still
						}
					}()
				}
				w.pass(time.Second - 1)
				if p.link.server.isClosed() {
					t.Error("closed before the linger was over")
				}
				w.pass(1)
				if !p.link.server.isClosed() || w.sys.Counters().Live != 0 {
					t.Error("not closed after the linger")
				}
				w.pass(time.Millisecond) // the flood finds out
			})
		})
	}
}

// A transport that cannot close its writing half is closed when the goodbye is
// written.
func TestGoodbyeWithoutHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		l := newLink("10.0.0.1:1", "10.0.0.9:1")
		p := w.serve(l, plain{l.server}).greet("x")
		_ = w.sys.Kick(t.Context(), p.id, "out")
		w.settle()
		want[*wire.Bye](p)
		if !l.server.isClosed() || w.sys.Counters().Live != 0 {
			t.Error("it lingers")
		}
	})
}

// Many reasons to end at once: the first one stands, and the others change
// nothing.
func TestFirstReasonStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann")
		c := w.actorOf(p.id)
		c.tell(stopConnection{reason: wire.ReasonKicked, detail: "first"})
		c.tell(stopConnection{reason: wire.ReasonReplaced})
		c.tell(readEnded{err: io.EOF, reason: wire.ReasonEOF})
		c.tell(inbound{&batch{frames: []paidFrame{{msg: &wire.Bye{Reason: wire.ReasonBye}}}}})
		p.link.reset()
		w.pass(time.Minute)
		if e := w.wantEnd(p.id, wire.ReasonKicked); e.Detail != "first" {
			t.Errorf("%+v", e)
		}
	})
}

// guards P7: a write that gets nowhere for the write timeout makes a slow
// consumer, exactly then.
func TestWriteStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann")
		p.pause()
		p.link.server.out.change(func(s *stream) { s.room = 10 })
		if _, err := w.sys.Push(t.Context(), "ann", "k", make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		start := w.sys.now()
		for w.sys.now()-start < 20*time.Second-1 { // it sends, though it does not read
			w.pass(min(5*time.Second, 20*time.Second-1-(w.sys.now()-start)))
			if err := p.try(&wire.Unwatch{Request: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if e := w.terminationOf(p.id); e != nil {
			t.Fatalf("ended early: %+v", e)
		}
		w.pass(1)
		if e := w.wantEnd(p.id, wire.ReasonSlowConsumer); e.Lived != 20*time.Second {
			t.Errorf("ended at %v", e.Lived)
		}
		if !p.link.server.isClosed() {
			t.Error("not closed: what can be written is nothing whole")
		}
	})
}

// guards G6: what waits for a client that does not read is bounded in bytes and
// in frames; past either it is a slow consumer.
func TestOutboundBounds(t *testing.T) {
	for name, set := range map[string]func(*Settings){
		"frames": func(s *Settings) { s.QueueFrames = 50 },
		"bytes":  func(s *Settings) { s.QueueBytes = 50 * 1100 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, set)
				p := w.join("ann")
				p.link.server.out.change(func(s *stream) { s.room = 0 })
				blocked(w, p)
				n := 0
				for ; n < 60; n++ {
					if got, _ := w.sys.Push(t.Context(), "ann", "k", make([]byte, 1080)); got == 0 {
						break
					}
					w.settle()
				}
				if n < 49 || n > 52 {
					t.Errorf("ended after %d frames", n)
				}
				if e := w.wantEnd(p.id, wire.ReasonSlowConsumer); e.QueueFrames < 50 || e.QueueBytes < 50*1000 {
					t.Errorf("%+v", e)
				}
			})
		})
	}
}

// blocked makes a client one that does not read, and lets the first write to it
// wait for long enough to show it.
func blocked(w *world, p *peer) {
	p.link.server.out.change(func(s *stream) { s.room = 0 })
	p.send(&wire.Ping{})
	w.pass(w.sys.stuckAfter())
}

// guards G3, G6: a client that reads is not ended for a burst that is more than
// its queue holds: not for its own questions, nor for its own heartbeats, nor for
// what others send to it; these are told to slow down.
func TestBurstEndsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) {
			s.QueueFrames = 8
			s.Handle = func(string) (Handler, bool) {
				return func(context.Context, Caller, []byte) ([]byte, error) { return make([]byte, 10<<10), nil }, true
			}
		})
		ann, bob := w.join("ann"), w.join("bob")
		var pings, questions, sends []wire.Message
		for i := range uint64(100) {
			pings = append(pings, &wire.Ping{Time: i})
			questions = append(questions, &wire.Request{Request: i + 1, Kind: "k"})
			sends = append(sends, &wire.Send{ID: i + 1, To: "bob", Body: make([]byte, 10<<10)})
		}
		for name, burst := range map[string][]wire.Message{"pings": pings, "questions": questions} {
			if err := bob.try(burst...); err != nil {
				t.Fatal(err)
			}
			w.settle()
			if e := w.terminationOf(bob.id); e != nil {
				t.Fatalf("%s: %+v", name, e)
			}
		}
		answers := 0
		for _, m := range bob.messages() {
			if _, ok := m.(*wire.Response); ok {
				answers++
			}
		}
		if answers != len(questions) {
			t.Errorf("%d answers", answers)
		}
		if err := ann.try(sends...); err != nil {
			t.Fatal(err)
		}
		w.settle()
		if e := w.terminationOf(bob.id); e != nil {
			t.Fatalf("sends: %+v", e)
		}
		if got := len(ann.outcomes()); got != len(sends) {
			t.Errorf("%d outcomes", got)
		}
	})
}

// guards G6, N21: pings are answered ahead of all data, and their answers are
// bounded: who pings without reading is a slow consumer.
func TestPingFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann")
		blocked(w, p)
		n := 0
		for ; n < 200 && w.terminationOf(p.id) == nil; n++ {
			p.send(&wire.Ping{Time: uint64(n)})
		}
		if n != controlQueue+1 {
			t.Errorf("ended after %d pings", n)
		}
		w.wantEnd(p.id, wire.ReasonSlowConsumer)
	})
}

// The server's own ping that finds no room ends the client like any other, and
// its linger is not put off to the next heartbeat.
func TestOwnPingFindsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann")
		p.link.server.out.change(func(s *stream) { s.room = 0 })
		for n := range uint64(controlQueue + 1) {
			p.send(&wire.Ping{Time: n})
		}
		w.pass(15 * time.Second)
		w.wantEnd(p.id, wire.ReasonSlowConsumer)
		w.pass(time.Second)
		if !p.link.server.isClosed() || w.sys.Counters().Live != 0 {
			t.Error("the linger is over, and it lives on")
		}
	})
}

// guards N21: a pong overtakes the bulk that waits, but for what is on its way.
func TestPongOvertakesBulk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann")
		p.pause()
		for range 20 {
			_, _ = w.sys.Push(t.Context(), "ann", "bulk", make([]byte, 30<<10))
		}
		p.send(&wire.Ping{Time: 42})
		p.resume()
		w.settle()
		got := p.messages()
		at := slices.IndexFunc(got, func(m wire.Message) bool { return m.Type() == wire.TypePong })
		if len(got) != 21 || at < 0 || at > 3 {
			t.Errorf("the pong is number %d of %d", at, len(got))
		}
	})
}
