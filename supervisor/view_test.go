package supervisor_test

import (
	"fmt"
	"maps"
	"slices"

	"example.com/rollcall/wire"
)

// view is what a watcher knows, by the client's algorithm of PROTOCOL.md section
// 7, and by nothing else: it shares no code with the server. It notes the first
// breach of the server's guarantees.
type view struct {
	names map[string]bool // nil: everyone
	slow  bool            // the server may collapse changes

	known   bool
	epoch   uint64
	version uint64
	online  map[string]bool
	parts   *wire.Snapshot // what has come of a snapshot

	log       []wire.Change // every change that was told by a delta
	snapshots int
	problem   error
}

func newView(users ...string) *view {
	v := &view{online: map[string]bool{}}
	v.add(users)
	return v
}

// add widens what is watched.
func (v *view) add(users []string) {
	if len(users) == 0 {
		v.names = nil
		return
	}
	if v.names == nil {
		v.names = map[string]bool{}
	}
	for _, u := range users {
		v.names[u] = true
	}
}

func (v *view) fail(format string, args ...any) {
	if v.problem == nil {
		v.problem = fmt.Errorf(format, args...)
	}
}

func (v *view) snapshot(s *wire.Snapshot) {
	switch {
	case s.Part == 0:
		v.parts = &wire.Snapshot{Epoch: s.Epoch, Version: s.Version}
	case v.parts == nil || v.parts.Epoch != s.Epoch || v.parts.Version != s.Version || v.parts.Part != s.Part:
		v.fail("part %d of a snapshot of version %d came out of turn", s.Part, s.Version)
		return
	}
	v.parts.Online = append(v.parts.Online, s.Online...)
	v.parts.Part++
	if s.More {
		return
	}
	if v.known && s.Epoch == v.epoch && s.Version < v.version {
		v.fail("a snapshot of version %d after version %d", s.Version, v.version)
	}
	v.known, v.epoch, v.version = true, s.Epoch, s.Version
	v.online = map[string]bool{}
	for _, o := range v.parts.Online {
		if v.names != nil && !v.names[o.User] {
			v.fail("a snapshot lists %s, who is not watched", o.User)
		}
		v.online[o.User] = true
	}
	v.parts = nil
	v.snapshots++
}

func (v *view) delta(d *wire.Delta) {
	if v.parts != nil {
		v.fail("a delta between the parts of a snapshot")
	}
	if !v.known || d.Epoch != v.epoch || d.From > v.version {
		v.fail("a delta from %d of epoch %d, with version %d of epoch %d known", d.From, d.Epoch, v.version, v.epoch)
		return
	}
	if !v.slow && v.names == nil && uint64(len(d.Changes)) != d.To-d.From {
		v.fail("a delta from %d to %d has %d changes: versions are not dense", d.From, d.To, len(d.Changes))
	}
	for _, c := range d.Changes {
		if c.Version <= v.version {
			continue
		}
		if v.names != nil && !v.names[c.User] {
			v.fail("a change of %s, who is not watched", c.User)
		}
		if !v.slow && v.online[c.User] == c.Online {
			v.fail("version %d tells that %s is online: %t, which was known", c.Version, c.User, c.Online)
		}
		if c.Online != (c.Reason == wire.ReasonNone) {
			v.fail("version %d: %s is online: %t with reason %s", c.Version, c.User, c.Online, c.Reason)
		}
		v.log = append(v.log, c)
		if c.Online {
			v.online[c.User] = true
		} else {
			delete(v.online, c.User)
		}
	}
	v.version = max(v.version, d.To)
}

// users are those who are online in the eyes of the watcher.
func (v *view) users() []string { return slices.Sorted(maps.Keys(v.online)) }

// told returns the changes of one user, for comparing: "+" for online, the
// reason for offline.
func (v *view) told(user string) []string {
	var out []string
	for _, c := range v.log {
		switch {
		case c.User != user:
		case c.Online:
			out = append(out, "+")
		default:
			out = append(out, c.Reason.String())
		}
	}
	return out
}
