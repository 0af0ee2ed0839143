package actors

import (
	"cmp"
	"slices"
	"time"

	"example.com/rollcall/actors/internal/directory"
	"example.com/rollcall/wire"
)

// registry is the one actor that owns both lookup maps. A connection enters
// both in one message and leaves both in one message (G1, N7); what it passes on
// to the user manager it passes on once (G2).
type registry struct {
	guard

	// static after construction
	sys *System

	// owned by the actor
	all      map[uint64]*connection // every connection from accept until its termination; bounded by MaxConnections
	dir      *directory.Directory[*connection]
	recent   recent
	draining bool
	timer    *time.Timer
	swept    uint64 // panics counted at the last walk
	crew     crew
}

func (r *registry) woken() *crew { return &r.crew }

func newRegistry(s *System) *registry {
	return &registry{
		sys: s, all: make(map[uint64]*connection),
		dir: new(directory.Directory[*connection]), recent: newRecent(s.set.Recent),
	}
}

func (r *registry) receive(msg any) {
	switch m := msg.(type) {
	case accepted:
		r.all[m.c.id] = m.c
		if r.draining {
			m.c.tell(shutdownStop)
		}
	case register:
		r.register(m)
	case ended:
		r.terminate(m.c, m.t)
	case registryQuery:
		m.ask(r)
	case sweep:
		r.sweep()
	case drain:
		r.draining = true
		for _, c := range r.all {
			c.tell(shutdownStop)
		}
	case quit:
		if r.timer != nil {
			r.timer.Stop()
		}
		r.stop()
	}
}

var shutdownStop = stopConnection{reason: wire.ReasonServerShutdown, detail: "the server is shutting down"}

// Key implements directory.Member.
func (c *connection) Key() directory.Key {
	return directory.Key{ID: c.id, Identifier: c.identifier, Endpoint: c.endpoint}
}

// Place implements directory.Member.
func (c *connection) Place() *directory.Place[*connection] { return &c.place }

// register puts a connection into both maps. A live connection at the same
// endpoint is ended: the kernel has given its address pair to another, so
// it is dead (N3: the endpoint is what we observed).
func (r *registry) register(m register) {
	if r.all[m.c.id] != m.c || m.c.finished.Load() != nil {
		return // it has ended meanwhile
	}
	displaced, err := r.dir.Add(m.c)
	if err != nil {
		// A newer connection came from the same address, and was faster (S3);
		// nothing else is possible, for IDs come from a counter.
		m.c.tell(stopConnection{reason: wire.ReasonReplaced, detail: err.Error(), rival: r.holder(m.c.endpoint)})
		return
	}
	m.c.mapped = true
	if displaced != nil {
		displaced.tell(stopConnection{
			reason: wire.ReasonReplaced, detail: "another connection came from the same address", cut: true, rival: m.c.asRival(),
		})
	}
	r.sys.emitBy(&r.crew, Established{ // first: before the news of its user
		Connection: m.c.id, Identifier: m.c.identifier, Remote: m.c.endpoint.Remote, At: r.sys.set.Wall(),
	})
	r.crew.tell(&r.sys.users.guard, established(m))
	r.crew.tell(&m.c.guard, registered{})
}

// holder names the newest connection at an endpoint.
func (r *registry) holder(e directory.Endpoint) (newest rival) {
	for _, x := range r.dir.ByEndpoint(e.Remote) {
		if x.endpoint == e {
			newest = x.asRival()
		}
	}
	return newest
}

