package roster

import (
	"iter"
	"slices"
	"sort"
)

// Seq is a place in a List's order: the number of an addition, counted from 1
// and never used again. As a cursor, 0 is before everything.
type Seq uint64

// block is the most slots of one block. It balances what a removal moves (a
// block at most) against the length of the list of blocks, which loses one entry when
// a block goes: at ten million items 20,000 blocks, and neither takes more than
// some microseconds.
const block = 512

type slot[V any] struct {
	seq Seq
	v   V
}

// List is a list in order of addition. The zero value is an empty list. It is
// not safe for concurrent use: it has one owner.
type List[V any] struct {
	blocks [][]slot[V] // none empty; seq ascending within and across
	last   Seq         // of the latest addition
	n      int
}

// Len is the number of items.
func (l *List[V]) Len() int { return l.n }

// Add appends v and returns its place.
func (l *List[V]) Add(v V) Seq {
	l.last++
	l.n++
	s := slot[V]{l.last, v}
	if k := len(l.blocks) - 1; k >= 0 && len(l.blocks[k]) < block {
		l.blocks[k] = append(l.blocks[k], s)
		return l.last
	}
	b := []slot[V]{s}
	if len(l.blocks) > 0 {
		// One block was filled, so the next one may be: no growing by copies.
		b = append(make([]slot[V], 0, block), s)
	}
	l.blocks = append(l.blocks, b)
	return l.last
}

// Get returns the item at a place, and false if there is none (any more).
func (l *List[V]) Get(at Seq) (v V, ok bool) {
	if k, i, ok := l.find(at); ok {
		return l.blocks[k][i].v, true
	}
	return v, false
}

// Remove takes out the item at a place and returns it; false if there is none
// (any more).
func (l *List[V]) Remove(at Seq) (v V, ok bool) {
	k, i, ok := l.find(at)
	if !ok {
		return v, false
	}
	v = l.blocks[k][i].v
	l.blocks[k] = slices.Delete(l.blocks[k], i, i+1)
	l.n--
	switch {
	case len(l.blocks[k]) == 0:
		l.drop(k)
	case k+1 < len(l.blocks) && l.join(k):
	case k > 0:
		l.join(k - 1)
	}
	return v, true
}

// join makes one block of blocks k and k+1 if it is at most half full. So two
// neighbours hold more than half a block between them, always.
func (l *List[V]) join(k int) bool {
	a, b := l.blocks[k], l.blocks[k+1]
	if len(a)+len(b) > block/2 {
		return false
	}
	l.blocks[k] = append(a, b...)
	l.drop(k + 1)
	return true
}

// drop takes block k out of the list of blocks. The first one costs nothing,
// since in a list of connections the oldest often go first.
func (l *List[V]) drop(k int) {
	if k == 0 {
		l.blocks[0] = nil
		l.blocks = l.blocks[1:]
	} else {
		l.blocks = slices.Delete(l.blocks, k, k+1)
	}
	if len(l.blocks) == 0 {
		l.blocks = nil
	}
}

// After returns up to limit items behind the cursor, in order, the cursor for
// the next call, and whether more follow. It costs O(limit + log n). With a
// limit of 0 or less it returns no items and the cursor unchanged.
func (l *List[V]) After(cursor Seq, limit int) (items []V, next Seq, more bool) {
	k, i := l.seek(cursor)
	next = cursor
	left := max(limit, 0)
	if k < len(l.blocks) && left > 0 {
		items = make([]V, 0, min(left, l.n, len(l.blocks[k])-i+(len(l.blocks)-k-1)*block))
	}
	for ; k < len(l.blocks); k, i = k+1, 0 {
		for ; i < len(l.blocks[k]); i++ {
			if left == 0 {
				return items, next, true
			}
			left--
			items = append(items, l.blocks[k][i].v)
			next = l.blocks[k][i].seq
		}
	}
	return items, next, false
}

// All yields every item with its place, in order. The list must not change
// meanwhile.
func (l *List[V]) All() iter.Seq2[Seq, V] {
	return func(yield func(Seq, V) bool) {
		for _, b := range l.blocks {
			for i := range b {
				if !yield(b[i].seq, b[i].v) {
					return
				}
			}
		}
	}
}

// seek finds the first slot behind the cursor; k is the number of blocks if
// there is none.
func (l *List[V]) seek(cursor Seq) (k, i int) {
	k = sort.Search(len(l.blocks), func(k int) bool {
		b := l.blocks[k]
		return b[len(b)-1].seq > cursor
	})
	if k == len(l.blocks) {
		return k, 0
	}
	b := l.blocks[k]
	return k, sort.Search(len(b), func(i int) bool { return b[i].seq > cursor })
}

func (l *List[V]) find(at Seq) (k, i int, ok bool) {
	if at == 0 || at > l.last {
		return 0, 0, false
	}
	k, i = l.seek(at - 1)
	return k, i, k < len(l.blocks) && l.blocks[k][i].seq == at
}
