package actors

import (
	"context"
	"time"
)

// close shuts the system down and checks what must hold in the end.
func (w *world) close() {
	w.mu.Lock()
	was := w.closed
	w.closed = true
	w.mu.Unlock()
	if !was {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := w.sys.Shutdown(ctx); err != nil {
			w.t.Errorf("shutdown: %v", err)
		}
	}
	w.settle()
	w.checkEnd()
}

// shutdown is for tests that shut down themselves.
func (w *world) shutdown(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	return w.sys.Shutdown(ctx)
}

// checkEnd checks what must hold when every actor has stopped: nothing is left
// anywhere, and G2.
func (w *world) checkEnd() {
	w.t.Helper()
	for _, wrong := range w.wrong {
		w.t.Error(wrong)
	}
	s := w.sys
	if n := s.live.Load(); n != 0 {
		w.t.Errorf("%d connections and handlers are counted live", n)
	}
	if n := s.conns.Load(); n != 0 {
		w.t.Errorf("%d connections are counted", n)
	}
	if n := len(s.registry.all) + s.registry.dir.Len(); n != 0 {
		w.t.Errorf("the registry still holds %d", n)
	}
	if b := s.users.book.Counts(); len(s.users.conns) != 0 || b.Sessions != 0 || b.Admitted != 0 {
		w.t.Errorf("the user manager still holds %d connections, %+v", len(s.users.conns), b)
	}
	for id := range s.nextID.Load() {
		if w.engine.Registry.GetPID(s.set.Prefix+"/connection", itoa(id+1)) != nil {
			w.t.Errorf("the engine still knows connection %d", id+1)
		}
	}
	w.checkOnce()
	w.checkVersions()
}

// checkOnce checks G2: every connection has one Terminated, behind its
// Established, and one termination at the user manager.
func (w *world) checkOnce() {
	w.t.Helper()
	established, gone := map[uint64]bool{}, map[uint64]int{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		switch e := e.(type) {
		case Established:
			if established[e.Connection] || gone[e.Connection] > 0 {
				w.t.Errorf("connection %d: established again, or after its end", e.Connection)
			}
			established[e.Connection] = true
		case Terminated:
			gone[e.Connection]++
			if e.Handshaken != established[e.Connection] {
				w.t.Errorf("connection %d: established %v, its termination says %v",
					e.Connection, established[e.Connection], e.Handshaken)
			}
		}
	}
	for i := range w.sys.nextID.Load() {
		if id := i + 1; gone[id] != 1 || w.ended[id] != 1 {
			w.t.Errorf("connection %d: %d terminations told, %d at the user manager; want one each",
				id, gone[id], w.ended[id])
		}
	}
}

// checkVersions checks G3 as the embedding program sees it: each user's news
// alternate, and versions are dense.
func (w *world) checkVersions() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	online, last := map[string]bool{}, uint64(0)
	step := func(user string, now bool, version uint64) {
		if online[user] == now || version != last+1 {
			w.t.Errorf("%s is told to be online=%v, was %v; version %d after %d", user, now, online[user], version, last)
		}
		online[user], last = now, version
	}
	for _, e := range w.events {
		switch e := e.(type) {
		case UserOnline:
			step(e.User, true, e.Version)
		case UserOffline:
			step(e.User, false, e.Version)
		}
	}
}
