package main

// recordMutants are defects of what a restart knows of the life before.
func recordMutants() []mutant {
	return []mutant{
		{
			id: "offline-unrolled", what: "an offline is not written to the roll", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `	if u.sys.set.Roll != nil {
		u.crew.tellLast(&u.sys.recorder.guard, rollOffline`, `	if u.sys.set.Roll == nil {
		u.crew.tellLast(&u.sys.recorder.guard, rollOffline`}},
		},
		{
			id: "online-unrolled", what: "who comes online is not written to the roll", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `	since, ok := u.board.Online(user)
	if !ok {`, `	since, ok := u.board.Online(user)
	if ok {`}},
		},
		{
			id: "P2", what: "a restart forgets who was online", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `	for _, x := range left.Users {
		if wire`, `	for _, x := range left.Users[:0] {
		if wire`}},
		},
		{
			id: "lost-twice", what: "who was announced as node_lost stays on the roll", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager.go", `	u.strike(d.User)
}`, `	if d.Reason != wire.ReasonNodeLost {
		u.strike(d.User)
	}
}`}},
		},
		{
			id: "no-grace", what: "the grace after a restart is not waited for", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `	until := u.sys.now() + u.sys.set.GraceRestart
`, `	until := u.sys.now() + u.sys.set.GraceRestart/2
`}},
		},
		{
			id: "endless-grace", what: "the grace after a restart does not end", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `	until := u.sys.now() + u.sys.set.GraceRestart
`, `	until := u.sys.now() + u.sys.set.GraceRestart*2
`}},
		},
		{
			id: "lost-reason", what: "those whom a crash has lost go offline as by eof", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/internal/session/grace.go", `	b.hold(alive, p, until, 0, 0, wire.ReasonNodeLost)
`, `	b.hold(alive, p, until, 0, 0, wire.ReasonEOF)
`}},
		},
		{
			id: "roll-unsynced", what: "the roll is written and not synced", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/record/roll.go", `	if err == nil {
		err = r.file.Sync()
	}
	if err != nil {
		// What`, `	if err != nil {
		// What`}},
		},
		{
			id: "roll-unnamed", what: "the name of a new roll is not synced", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/record/roll.go", `	if err == nil {
		err = r.disk.SyncDir(".") // the directory's own name
	}
`, ``}, {"actors/record/roll.go", `err == nil {
		err = r.disk.SyncDir(dirRoll)
	}
	if err != nil {
		_ = h.Close()`, `err != nil {
		_ = h.Close()`}},
		},
		{
			id: "held-at-the-end", what: "a shutdown in good order leaves on the roll whom a grace holds", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager.go", `		u.close()
		if u.flushing`, `		if u.flushing`}},
		},
		{
			id: "back-and-lost", what: "who has come back is announced as lost all the same", check: []string{"G3", "G7"}, scenario: "crash",
			edits: []edit{{"actors/internal/session/grace.go", `	if a.index >= 0 {
		heap.Remove(&b.held, a.index)
	}
	a.purge(now)
	i :=`, `	a.purge(now)
	i :=`}},
		},
	}
}
