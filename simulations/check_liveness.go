package simulations

import (
	"maps"
	"slices"
	"time"
)

// Liveness: when everything was healed and had its time, nobody waits.

// answers is how long an answer may take on a link that is whole.
const answers = 40 * time.Second

// inService reports whether the server owes a peer's connection answers: it is a good
// one, and nothing has ended it.
func (p *peer) inService(m *model) bool {
	k := p.link
	return p.welcomed && !k.corrupts && !k.mischief && !k.dead && k.life == m.life && !k.over && k.facts.byed == 0
}

// unanswered looks for requests that have no answer.
func (m *model) unanswered() {
	now := m.w.now()
	for _, c := range m.w.clients {
		for _, p := range c.peers() {
			k := p.link
			if !p.inService(m) {
				continue
			}
			if k.down.writer != nil {
				continue // the server is still at it: the link takes no more for the moment
			}
			// With few credits a client's handlers run one after the other, and what it
			// asks next waits for them.
			patient := answers
			if p.asked("request") > 0 || p.served > 0 {
				patient += handlerSeconds * time.Second
			}
			for _, id := range slices.Sorted(maps.Keys(p.requests)) {
				if r := p.requests[id]; r.sent > k.facts.welcomed && r.arrives > 0 && now-max(r.arrives, p.served) > patient {
					m.w.fail("liveness", "an answer to each request", "%s: %s %d of %v has none", c.name, r.what, id, r.sent)
					return
				}
			}
		}
	}
}

// readOver notes that the server has been told that nothing more can come.
func (c *conn) readOver() {
	if c.tap != nil && c.link.facts.readOver == 0 {
		c.link.facts.readOver = c.w.now()
		c.w.dirty = true
	}
}

// over checks that a connection on which nothing more can come has ended at once,
// in the middle of a frame too (N1).
func (m *model) over() {
	for _, id := range slices.Sorted(maps.Keys(m.live)) {
		if k := m.live[id]; k.facts.readOver > 0 {
			m.w.fail("G2", "an end as soon as nothing more can come (N1)", "connection %d is still there, its stream was over at %v", id, k.facts.readOver)
			return
		}
	}
}

// writes notes that the server begins a write.
func (c *conn) writes() {
	if c.tap == nil {
		return
	}
	c.w.lock()
	defer c.w.unlock()
	c.link.facts.writing = c.w.now()
}
