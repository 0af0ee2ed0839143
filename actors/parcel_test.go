package actors

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// Messages that come together and go to the same user go on in one parcel, and arrive in
// the order of sending (N16); what comes between them makes two.
func TestParcels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ann, bob, cat := w.join("ann"), w.join("bob"), w.join("cat")
		ann.messages()
		var parcels []string
		w.onMessage(func(id string, msg any) {
			if p, ok := msg.(*parcel); ok && id == "test/users" {
				var ids []uint64
				for i := range p.all {
					ids = append(ids, p.all[i].id)
				}
				parcels = append(parcels, fmt.Sprint(p.to, ids))
			}
		})
		to := func(id uint64, user string) wire.Message {
			return &wire.Send{ID: id, To: user, Body: fmt.Append(nil, "body ", id)}
		}
		ann.send(to(1, "bob"), to(2, "bob"), to(3, "bob"), to(4, "cat"), to(5, "bob"),
			&wire.Ping{Time: 1}, to(6, "bob"), to(7, "nobody"), to(8, "nobody"), to(9, "bob"),
			&wire.Send{ID: 10, To: "bob", Body: make([]byte, wire.DefaultMaxFrame-20)})
		w.onMessage(nil)
		if want := []string{"bob[1 2 3]", "cat[4]", "bob[5]", "bob[6]", "nobody[7 8]", "bob[9]"}; !slices.Equal(parcels, want) {
			t.Errorf("%v, want %v", parcels, want)
		}
		for p, want := range map[*peer][]uint64{bob: {1, 2, 3, 5, 6, 9}, cat: {4}} {
			var got []uint64
			var at int64
			for _, m := range p.messages() {
				d, ok := m.(*wire.Deliver)
				if !ok {
					continue
				}
				got = append(got, d.ID)
				if string(d.Body) != fmt.Sprint("body ", d.ID) || d.From != "ann" || d.Connection != ann.id || d.At < at || d.At == 0 {
					t.Errorf("%+v after %d", d, at)
				}
				at = d.At
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		got := ann.outcomes()
		for id := uint64(1); id <= 10; id++ {
			want := 1
			switch id {
			case 7, 8:
				want = -1
			case 10:
				want = -100 - int(wire.CodeTooLarge)
			}
			if !slices.Equal(got[id], []int{want}) {
				t.Errorf("send %d: %v, want %d", id, got[id], want)
			}
		}
		if c := w.actorOf(ann.id); c.credits.free != 256 {
			t.Errorf("%d credits", c.credits.free)
		}
	})
}

// Each message of a parcel has its own outcome, whatever becomes of the others: where
// there is room for some of them only, and where a recipient is lost with all of them.
func TestParcelOutcomes(t *testing.T) {
	const count = 12
	run := func(name string, room int, before func(w *world, bob []*peer), want func(id uint64) int) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) { s.QueueFrames = room })
				ann := w.join("ann")
				bob := []*peer{w.join("bob"), w.join("bob")}
				before(w, bob)
				ann.messages()
				var all []wire.Message
				for id := range uint64(count) {
					all = append(all, &wire.Send{ID: id + 1, To: "bob"})
				}
				ann.send(all...)
				w.pass(time.Second)
				w.onMessage(nil)
				got := ann.outcomes()
				for id := uint64(1); id <= count; id++ {
					if !slices.Equal(got[id], []int{want(id)}) {
						t.Errorf("send %d: %v, want %d", id, got[id], want(id))
					}
				}
				if c := w.actorOf(ann.id); c.credits.free != 256 {
					t.Errorf("%d credits", c.credits.free)
				}
			})
		})
	}
	const room = 64
	run("all are taken", room, func(*world, []*peer) {}, func(uint64) int { return 2 })
	run("one has room for five", room, func(_ *world, bob []*peer) { bob[0].crowd(room - 5) }, func(id uint64) int {
		if id <= 5 {
			return 2
		}
		return 1
	})
	run("both have room for some", room, func(_ *world, bob []*peer) { bob[0].crowd(room - 5); bob[1].crowd(room - 7) }, func(id uint64) int {
		switch {
		case id <= 5:
			return 2
		case id <= 7:
			return 1
		default:
			return -100 - int(wire.CodeTooMany)
		}
	})
	run("one panics", room, func(w *world, bob []*peer) {
		w.onMessage(func(id string, msg any) {
			if _, ok := msg.(*arrival); ok && strings.HasSuffix(id, "/"+itoa(bob[0].id)) {
				panic("injected")
			}
		})
	}, func(uint64) int { return 1 })
	run("the user manager panics", room, func(w *world, _ []*peer) { panicOn[*parcel](w, "/users", 1) }, func(uint64) int { return -1 })
}

