package simulations

import (
	"maps"
	"slices"
	"time"
)

// Liveness: when everything was healed and had its time, nobody waits.

// answers is how long an answer may take on a link that is whole.
const answers = 40 * time.Second

// unanswered looks for requests that have no answer.
func (m *model) unanswered() {
	now := m.w.now()
	for _, c := range m.w.clients {
		for _, p := range c.peers() {
			k := p.link
			if k.corrupts || k.mischief || k.dead || !p.welcomed || k.life != m.life || k.over || k.facts.byed != 0 {
				continue
			}
			for _, id := range slices.Sorted(maps.Keys(p.requests)) {
				if r := p.requests[id]; now-r.sent > answers {
					m.w.fail("liveness", "an answer to each request", "%s: %s %d of %v has none", c.name, r.what, id, r.sent)
					return
				}
			}
		}
	}
}
