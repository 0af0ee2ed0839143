package actors

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/wire"
)

// outcomes returns what became of the sends of a peer: by ID the number of
// sessions, -1 for user_offline.
func (p *peer) outcomes() map[uint64][]int {
	out := map[uint64][]int{}
	for _, m := range p.messages() {
		switch m := m.(type) {
		case *wire.Ack:
			out[m.ID] = append(out[m.ID], int(m.Sessions))
		case *wire.Error:
			n := -1
			if m.Code != wire.CodeUserOffline {
				n = -100 - int(m.Code)
			}
			out[m.Request] = append(out[m.Request], n)
		}
	}
	return out
}

// What is delivered, and what the sender is told.
func TestSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ann := w.join("ann")
		bob := []*peer{w.join("bob"), w.join("bob")}
		ann.messages()
		ann.send(&wire.Send{ID: 1, To: "bob", Kind: "chat", Body: []byte("hi")},
			&wire.Send{ID: 2, To: "nobody"}, &wire.Send{ID: 3, To: "ann"},
			&wire.Send{ID: 4, To: "bob", NoAck: true}, &wire.Send{ID: 5, To: "nobody", NoAck: true},
			&wire.Send{ID: 6, To: "bob", Body: make([]byte, wire.DefaultMaxFrame-20)})
		for _, p := range bob {
			d := want[*wire.Deliver](p)
			if d.ID != 1 || d.From != "ann" || d.Kind != "chat" || string(d.Body) != "hi" || d.Connection != ann.id || d.At == 0 {
				t.Errorf("%+v", d)
			}
			if d := want[*wire.Deliver](p); d.ID != 4 {
				t.Errorf("%+v", d)
			}
		}
		want[*wire.Deliver](ann)
		got := ann.outcomes()
		for id, n := range map[uint64]int{1: 2, 2: -1, 3: 1, 5: -1, 6: -100 - int(wire.CodeTooLarge)} {
			if fmt.Sprint(got[id]) != fmt.Sprint([]int{n}) {
				t.Errorf("send %d: %v, want %d", id, got[id], n)
			}
		}
		if len(got[4]) != 0 {
			t.Errorf("a send without ack was answered %v", got[4])
		}
		anon := w.dial().greet("x")
		anon.send(&wire.Send{ID: 9, To: "bob"})
		if e := want[*wire.Error](anon); e.Code != wire.CodeNotLoggedIn || e.Request != 9 {
			t.Errorf("%+v", e)
		}
	})
}

// late makes a recipient take its time with a message, and another (or the same)
// panic.
func (w *world) late(slow, panics *peer) {
	w.onMessage(func(id string, msg any) {
		if _, ok := msg.(*arrival); !ok {
			return
		}
		if strings.HasSuffix(id, "/"+itoa(slow.id)) {
			time.Sleep(time.Millisecond)
		}
		if panics != nil && strings.HasSuffix(id, "/"+itoa(panics.id)) {
			panic("injected")
		}
	})
}

// crowd stops what goes to the peer, and fills its queue with so many frames.
func (p *peer) crowd(frames int) {
	p.link.server.out.change(func(s *stream) { s.room = 0 })
	for p.w.terminationOf(p.id) == nil {
		c := p.w.actorOf(p.id)
		if n, _ := c.lanes().Queued(); n >= frames {
			return
		}
		c.tell(push{frameOf(&wire.App{Kind: "k"})})
		p.w.settle()
	}
}

// A recipient that cannot take a message, for one reason or another, does not
// count, and never leaves the sender without an answer.
func TestSendOutcomes(t *testing.T) {
	full := func(p *peer) { p.crowd(8) } // there is no room for one frame more
	stuck := func(p *peer) {             // and for so long that one more makes a slow consumer
		full(p)
		p.w.pass(p.w.sys.stuckAfter())
	}
	tests := []struct {
		name   string
		before func(w *world, bob []*peer)
		want   int
	}{
		{"both take it", func(*world, []*peer) {}, 2},
		{"one is full", func(w *world, bob []*peer) { full(bob[0]); w.late(bob[1], nil) }, 1},
		{"one is full, and late", func(w *world, bob []*peer) { full(bob[0]); w.late(bob[0], nil) }, 1},
		{"both are full", func(_ *world, bob []*peer) { full(bob[0]); full(bob[1]) }, -100 - int(wire.CodeTooMany)},
		{"one is stuck", func(w *world, bob []*peer) { stuck(bob[0]); w.late(bob[1], nil) }, 1},
		{"one is stuck, and late", func(w *world, bob []*peer) { stuck(bob[0]); w.late(bob[0], nil) }, 1},
		{"both are stuck", func(_ *world, bob []*peer) { stuck(bob[0]); stuck(bob[1]) }, -1},
		{"one panics", func(w *world, bob []*peer) { w.late(bob[1], bob[0]) }, 1},
		{"one panics, and late", func(w *world, bob []*peer) { w.late(bob[0], bob[0]) }, 1},
		{"both panic", func(w *world, _ []*peer) {
			w.onMessage(func(id string, msg any) {
				if _, ok := msg.(*arrival); ok && kindOf(id) == "connection" {
					panic("injected")
				}
			})
		}, -1},
		{"the user manager panics", func(w *world, _ []*peer) { panicOn[*parcel](w, "/users", 1) }, -1},
		{"one has ended meanwhile", func(w *world, bob []*peer) {
			c := w.actorOf(bob[0].id)
			w.onMessage(func(id string, msg any) {
				if _, ok := msg.(*parcel); ok && id == "test/users" {
					c.tell(stopConnection{reason: wire.ReasonKicked}) // before its share
				}
			})
		}, 1},
		{"the user manager has lost one", func(w *world, bob []*peer) {
			onUsers(w, func(u *userManager) bool { delete(u.conns, bob[0].id); return true })
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) { s.QueueFrames = 8 })
				ann := w.join("ann")
				bob := []*peer{w.join("bob"), w.join("bob")}
				tt.before(w, bob)
				ann.messages()
				ann.send(&wire.Send{ID: 1, To: "bob"})
				w.pass(time.Second)
				w.onMessage(nil)
				if got := ann.outcomes(); fmt.Sprint(got) != fmt.Sprint(map[uint64][]int{1: {tt.want}}) {
					t.Errorf("%v, want %d", got, tt.want)
				}
				if c := w.actorOf(ann.id); c.credits.free != 256 {
					t.Errorf("%d credits", c.credits.free)
				}
				if tt.name == "the user manager has lost one" {
					w.sys.count.panics.Add(1) // let the sweep mend what the test broke
					w.pass(5 * time.Second)
				}
			})
		})
	}
}

