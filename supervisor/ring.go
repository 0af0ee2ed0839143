package supervisor

// ring is a circular queue that grows to room elements; when it is full, the
// oldest gives way.
type ring struct {
	slots []Event
	head  int
	n     int
	room  int
}

// push adds an event, and reports whether an older one was dropped for it.
func (r *ring) push(e Event) (dropped bool) {
	if r.n == len(r.slots) && r.n < r.room {
		grown := make([]Event, min(max(2*r.n, 16), r.room))
		k := copy(grown, r.slots[r.head:])
		copy(grown[k:], r.slots[:r.head])
		r.slots, r.head = grown, 0
	}
	if r.n == len(r.slots) {
		r.slots[r.head] = e
		r.head = (r.head + 1) % len(r.slots)
		return true
	}
	r.slots[(r.head+r.n)%len(r.slots)] = e
	r.n++
	return false
}

// pop removes the oldest event.
func (r *ring) pop() (Event, bool) {
	if r.n == 0 {
		return nil, false
	}
	e := r.slots[r.head]
	r.slots[r.head] = nil
	r.head = (r.head + 1) % len(r.slots)
	r.n--
	return e, true
}
