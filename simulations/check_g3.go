package simulations

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// G3, presence: online at the first session, offline at the last, in version
// order for every watcher; a gap is visible and mended.

// changed is told of every change that the server announces to its program.
func (m *model) changed(version, epoch uint64, x change) {
	w := m.w
	if epoch != w.lifeEpoch() {
		w.fail("G3", "the epoch of this life", "%d", epoch)
	}
	if version != m.version+1 {
		w.fail("G3", "versions that count up by one", "%d after %d", version, m.version)
	}
	m.version = version
	if m.online[x.user] == x.online {
		w.fail("G3", "changes that change something", "%s is announced as online=%v twice", x.user, x.online)
	}
	m.online[x.user] = x.online
	m.lost(x)
	m.tooEarly(x)
	m.tooSoon(x)
	m.changes[version] = x
	m.newest[x.user] = version
	delete(m.changes, version-keptChanges)
	if x.online {
		w.effect("online")
		return
	}
	w.effect("offline")
	if k := m.sessionOf(x.user); k != nil {
		// It may be on its way out: its session was taken over a moment ago. When
		// nothing moves any more it must be gone.
		m.doubts = append(m.doubts, doubt{k, x})
	}
}

// doubt is a user who was told offline while there was a live session.
type doubt struct {
	k *link
	x change
}

func (m *model) resolve() {
	doubts := m.doubts
	m.doubts = nil
	for _, d := range doubts {
		k, x := d.k, d.x
		if m.live[k.facts.connection] != k || k.facts.user != x.user || k.facts.byed != wire.ReasonNone {
			continue
		}
		m.w.fail("G3", "a user with a live session stays online (N6)", "%s is told offline (%v), and has connection %d since %v", x.user, x.reason, k.facts.connection, k.facts.since)
	}
}

// announced is told of a change that a watcher has learnt.
func (m *model) announced(c *fleetClient, epoch uint64, x wire.Change) {
	if epoch != m.w.lifeEpoch() {
		return // an earlier life's
	}
	known, ok := m.changes[x.Version]
	if ok && known.stamp != x.At {
		m.w.fail("G3", fmt.Sprintf("version %d is of %d", x.Version, known.stamp), "%s was told of %d", c.name, x.At)
	}
	switch {
	case !ok && x.Version > m.version:
		m.w.fail("G3", "no change before it is made", "%s was told of version %d, the server is at %d", c.name, x.Version, m.version)
	case ok && (known.user != x.User || known.online != x.Online || known.reason != x.Reason):
		m.w.fail("G3", fmt.Sprintf("version %d tells that %s is online=%v (%v)", x.Version, known.user, known.online, known.reason),
			"%s was told that %s is online=%v (%v)", c.name, x.User, x.Online, x.Reason)
	}
}

// noticed counts that a watcher was told of a departure.
func (m *model) noticed(_ *fleetClient, x wire.Change) {
	m.w.tally.notice(x.Reason.String())
	if known, ok := m.changes[x.Version]; ok {
		m.w.tally.told(m.w.now() - known.at)
	}
}

// presence compares the server's users with the links, when nothing moves.
func (m *model) presence() {
	users := make(map[string]supervisor.UserInfo)
	ok := m.w.query(func(ctx context.Context, s *supervisor.Supervisor) {
		for cursor := uint64(0); ; {
			p, err := s.Users(ctx, cursor, 1000)
			if err != nil {
				m.w.fail("G3", "an answer to Users", "%v", err)
				return
			}
			for _, u := range p.Users {
				users[u.User] = u
			}
			if cursor = p.Next; cursor == 0 {
				return
			}
		}
	})
	if !ok {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		u := users[name]
		if !m.online[name] {
			m.w.fail("G3", "who is listed was announced", "%s", name)
		}
		if len(u.Sessions) == 0 && !u.Held {
			m.w.fail("G3", "a user has a session or is held", "%s", name)
		}
		m.tooLong(u)
		if since := u.Since.UnixMilli(); since != m.since[name] {
			m.w.fail("G7", fmt.Sprintf("%s is online since %d", name, m.since[name]), "since %d", since)
		}
		if most := m.w.plan.Server.maxSessions(); len(u.Sessions) > most {
			m.w.fail("G6", fmt.Sprintf("at most %d sessions of a user", most), "%s has %d", name, len(u.Sessions))
		}
		for _, s := range u.Sessions {
			k := m.live[s.Connection]
			if k == nil {
				m.w.fail("G3", "sessions of live connections (N8)", "%s has a session on connection %d", name, s.Connection)
				return
			}
			if k.facts.user != name && !k.asks(name) && !k.down.crowded {
				m.w.fail("G3", "sessions of those who have logged in", "%s has a session on connection %d, which is %q's", name, s.Connection, k.facts.user)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.online)) {
		if _, listed := users[name]; m.online[name] && !listed {
			m.w.fail("G3", "who was announced is listed", "%s", name)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.live)) {
		k := m.live[id]
		if k.facts.user == "" || len(k.facts.logouts) > 0 || k.facts.byed != wire.ReasonNone {
			continue
		}
		if !slices.ContainsFunc(users[k.facts.user].Sessions, func(s supervisor.SessionInfo) bool { return s.Connection == id }) {
			m.w.fail("G3", "a session for each that has its login_ok", "%s on connection %d has none", k.facts.user, id)
		}
	}
}

// asks reports whether a login of the user is under way on the link.
func (k *link) asks(user string) bool {
	for _, u := range k.facts.logins {
		if u == user {
			return true
		}
	}
	return false
}

// converged compares what each watcher knows with the truth, when everything
// was healed and had its time.
func (m *model) converged() {
	for _, c := range m.w.clients {
		m.convergedReal(c)
		p := c.peer
		if p == nil || p.over || !p.loggedIn || p.link.corrupts || (!c.plan.Everyone && len(c.plan.Names) == 0) {
			continue
		}
		v := &c.view
		if !v.has || v.epoch != m.w.lifeEpoch() {
			m.w.fail("G3", "a watcher that knows something of this life", "%s does not", c.name)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(m.online)) {
			if v.watches(name) && v.online[name] != m.online[name] {
				m.w.fail("G3", fmt.Sprintf("%s knows that %s is online=%v", c.name, name, m.online[name]), "it believes the opposite, at version %d of %d", v.version, m.version)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v.online)) {
			if v.watches(name) && !m.online[name] {
				m.w.fail("G3", fmt.Sprintf("%s knows that %s is offline", c.name, name), "it believes the opposite, at version %d of %d", v.version, m.version)
			}
		}
	}
}
