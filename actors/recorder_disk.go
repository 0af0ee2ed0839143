package actors

import "example.com/rollcall/actors/record"

// blockOnDisk is the one goroutine that waits for the roll and the journal. It
// ends when the recorder does, or, when a write never ends, not at all: no
// program can take a write back.
func (r *recorder) blockOnDisk() {
	for j := range r.jobs {
		r.resumes("disk")
		if j.forget != nil {
			j.forget.answer <- r.forgetOnDisk(*j.forget)
			r.tell(recordDone{forgot: true})
			continue
		}
		var done recordDone
		if j.roll != nil {
			done.roll = guarded(func() error { return worded(r.sys.set.Roll.Write(*j.roll)) })
		}
		if len(j.records) > 0 {
			done.journal = guarded(func() error { return worded(r.sys.set.Journal.Append(r.recordsOf(j.records))) })
		}
		r.tell(done)
	}
}

// recordsOf makes the batch that is written.
func (r *recorder) recordsOf(all []any) []record.Record {
	out := make([]record.Record, 0, len(all))
	for _, x := range all {
		if x := r.recordOf(x); x != nil {
			out = append(out, x)
		}
	}
	return out
}

func (r *recorder) forgetOnDisk(m recordForget) (f forgotten) {
	defer func() { f.records += m.removed }()
	if r.sys.set.Journal != nil {
		f.err = guarded(func() (err error) {
			f.records, err = r.sys.set.Journal.Forget(m.user)
			return worded(err)
		})
	}
	if r.sys.set.Roll != nil && m.roll && f.err == nil {
		f.err = guarded(func() error { return worded(r.sys.set.Roll.Forget(m.user)) })
	}
	return f
}
