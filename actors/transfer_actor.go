package actors

import (
	"errors"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// transferActor carries one file. It has one operation on the disk under way at
// most, on a goroutine of its own, so that a slow disk holds up this file and no
// other. What it holds in memory is at most twice its window, and one chunk.
//
// It ends in two steps, like a connection: it tells the file manager that it has
// ended, and it stops when that has let go of it, so that nothing the file
// manager tells it meanwhile goes without an answer.
type transferActor struct {
	guard

	// static after construction
	sys   *System
	files *fileManager
	kind  transferKind

	// owned by the file manager
	offer      filestore.Meta // what recipients are told; with its ID once the store has begun
	announced  bool           // they know of it
	identifier string         // of the client whose transfer it is
	cause      string         // whose going began the grace that runs

	// owned by the actor
	meta     filestore.Meta // the store's, once there is one; of a get at first the ID alone
	number   uint64         // what its clients call it now
	owner    *connection    // whose transfer it is; nil while interrupted
	user     string         // the owner's: of a get, who fetches the file
	receiver *connection    // of a relay
	in       transfer.Inflow
	out      transfer.Outflow
	heard    uint64 // of a relay: how far the receiver says that it has come
	told     uint64 // and what the sender was told of that
	partial  filestore.Partial
	file     filestore.File
	pending  [][]byte // chunks that wait for the disk, joined; bounded by the window
	unsynced int      // bytes that no checkpoint covers yet
	busy     diskOp
	waiting  *attachTransfer // to be answered when the disk is ready
	late     []fileRequest   // came when it was ending, to be begun anew; bounded by credits
	ending   *endTransfer
	begun    bool // the store has a partial for it
	paused   bool // it was interrupted, and has not gone on yet
	kept     bool // the partial was suspended
	ended    bool
	over     wire.Code // how, once ended
	released bool      // the file manager has let go of it
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

// spawnTransfer starts the actor of a transfer. It runs on the file manager.
func (m *fileManager) spawnTransfer(x transfer.Transfer, meta filestore.Meta, identifier string) *transferActor {
	t := &transferActor{
		sys: m.sys, files: m, kind: x.Kind, number: x.Number,
		offer: meta, meta: meta, identifier: identifier,
	}
	t.init(m.sys.transfers, x.ID, t)
	m.sys.hold()
	m.transfers[x.ID] = t
	if x.Kind == transfer.Put {
		m.puts.Add(x.ID, meta.Recipients)
	}
	t.spawn()
	return t
}

func (t *transferActor) gone() { t.sys.release() }

func (t *transferActor) receive(msg any) {
	switch m := msg.(type) {
	case letGo:
		t.released = true
		if t.ended {
			t.stop()
		}
		return
	case attachTransfer:
		t.attach(m)
		return
	case attachReceiver:
		t.accept(m)
		return
	}
	if t.ended {
		return
	}
	switch m := msg.(type) {
	case transferFrame:
		t.onFrame(m)
	case bulkPassed:
		t.onPassed(m)
	case diskDone:
		t.onDisk(m)
	case resumePartial:
		t.begun, t.paused = true, true
	case interruptTransfer:
		t.interrupt(m)
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

// recovered ends the transfer. What the lost message brought that nobody else
// has is taken in all the same: who waits for an answer, and what is open.
func (t *transferActor) recovered(msg, value any, stack []byte) {
	t.sys.fault(t.name(), msg, value, stack)
	const text = "internal error"
	switch m := msg.(type) {
	case letGo, endTransfer, interruptTransfer, resumePartial:
		t.receive(m)
	case attachTransfer:
		t.files.refuse(m.r, wire.CodeInternal, text)
		if t.waiting != nil && t.waiting.r.c == m.r.c {
			t.waiting = nil
		}
	case attachReceiver:
		m.c.tell(transferClose{
			number: m.accept.Transfer, credit: m.credit,
			last: &wire.Abort{Transfer: m.accept.Transfer, Code: wire.CodeInternal, Text: text},
		})
	case diskDone:
		if t.salvage(m) {
			return
		}
	}
	t.end(endTransfer{code: wire.CodeInternal, text: text})
	t.turn()
}

// salvage takes over what a lost outcome of the disk brought, and reports
// whether the transfer is whole.
func (t *transferActor) salvage(d diskDone) (whole bool) {
	if t.ended {
		return true
	}
	t.busy = opNone
	switch {
	case d.op == opSuspend || d.op == opDiscard:
		t.onDisk(d)
	case d.op == opCommit && d.err == nil:
		t.onDisk(d)
		return true
	case d.partial != nil:
		t.partial, t.begun = d.partial, true
	case d.file != nil:
		t.file = d.file
	}
	return false
}

// abandoned is the way out when even the end has panicked. What is open is
// closed, and who waits is told, by what needs least.
func (t *transferActor) abandoned() bool {
	if partial := t.partial; partial != nil {
		t.files.onDisk(partial.Discard, func(error) {})
	}
	last := &wire.Abort{Transfer: t.number, Code: wire.CodeInternal, Text: "internal error"}
	for _, c := range []*connection{t.owner, t.receiver} {
		if c != nil && !t.ended {
			c.tell(transferClose{number: t.number, last: last})
		}
	}
	if t.waiting != nil {
		t.files.refuse(t.waiting.r, wire.CodeInternal, last.Text)
	}
	if !t.ended {
		t.files.tell(transferEnded{t: t, meta: t.meta, code: wire.CodeInternal})
	}
	return true
}

// do runs f on the disk's goroutine.
func (t *transferActor) do(op diskOp, f func(d *diskDone) error) {
	t.busy = op
	d := &diskDone{op: op}
	t.files.onDisk(func() error { return f(d) }, func(err error) {
		d.err = err
		t.tell(*d)
	})
}

// onFrame handles what a client says of its transfer. What a connection said of
// an earlier number is late.
func (t *transferActor) onFrame(m transferFrame) {
	owner, receiver := m.c == t.owner, m.c == t.receiver
	if !owner && !receiver {
		return
	}
	by := t.user
	if receiver {
		by = t.meta.Recipients[0]
	}
	switch msg := m.msg.(type) {
	case *wire.Chunk:
		switch {
		case msg.Transfer != t.number:
		case receiver, t.kind == transfer.Get:
			t.end(endTransfer{code: wire.CodeBadRequest, text: "a chunk from the receiving side", by: by})
		default:
			t.onChunk(msg)
		}
	case *wire.Credit:
		if msg.Transfer == t.number && (receiver || t.kind == transfer.Get) {
			t.onCredit(msg, by)
		}
	case *wire.Done:
		if msg.Transfer == t.number && (receiver || t.kind == transfer.Get) {
			t.onDone(by)
		}
	case *wire.Accept:
		if msg.Transfer == t.number {
			t.end(endTransfer{code: wire.CodeBadRequest, text: "an accept of what is no offer", by: by})
		}
	case *wire.Abort:
		switch {
		case msg.Transfer != t.number:
		case msg.Code == wire.CodeInterrupted && t.kind != transfer.Get:
			t.files.tell(transferPaused{t: t, number: t.number, c: m.c})
		default:
			t.end(endTransfer{code: msg.Code, text: msg.Text, by: by, quiet: m.c})
		}
	}
}

// onChunk takes a part of a put or a relay.
func (t *transferActor) onChunk(m *wire.Chunk) {
	if t.ending != nil {
		return
	}
	if len(m.Data) > t.sys.chunkSize() {
		t.end(endTransfer{code: wire.CodeBadRequest, text: "the chunk is too large", by: t.user})
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
		t.end(endTransfer{code: code, text: err.Error(), by: t.user})
		return
	}
	if t.kind == transfer.Relay {
		t.forward(m)
		return
	}
	t.pending = t.files.buffers.join(t.pending, m.Data)
}

// onPassed notes that a part of the file has left the memory.
func (t *transferActor) onPassed(m bulkPassed) {
	switch {
	case m.number != t.number:
	case t.kind == transfer.Relay:
		t.grant(m.n)
	default:
		t.out.Passed(uint64(m.n)) //nolint:gosec // not negative
	}
}

// grant lets the owner send more, when n bytes have left the memory.
func (t *transferActor) grant(n int) {
	if t.in.Stored(uint64(n)) { //nolint:gosec // not negative
		t.tellLimit()
	}
}

// tellLimit tells the owner how far it may send.
func (t *transferActor) tellLimit() {
	offset := t.in.StoredTo()
	if t.kind == transfer.Relay {
		offset, t.told = t.heard, t.heard
	}
	if t.owner != nil {
		t.owner.tell(transferReply{&wire.Credit{Transfer: t.number, Offset: offset, Limit: t.in.Limit()}})
	}
}

// end begins the end: the disk is tidied up first, if there is something.
func (t *transferActor) end(m endTransfer) {
	if t.ending == nil {
		t.ending = &m
		t.pending = nil
	}
}

// finish is the end: everyone who waits is told.
func (t *transferActor) finish(code wire.Code, text, by string) {
	if t.ended {
		return
	}
	t.ended, t.over = true, code
	if file := t.file; file != nil {
		t.files.onDisk(file.Close, func(error) {})
	}
	var quiet *connection
	if t.ending != nil {
		quiet = t.ending.quiet
	}
	// First: what the owner does next, such as removing the file, comes behind it.
	t.files.tell(transferEnded{
		t: t, meta: t.meta, code: code, text: text, by: by, quiet: quiet, kept: t.kept,
	})
	if t.owner != nil {
		t.owner.tell(transferClose{number: t.number, last: t.lastWord(t.owner, t.user, quiet, code, text, by)})
	}
	if t.receiver != nil {
		t.receiver.tell(transferClose{number: t.number, last: t.lastWord(t.receiver, t.meta.Recipients[0], quiet, code, text, by)})
	}
	switch {
	case t.waiting == nil:
	case code == wire.CodeNone && t.kind == transfer.Put: // its owner has come back while it was committed
		t.sys.tellWhole(t.waiting.r, t.number, &t.meta)
	default:
		t.files.refuse(t.waiting.r, codeOr(code, wire.CodeInterrupted), text)
	}
	for _, r := range t.late {
		t.files.tell(offerJudged{r: r})
	}
	t.late = nil
	if t.released {
		t.stop()
	}
}

// lastWord is what one side is told at the end: nothing when it has said so
// itself. By names the other side alone.
func (t *transferActor) lastWord(c *connection, user string, quiet *connection, code wire.Code, text, by string) wire.Message {
	switch {
	case c == quiet:
		return nil
	case code != wire.CodeNone:
		if by == user {
			by = ""
		}
		return &wire.Abort{Transfer: t.number, Code: code, Text: wire.Clip(text), By: by}
	case t.kind == transfer.Put:
		return &wire.Done{Transfer: t.number, File: fileID(t.meta.ID)}
	case t.kind == transfer.Relay && c == t.owner:
		return &wire.Done{Transfer: t.number}
	default:
		return nil // it has said done itself
	}
}

func codeOr(code, fallback wire.Code) wire.Code {
	if code == wire.CodeNone {
		return fallback
	}
	return code
}
