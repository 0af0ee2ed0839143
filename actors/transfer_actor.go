package actors

import (
	"errors"
	"strconv"
	"sync/atomic"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// transferActor carries one file. It has one operation on the disk under way at
// most, on a goroutine of its own, so that a slow disk holds up this file and no
// other. What it holds in memory is at most one window.
type transferActor struct {
	guard

	// static after construction
	sys   *System
	files *fileManager
	id    uint64
	kind  transferKind
	offer filestore.Meta // what was announced; of a get: the ID alone
	// identifier is that of the client whose transfer it is: owned by the file manager
	identifier string

	// atomic
	holder atomic.Uint64 // the owner's connection, for the file manager

	// owned by the actor
	meta     filestore.Meta // the store's, once there is one
	owner    *connection    // whose transfer it is; nil while interrupted
	receiver *connection    // of a relay
	in       transfer.Inflow
	out      transfer.Outflow
	partial  filestore.Partial
	file     filestore.File
	pending  [][]byte // chunks that wait for the disk; bounded by the window
	busy     diskOp
	waiting  *attachTransfer // came while the disk was busy
	ending   *endTransfer
	begun    bool // the store has, or had, a partial for it
	ended    bool
}

// diskOp is what the transfer's goroutine does.
type diskOp uint8

const (
	opNone diskOp = iota
	opBegin
	opResume
	opSync
	opWrite
	opCommit
	opOpen
	opRead
	opSuspend
	opDiscard
)

func (m *fileManager) spawnTransfer(x transfer.Transfer, meta filestore.Meta) *transferActor {
	t := &transferActor{sys: m.sys, files: m, id: x.ID, kind: x.Kind, offer: meta, meta: meta}
	t.holder.Store(x.Conn)
	t.init(m.sys.engine, m.sys.pid("transfer/"+strconv.FormatUint(x.ID, 10)), connectionInbox, t, m.sys.set.Hooks, m.sys.release)
	m.sys.hold()
	m.transfers[x.ID] = t
	t.spawn()
	return t
}

func (t *transferActor) receive(msg any) {
	if t.ended {
		if a, ok := msg.(attachTransfer); ok {
			a.c.tell(reply{credit: a.credit, msg: &wire.Error{Request: a.request, Code: wire.CodeInterrupted, Text: "the transfer has just ended; try again"}})
		}
		return
	}
	switch m := msg.(type) {
	case transferFrame:
		t.onFrame(m)
	case diskDone:
		t.onDisk(m)
	case attachTransfer:
		t.attach(m)
	case attachReceiver:
		t.accept(m)
	case resumePartial:
		t.begun = true
	case detachTransfer:
		t.detach(m)
	case endTransfer:
		t.end(m)
	}
}

// turn starts the next operation on the disk.
func (t *transferActor) turn() {
	if t.busy == opNone && !t.ended {
		t.next()
	}
}

func (t *transferActor) recovered(msg, value any, stack []byte) {
	t.sys.fault(t.pid, msg, value, stack)
	if _, ok := msg.(diskDone); ok {
		t.busy = opNone
	}
	t.end(endTransfer{code: wire.CodeInternal, text: "internal error"})
	t.turn()
}

func (t *transferActor) abandoned() bool {
	t.files.tell(transferEnded{t: t, meta: t.meta, code: wire.CodeInternal})
	return true
}

// do runs f on the disk's goroutine.
func (t *transferActor) do(op diskOp, f func() diskDone) {
	t.busy = op
	t.sys.hold()
	go func() {
		defer t.sys.release()
		var d diskDone
		if err := guarded(func() error { d = f(); return nil }); err != nil {
			d.err = err
		}
		d.op = op
		t.tell(d)
	}()
}

// onFrame handles what a client says of its transfer.
func (t *transferActor) onFrame(m transferFrame) {
	switch msg := m.msg.(type) {
	case *wire.Chunk:
		if m.c == t.owner && t.kind != transfer.Get {
			t.onChunk(msg)
		}
	case *wire.Credit:
		t.onCredit(m.c, msg)
	case *wire.Done:
		t.onDone(m.c)
	case *wire.Abort:
		code := msg.Code
		if code == wire.CodeNone {
			code = wire.CodeCancelled
		}
		by := t.meta.Owner
		if m.c != t.owner || t.kind == transfer.Get {
			by = m.c.whose()
		}
		t.end(endTransfer{code: code, text: msg.Text, by: by})
	}
}

// onChunk takes a part of a put or a relay.
func (t *transferActor) onChunk(m *wire.Chunk) {
	if t.ending != nil {
		return
	}
	if err := t.in.Chunk(m.Offset, uint64(len(m.Data))); err != nil {
		code := wire.CodeBadRequest
		switch {
		case errors.Is(err, transfer.ErrWindow):
			code = wire.CodeWindowExceeded
		case errors.Is(err, transfer.ErrBeyondEnd):
			code = wire.CodeSizeMismatch
		}
		t.end(endTransfer{code: code, text: err.Error(), by: t.meta.Owner})
		return
	}
	if t.kind == transfer.Relay {
		t.forward(m)
		return
	}
	t.pending = append(t.pending, m.Data)
}

// grant lets the owner send more.
func (t *transferActor) grant(stored uint64) {
	if t.in.Stored(stored) && t.owner != nil {
		t.owner.tell(transferReply{&wire.Credit{Transfer: t.id, Offset: t.in.StoredTo(), Limit: t.in.Limit()}})
	}
}

// end begins the end: the disk is tidied up first, if there is something.
func (t *transferActor) end(m endTransfer) {
	if t.ending == nil {
		t.ending = &m
		t.pending = nil
	}
}

// finish is the end: everyone who waits is told, and the actor stops.
func (t *transferActor) finish(code wire.Code, text, by string) {
	if t.ended {
		return
	}
	t.ended = true
	if t.file != nil {
		_ = t.file.Close()
	}
	var last wire.Message
	switch {
	case code != wire.CodeNone:
		last = &wire.Abort{Transfer: t.id, Code: code, Text: wire.Clip(text), By: by}
	case t.kind == transfer.Put:
		last = &wire.Done{Transfer: t.id, File: t.meta.ID[:]}
	case t.kind == transfer.Relay:
		last = &wire.Done{Transfer: t.id}
	}
	if t.owner != nil {
		t.owner.tell(transferClose{id: t.id, last: last})
	}
	if t.receiver != nil {
		if code == wire.CodeNone {
			last = nil
		}
		t.receiver.tell(transferClose{id: t.id, last: last})
	}
	if t.waiting != nil {
		t.waiting.c.tell(reply{credit: t.waiting.credit, msg: &wire.Error{
			Request: t.waiting.request, Code: cmpOr(code, wire.CodeInterrupted), Text: wire.Clip(text),
		}})
	}
	t.files.tell(transferEnded{
		t: t, meta: t.meta, code: code, text: text, by: by, kept: t.ending != nil && t.ending.suspend && t.begun,
	})
	t.stop()
}

func cmpOr(code, fallback wire.Code) wire.Code {
	if code == wire.CodeNone {
		return fallback
	}
	return code
}
