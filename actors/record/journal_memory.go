package record

import (
	"iter"
	"slices"
	"sync"
)

// DefaultMaxRecords is how many records a journal in memory keeps if nobody says.
const DefaultMaxRecords = 10_000

// memoryJournal is a Journal in memory.
type memoryJournal struct {
	most int // static after construction

	mu     sync.RWMutex
	closed bool     // owned by mu
	all    []Record // owned by mu; the oldest first, at most twice as many as most
}

// NewMemoryJournal makes a journal that keeps the last maxRecords, or
// DefaultMaxRecords if that is not positive. It keeps the records that it is
// given: they must not be changed afterwards.
func NewMemoryJournal(maxRecords int) Journal {
	if maxRecords <= 0 {
		maxRecords = DefaultMaxRecords
	}
	return &memoryJournal{most: maxRecords}
}

// Append implements Journal.
func (j *memoryJournal) Append(batch []Record) error {
	for _, r := range batch {
		if _, ok := kindOf(r); !ok {
			return unsupported(r)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return ErrClosed
	}
	if len(batch) > j.most {
		batch = batch[len(batch)-j.most:]
	}
	// Readers have slices of all: it is appended to, or replaced, never changed.
	if len(j.all)+len(batch) > 2*j.most {
		keep := max(min(j.most-len(batch), len(j.all)), 0)
		fresh := make([]Record, 0, 2*j.most)
		j.all = append(fresh, j.all[len(j.all)-keep:]...)
	}
	j.all = append(j.all, batch...)
	return nil
}

// Records implements Journal.
func (j *memoryJournal) Records(q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		j.mu.RLock()
		all := j.all[max(len(j.all)-j.most, 0):]
		j.mu.RUnlock()
		for _, r := range slices.Backward(all) {
			if q.Matches(r) && !yield(r, nil) {
				return
			}
		}
	}
}

// Forget implements Journal.
func (j *memoryJournal) Forget(user string) (int, error) {
	if user == "" || len(user) > MaxName {
		return 0, ErrUser
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return 0, ErrClosed
	}
	var kept []Record
	n := 0
	for _, r := range j.all[max(len(j.all)-j.most, 0):] {
		if names(r, user) {
			n++
			continue
		}
		r, _ = redact(r, user)
		kept = append(kept, r)
	}
	j.all = kept
	return n, nil
}

// Close implements Journal.
func (j *memoryJournal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
	return nil
}
