package supervisor_test

import (
	"sync"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// recorder keeps all events of a supervisor.
type recorder struct {
	mu   sync.Mutex
	all  []supervisor.Event
	more chan struct{} // closed at the next event; nil while nobody waits
}

func (r *recorder) record(e supervisor.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, e)
	if r.more != nil {
		close(r.more)
		r.more = nil
	}
}

// until waits for holds to be true. It looks after each event, and now and then for
// what no event tells of, a counter for one.
func (r *recorder) until(t testing.TB, holds func() bool) {
	t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		r.mu.Lock()
		if r.more == nil {
			r.more = make(chan struct{})
		}
		more := r.more
		r.mu.Unlock()
		if holds() {
			return
		}
		select {
		case <-more:
		case <-again.C:
		case <-timeout.C:
			t.Fatalf("what was waited for has not come after %v", patience)
		}
	}
}

// events returns the events of a type.
func events[T supervisor.Event](r *recorder) (out []T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.all {
		if x, ok := e.(T); ok {
			out = append(out, x)
		}
	}
	return out
}

// terminations returns how a connection ended: at most once, by G2.
func (r *recorder) terminations(id uint64) (out []supervisor.Termination) {
	for _, e := range events[supervisor.Terminated](r) {
		if e.Connection == id {
			out = append(out, e.Termination)
		}
	}
	return out
}

// check checks what holds for every life of a server that has ended all its
// connections: guarantees G2 and G3.
func (r *recorder) check(t testing.TB) {
	t.Helper()
	established := map[uint64]bool{}
	terminated := map[uint64]wire.Reason{}
	online := map[string]bool{}
	version := uint64(0)
	step := func(user string, now bool, v uint64) {
		if online[user] == now {
			t.Errorf("P1: %s is online: %t, twice (version %d)", user, now, v)
		}
		online[user] = now
		if v != version+1 {
			t.Errorf("G3: version %d follows version %d", v, version)
		}
		version = v
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.all {
		switch e := e.(type) {
		case supervisor.Established:
			if _, over := terminated[e.Connection]; over || established[e.Connection] {
				t.Errorf("connection %d was established after its end, or twice", e.Connection)
			}
			established[e.Connection] = true
		case supervisor.Terminated:
			if was, twice := terminated[e.Connection]; twice {
				t.Errorf("G2: connection %d ended with %s and with %s", e.Connection, was, e.Reason)
			}
			if e.Reason == wire.ReasonNone || e.Handshaken != established[e.Connection] {
				t.Errorf("connection %d: reason %s, handshaken %t, established %t",
					e.Connection, e.Reason, e.Handshaken, established[e.Connection])
			}
			terminated[e.Connection] = e.Reason
		case supervisor.Restored:
			for _, u := range e.Users {
				online[u.User] = true
			}
		case supervisor.UserOnline:
			step(e.User, true, e.Version)
		case supervisor.UserOffline:
			step(e.User, false, e.Version)
		case supervisor.EventsLost:
			t.Errorf("%d events were lost", e.Count)
		}
	}
	for id := range established {
		if _, ok := terminated[id]; !ok {
			t.Errorf("G2: connection %d was established and never terminated", id)
		}
	}
	for user, still := range online {
		if still {
			t.Errorf("G3: %s is online with no connection left", user)
		}
	}
}
