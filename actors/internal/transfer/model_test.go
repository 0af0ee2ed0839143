package transfer_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/transfer"
)

// naiveBook is a book as a list of everything that there is, searched from end
// to end by each question.
type naiveBook struct {
	limits  transfer.Limits
	all     []*naiveTransfer
	numbers map[uint64]bool // that were ever given out
}

type naiveTransfer struct {
	id, number uint64
	kind       transfer.Kind
	owner      string
	key        transfer.Key
	conn, peer uint64
	accepted   bool
	over       bool
	until      time.Duration
	waits      bool
	order      int // of the interruptions
}

func (n *naiveBook) get(id uint64) *naiveTransfer {
	for _, t := range n.all {
		if t.id == id {
			return t
		}
	}
	return nil
}

func (n *naiveBook) on(conn uint64) (all []*naiveTransfer) {
	for _, t := range n.all {
		if conn != 0 && (t.conn == conn || t.peer == conn) {
			all = append(all, t)
		}
	}
	return all
}

func (n *naiveBook) room(conn uint64) bool { return len(n.on(conn)) < n.limits.PerConnection }

func (n *naiveBook) mayOpen(conn uint64, owner string) bool {
	of := 0
	for _, t := range n.all {
		if t.owner == owner {
			of++
		}
	}
	return len(n.all) < n.limits.All && of < n.limits.PerOwner && (conn == 0 || n.room(conn))
}

func (n *naiveBook) find(key transfer.Key, stale uint64) *naiveTransfer {
	for _, t := range n.all {
		if t.key == key && !t.over && t.conn == 0 {
			return t
		}
	}
	for _, t := range n.all {
		if t.key == key && !t.over && t.conn == stale {
			return t
		}
	}
	return nil
}

func (n *naiveBook) pause(now time.Duration, t *naiveTransfer, order int) {
	t.conn, t.peer = 0, 0
	switch {
	case t.kind == transfer.Get:
		t.over = true
	case !t.over && !t.waits:
		t.waits, t.until, t.order = true, now+n.limits.Grace, order
	}
}

func (n *naiveBook) settle(t *naiveTransfer) {
	if t.conn != 0 && (!t.accepted || t.peer != 0) {
		t.waits = false
	}
}

func (n *naiveBook) waiting() []*naiveTransfer {
	var all []*naiveTransfer
	for _, t := range n.all {
		if t.waits {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b *naiveTransfer) int {
		return cmp.Or(cmp.Compare(a.until, b.until), cmp.Compare(a.order, b.order))
	})
	return all
}

func (n *naiveBook) same(t *rapid.T, got transfer.Transfer, want *naiveTransfer) {
	t.Helper()
	if got.ID != want.id || got.Kind != want.kind || got.Owner != want.owner || got.Key != want.key ||
		got.Conn != want.conn || got.Peer != want.peer || got.Accepted != want.accepted ||
		got.Waiting() != want.waits || want.waits && got.Until != want.until ||
		got.Interrupted() != (want.conn == 0 && !want.over) || got.Number != want.number {
		t.Fatalf("have %+v, want %+v", got, *want)
	}
}

