package roster

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// invariants checks what doc.go promises of the blocks.
func (l *List[V]) invariants() error {
	n, last := 0, Seq(0)
	for k, b := range l.blocks {
		if len(b) == 0 || len(b) > block || cap(b) > block {
			return fmt.Errorf("block %d of %d has %d slots, room for %d", k, len(l.blocks), len(b), cap(b))
		}
		if k > 0 && len(l.blocks[k-1])+len(b) <= block/2 {
			return fmt.Errorf("blocks %d and %d have %d and %d slots", k-1, k, len(l.blocks[k-1]), len(b))
		}
		for _, s := range b {
			if s.seq <= last {
				return fmt.Errorf("%d comes behind %d", s.seq, last)
			}
			last = s.seq
			n++
		}
	}
	if n != l.n || last > l.last {
		return fmt.Errorf("%d items, says %d; the last is %d of %d", n, l.n, last, l.last)
	}
	return nil
}

func TestEmpty(t *testing.T) {
	var l List[string]
	if items, next, more := l.After(0, 10); items != nil || next != 0 || more {
		t.Errorf("After: %v, %v, %v", items, next, more)
	}
	if _, ok := l.Remove(1); ok {
		t.Error("removed from nothing")
	}
	if _, ok := l.Get(0); ok {
		t.Error("got the zero place")
	}
	for range l.All() {
		t.Error("there is an item")
	}
}

func TestAfter(t *testing.T) {
	var l List[string]
	for _, v := range []string{"a", "b", "c", "d", "e"} {
		l.Add(v)
	}
	l.Remove(2)
	l.Remove(5)
	for _, c := range []struct {
		cursor Seq
		limit  int
		items  []string
		next   Seq
		more   bool
	}{
		{0, 2, []string{"a", "c"}, 3, true},
		{0, 3, []string{"a", "c", "d"}, 4, false},
		{0, math.MaxInt, []string{"a", "c", "d"}, 4, false},
		{1, 1, []string{"c"}, 3, true},
		{2, 1, []string{"c"}, 3, true}, // of one that is gone
		{3, 1, []string{"d"}, 4, false},
		{4, 5, nil, 4, false},
		{5, 5, nil, 5, false},
		{math.MaxUint64, 5, nil, math.MaxUint64, false},
		{0, 0, nil, 0, true},
		{0, -1, nil, 0, true},
		{4, 0, nil, 4, false},
	} {
		items, next, more := l.After(c.cursor, c.limit)
		if !slices.Equal(items, c.items) || next != c.next || more != c.more {
			t.Errorf("After(%d, %d) = %v, %d, %v", c.cursor, c.limit, items, next, more)
		}
	}
	for at, v := range l.All() {
		if at != 1 || v != "a" {
			t.Errorf("All goes on with %q at %d", v, at)
		}
		break
	}
	if _, ok := l.Remove(math.MaxUint64); ok {
		t.Error("removed what was never added")
	}
}

// A removed item is not held on to: the slots behind the items are empty.
func TestRemovedIsForgotten(t *testing.T) {
	var l List[*int]
	for i := range 3 * block {
		l.Add(&i)
	}
	for at := Seq(1); at < 3*block; at += 2 {
		l.Remove(at)
	}
	for at := Seq(2); at < 2*block; at += 2 {
		l.Remove(at)
	}
	for k, b := range l.blocks {
		for i, s := range b[len(b):cap(b)] {
			if s.v != nil {
				t.Fatalf("block %d holds on to a removed item %d slots behind its end", k, i)
			}
		}
	}
}

// guards N17: the list follows what is in it, whatever the order of departure.
func TestBlocksFollowItems(t *testing.T) {
	const n = 40 * block
	for name, order := range map[string]func(i int) Seq{
		"oldest first": func(i int) Seq { return Seq(i + 1) },
		"newest first": func(i int) Seq { return Seq(n - i) },
		"scattered":    func(i int) Seq { return Seq(i*7919%n + 1) },
	} {
		t.Run(name, func(t *testing.T) {
			var l List[int]
			for i := range n {
				l.Add(i)
			}
			for i := range n {
				if v, ok := l.Remove(order(i)); !ok || v != int(order(i))-1 {
					t.Fatalf("Remove(%d) = %d, %v", order(i), v, ok)
				}
				if most := 2 + 4*l.Len()/block; len(l.blocks) > most {
					t.Fatalf("%d items in %d blocks, more than %d", l.Len(), len(l.blocks), most)
				}
			}
			if err := l.invariants(); err != nil || l.blocks != nil {
				t.Errorf("%v, %d blocks", err, len(l.blocks))
			}
		})
	}
}

