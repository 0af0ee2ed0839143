package main

// presenceMutants are defects of what watchers are told.
func presenceMutants() []mutant {
	return []mutant{
		{
			id: "N17", what: "the history of changes never shrinks", check: []string{"G6"}, scenario: "churn",
			edits: []edit{{"actors/internal/presence/history.go", `	if len(h.log) < 2*h.keep+cell {
		return
	}`, `	if len(h.log) >= 0 {
		return
	}`}},
		},
		{
			id: "P1", what: "online and offline of one flush are told in the wrong order", check: []string{"G3"}, scenario: "churn",
			edits: []edit{{"actors/internal/presence/flush.go", `	changes := b.history.between(batch.From, batch.To)
`, `	changes := slices.Clone(b.history.between(batch.From, batch.To))
	slices.Reverse(changes)
	for i := range changes {
		changes[i].Version = batch.From + 1 + uint64(i)
	}
`}},
		},
		{
			id: "lost-version", what: "of several changes at once the first is not told", check: []string{"G3"}, scenario: "churn",
			edits: []edit{{"actors/internal/presence/flush.go", `	changes := b.history.between(batch.From, batch.To)
`, `	changes := b.history.between(batch.From, batch.To)
	if len(changes) > 1 {
		changes = changes[1:]
	}
`}},
		},
		{
			id: "P7", what: "a slow watcher keeps the oldest state of a user", check: []string{"G3"}, scenario: "churn",
			edits: []edit{{"actors/internal/presence/collapsed.go", `ok && old.Version >= ch.Version {`, `ok && old.Version > 0 {`}},
		},
		{
			id: "offline-twice", what: "an offline is announced twice", check: []string{"G3"},
			edits: []edit{{"actors/user_manager.go", `		e.Epoch, e.Version = u.board.Epoch(), change.Version
`, `		u.board.Set(d.User, true, wire.ReasonNone, at)
		u.board.Set(d.User, false, d.Reason, at)
		e.Epoch, e.Version = u.board.Epoch(), change.Version
`}},
		},
		{
			id: "resume-blind", what: "a watch resumes over an epoch that is not the server's", check: []string{"G3", "G7"}, scenario: "crash",
			edits: []edit{{"actors/internal/presence/watch.go", `m != Mark{} && m.Epoch == b.Epoch() && b.history.covers(m.Version)`, `m != Mark{} && b.history.covers(m.Version)`}},
		},
		{
			id: "flush-forgotten", what: "changes that were gathered wait for the next one", check: []string{"G3", "liveness"}, scenario: "churn",
			edits: []edit{{"actors/user_manager_traffic.go", `			u.armFlush(wait)
`, ``}},
		},
		{
			id: "watcher-forgotten", what: "a watcher of one user is not told of the first one it named", check: []string{"G3"}, scenario: "churn",
			edits: []edit{{"actors/internal/presence/flush.go", `			if c.Version > w.to {`, `			if c.Version > w.to+1 {`}},
		},
		{
			id: "wrong-reason", what: "watchers are told eof for every offline", check: []string{"G2", "G3"},
			edits: []edit{{"actors/internal/presence/board.go", `		c.Reason = reason
`, `		c.Reason = min(reason, wire.ReasonEOF)
`}},
		},
	}
}
