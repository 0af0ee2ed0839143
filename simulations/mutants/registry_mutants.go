package main

// registryMutants are defects of the two maps, of terminations and of sessions.
func registryMutants() []mutant {
	return []mutant{
		{
			id: "one-map", what: "a connection stays in the map by endpoint", check: []string{"G1"},
			edits: []edit{{"actors/internal/directory/directory.go", `		delete(d.byRemote, remote)
`, ``}},
		},
		{
			id: "other-map", what: "a connection stays in the map by identifier", check: []string{"G1"},
			edits: []edit{{"actors/internal/directory/directory.go", `		delete(d.byIdentifier, key.Identifier)
`, ``}},
		},
		{
			id: "N7", what: "a connection that ended while it registered is put into the maps", check: []string{"G1", "G2"}, scenario: "panics",
			edits: []edit{{"actors/registry.go", `	if r.all[m.c.id] != m.c || m.c.finished.Load() != nil {
		return // it has ended meanwhile
	}
`, ``}},
		},
		{
			id: "N9", what: "a connection is announced before its handshake", check: []string{"G1", "G2"},
			edits: []edit{{"actors/registry.go", `		r.all[m.c.id] = m.c
`, `		r.all[m.c.id] = m.c
		r.sys.emit(Established{Connection: m.c.id, Remote: m.c.endpoint.Remote, At: r.sys.set.Wall()})
`}},
		},
		{
			id: "N10", what: "a panic in a connection is not told to the user manager", check: []string{"G2", "G3", "liveness"}, scenario: "panics",
			edits: []edit{{"actors/registry.go", `	r.crew.tell(&r.sys.users.guard, terminated{c, t})
`, `	if t.Reason != wire.ReasonPanic {
		r.crew.tell(&r.sys.users.guard, terminated{c, t})
	}
`}},
		},
		{
			id: "S1", what: "what a panic of the registry loses is not mended", check: []string{"G1", "G2", "G4"}, scenario: "panics",
			edits: []edit{
				{"actors/registry.go", `	case ended:
		r.terminate(m.c, m.t)
	case registryQuery:
		m.lost()`, `	case registryQuery:
		m.lost()`},
				{"actors/registry.go", `		r.reconcile()
`, ``},
			},
		},
		{
			id: "H4", what: "numbers of connections are used again", check: []string{"G1", "G2"},
			edits: []edit{{"actors/connection.go", `c.init(s.connections, s.nextID.Add(1), c)`, `c.init(s.connections, s.nextID.Add(1)%8+1, c)`}},
		},
		{
			id: "N6", what: "the end of any session takes its user offline", check: []string{"G3", "events"},
			edits: []edit{{"actors/internal/session/book.go", `	if len(p.conns) > 0 {
		return d
	}
	if graced`, `	if graced`}},
		},
		{
			id: "N8", what: "a connection that has ended can log in", check: []string{"G3", "G7"},
			edits: []edit{
				{"actors/internal/session/login.go", `	if !ok {
		return Login{}, ErrGone
	}
	if l != nil {
		return Login{}, ErrAlreadyLoggedIn`, `	_ = ok
	if l != nil {
		return Login{}, ErrAlreadyLoggedIn`},
				{"actors/connection_login.go", `	if c.phase != open {
		return
	}
	if m.err == nil {`, `	if m.err == nil {`},
			},
		},
		{
			id: "S3", what: "an older connection takes over from a newer one", check: []string{"G3", "sessions"}, scenario: "reconnect-race",
			edits: []edit{{"actors/internal/session/login.go", `case b.cfg.Policy == Replace && newest > conn, holder > conn:
		return ErrOlder
	case`, `case false:
		return ErrOlder
	case newest > 0 && false:
		return nil
	case`}},
		},
		{
			id: "P3", what: "graces run out in the order in which their users came", check: []string{"G3"},
			edits: []edit{{"actors/internal/session/grace.go", `	if c := cmp.Compare(h[i].until, h[j].until); c != 0 {`, `	if c := cmp.Compare(h[i].person.since, h[j].person.since); c != 0 {`}},
		},
		{
			id: "grace-forgotten", what: "nobody looks when a grace runs out", check: []string{"G3", "liveness"},
			edits: []edit{{"actors/user_manager.go", `!ok || (u.graceNext != 0 && u.graceNext <= next) {`, `!ok || next > 0 {`}},
		},
		{
			id: "grace-early", what: "a grace is a tenth short", check: []string{"G3", "events"},
			edits: []edit{{"actors/internal/session/grace.go", `a.until, a.at, a.conn, a.session, a.reason = until, at,`, `a.until, a.at, a.conn, a.session, a.reason = until-b.cfg.Grace/10, at,`}},
		},
		{
			id: "resumed-twice", what: "a lost session that came back can come back once more", check: []string{"sessions"},
			edits: []edit{{"actors/internal/session/grace.go", `		a.lost = slices.Delete(a.lost, i, i+1)
	}
	if len(a.lost) == 0 {`, `		_ = a.lost
	}
	if len(a.lost) == 0 {`}},
		},
		{
			id: "loss-forgotten", what: "a session that was lost beside another one cannot come back", check: []string{"sessions"},
			edits: []edit{{"actors/internal/session/book.go", `	if graced {
		b.lose(`, `	if graced && len(p.conns) == 0 {
		b.lose(`}},
		},
		{
			id: "one-session-more", what: "a user has a session more than it may", check: []string{"G6"},
			edits: []edit{{"actors/internal/session/login.go", `len(p.conns) >= b.cfg.MaxPerUser`, `len(p.conns) > b.cfg.MaxPerUser`}},
		},
		{
			id: "unsettled", what: "graces that ran out in a stall are not put off", check: []string{"G3"},
			edits: []edit{{"actors/user_manager.go", `until > u.sys.now() {
		u.paced = until`, `until > u.sys.now()+time.Hour {
		u.paced = until`}},
		},
		{
			id: "lost-now", what: "watchers are told that who was lost in a crash went now", check: []string{"G3"}, scenario: "crash",
			edits: []edit{{"actors/user_manager.go", `		e.LastAlive, at = time.UnixMilli(d.At), d.At
`, `		e.LastAlive = time.UnixMilli(d.At)
`}},
		},
		{
			id: "recent-short", what: "the list of recent terminations lacks the oldest", check: []string{"G6"},
			edits: []edit{{"actors/registry.go", `	for ; i > oldest; i-- {`, `	for ; i > oldest+1; i-- {`}},
		},
		{
			id: "watchers-more", what: "an offline is said to be told to a watcher more", check: []string{"events"},
			edits: []edit{{"actors/user_manager.go", `			e.Watchers = u.board.Watching(d.User)
`, `			e.Watchers = u.board.Watching(d.User) + 1
`}},
		},
		{
			id: "silent-wrong", what: "an end is said to come after a silence since the beginning", check: []string{"events"},
			edits: []edit{{"actors/connection_end.go", `now - time.Duration(c.lastHeard.Load())`, `now - c.born`}},
		},
		{
			id: "since-lost", what: "who was taken over from an earlier life is online since now", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `			User: x.User, Since: time.UnixMilli(x.Since),`, `			User: x.User, Since: now,`}},
		},
		{
			id: "since-board", what: "watchers are told that who was taken over is online since now", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `		u.board.Restore(x.User, x.Since)
`, `		u.board.Restore(x.User, now.UnixMilli())
`}},
		},
		{
			id: "since-book", what: "who was taken over is listed as online since now", check: []string{"G7"}, scenario: "crash",
			edits: []edit{{"actors/user_manager_restart.go", `u.book.Restore(x.User, x.Since, x.Lost, until)`, `u.book.Restore(x.User, now.UnixMilli(), x.Lost, until)`}},
		},
	}
}