// Against a plain sorted slice, with removals from anywhere in any number.
func TestListAgreesWithSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type item struct {
			seq Seq
			v   int
		}
		var l List[int]
		var model []item
		check := func() {
			if l.Len() != len(model) {
				t.Fatalf("Len %d, want %d", l.Len(), len(model))
			}
			i := 0
			for seq, v := range l.All() {
				if model[i] != (item{seq, v}) {
					t.Fatalf("item %d: %d at %d, want %v", i, v, seq, model[i])
				}
				i++
			}
			if err := l.invariants(); err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, 2*block).Draw(t, "n") {
					v := len(model) * 3
					seq := l.Add(v)
					if len(model) > 0 && seq <= model[len(model)-1].seq {
						t.Fatalf("place %d is not new", seq)
					}
					model = append(model, item{seq, v})
				}
			},
			"remove a range": func(t *rapid.T) {
				from := rapid.IntRange(0, len(model)).Draw(t, "from")
				to := rapid.IntRange(from, len(model)).Draw(t, "to")
				step := rapid.IntRange(1, 4).Draw(t, "step")
				var kept []item
				for i, it := range model {
					if i < from || i >= to || (i-from)%step != 0 {
						kept = append(kept, it)
						continue
					}
					if v, ok := l.Remove(it.seq); !ok || v != it.v {
						t.Fatalf("Remove(%d) = %d, %v", it.seq, v, ok)
					}
					if _, ok := l.Remove(it.seq); ok {
						t.Fatalf("removed %d twice", it.seq)
					}
					if _, ok := l.Get(it.seq); ok {
						t.Fatalf("%d is there after its removal", it.seq)
					}
				}
				model = kept
			},
			"page": func(t *rapid.T) {
				cursor := Seq(rapid.Uint64Range(0, uint64(l.last)+1).Draw(t, "cursor"))
				limit := rapid.IntRange(-1, 2*block).Draw(t, "limit")
				items, next, more := l.After(cursor, limit)
				var want []int
				wantNext, wantMore := cursor, false
				for _, it := range model {
					if it.seq <= cursor {
						continue
					}
					if len(want) >= limit {
						wantMore = true
						break
					}
					want = append(want, it.v)
					wantNext = it.seq
				}
				if !slices.Equal(items, want) || next != wantNext || more != wantMore {
					t.Fatalf("After(%d, %d) = %v, %d, %v; want %v, %d, %v",
						cursor, limit, items, next, more, want, wantNext, wantMore)
				}
			},
			"get": func(t *rapid.T) {
				if len(model) == 0 {
					return
				}
				it := rapid.SampledFrom(model).Draw(t, "item")
				if v, ok := l.Get(it.seq); !ok || v != it.v {
					t.Fatalf("Get(%d) = %d, %v", it.seq, v, ok)
				}
			},
			"": func(*rapid.T) { check() },
		})
	})
}

// Paging while the list changes: who is there all the time is seen exactly once,
// nobody twice, and who comes meanwhile is at the end.
func TestPagingWhileItChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l List[Seq]
		there := map[Seq]bool{}
		add := func() {
			at := l.last + 1
			if l.Add(at) != at {
				t.Fatal("places are not dense")
			}
		}
		for range rapid.IntRange(0, 3*block).Draw(t, "n") {
			add()
			there[l.last] = true
		}
		var cursor Seq
		seen := map[Seq]bool{}
		for more := true; more; {
			var page []Seq
			page, cursor, more = l.After(cursor, rapid.IntRange(1, block).Draw(t, "limit"))
			for _, at := range page {
				if seen[at] {
					t.Fatalf("%d is seen twice", at)
				}
				seen[at] = true
			}
			for range rapid.IntRange(0, 10).Draw(t, "leave") {
				at := Seq(rapid.Uint64Range(1, uint64(l.last)+1).Draw(t, "leaver"))
				l.Remove(at)
				delete(there, at)
			}
			if l.last < 4*block && rapid.Bool().Draw(t, "join") {
				add()
			}
		}
		for at := range there {
			if !seen[at] {
				t.Fatalf("%d was there all the time and never seen", at)
			}
		}
	})
}