// guards N16: what one connection sends to another arrives in order.
func TestSendsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ann, bob := w.join("ann"), w.join("bob")
		const n = 3000
		var b []byte
		for i := range uint64(n) {
			b = append(b, frameOf(&wire.Send{ID: i + 1, To: "bob", Body: make([]byte, i%700)})...)
		}
		ann.raw(b)
		for i := range uint64(n) {
			if d := want[*wire.Deliver](bob); d.ID != i+1 {
				t.Fatalf("%d came instead of %d", d.ID, i+1)
			}
		}
		for id, o := range ann.outcomes() {
			if len(o) != 1 || o[0] != 1 {
				t.Errorf("send %d: %v", id, o)
			}
		}
	})
}

// In every race of sends with the ends of the recipient's sessions, each send
// has exactly one outcome, no recipient gets a message twice, and all who count
// as having it had not ended before.
func TestEachSendHasOneOutcome(t *testing.T) {
	type act struct{ kind, who, n int }
	rapid.Check(t, func(rt *rapid.T) {
		acts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) act {
			return act{rapid.IntRange(0, 7).Draw(t, "kind"), rapid.IntRange(0, 2).Draw(t, "who"), rapid.IntRange(1, 5).Draw(t, "n")}
		}), 1, 30).Draw(rt, "acts")
		panics := rapid.IntRange(0, 20).Draw(rt, "panic")
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(s *Settings) { s.QueueBytes = 8 << 10; s.Policy = Policy(len(acts) % 2) })
			ann := w.join("ann")
			bob := []*peer{w.join("bob"), w.join("bob"), w.join("bob")}
			ann.messages()
			if panics > 0 {
				b := &bomb{kind: []string{"users", "connection"}[panics%2], n: panics, charges: 1, seen: map[string]bool{}}
				w.onMessage(func(id string, msg any) {
					if id != "test/connection/1" { // the sender lives
						b.before(id, msg)
					}
				})
			}
			sent := uint64(0)
			for _, a := range acts {
				p := bob[a.who]
				switch a.kind {
				case 0, 1, 2:
					for range a.n {
						sent++
						_ = ann.try(&wire.Send{ID: sent, To: "bob", Body: make([]byte, 1<<10)})
					}
				case 3:
					go func() { _ = w.sys.Kick(context.Background(), p.id, "") }()
				case 4:
					_ = p.link.client.Close()
				case 5:
					p.link.server.out.change(func(s *stream) { s.room = 0 })
				case 6:
					_ = p.try(&wire.Logout{Request: 1}, &wire.Login{Request: 2, User: "bob"})
				case 7:
					w.settle()
				}
			}
			w.pass(2 * time.Second)
			w.onMessage(nil)
			got := ann.outcomes()
			for id := uint64(1); id <= sent; id++ {
				if len(got[id]) != 1 || got[id][0] == 0 || got[id][0] > 3 || got[id][0] < -1 && got[id][0] != -100-int(wire.CodeTooMany) {
					t.Errorf("send %d: %v", id, got[id])
				}
			}
			if c := w.actorOf(ann.id); c.credits.free != 256 {
				t.Errorf("%d credits left", c.credits.free)
			}
			for _, p := range bob {
				last := uint64(0)
				for _, m := range p.messages() {
					if d, ok := m.(*wire.Deliver); ok {
						if d.ID <= last {
							t.Errorf("connection %d got %d after %d", p.id, d.ID, last)
						}
						last = d.ID
					}
				}
			}
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}
