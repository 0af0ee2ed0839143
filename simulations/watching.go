package simulations

import "slices"

// watching is whom a connection watches.
type watching struct {
	everyone bool
	names    []string
}

func (s watching) empty() bool { return !s.everyone && len(s.names) == 0 }

func (s watching) includes(user string) bool { return s.everyone || slices.Contains(s.names, user) }

// covers reports whether all of t is in s.
func (s watching) covers(t watching) bool {
	return s.everyone || !t.everyone && !slices.ContainsFunc(t.names, func(name string) bool { return !s.includes(name) })
}

// plus is both together. What is there already keeps its place.
func (s watching) plus(t watching) watching {
	if len(s.names) == 0 {
		return watching{s.everyone || t.everyone, t.names}
	}
	all := watching{s.everyone || t.everyone, slices.Clone(s.names)}
	for _, name := range t.names {
		if !slices.Contains(all.names, name) {
			all.names = append(all.names, name)
		}
	}
	return all
}

// minus is s without a user. From everyone nobody can be taken.
func (s watching) minus(user string) watching {
	if s.everyone {
		return s
	}
	return watching{names: slices.DeleteFunc(slices.Clone(s.names), func(name string) bool { return name == user })}
}

// forget drops what is known of all.
func (v *view) forget() {
	v.has, v.epoch, v.version = false, 0, 0
	clear(v.online)
	v.building = nil
	v.sure = watching{}
}

// hushed notes that the server has told a peer that it watches nobody any more.
func (p *peer) hushed(request string) {
	v := &p.c.view
	if request == "unwatch" && v.on == p && v.set.empty() || request == "logout" && !p.loggedIn {
		p.quiet, p.quietAt = true, p.w.model.version
	}
}

// quietly checks that who watches nobody is told nothing that is newer than the
// answer to its unwatch or logout. What was under way then may still come.
func (p *peer) quietly(epoch, version uint64) {
	if p.quiet && version > p.quietAt && epoch == p.w.lifeEpoch() && !p.link.corrupts && !p.w.loose {
		p.w.fail("G3", "nothing of presence for who watches nobody", "%s was told of version %d, and had its answer at version %d", p.c.name, version, p.quietAt)
	}
}
