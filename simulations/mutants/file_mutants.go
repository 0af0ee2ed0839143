package main

// fileMutants are defects of transfers and of the store.
func fileMutants() []mutant {
	return []mutant{
		{
			id: "P8", what: "an interrupted transfer waits for ever", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/internal/transfer/book.go", `		t.Until = now + b.limits.Grace
`, `		t.Until = now + b.limits.Grace + 100*time.Hour
`}},
		},
		{
			id: "partial-left", what: "what came of a refused file stays on the disk", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/filestore/partial.go", `	_ = p.end(ErrClosed) // what was not written is not wanted either
	p.store.abandon(p.entry)
`, `	_ = p.end(ErrClosed) // what was not written is not wanted either
`}},
		},
		{
			id: "unverified", what: "a file is made visible whatever its checksum", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/filestore/commit.go", `	if !bytes.Equal(p.hash.Sum(nil), m.SHA256[:]) {`, `	if bytes.Equal(p.hash.Sum(nil), nil) {`}},
		},
		{
			id: "not-durable", what: "a file is visible before its data is on the disk", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/filestore/commit.go", `	if err := s.sync(p.data); err != nil {
		return diskError("sync the data", err)
	}
`, ``}},
		},
		{
			id: "untold", what: "nobody is told of a transfer that was given up", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/file_interruption.go", `		m.aborted(&x.meta, false, x.code, x.text, x.by)
		m.notify(&x.meta, wire.FileAborted, x.code, x.by)
`, `		m.aborted(&x.meta, false, x.code, x.text, x.by)
`}},
		},
		{
			id: "untold-whole", what: "nobody is told that a file is whole", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/file_interruption.go", `		m.notify(&x.meta, wire.FileCompleted, wire.CodeNone, "")
`, ``}},
		},
		{
			id: "told-twice", what: "the end of a file is told twice", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/file_interruption.go", `		m.notify(&x.meta, wire.FileCompleted, wire.CodeNone, "")
`, `		m.notify(&x.meta, wire.FileCompleted, wire.CodeNone, "")
		m.notify(&x.meta, wire.FileCompleted, wire.CodeNone, "")
`}},
		},
		{
			id: "not-kept", what: "who is away is not told of a file when it comes back", check: []string{"G5"}, scenario: "transfers",
			edits: []edit{{"actors/file_desk.go", `				_ = store.AddNotice(user, n) // a full disk costs the notice, not the file
`, `				_ = n
				_ = user
				_ = store
`}},
		},
		{
			id: "not-interrupted", what: "the end of a connection leaves its transfers alone", check: []string{"G5", "G2"}, scenario: "transfers",
			edits: []edit{{"actors/file_interruption.go", `m.book.Interrupt(m.sys.now(), c.id)`, `m.book.Interrupt(m.sys.now(), c.id+1<<40)`}},
		},
	}
}
