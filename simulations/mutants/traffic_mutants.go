package main

// trafficMutants are defects of what good clients ask for.
func trafficMutants() []mutant {
	return []mutant{
		{
			id: "app-credit-leak", what: "of a long one-way message one credit is given back", check: []string{"liveness"}, scenario: "traffic",
			edits: []edit{{"actors/connection_apps.go", `			credit += f.credit
`, `			credit++
`}},
		},
		{
			id: "app-order", what: "one-way messages that come together are handled last first", check: []string{"messages"}, scenario: "traffic",
			edits: []edit{{"actors/connection_apps.go", `	x.apps = append(x.apps, f)
`, `	x.apps = append([]paidFrame{f}, x.apps...)
`}},
		},
		{
			id: "unwatch-forgets", what: "after an unwatch a snapshot may be older than what was told", check: []string{"G3"}, scenario: "crowd",
			edits: []edit{{"actors/internal/presence/audience.go", `	w.to = max(w.to, b.flushed) // it may have been sent as much (G3)
`, ``}},
		},
		{
			id: "logout-watches", what: "a logout leaves the watches", check: []string{"G3", "events"}, scenario: "traffic",
			edits: []edit{{"actors/user_manager.go", `	u.board.Unwatch(m.c.id, nil) // who is not logged in does not watch
`, ``}},
		},
		{
			id: "unwatch-watches", what: "an unwatch takes nothing back", check: []string{"G3", "events"}, scenario: "traffic",
			edits: []edit{{"actors/user_manager_traffic.go", `	u.board.Unwatch(m.c.id, m.unwatch.Users)
`, ``}},
		},
		{
			id: "grown-blind", what: "a watch goes on from before the names that were added", check: []string{"G3"}, scenario: "traffic",
			edits: []edit{{"actors/internal/presence/watch.go", `(len(fresh) == 0 && resume.Version >= x.grown)`, `len(fresh) == 0`}},
		},
		{
			id: "told-by-name-too", what: "of a file for everyone those whom it names are told twice", check: []string{"G5"}, scenario: "traffic",
			edits: []edit{{"actors/file_notices.go", `; !told {`, `; !told || true {`}},
		},
		{
			id: "newest-left-out", what: "of several sessions the newest gets no messages", check: []string{"messages"}, scenario: "traffic",
			edits: []edit{{"actors/user_manager_traffic.go", `	conns := u.book.Connections(p.to)
	if len(conns) == 0 {`, `	conns := u.book.Connections(p.to)
	if len(conns) > 1 {
		conns = conns[:len(conns)-1]
	}
	if len(conns) == 0 {`}},
		},
		{
			id: "counted-not-sent", what: "a message is acknowledged for a session that does not get it", check: []string{"messages"}, scenario: "traffic",
			edits: []edit{{"actors/connection_traffic.go", `		case c.lanes().Data(frame) == nil:`,
				`		case a.all[a.next].left.Load() > 1 || c.lanes().Data(frame) == nil:`}},
		},
		{
			id: "rest-of-parcel", what: "of messages that came together only the first is handed over", check: []string{"messages"}, scenario: "traffic",
			edits: []edit{{"actors/connection_traffic.go", `		case c.lanes().Data(frame) == nil:`,
				`		case a.next > 0 || c.lanes().Data(frame) == nil:`}},
		},
	}
}
