package actors

import (
	"errors"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// The life of a put and of a get on the disk: what is to be done next, one
// operation at a time.

// next starts the operation that is due, if any.
func (t *transferActor) next() {
	switch {
	case t.ending != nil:
		t.tidy()
	case t.kind == transfer.Put:
		t.nextPut()
	case t.kind == transfer.Get:
		t.nextGet()
	}
}

func (t *transferActor) nextPut() {
	store, partial := t.sys.set.Store, t.partial
	switch {
	case partial == nil && !t.begun:
		meta := t.meta // by value: the goroutine's own
		t.do(opBegin, func() (d diskDone) {
			d.partial, d.err = store.Begin(meta)
			return d
		})
	case partial == nil:
		id := t.meta.ID
		t.do(opResume, func() (d diskDone) {
			d.partial, d.err = store.Resume(id)
			return d
		})
	case t.waiting != nil && len(t.pending) == 0:
		t.do(opSync, func() (d diskDone) {
			_, d.err = partial.Sync()
			return d
		})
	case len(t.pending) > 0:
		chunks := t.pending
		t.pending = nil
		t.do(opWrite, func() (d diskDone) {
			for _, c := range chunks {
				n, err := partial.Write(c)
				d.n += n
				if err != nil {
					d.err = err
					return d
				}
			}
			return d
		})
	case t.owner != nil && t.in.Whole():
		now := t.sys.set.Wall().UnixMilli()
		t.do(opCommit, func() (d diskDone) {
			d.meta, d.err = partial.Commit(now)
			return d
		})
	}
}

// tidy brings the disk into order before the transfer ends.
func (t *transferActor) tidy() {
	partial := t.partial
	switch {
	case partial != nil && t.ending.suspend:
		t.do(opSuspend, func() diskDone { return diskDone{err: partial.Suspend()} })
	case partial != nil:
		t.do(opDiscard, func() diskDone { return diskDone{err: partial.Discard()} })
	case t.begun && !t.ending.suspend:
		id, store := t.meta.ID, t.sys.set.Store
		t.do(opDiscard, func() diskDone { return diskDone{err: store.Drop(id)} })
	default:
		t.finish(t.ending.code, t.ending.text, t.ending.by)
	}
}

// onDisk goes on after an operation. What was asked for meanwhile comes first.
func (t *transferActor) onDisk(d diskDone) {
	t.busy = opNone
	switch d.op {
	case opSuspend, opDiscard:
		t.partial = nil
		t.finish(t.ending.code, t.ending.text, t.ending.by)
		return
	case opBegin, opResume:
		if d.err == nil {
			t.begun, t.partial = true, d.partial
			t.meta = t.partial.Meta()
			t.in = transfer.NewInflow(uint64(t.meta.Size), uint64(t.partial.Offset()), t.sys.set.Window) //nolint:gosec // not negative
		}
	case opWrite:
		if d.err == nil {
			t.grant(uint64(d.n)) //nolint:gosec // not negative
		}
	case opCommit:
		if d.err == nil {
			t.partial, t.begun = nil, false
			t.meta = d.meta
			t.ending = nil // whole and durable: nothing takes it back
			t.finish(wire.CodeNone, "", "")
			return
		}
	case opOpen:
		t.onOpen(d)
		return
	case opRead:
		t.onRead(d)
		return
	}
	if d.err != nil {
		t.diskFailed(d.err)
		return
	}
	if t.waiting != nil && len(t.pending) == 0 {
		t.reattached()
	}
}

// diskFailed ends the transfer for the disk's reason. The store has removed the
// partial.
func (t *transferActor) diskFailed(err error) {
	t.partial, t.begun = nil, false
	code, text := fileCode(err)
	t.end(endTransfer{code: code, text: text})
}

// fileCode turns an error of the store into what a client is told: not the
// server's paths.
func fileCode(err error) (wire.Code, string) {
	for _, x := range []struct {
		err  error
		code wire.Code
		text string
	}{
		{filestore.ErrNotFound, wire.CodeNotFound, "no such file"},
		{filestore.ErrTooLarge, wire.CodeFileTooLarge, "the server takes no file of this size"},
		{filestore.ErrQuota, wire.CodeQuotaExceeded, "a quota is used up"},
		{filestore.ErrStorageFull, wire.CodeStorageFull, "the server's storage is full"},
		{filestore.ErrChecksum, wire.CodeChecksumMismatch, "what came does not have the announced SHA-256"},
		{filestore.ErrSize, wire.CodeSizeMismatch, "the file has another size than announced"},
		{filestore.ErrBeyondEnd, wire.CodeSizeMismatch, "the file has another size than announced"},
		{filestore.ErrMeta, wire.CodeBadRequest, "the file's description is not valid"},
		{filestore.ErrClosed, wire.CodeShuttingDown, "the server is shutting down"},
	} {
		if errors.Is(err, x.err) {
			return x.code, x.text
		}
	}
	return wire.CodeStorageFailed, "the server's disk failed"
}

// readAhead is how much of a file is read from the disk at one time, in chunks.
const readAhead = 4

func (t *transferActor) nextGet() {
	if t.file == nil {
		id, store := t.meta.ID, t.sys.set.Store
		t.do(opOpen, func() (d diskDone) {
			d.file, d.err = store.Open(id)
			return d
		})
		return
	}
	if t.owner == nil {
		return
	}
	most := uint64(t.sys.chunkSize())
	offset, n := t.out.Next(readAhead * most)
	if n == 0 {
		return
	}
	owner, file := t.owner, t.file
	t.do(opRead, func() (d diskDone) {
		for left := n; left > 0; {
			part := min(left, most)
			data := make([]byte, part)
			if _, err := file.ReadAt(data, int64(offset)); err != nil { //nolint:gosec // within the file's size
				d.err = err
				return d
			}
			frame, err := wire.Append(nil, &wire.Chunk{Transfer: t.id, Offset: offset, Data: data})
			if err != nil {
				d.err = err
				return d
			}
			owner.tell(bulk{frame})
			offset, left = offset+part, left-part
			d.n += int(part) //nolint:gosec // at most a few chunks
		}
		return d
	})
}

// onOpen answers a get, if the file is for this user.
func (t *transferActor) onOpen(d diskDone) {
	if d.err != nil {
		code, text := fileCode(d.err)
		t.refuse(code, text)
		return
	}
	t.file, t.meta = d.file, d.file.Meta()
	w := t.waiting
	if w == nil {
		return
	}
	user := w.c.whose()
	switch {
	case !mayRead(&t.meta, user):
		t.refuse(wire.CodeNotFound, "no such file") // that it exists is not theirs to know
		return
	case w.get.Offset > uint64(t.meta.Size): //nolint:gosec // not negative
		t.refuse(wire.CodeBadRequest, "the offset is beyond the end")
		return
	}
	t.waiting, t.owner = nil, w.c
	t.out = transfer.NewOutflow(uint64(t.meta.Size), w.get.Offset, t.sys.set.Window) //nolint:gosec // not negative
	_ = t.out.Credit(w.get.Offset, max(w.get.Limit, w.get.Offset))
	w.c.tell(transferOpen{t: t, credit: w.credit, reply: &wire.GetOK{
		Request: w.request, Transfer: t.id, File: describe(&t.meta),
	}})
}

// refuse answers the request that this transfer was made for, and ends it.
func (t *transferActor) refuse(code wire.Code, text string) {
	if w := t.waiting; w != nil {
		t.waiting = nil
		w.c.tell(reply{credit: w.credit, msg: &wire.Error{Request: w.request, Code: code, Text: text}})
	}
	t.end(endTransfer{code: code, text: text})
}

func (t *transferActor) onRead(d diskDone) {
	t.out.Sent(uint64(d.n)) //nolint:gosec // not negative
	if d.err != nil {
		t.end(endTransfer{code: wire.CodeStorageFailed, text: "the server's disk failed"})
	}
}

func mayRead(m *filestore.Meta, user string) bool {
	if m.Everyone || m.Owner == user {
		return true
	}
	for _, r := range m.Recipients {
		if r == user {
			return true
		}
	}
	return false
}
