package simulations

import (
	"context"

	"example.com/rollcall/supervisor"
)

// Recent terminations, a part of G6: the server lists the latest ends of
// connections, as many as it is to keep, each once, the newest first.

// keptRecent is how many the server keeps, where the plan has no number.
const keptRecent = 1024

func (p ServerPlan) recent() int { return orInt(p.Recent, keptRecent) }

// remembers notes an end.
func (m *model) remembers(connection uint64) {
	if most := m.w.plan.Server.recent(); len(m.ends) >= 2*most {
		m.ends = append(m.ends[:0], m.ends[len(m.ends)-most:]...)
	}
	m.ends = append(m.ends, connection)
	m.endsNew = true
}

// recents compares the server's list with what it has told, page by page. The
// pages are of another length each time.
func (m *model) recents() {
	if !m.endsNew {
		return
	}
	m.endsNew = false
	want := m.ends[max(len(m.ends)-m.w.plan.Server.recent(), 0):]
	page := max(1+len(m.ends)%7, len(want)/4)
	m.w.query(func(ctx context.Context, s *supervisor.Supervisor) {
		n := 0
		for cursor := uint64(0); ; {
			p, err := s.Terminations(ctx, cursor, page, nil)
			if err != nil || len(p.Terminations) > page {
				m.w.fail("G6", "an answer to Terminations", "%d of %d, %v", len(p.Terminations), page, err)
				return
			}
			for i := range p.Terminations {
				if got := p.Terminations[i].Connection; n >= len(want) || want[len(want)-1-n] != got {
					m.w.fail("G6", "the latest terminations, newest first", "connection %d as number %d of %d, the latest are %v", got, n+1, len(want), want)
					return
				}
				n++
			}
			if cursor = p.Next; cursor == 0 {
				break
			}
		}
		if n != len(want) {
			m.w.fail("G6", "the latest terminations, as many as are kept", "%d of %d", n, len(want))
		}
	})
}
