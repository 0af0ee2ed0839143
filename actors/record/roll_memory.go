package record

import "sync"

// MemoryRoll is a Roll in memory.
type MemoryRoll struct {
	had Left // static after construction

	mu     sync.Mutex
	state  *rollState // owned by mu
	closed bool       // owned by mu
}

// NewMemoryRoll makes a roll that nobody has left anything on: for embedders that
// keep nothing, and for tests.
func NewMemoryRoll() *MemoryRoll { return &MemoryRoll{state: newRollState()} }

// Next gives the roll as the next life finds it, if this one ends here.
func (r *MemoryRoll) Next() *MemoryRoll {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := newRollState()
	next.apply(r.state.whole())
	return &MemoryRoll{had: next.left(nil), state: next}
}

// Left implements Roll.
func (r *MemoryRoll) Left() Left { return r.had }

// Write implements Roll.
func (r *MemoryRoll) Write(b Batch) error {
	if err := checkBatch(&b); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	r.state.apply(&b)
	return nil
}

// Forget implements Roll.
func (r *MemoryRoll) Forget(user string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ErrClosed
	}
	return r.state.forget(user)
}

// Close implements Roll.
func (r *MemoryRoll) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return nil
}
