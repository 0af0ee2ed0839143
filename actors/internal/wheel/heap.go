package wheel

// The heap of those who were armed for the present bucket: each has two below it, none of which is due
// before it.

// up puts p at place i, or above it.
func (w *Wheel[T]) up(i int, p place[T]) {
	for i > 0 {
		above := (i - 1) / 2
		if w.near[above].due <= p.due {
			break
		}
		w.put(i, w.near[above])
		i = above
	}
	w.put(i, p)
}

// down puts p at place i, or below it.
func (w *Wheel[T]) down(i int, p place[T]) {
	for {
		below := 2*i + 1
		if below >= len(w.near) {
			break
		}
		if right := below + 1; right < len(w.near) && w.near[right].due < w.near[below].due {
			below = right
		}
		if p.due <= w.near[below].due {
			break
		}
		w.put(i, w.near[below])
		i = below
	}
	w.put(i, p)
}

func (w *Wheel[T]) put(i int, p place[T]) {
	w.near[i] = p
	p.x.Link().place = int32(i + 1) //nolint:gosec // bounded by the number of connections
}

// drop takes out what is at place i.
func (w *Wheel[T]) drop(i int) {
	last := len(w.near) - 1
	p := w.near[last]
	w.near[last] = place[T]{}
	w.near = w.near[:last]
	if i == last {
		return
	}
	if i > 0 && p.due < w.near[(i-1)/2].due {
		w.up(i, p)
	} else {
		w.down(i, p)
	}
}