// terminate forgets a connection everywhere and passes its termination on,
// once: a second one finds nothing.
func (r *registry) terminate(c *connection, t *Termination) {
	if _, ok := r.all[c.id]; !ok {
		return
	}
	if c.mapped && !t.Handshaken {
		told := *t // it ended before it learnt that it was in the maps
		told.Handshaken = true
		t = &told
	}
	r.dir.Remove(c)
	if n := r.dir.Count(t.Identifier, MaxOthers); n > 0 && t.Identifier != "" {
		told := *t
		told.Others = n
		t = &told
	}
	r.recent.add(t)
	r.sys.count.terminations[t.Reason].Add(1)
	r.sys.emitBy(&r.crew, Terminated{*t})
	// The user manager lets go of the connection. It is told of unfinished
	// handshakes as well: it knows nothing of them, and releases them.
	r.crew.tell(&r.sys.users.guard, terminated{c, t})
	if r.sys.files != nil {
		r.crew.tellLast(&r.sys.files.guard, filesTerminated{c, t})
	}
	delete(r.all, c.id) // last: what a panic cuts short, a sweep does again (S1)
}

// sweep finds terminations that a panic has lost between a connection and the
// maps (S1): a connection keeps its termination until it is let go.
func (r *registry) sweep() {
	if r.timer == nil {
		r.timer = time.AfterFunc(r.sys.set.SweepInterval, func() {
			r.resumes("sweep")
			r.tell(sweep{})
		})
	} else {
		r.timer.Reset(r.sys.set.SweepInterval)
	}
	if n := r.sys.count.panics.Load(); n != r.swept {
		r.swept = n // without a panic nothing can be lost, and the walk is saved
		r.reconcile()
	}
}

// reconcile walks all connections, and tells the user manager which are live:
// it may have lost something as well.
func (r *registry) reconcile() {
	live := make(map[uint64]*connection, r.dir.Len())
	var lost []*connection
	for id, c := range r.all {
		if c.finished.Load() != nil {
			lost = append(lost, c)
		} else if r.dir.Has(c) {
			live[id] = c
		}
	}
	slices.SortFunc(lost, func(a, b *connection) int { return cmp.Compare(a.id, b.id) })
	for _, c := range lost {
		r.sys.count.mended.Add(1)
		r.terminate(c, c.finished.Load())
	}
	r.sys.users.tell(liveSet{live})
}

func (r *registry) turn() {}

// recovered mends what the lost message may have left undone (S1): nothing is
// put back (S2).
func (r *registry) recovered(msg, value any, stack []byte) {
	r.sys.fault(r.name(), msg, value, stack)
	switch m := msg.(type) {
	case register:
		// Its handshake deadline would end it; it need not wait.
		m.c.tell(stopConnection{reason: wire.ReasonPanic, detail: "internal error"})
	case ended:
		r.terminate(m.c, m.t)
	case registryQuery:
		m.lost()
	case accepted, drain, quit, sweep:
		r.receive(msg) // these cannot be lost; a second panic is left to the next sweep
	}
}

// abandoned: the registry does not go, whatever happens; the next sweep mends.
func (r *registry) abandoned() bool { return false }

func (r *registry) gone() { r.sys.actorStopped() }

// recent is a ring of the latest terminations.
type recent struct {
	ring []*Termination
	next uint64 // how many there have ever been
}

func newRecent(n int) recent { return recent{ring: make([]*Termination, n)} }

func (r *recent) add(t *Termination) {
	if len(r.ring) == 0 {
		return
	}
	r.ring[r.next%uint64(len(r.ring))] = t
	r.next++
}

// forget drops the terminations of a user.
func (r *recent) forget(user string) {
	for i, t := range r.ring {
		if t != nil && (t.User == user || t.Identifier == user) {
			r.ring[i] = nil
		}
	}
}

// page returns up to limit terminations, newest first, older than cursor (0:
// from the newest), that match.
func (r *recent) page(cursor uint64, limit int, match func(*Termination) bool) (out []Termination, next uint64) {
	oldest := uint64(0)
	if n := uint64(len(r.ring)); r.next > n {
		oldest = r.next - n
	}
	i := r.next
	if cursor != 0 && cursor < i {
		i = cursor
	}
	for ; i > oldest; i-- {
		if len(out) == limit {
			return out, i
		}
		if t := r.ring[(i-1)%uint64(len(r.ring))]; t != nil && (match == nil || match(t)) {
			out = append(out, *t)
		}
	}
	return out, 0
}
