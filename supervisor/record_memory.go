package supervisor

import (
	"iter"
	"sync"
)

type memory struct {
	mu  sync.Mutex
	all []Record
}

func newMemory() Journal { return &memory{} }

func (m *memory) Append(batch []Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, batch...)
	if over := len(m.all) - 4096; over > 0 {
		m.all = append([]Record(nil), m.all[over:]...)
	}
	return nil
}

func (m *memory) Records(RecordQuery) iter.Seq2[Record, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.all
	return func(yield func(Record, error) bool) {
		for i := len(all) - 1; i >= 0 && yield(all[i], nil); i-- {
		}
	}
}
func (m *memory) Forget(string) (int, error) { return 0, nil }
func (m *memory) Close() error               { return nil }
