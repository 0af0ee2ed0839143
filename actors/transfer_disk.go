package actors

import (
	"errors"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// The life of a put on the disk: what is to be done next, one operation at a
// time.

// checkpointBytes is how much of a put is written between two checkpoints. A
// server that is killed has what came before the last one: a put of any size goes
// on with all but this much. The disk was told to begin with it long before, so
// that a checkpoint waits for little.
const checkpointBytes = 64 << 20

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
	case partial == nil && !t.begun && t.waiting == nil:
		t.end(endTransfer{code: wire.CodeInterrupted, by: t.meta.Owner}) // it has gone before anything began
		t.tidy()
	case partial == nil && !t.begun:
		meta := t.meta // the goroutine's own
		t.do(opBegin, func(d *diskDone) (err error) {
			d.partial, err = store.Begin(meta)
			return err
		})
	case partial == nil:
		id := t.meta.ID
		t.do(opResume, func(d *diskDone) (err error) {
			d.partial, err = store.Resume(id)
			return err
		})
	case len(t.pending) > 0 && t.unsynced >= checkpointBytes:
		t.do(opSync, func(*diskDone) error {
			_, err := partial.Sync()
			return err
		})
	case len(t.pending) > 0:
		chunks, buffers := t.batch(), &t.files.buffers
		t.do(opWrite, func(d *diskDone) error {
			var err error
			if d.n, err = writeAll(partial, chunks); err != nil {
				return err
			}
			for _, c := range chunks {
				buffers.give(c)
			}
			return nil
		})
	case t.waiting != nil:
		t.do(opSync, func(*diskDone) error {
			_, err := partial.Sync()
			return err
		})
	case t.owner != nil && t.in.Whole():
		now := t.sys.set.Wall().UnixMilli()
		t.do(opCommit, func(d *diskDone) (err error) {
			d.meta, err = partial.Commit(now)
			return err
		})
	}
}

// batchShare is the part of its window that a transfer writes at one time: the
// owner is granted the next part while this one is written, and neither waits for
// the other.
const batchShare = 4

// batch takes what is to be written next out of what waits.
func (t *transferActor) batch() [][]byte {
	n, sum := 0, uint64(0)
	for n < len(t.pending) && (n == 0 || sum < t.sys.set.Window/batchShare) {
		sum += uint64(len(t.pending[n]))
		n++
	}
	chunks := t.pending[:n:n]
	if t.pending = t.pending[n:]; len(t.pending) == 0 {
		t.pending = nil
	}
	return chunks
}

// writeAll writes chunks, in one step where the store can.
func writeAll(partial filestore.Partial, chunks [][]byte) (n int, err error) {
	if b, ok := partial.(filestore.BatchWriter); ok {
		return b.WriteBatch(chunks)
	}
	for _, c := range chunks {
		part, err := partial.Write(c)
		if n += part; err != nil {
			return n, err
		}
	}
	return n, nil
}

// tidy brings the disk into order before the transfer ends.
func (t *transferActor) tidy() {
	partial, suspend := t.partial, t.ending.suspend
	switch {
	case partial != nil && suspend:
		t.do(opSuspend, func(*diskDone) error { return partial.Suspend() })
	case partial != nil:
		t.do(opDiscard, func(*diskDone) error { return partial.Discard() })
	case t.begun && !suspend:
		id, store := t.meta.ID, t.sys.set.Store
		t.do(opDiscard, func(*diskDone) error { return store.Drop(id) })
	default:
		t.kept = t.begun
		t.finish(t.ending.code, t.ending.text, t.ending.by)
	}
}

// onDisk goes on after an operation. What was asked for meanwhile comes first.
func (t *transferActor) onDisk(d diskDone) {
	t.busy = opNone
	switch d.op {
	case opSuspend, opDiscard:
		t.tidied(d)
		return
	case opOpen:
		t.onOpen(d)
		return
	case opRead:
		if d.err != nil {
			t.diskFailed(d.err)
		}
		return
	case opResume:
		if errors.Is(d.err, filestore.ErrNotFound) || errors.Is(d.err, filestore.ErrChecksum) {
			t.begun, t.meta.ID = false, filestore.ID{} // nothing is left of it: from the start
			return
		}
	}
	if d.err != nil {
		t.diskFailed(d.err)
		return
	}
	switch d.op {
	case opBegin, opResume:
		t.begun, t.partial, t.unsynced = true, d.partial, 0
		t.meta = t.partial.Meta()
		t.files.tell(transferBegun{t: t, meta: t.meta})
	case opSync:
		t.unsynced = 0
	case opWrite:
		t.unsynced += d.n
		t.grant(d.n)
	case opCommit:
		t.partial, t.begun, t.meta = nil, false, d.meta
		t.ending = nil // whole and durable: nothing takes it back
		t.finish(wire.CodeNone, "", "")
		return
	}
	// After a write the next is a sync: what the owner is told is durable.
	if t.waiting != nil && d.op != opWrite && len(t.pending) == 0 && t.ending == nil {
		t.attached()
	}
}

// tidied ends the transfer when the disk is in order. A partial that could not
// be suspended is discarded; closing a store suspends what is open.
func (t *transferActor) tidied(d diskDone) {
	if d.op == opSuspend && d.err != nil && !errors.Is(d.err, filestore.ErrClosed) {
		t.ending.suspend = false
		t.ending.code, t.ending.text = fileCode(d.err)
		return
	}
	t.partial, t.kept = nil, d.op == opSuspend
	t.finish(t.ending.code, t.ending.text, t.ending.by)
}

// diskFailed ends the transfer for the disk's reason. The store has removed the
// partial; one that is not ours is discarded once more.
func (t *transferActor) diskFailed(err error) {
	code, text := fileCode(err)
	t.end(endTransfer{code: code, text: text, suspend: errors.Is(err, filestore.ErrClosed)})
}

// fileCode turns an error of the store into what a client is told: not the
// server's paths.
func fileCode(err error) (wire.Code, string) {
	for _, x := range []struct {
		err  error
		code wire.Code
		text string
	}{
		{errHandlerPanic, wire.CodeInternal, "internal error"},
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
