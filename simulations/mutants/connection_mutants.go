package main

// connectionMutants are defects of one connection: its frames, its heartbeat,
// its end.
func connectionMutants() []mutant {
	return []mutant{
		{
			id: "N1", what: "an end of the stream within a frame is not told", check: []string{"G2", "G4"},
			edits: []edit{{
				"actors/reader.go",
				`c.tell(readEnded{err: err, reason: readReason(err), midFrame: split.Buffered() > 0})`,
				`if split.Buffered() == 0 {
				c.tell(readEnded{err: err, reason: readReason(err)})
			}`,
			}},
		},
		{
			id: "N2", what: "what is written counts as a sign of life", check: []string{"G4", "events"},
			edits: []edit{{
				"actors/writer.go", `c.paced(began, now, m)
	c.bytesOut`, `c.paced(began, now, m)
	c.lastHeard.Store(int64(c.sys.now()))
	c.bytesOut`,
			}},
		},
		{
			id: "N15", what: "an answer bears the number of the request after it", check: []string{"messages"},
			edits: []edit{{
				"actors/connection_apps.go", `msg: &wire.Response{Request: m.Request, Body: body}}`,
				`msg: &wire.Response{Request: m.Request + 1, Body: body}}`,
			}},
		},
		{
			id: "N16", what: "frames that come together are handled in the wrong order", check: []string{"messages", "G2", "G3"},
			edits: []edit{{
				"actors/reader.go", `batch.frames = append(batch.frames, paid)`,
				`batch.frames = append([]paidFrame{paid}, batch.frames...)`,
			}},
		},
		{
			id: "N21", what: "pongs and pings wait behind data", check: []string{"G4"}, scenario: "bulk",
			edits: []edit{{
				"actors/connection_traffic.go", `if c.lanes().Control(frame) == nil {`, `if c.lanes().Data(frame) == nil {`,
			}},
		},
		{
			id: "wide-writes", what: "writes are as large on a slow link as on a fast one", check: []string{"G4"}, scenario: "bulk",
			edits: []edit{{
				"actors/internal/outbox/pace.go", `	return int(p.budget)
}`, `	return mostWrite
}`,
			}, {"actors/internal/outbox/pace.go", `		return FirstWrite
`, `		return mostWrite
`}},
		},
		{
			id: "H1", what: "a panic is caught and forgotten", check: []string{"G2", "G3"}, scenario: "panics",
			edits: []edit{{"actors/guard.go", `	g.to.recovered(msg, value, stack)
`, `	_ = stack
`}},
		},
		{
			id: "H2", what: "an actor that stops does not say so", check: []string{"G6", "leak", "process"},
			edits: []edit{{"actors/guard.go", `	g.to.gone()
`, ``}},
		},
		{
			id: "S2", what: "what panicked is put back behind the others", check: []string{"G2", "G3", "messages"}, scenario: "panics",
			edits: []edit{{"actors/guard.go", `	g.to.recovered(msg, value, stack)
`, `	_ = stack
	if msg != nil {
		g.tell(msg)
	}
`}},
		},
		{
			id: "S4", what: "a connection ends twice", check: []string{"G2"},
			edits: []edit{
				{"actors/connection_end.go", `	if c.phase == closing {
		return
	}
	t := c.testify`, `	t := c.testify`},
				{"actors/registry.go", `	if _, ok := r.all[c.id]; !ok {
		return
	}
	if c.mapped`, `	if c.mapped`},
			},
		},
		{
			id: "P4", what: "the server's own stall counts as its clients' silence", check: []string{"G4"},
			edits: []edit{
				{"actors/internal/heartbeat/monitor.go", `stalled := s.Stalled || now-m.asked > m.times.Slack()`, `stalled := false`},
				{"actors/internal/heartbeat/monitor.go", `	return max(due, stall)
`, `	_ = stall
	return due
`},
			},
		},
		{
			id: "deadline-early", what: "the timeout is a millisecond short", check: []string{"G4"},
			edits: []edit{{
				"actors/internal/heartbeat/monitor.go", `max(m.heard, s.LastHeard)+m.times.Timeout,`,
				`max(m.heard, s.LastHeard)+m.times.Timeout-time.Millisecond,`,
			}},
		},
		{
			id: "deadline-late", what: "the timeout is a second long", check: []string{"G4"},
			edits: []edit{{
				"actors/internal/heartbeat/monitor.go", `max(m.heard, s.LastHeard)+m.times.Timeout,`,
				`max(m.heard, s.LastHeard)+m.times.Timeout+time.Second,`,
			}},
		},
		{
			id: "no-ping", what: "a silent client is given up unasked", check: []string{"G4"},
			edits: []edit{{
				"actors/connection_heartbeat.go", `c.control(ping)`,
				`_ = ping`,
			}},
		},
		{
			id: "handshake-waits", what: "who never says hello stays", check: []string{"G4", "G6"},
			edits: []edit{{
				"actors/connection_handshake.go", `c.entrance.since); left > 0 {
			c.arm(now + left)`, `c.entrance.since); left > 0 || c.phase == greeting {
			c.arm(now + max(left, time.Second))`,
			}},
		},
		{
			id: "credit-leak", what: "the credit of a message is not given back", check: []string{"messages", "G4", "liveness"},
			edits: []edit{{
				"actors/connection_traffic.go", `func (c *connection) onDelivered(d delivered) {
	c.credits.give(d.credit)`, `func (c *connection) onDelivered(d delivered) {`,
			}},
		},
		{
			id: "N13", what: "a transport that is turned away is left open", check: []string{"G6", "leak"},
			edits: []edit{{
				"actors/listener.go", `defer func() { _ = t.Close() }()
		b, err`, `b, err`,
			}},
		},
	}
}
