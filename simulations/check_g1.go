package simulations

import (
	"context"
	"maps"
	"slices"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// G1, both maps or neither: what is established and not terminated is found by
// its number, by its identifier and by its endpoint, and nothing else is.

func (m *model) maps() {
	listed := make(map[uint64]supervisor.ConnectionInfo)
	m.w.query(func(ctx context.Context, s *supervisor.Supervisor) {
		for cursor := uint64(0); ; {
			p, err := s.Connections(ctx, cursor, 1000)
			if err != nil {
				m.w.fail("G1", "an answer to Connections", "%v", err)
				return
			}
			for _, c := range p.Connections {
				listed[c.ID] = c
			}
			if cursor = p.Next; cursor == 0 {
				break
			}
		}
		identifiers := make(map[string]bool)
		for _, id := range slices.Sorted(maps.Keys(m.live)) {
			k := m.live[id]
			identifiers[k.facts.hello] = true
			if _, ok := listed[id]; !ok {
				m.w.fail("G1", "an established connection is listed", "connection %d is not", id)
				return
			}
			if len(m.live) <= pairwise || k.fresh {
				k.fresh = false
				m.both(ctx, s, id, k)
			}
		}
		for _, id := range slices.Sorted(maps.Keys(listed)) {
			if m.live[id] == nil {
				m.w.fail("G1", "a terminated connection is in neither map", "connection %d is listed", id)
				return
			}
		}
		for _, k := range m.recent {
			m.neither(ctx, s, k)
		}
		m.recent = m.recent[:0]
		m.turnedAway()
		n, err := s.Counts(ctx)
		if err != nil || n.Connections != len(m.live) || n.Identifiers != len(identifiers) || (n.Handshaking != len(m.waiting) && !m.atTheDoor(n.Handshaking)) {
			m.w.fail("G1", "counts of "+itoa(uint64(len(m.live)))+" connections, "+itoa(uint64(len(identifiers)))+" identifiers, "+itoa(uint64(len(m.waiting)))+" handshaking", "%+v, %v", n, err)
		}
	})
}

// turnedAway forgets those who were refused at the door: they get a goodbye and
// no connection.
func (m *model) turnedAway() {
	m.waiting = slices.DeleteFunc(m.waiting, func(k *link) bool {
		refused := k.srv.closed && (k.facts.byed == wire.ReasonTooMany || k.facts.byed == wire.ReasonNone) && m.w.plan.Server.MaxConnections > 0
		if refused {
			m.w.effect("turned away")
		}
		return refused
	})
}

// atTheDoor: some of those who wait may be on their way out, refused.
func (m *model) atTheDoor(handshaking int) bool {
	return m.w.plan.Server.MaxConnections > 0 && handshaking < len(m.waiting)
}

// neither checks that a terminated connection is in neither map.
func (m *model) neither(ctx context.Context, s *supervisor.Supervisor, k *link) {
	is := func(c supervisor.ConnectionInfo) bool { return c.ID == k.facts.connection }
	byID, err1 := s.ByIdentifier(ctx, k.facts.hello)
	byEnd, err2 := s.ByEndpoint(ctx, k.remote.String())
	_, err3 := s.Connection(ctx, k.facts.connection)
	if err1 != nil || err2 != nil || err3 == nil || slices.ContainsFunc(byID, is) || slices.ContainsFunc(byEnd, is) {
		m.w.fail("G1", "a terminated connection is in neither map", "connection %d: by number %v, by identifier %v, by endpoint %v (%v, %v)", k.facts.connection,
			err3 == nil, slices.ContainsFunc(byID, is), slices.ContainsFunc(byEnd, is), err1, err2)
	}
}

// drained checks, when everything was healed and had its time, that nobody waits
// for a handshake any more.
func (m *model) drained() {
	if n := len(m.waiting); n > 0 {
		m.w.fail("G2", "no handshake that never ends", "%d connections wait for theirs", n)
	}
}

// pairwise is up to how many connections both maps are looked up for each; past it,
// new ones are, once.
const pairwise = 6

func (m *model) both(ctx context.Context, s *supervisor.Supervisor, id uint64, k *link) {
	is := func(c supervisor.ConnectionInfo) bool { return c.ID == id }
	byID, err1 := s.ByIdentifier(ctx, k.facts.hello)
	byEnd, err2 := s.ByEndpoint(ctx, k.remote.String())
	if err1 != nil || err2 != nil || !slices.ContainsFunc(byID, is) || !slices.ContainsFunc(byEnd, is) {
		m.w.fail("G1", "an established connection is in both maps", "connection %d: by identifier %v, by endpoint %v", id,
			slices.ContainsFunc(byID, is), slices.ContainsFunc(byEnd, is))
	}
}
