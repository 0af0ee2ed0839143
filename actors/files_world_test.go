package actors

import (
	"crypto/sha256"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/wire"
)

// fileGrace is how long an interrupted transfer waits in these tests.
const fileGrace = 10 * time.Second

// gatedStore is a store whose notices wait for a gate, if there is one.
type gatedStore struct {
	filestore.Store
	mu   sync.Mutex
	gate chan struct{}
}

func (s *gatedStore) AddNotice(user string, body []byte) error {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate != nil {
		<-gate
	}
	return s.Store.AddNotice(user, body)
}

// fileWorld starts a system with files in memory.
func fileWorld(t *testing.T, change ...func(*Settings)) (*world, *gatedStore) {
	t.Helper()
	memory, err := filestore.NewMemory(filestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store := &gatedStore{Store: memory}
	w := newWorld(t, append([]func(*Settings){func(s *Settings) {
		s.Store, s.Window = store, 1<<20
		s.Transfers = TransferLimits{PerConnection: 8, PerOwner: 64, All: 1000, Grace: fileGrace}
	}}, change...)...)
	return w, store
}

// putMessage is a put of data for some users.
func putMessage(request uint64, name string, data []byte, to ...string) *wire.Put {
	sum := sha256.Sum256(data)
	return &wire.Put{Request: request, Name: name, Size: uint64(len(data)), SHA256: sum[:], To: to}
}

// wantNoFiles checks that the file manager has forgotten everything (N17).
func (w *world) wantNoFiles() {
	w.t.Helper()
	w.settle() // the file manager is idle: nobody writes what is read here
	m := w.sys.files
	if n := [...]int{
		m.book.Len(), len(m.transfers), len(m.left), len(m.whole), len(m.asking),
		m.puts.Len(), m.relays.Len(), len(m.desks), m.keeping, len(m.disk),
	}; n != [10]int{} {
		w.t.Errorf("the file manager has left: %v", n)
	}
	for id, d := range m.desks {
		w.t.Errorf("the desk of %s: %+v", id, d)
	}
	if u := w.sys.set.Store.Usage(); u.Partials != 0 || u.Reserved != 0 {
		w.t.Errorf("G5, P8: the store has left: %+v", u)
	}
	if n := w.sys.live.Load() - w.sys.conns.Load(); n != 0 {
		w.t.Errorf("%d transfers or goroutines are still counted", n)
	}
}