// A queue that takes some of a parcel's messages keeps no memory of the others: it has
// copies. One that takes all has their memory, which is theirs alone.
func TestCrowdedQueueCopies(t *testing.T) {
	for _, x := range []struct {
		name string
		room int
		want []uint64
	}{{"all fit", 64, nil}, {"some fit", 5, []uint64{1, 2, 3, 4, 5}}} {
		t.Run(x.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) { s.QueueFrames = x.room })
				ann, bob := w.join("ann"), w.join("bob")
				bob.messages()
				var kept *parcel
				w.onMessage(func(_ string, msg any) {
					if p, ok := msg.(*parcel); ok {
						kept = p
					}
				})
				bob.link.server.out.change(func(s *stream) { s.room = 0 })
				var all []wire.Message
				for id := range uint64(12) {
					all = append(all, &wire.Send{ID: id + 1, To: "bob"})
				}
				ann.send(all...)
				w.onMessage(nil)
				for i := range kept.all { // who has no copy has an error now
					kept.all[i].frame[wire.HeaderSize-1] = 0
				}
				bob.link.server.out.change(func(s *stream) { s.room = 1 << 20 })
				w.settle()
				var got []uint64
				for _, m := range bob.messages() {
					if d, ok := m.(*wire.Deliver); ok {
						got = append(got, d.ID)
					}
				}
				if !slices.Equal(got, x.want) {
					t.Errorf("got %v, want %v", got, x.want)
				}
			})
		})
	}
}

// atOnce is what one read brings that brings them all.
func atOnce(all ...wire.Message) *batch {
	b := newBatch()
	for _, m := range all {
		b.frames = append(b.frames, paidFrame{m, 0})
	}
	return b
}

// A queue keeps no more memory than it counts, and a little (G6): not that of a message that
// was refused beside a small one, before it or behind it.
func TestParcelsHoldWhatTheyCount(t *testing.T) {
	tooLarge := &wire.Send{ID: 99, To: "bob", Body: make([]byte, wire.DefaultMaxFrame-20)}
	tiny := func(id uint64) wire.Message { return &wire.Send{ID: id, To: "bob", Body: []byte("tiny")} }
	for name, all := range map[string][]wire.Message{
		"behind":  {tooLarge, tiny(1)},
		"before":  {tiny(1), tooLarge},
		"between": {tiny(1), tooLarge, tiny(2), tooLarge, tooLarge, tiny(3)},
		"none":    {tiny(1), tiny(2), tiny(3)},
		"alone":   {tiny(1)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ann, bob := w.join("ann"), w.join("bob")
				bob.messages()
				var parcels []*parcel
				w.onMessage(func(id string, msg any) {
					if p, ok := msg.(*parcel); ok && id == "test/users" {
						parcels = append(parcels, p)
					}
				})
				bob.link.server.out.change(func(s *stream) { s.room = 0 })
				w.actorOf(bob.id).tell(push{frameOf(&wire.App{Kind: "k"})}) // is under way: what follows waits
				w.settle()
				w.actorOf(ann.id).tell(inbound{atOnce(all...)})
				w.settle()
				w.onMessage(nil)
				count := 0
				for _, p := range parcels {
					for i := range p.all {
						count++
						if p.held > 2*p.size+smallPiece {
							clear(p.all[i].frame) // who has no copy has an error now
						}
					}
				}
				bob.link.server.out.change(func(s *stream) { s.room = 1 << 20 })
				w.settle()
				got := 0
				for _, m := range bob.messages() {
					if d, ok := m.(*wire.Deliver); ok && string(d.Body) == "tiny" {
						got++
					}
				}
				if got != count || count == 0 {
					t.Errorf("bob has got %d of %d", got, count)
				}
			})
		})
	}
}

