package simulations

import (
	"container/heap"
	"time"
)

// due is something that the world does at a time: bytes arrive, a fault begins,
// a client acts. What is due at the same time goes in the order in which it was
// planned.
type due struct {
	at   time.Duration
	seq  uint64
	do   func()
	note string
	gone bool
	pos  int
}

// agenda is a heap of what is due. Its bound is what the world plans: an entry a
// segment under way, a timer and an operation.
type agenda struct {
	heap dues
	seq  uint64
}

func (a *agenda) add(at time.Duration, note string, do func()) *due {
	a.seq++
	d := &due{at: at, seq: a.seq, do: do, note: note}
	heap.Push(&a.heap, d)
	return d
}

// drop takes an entry back.
func (a *agenda) drop(d *due) {
	if d == nil || d.gone {
		return
	}
	d.gone = true
	heap.Remove(&a.heap, d.pos)
}

// next tells when something is due.
func (a *agenda) next() (time.Duration, bool) {
	if len(a.heap) == 0 {
		return 0, false
	}
	return a.heap[0].at, true
}

// pop takes what is due by now.
func (a *agenda) pop(now time.Duration) *due {
	if len(a.heap) == 0 || a.heap[0].at > now {
		return nil
	}
	d, _ := heap.Pop(&a.heap).(*due)
	d.gone = true
	return d
}

type dues []*due

func (h dues) Len() int { return len(h) }
func (h dues) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].seq < h[j].seq
}
func (h dues) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].pos, h[j].pos = i, j
}

// Push implements heap.Interface.
func (h *dues) Push(x any) {
	d, _ := x.(*due)
	d.pos = len(*h)
	*h = append(*h, d)
}

// Pop implements heap.Interface.
func (h *dues) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
