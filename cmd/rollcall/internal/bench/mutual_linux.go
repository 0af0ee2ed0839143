package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"example.com/rollcall/wire"
)

// Presence measures users who watch each other. Count of them come in, and then
// every other one vanishes at once, its connection cut without a goodbye. In the
// first part each names Names of the others, in the second each watches everyone.
// The floors know no names and bound nothing: they do the second alone. In the
// third, one watcher of Changes changes reads slowly.
func Presence(ctx context.Context, s *Setup, t *target) ([]Value, error) {
	parts := []*mutual{{name: "all watch all"}}
	floor := t.name == FloorGo || t.name == Epoll
	if s.Names > 0 && !floor {
		parts = append([]*mutual{{name: fmt.Sprintf("each names %d", s.names()), names: s.names()}}, parts...)
	}
	var values []Value
	version := uint64(0)
	for _, m := range parts {
		got, after, err := m.run(ctx, s, t, version)
		if err != nil {
			return nil, err
		}
		values, version = append(values, got...), after
	}
	if s.Changes > 0 && !floor {
		got, err := s.slowWatcher(ctx, t, version)
		if err != nil {
			return nil, err
		}
		values = append(values, got...)
	}
	return values, nil
}

// names is how many each can name: there are no more of the other half.
func (s *Setup) names() int { return min(s.Names, s.Count/2) }

// mutual is a crowd whose members watch each other.
type mutual struct {
	name  string
	names int // that each names; 0: everyone

	v    *visitors
	told received // since the last reset
}

// received is what the load was told.
type received struct {
	changes, deltaBytes               int
	entries, snapshots, snapshotBytes int // of those who were there already
	last                              time.Time
}

// take counts a frame about presence.
func (r *received) take(t wire.Type, body []byte) {
	n := 0
	fields(body, func(f field) bool {
		if f.major == 4 {
			n = int(f.value) //nolint:gosec // bounded by the frame
		}
		return true
	})
	r.last = time.Now()
	if t == wire.TypeDelta {
		r.changes, r.deltaBytes = r.changes+n, r.deltaBytes+wire.HeaderSize+len(body)
	} else {
		r.entries, r.snapshots, r.snapshotBytes = r.entries+n, r.snapshots+1, r.snapshotBytes+wire.HeaderSize+len(body)
	}
}

func (m *mutual) user(i int) string {
	kind := "all"
	if m.names > 0 {
		kind = "named"
	}
	return kind + "-" + strconv.Itoa(i)
}

// visit is what user i of n asks for. Those with an odd number will go, and are
// named by those who stay, and the other way round. Whom one names lie as far
// apart as can be, so that some are there before it and some come later.
func (m *mutual) visit(i, n int) visit {
	w := &wire.Watch{Request: watchRequest, Everyone: m.names == 0}
	for k := range m.names {
		w.Users = append(w.Users, m.user((i+1+2*(k*(n/2)/m.names))%n))
	}
	return visit{user: m.user(i), watch: w}
}

// run returns the figures, and the version that the server will have come to when
// all are gone. It begins at the version from, or later.
func (m *mutual) run(ctx context.Context, s *Setup, t *target, from uint64) (_ []Value, after uint64, err error) {
	if m.v, err = newVisitors(t.addr); err != nil {
		return nil, 0, err
	}
	v, n := m.v, s.Count&^1 // two halves
	defer v.loop.close()
	v.presence = func(_ *conn, t wire.Type, body []byte) { m.told.take(t, body) }

	// The first tells where the versions begin, once all who were there before
	// are known to be gone.
	first, err := v.enter(ctx, 1, func(int) visit { return m.visit(0, n) })
	if err != nil {
		return nil, 0, err
	}
	if err := v.until(ctx, func() bool { return v.seen == 1 && first[0].version > from }); err != nil {
		return nil, 0, fmt.Errorf("%s, the first: %w", m.name, err)
	}
	version, err := v.latest(ctx, first)
	if err != nil {
		return nil, 0, err
	}

	m.told = received{}
	g := t.gauge(ctx)
	others, err := v.enter(ctx, n-1, func(i int) visit { return m.visit(i+1, n) })
	if err != nil {
		return nil, 0, err
	}
	all := append(first, others...)
	version += uint64(n - 1) //nolint:gosec // positive
	done := func() bool { return v.seen == n && reached(all, version) }
	if m.names > 0 { // each is told of each once, by a snapshot or a change
		done = func() bool { return v.seen == n && m.told.changes+m.told.entries >= m.names*n }
	}
	if err := v.until(ctx, done); err != nil {
		return nil, 0, fmt.Errorf("%s, filling: %w", m.name, err)
	}
	values := g.values(m.name+", filling", m.told)

	if err := m.quiet(ctx); err != nil {
		return nil, 0, err
	}
	var left []*conn
	m.told = received{}
	g = t.gauge(ctx)
	for i, c := range all {
		if i%2 == 0 {
			left = append(left, c)
			continue
		}
		delete(v.loop.conns, c.fd)
		if err := unix.Close(c.fd); err != nil {
			return nil, 0, err
		}
	}
	version += uint64(n / 2) //nolint:gosec // positive
	done = func() bool { return reached(left, version) }
	if m.names > 0 {
		done = func() bool { return m.told.changes >= m.names*len(left) }
	}
	if err := v.until(ctx, done); err != nil {
		return nil, 0, fmt.Errorf("%s, half vanish: %w", m.name, err)
	}
	return append(values, g.values(m.name+", half vanish", m.told)...), version + uint64(len(left)), nil
}

// reached reports whether all were told up to the version.
func reached(all []*conn, version uint64) bool {
	for _, c := range all {
		if c.version < version {
			return false
		}
	}
	return true
}

// quiet steps until nothing about presence has come for a while.
func (m *mutual) quiet(ctx context.Context) error {
	const while = 300 * time.Millisecond
	begun := time.Now()
	return m.v.until(ctx, func() bool { return time.Since(begun) > while && time.Since(m.told.last) > while })
}
