package simulations

import (
	"fmt"
	"maps"

	"example.com/rollcall/wire"
)

// Views, a part of G3: what a watcher has been told up to a version is the state
// at that version, whatever was left out in between (P7).

// led checks where deltas have led a watcher that knew everything up to from.
func (m *model) led(v *view, p *peer, from uint64) {
	if m.w.loose || v.epoch != m.w.lifeEpoch() || p.link.corrupts {
		return
	}
	latest := make(map[string]uint64)
	for version := from + 1; version <= v.version; version++ {
		if x, ok := m.changes[version]; ok && v.watches(x.user) {
			latest[x.user] = version
		}
	}
	for version := from + 1; version <= v.version; version++ {
		x, ok := m.changes[version]
		if !ok || latest[x.user] != version || x.online == v.online[x.user] {
			continue
		}
		// What a slow watcher is told in several deltas has the newest change of each
		// user alone: one that is to come may have taken the place of this.
		if m.newest[x.user] == version {
			m.misled(v, x.user, x)
		}
	}
}

func (m *model) misled(v *view, user string, x change) {
	m.w.fail("G3", fmt.Sprintf("%s is online=%v at version %d", user, x.online, v.version),
		"%s was told up to there, and believes the opposite", v.c.name)
}

// onlineSince looks at since when a user is online, by a snapshot of now.
func (m *model) onlineSince(v *view, p *peer, s *wire.Snapshot, o wire.Online) {
	if m.w.loose || s.Epoch != m.w.lifeEpoch() || p.link.corrupts || s.Version != m.version {
		return
	}
	if since, ok := m.since[o.User]; ok && m.online[o.User] && since != o.Since {
		m.w.fail("G7", fmt.Sprintf("%s is online since %d", o.User, since), "%s was told since %d", v.c.name, o.Since)
	}
}

// pictured compares a snapshot with the state at its version.
func (m *model) pictured(v *view, p *peer) {
	if m.w.loose || v.epoch != m.w.lifeEpoch() || p.link.corrupts || v.version > m.version || m.version-v.version >= keptChanges {
		return
	}
	then := maps.Clone(m.online)
	for version := m.version; version > v.version; version-- {
		x := m.changes[version]
		then[x.user] = !x.online
	}
	for _, user := range keys(then, v.online) {
		if v.watches(user) && then[user] != v.online[user] {
			m.w.fail("G3", fmt.Sprintf("a snapshot which tells that %s is online=%v at version %d", user, then[user], v.version), "%s got another one", v.c.name)
		}
	}
}