// The book agrees with the list in every answer, however transfers come, are
// interrupted, go on, end and expire: with its bounds, the order of its graces
// (P3), and numbers that are never used again.
func TestBookModel(t *testing.T) {
	users := []string{"ann", "bob"}
	rapid.Check(t, func(t *rapid.T) {
		n := &naiveBook{
			limits: transfer.Limits{
				PerConnection: rapid.IntRange(1, 4).Draw(t, "per connection"),
				PerOwner:      rapid.IntRange(1, 6).Draw(t, "per owner"),
				All:           rapid.IntRange(1, 10).Draw(t, "all"),
				Grace:         time.Duration(rapid.IntRange(0, 5).Draw(t, "grace")),
			},
			numbers: map[uint64]bool{},
		}
		b := transfer.NewBook(n.limits)
		now, order := time.Duration(0), 0
		conn := rapid.Uint64Range(1, 4)
		id := rapid.Uint64Range(0, 25)
		// renumbered takes the number that an interruption has given.
		renumbered := func(m *naiveTransfer) {
			t.Helper()
			got, ok := b.Get(m.id)
			if !ok || m.over {
				return
			}
			if n.numbers[got.Number] {
				t.Fatalf("the number %d is used again", got.Number)
			}
			n.numbers[got.Number] = true
			m.number = got.Number
		}
		key := func(t *rapid.T) transfer.Key {
			k := transfer.Key{
				Owner: rapid.SampledFrom(users).Draw(t, "owner"),
				Kind:  rapid.SampledFrom([]transfer.Kind{transfer.Put, transfer.Get, transfer.Relay}).Draw(t, "kind"),
				Name:  rapid.SampledFrom([]string{"x", "y"}).Draw(t, "name"),
			}
			if k.Kind == transfer.Get {
				return transfer.GetKey(k.Name)
			}
			return k
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				k, c := key(t), rapid.Uint64Range(0, 4).Draw(t, "conn")
				owner := k.Owner
				if owner == "" {
					owner = rapid.SampledFrom(users).Draw(t, "reader")
				}
				may := n.mayOpen(c, owner)
				got, err := b.Open(c, k.Kind, owner, k)
				if may != (err == nil) || err != nil && !errors.Is(err, transfer.ErrTooMany) {
					t.Fatalf("open: %v, should go: %t", err, may)
				}
				if err != nil {
					return
				}
				m := &naiveTransfer{id: got.ID, kind: k.Kind, owner: owner, key: k, conn: c}
				if n.get(m.id) != nil {
					t.Fatalf("the ID %d is used again", m.id)
				}
				n.all = append(n.all, m)
				renumbered(m)
			},
			"find": func(t *rapid.T) {
				k, stale := key(t), conn.Draw(t, "stale")
				got, ok := b.Find(k, func(x transfer.Transfer) bool { return x.Conn == stale })
				want := n.find(k, stale)
				if ok != (want != nil) {
					t.Fatalf("find: %t, want %v", ok, want)
				}
				if ok {
					n.same(t, got, want)
				}
			},
			"attach": func(t *rapid.T) {
				i, c := id.Draw(t, "id"), conn.Draw(t, "conn")
				m, err := n.get(i), b.Attach(i, c)
				var want error
				switch {
				case m == nil || m.over || m.conn != 0:
					want = transfer.ErrGone
				case !n.room(c):
					want = transfer.ErrTooMany
				default:
					m.conn = c
					n.settle(m)
				}
				if !errors.Is(err, want) {
					t.Fatalf("attach: %v, want %v", err, want)
				}
			},
			"attach peer": func(t *rapid.T) {
				i, c := id.Draw(t, "id"), conn.Draw(t, "conn")
				m, err := n.get(i), b.AttachPeer(i, c)
				var want error
				switch {
				case m == nil || m.over || m.kind != transfer.Relay || m.conn == 0:
					want = transfer.ErrGone
				case m.peer != 0:
					want = transfer.ErrTaken
				case m.conn == c:
					want = transfer.ErrSelf
				case !n.room(c):
					want = transfer.ErrTooMany
				default:
					m.peer, m.accepted = c, true
					n.settle(m)
				}
				if !errors.Is(err, want) {
					t.Fatalf("attach peer: %v, want %v", err, want)
				}
			},
			"interrupt": func(t *rapid.T) {
				c := conn.Draw(t, "conn")
				was := n.on(c)
				got := b.Interrupt(now, c)
				if len(got) != len(was) {
					t.Fatalf("%d interrupted, want %d", len(got), len(was))
				}
				for i, m := range was {
					n.same(t, got[i], m)
					order++
					n.pause(now, m, order)
					renumbered(m)
				}
			},
			"pause": func(t *rapid.T) {
				i := id.Draw(t, "id")
				m := n.get(i)
				got, ok := b.Pause(now, i)
				if ok != (m != nil) {
					t.Fatalf("paused %t", ok)
				}
				if ok {
					n.same(t, got, m)
					order++
					n.pause(now, m, order)
					renumbered(m)
				}
			},
			"expire": func(t *rapid.T) {
				now += time.Duration(rapid.IntRange(0, 4).Draw(t, "pass"))
				got := b.Expire(now)
				var want []*naiveTransfer
				for _, m := range n.waiting() {
					if m.until <= now {
						want = append(want, m)
					}
				}
				if len(got) != len(want) {
					t.Fatalf("%d have expired, want %d", len(got), len(want))
				}
				for i, m := range want {
					m.over, m.waits = true, false
					n.same(t, got[i], m)
				}
			},
			"remove": func(t *rapid.T) {
				i := id.Draw(t, "id")
				b.Remove(i)
				n.all = slices.DeleteFunc(n.all, func(m *naiveTransfer) bool { return m.id == i })
			},
			"": func(t *rapid.T) { n.compare(t, b) },
		})
	})
}

// compare asks the book everything.
func (n *naiveBook) compare(t *rapid.T, b *transfer.Book) {
	if b.Len() != len(n.all) {
		t.Fatalf("%d transfers, want %d", b.Len(), len(n.all))
	}
	i := 0
	b.All(func(got transfer.Transfer) {
		n.same(t, got, n.all[i])
		i++
	})
	for _, m := range n.all {
		if got, ok := b.Get(m.id); !ok || got.ID != m.id {
			t.Fatalf("no transfer %d", m.id)
		}
		if got, ok := b.ByNumber(m.number); !ok || got.ID != m.id {
			t.Fatalf("the number %d leads to %d, want %d", m.number, got.ID, m.id)
		}
	}
	for number := range n.numbers {
		known := slices.ContainsFunc(n.all, func(m *naiveTransfer) bool { return m.number == number })
		if _, ok := b.ByNumber(number); ok != known {
			t.Fatalf("the number %d is known: %t", number, ok)
		}
	}
	for c := range uint64(5) {
		if c != 0 && b.HasRoom(c) != n.room(c) {
			t.Fatalf("room on %d: %t", c, b.HasRoom(c))
		}
	}
	next, ok := b.Next()
	waiting := n.waiting()
	if ok != (len(waiting) > 0) || ok && next != waiting[0].until {
		t.Fatalf("next is %v %t, %d wait", next, ok, len(waiting))
	}
	for _, name := range []string{"x", "y"} {
		k := transfer.GetKey(name)
		want := 0
		for _, m := range n.all {
			if m.key == k && !m.over {
				want++
			}
		}
		if got := b.With(k); len(got) != want {
			t.Fatalf("%d gets of %s, want %d", len(got), name, want)
		}
	}
}

// When all have gone, nothing is left of them (N17).
func TestBookLeavesNothing(t *testing.T) {
	b := transfer.NewBook(transfer.Limits{PerConnection: 4, PerOwner: 8, All: 8})
	for range 100 {
		for i := range uint64(4) {
			if _, err := b.Open(i+1, transfer.Kind(i%3), "ann", transfer.Key{Name: "x"}); err != nil {
				t.Fatal(err)
			}
		}
		for i := range uint64(4) {
			b.Interrupt(0, i+1)
		}
		b.Expire(0)
		b.All(func(x transfer.Transfer) { b.Remove(x.ID) })
		if s := transfer.Sizes(b); s != [6]int{} {
			t.Fatalf("left: %v", s)
		}
	}
}