// What came before a message that ends its connection goes on, and nothing behind it.
func TestNothingBehindTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const room = 8
		w := newWorld(t, func(s *Settings) { s.QueueFrames = room })
		ann, bob := w.join("ann"), w.join("bob")
		bob.messages()
		ann.crowd(room)
		w.pass(w.sys.stuckAfter()) // one more, such as a refusal, makes a slow consumer
		w.actorOf(ann.id).tell(inbound{atOnce(
			&wire.Send{ID: 1, To: "bob", NoAck: true},
			&wire.Send{ID: 2, To: "bob", Body: make([]byte, wire.DefaultMaxFrame-20)},
			&wire.Send{ID: 3, To: "bob", NoAck: true})})
		w.pass(time.Second)
		if w.terminationOf(ann.id) == nil {
			t.Error("it has not ended")
		}
		var got []uint64
		for _, m := range bob.messages() {
			if d, ok := m.(*wire.Deliver); ok {
				got = append(got, d.ID)
			}
		}
		if !slices.Equal(got, []uint64{1}) {
			t.Errorf("bob has got %v", got)
		}
	})
}

// What a recipient had settled when something panicked is not settled again (H1).
func TestArrivalIsSettledOnce(t *testing.T) {
	p := &parcel{all: make([]delivery, 3)}
	for i := range p.all {
		p.all[i].left.Store(2) // another recipient has not settled: nobody is told
	}
	a := &arrival{parcel: p}
	a.settle(true)
	a.settleBusy()
	a.refuse()
	a.refuse()
	for i, want := range []struct {
		accepted int32
		busy     bool
	}{{1, false}, {0, true}, {0, false}} {
		d := &p.all[i]
		if d.left.Load() != 1 || d.accepted.Load() != want.accepted || d.busy.Load() != want.busy {
			t.Errorf("%d: %d are left, %d accepted, busy %t", i, d.left.Load(), d.accepted.Load(), d.busy.Load())
		}
	}
}

// Frames that share memory share no more than that: none is written over, and a long one
// has its own, so that a recipient who takes a few keeps little.
func TestSharedFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ann, bob := w.join("ann"), w.join("bob")
		var all []wire.Message
		sizes := []int{10, 1000, 3000, 5000, 20_000, 1, 1, 1, 4000}
		for i, n := range sizes {
			all = append(all, &wire.Send{ID: uint64(i + 1), To: "bob", Body: slices.Repeat([]byte{byte(i)}, n)})
		}
		w.onMessage(func(_ string, msg any) {
			p, ok := msg.(*parcel)
			if !ok {
				return
			}
			for i := range p.all {
				if f := p.all[i].frame; cap(f) != len(f) {
					t.Errorf("frame %d has room for %d bytes of its neighbour", i, cap(f)-len(f))
				}
			}
		})
		ann.send(all...)
		w.onMessage(nil)
		for i, n := range sizes {
			if d := want[*wire.Deliver](bob); d.ID != uint64(i+1) || !slices.Equal(d.Body, slices.Repeat([]byte{byte(i)}, n)) {
				t.Errorf("message %d: ID %d, %d bytes", i+1, d.ID, len(d.Body))
			}
		}
	})
}
