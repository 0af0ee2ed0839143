package actors

import (
	"context"
	"errors"
	"strings"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// Puts and relays: who may begin one, and who goes on with which.

// judge asks the embedding program whether it wants a file.
func (m *fileManager) judge(r fileRequest, p *wire.Put) {
	ask := m.sys.set.Offer
	if ask == nil {
		m.put(r, p)
		return
	}
	offer := FileOffer{Connection: r.c.id, Meta: metaOf(r.user, p, m.sys.set.Wall().UnixMilli()), Relay: p.Relay}
	ctx := r.ctx
	if ctx == nil {
		ctx = context.Background() // unreachable: the connection sets it
	}
	m.aside(func() {
		err := guarded(func() error { return worded(ask(ctx, offer)) })
		m.tell(offerJudged{r, err})
	})
}

func (m *fileManager) judged(x offerJudged) {
	p, ok := x.r.msg.(*wire.Put)
	switch {
	case !ok:
	case errors.Is(x.err, errHandlerPanic):
		m.sys.count.handlerPanics.Add(1)
		m.refuse(x.r, wire.CodeInternal, errHandlerPanic.Error()) // what was panicked with is not the client's business
	case x.err != nil:
		m.refuse(x.r, wire.CodeNotAllowed, x.err.Error())
	case m.draining:
		m.refuse(x.r, wire.CodeShuttingDown, "")
	default:
		m.put(x.r, p)
	}
}

// put begins a put or a relay, or goes on with the same one that was
// interrupted.
func (m *fileManager) put(r fileRequest, p *wire.Put) {
	if r.c.finished.Load() != nil || r.c.whose() != r.user {
		m.refuse(r, wire.CodeNotLoggedIn, "") // it has gone meanwhile; nobody would interrupt it
		return
	}
	key := keyOf(r.user, p)
	if x, ok := m.book.Find(key, func(x transfer.Transfer) bool { return m.stale(x, r.c) }); ok {
		m.goOn(r, p, x)
		return
	}
	if p.Relay && m.relays.Count(p.To[0]) >= m.sys.set.Transfers.PerOwner {
		m.refuse(r, wire.CodeTooMany, "too many files are offered to this user")
		return
	}
	x, err := m.book.Open(r.c.id, key.Kind, r.user, key)
	if err != nil {
		m.refuse(r, wire.CodeTooMany, "too many transfers at once")
		return
	}
	meta := metaOf(r.user, p, m.sys.set.Wall().UnixMilli())
	if p.Relay {
		m.asking[x.ID] = r
		m.offer(x, &meta)
		return
	}
	m.spawnTransfer(x, meta, r.c.identifier).tell(attachTransfer{r: r, number: x.Number})
}

// stale reports whether a transfer's connection is an older one of the same
// client: it has come back before we noticed that it was gone.
func (m *fileManager) stale(x transfer.Transfer, c *connection) bool {
	t := m.transfers[x.ID]
	return t != nil && x.Conn != 0 && x.Conn < c.id && t.identifier == c.identifier
}

// goOn gives an interrupted transfer to the connection that came for it.
func (m *fileManager) goOn(r fileRequest, p *wire.Put, x transfer.Transfer) {
	if !m.book.HasRoom(r.c.id) {
		m.refuse(r, wire.CodeTooMany, "too many transfers at once")
		return
	}
	if meta, ok := m.whole[x.ID]; ok {
		m.sys.tellWhole(r, x.Number, &meta)
		m.forget(x.ID, &meta)
		m.arm()
		return
	}
	if x.Conn != 0 {
		m.pause(x.ID, interruptTransfer{by: x.Owner})
	}
	if m.book.Attach(x.ID, r.c.id) != nil {
		m.refuse(r, wire.CodeInternal, "internal error") // unreachable: it is there, and has room
		return
	}
	x, _ = m.book.Get(x.ID)
	t := m.transfers[x.ID]
	if t == nil {
		meta := m.left[x.ID]
		delete(m.left, x.ID)
		t = m.spawnTransfer(x, meta, r.c.identifier)
		t.announced = true
		t.tell(resumePartial{})
	}
	t.identifier = r.c.identifier
	t.tell(attachTransfer{r: r, number: x.Number})
	switch {
	case p.Relay:
		m.offer(x, &t.offer)
	case t.announced:
		m.notify(&t.offer, wire.FileResumed, wire.CodeNone, "")
	}
	m.arm()
}

// tellWhole answers a put whose file is whole already.
func (s *System) tellWhole(r fileRequest, number uint64, meta *filestore.Meta) {
	size := uint64(meta.Size) //nolint:gosec // not negative
	r.c.tell(reply{credit: r.credit, msg: &wire.PutOK{
		Request: requestOf(r.msg), Transfer: number, Offset: size, Limit: size, Chunk: uint64(s.chunkSize()), //nolint:gosec // positive
	}})
	r.c.tell(reply{msg: &wire.Done{Transfer: number, File: fileID(meta.ID)}})
}

// begun tells the recipients of a file that the store has begun with: one that
// was refused is none of their business.
func (m *fileManager) begun(x transferBegun) {
	t := x.t
	if m.transfers[t.id] != t {
		return
	}
	t.offer = x.meta
	if t.announced {
		return
	}
	t.announced = true
	m.notify(&t.offer, wire.FileOffered, wire.CodeNone, "")
	if b, ok := m.book.Get(t.id); ok && b.Interrupted() {
		m.notify(&t.offer, wire.FileInterrupted, wire.CodeInterrupted, b.Owner)
	}
}

func metaOf(user string, p *wire.Put, now int64) filestore.Meta {
	meta := filestore.Meta{
		Owner: user, Recipients: p.To, Everyone: p.Everyone, Name: p.Name, Type: p.Media,
		Size: int64(p.Size), Created: max(now, 0), //nolint:gosec // wire bounds it
	}
	copy(meta.SHA256[:], p.SHA256)
	return meta
}

func keyOf(user string, p *wire.Put) transfer.Key {
	k := transfer.Key{
		Owner: user, Kind: transfer.Put, Name: p.Name, Size: p.Size,
		To: recipientsKey(p.To, p.Everyone),
	}
	if p.Relay {
		k.Kind = transfer.Relay
	}
	copy(k.SHA256[:], p.SHA256)
	return k
}

func keyOfMeta(meta *filestore.Meta) transfer.Key {
	return transfer.Key{
		Owner: meta.Owner, Kind: transfer.Put, Name: meta.Name, Size: uint64(meta.Size), //nolint:gosec // not negative
		SHA256: meta.SHA256, To: recipientsKey(meta.Recipients, meta.Everyone),
	}
}

// recipientsKey makes one text of the recipients; users' names hold no control
// characters. That of a relay is the recipient's name.
func recipientsKey(to []string, everyone bool) string {
	if everyone {
		return "\x00" + strings.Join(to, "\n")
	}
	return strings.Join(to, "\n")
}
