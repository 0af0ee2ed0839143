package actors

import (
	"fmt"
	"maps"
	"slices"

	"example.com/rollcall/wire"
)

// view is what a watcher knows when it goes by the client's algorithm of
// PROTOCOL.md, section 7. It notes every breach of the server's guarantees: it
// never asks again.
type view struct {
	known    bool
	version  uint64
	online   map[string]bool
	building *wire.Snapshot // the parts that have come
	wrong    []string

	snapshots, deltas, changes int
}

func (v *view) fail(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
}

func (v *view) apply(m wire.Message) {
	switch m := m.(type) {
	case *wire.Snapshot:
		v.snapshot(m)
	case *wire.Delta:
		v.delta(m)
	}
}

func (v *view) snapshot(s *wire.Snapshot) {
	switch b := v.building; {
	case s.Part == 0:
		v.building = &wire.Snapshot{Version: s.Version}
	case b == nil || b.Version != s.Version || b.Part+1 != s.Part:
		v.fail("part %d of version %d came out of turn", s.Part, s.Version)
		return
	}
	v.building.Part = s.Part
	v.building.Online = append(v.building.Online, s.Online...)
	if s.More {
		return
	}
	if v.known && s.Version < v.version {
		v.fail("a snapshot of version %d after %d", s.Version, v.version)
	}
	v.online = map[string]bool{}
	for _, o := range v.building.Online {
		v.online[o.User] = true
	}
	v.known, v.version, v.building = true, s.Version, nil
	v.snapshots++
}

func (v *view) delta(d *wire.Delta) {
	v.deltas++
	switch {
	case v.building != nil:
		v.fail("a delta within a snapshot")
	case !v.known || d.From > v.version:
		v.fail("a gap: the delta begins at %d, known is %d (%v)", d.From, v.version, v.known)
	case d.To <= v.version:
		return
	}
	for _, c := range d.Changes {
		if c.Version <= v.version {
			continue
		}
		v.changes++
		if c.Online {
			v.online[c.User] = true
		} else {
			delete(v.online, c.User)
		}
	}
	v.version = d.To
}

// users returns who is online, in order.
func (v *view) users() []string { return slices.Sorted(maps.Keys(v.online)) }

// watching makes the peer keep a view from now on.
func (p *peer) watching() *peer {
	p.mu.Lock()
	p.view = &view{}
	p.mu.Unlock()
	return p
}

// seen returns a copy of the peer's view as of now.
func (p *peer) seen() view {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := *p.view
	v.online = maps.Clone(v.online)
	return v
}

// wantSees checks that the peer's view is without a breach, and that these are
// the users whom it knows to be online.
func (p *peer) wantSees(users ...string) {
	p.w.t.Helper()
	v := p.seen()
	for _, wrong := range v.wrong {
		p.w.t.Errorf("watcher %d: %s", p.id, wrong)
	}
	slices.Sort(users)
	if got := v.users(); !slices.Equal(got, users) {
		p.w.t.Errorf("watcher %d sees %q online, want %q", p.id, got, users)
	}
}

// boardUsers returns who is online in the board's own word.
func (w *world) boardUsers(of []string) []string {
	w.t.Helper()
	return onUsers(w, func(u *userManager) (online []string) {
		for _, name := range of {
			if _, ok := u.board.Online(name); ok {
				online = append(online, name)
			}
		}
		return online
	})
}
