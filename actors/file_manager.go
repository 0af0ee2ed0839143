package actors

import (
	"strings"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// fileManager is the actor that admits transfers, knows which connection runs
// which, and decides what becomes of those whose connection has ended. It never
// touches the disk itself: each transfer has an actor with a goroutine of its
// own, and so has each question to the store.
type fileManager struct {
	guard

	// static after construction
	sys *System

	// owned by the actor
	book      *transfer.Book
	transfers map[uint64]*transferActor // those with a live actor; bounded by the book
	left      map[uint64]filestore.Meta // partials of an earlier life that wait for their owner
	relays    map[uint64]fileRequest    // relays whose offer is on its way; bounded by the book
	keeping   map[string]int            // notices being kept, by user: an arrival waits for them
	arriving  map[string]*connection
	timer     *time.Timer
	draining  bool
}

func newFileManager(s *System) *fileManager {
	return &fileManager{
		sys:       s,
		book:      transfer.NewBook(s.set.Transfers),
		transfers: make(map[uint64]*transferActor),
		left:      make(map[uint64]filestore.Meta),
		relays:    make(map[uint64]fileRequest),
		keeping:   make(map[string]int),
		arriving:  make(map[string]*connection),
	}
}

// begin looks for what an earlier life has left.
func (m *fileManager) begin() {
	m.aside(func() { m.tell(leftover{m.sys.set.Store.Partials()}) })
	m.tell(filesDue{})
}

// aside runs f, which may wait for the disk, on a goroutine of its own.
func (m *fileManager) aside(f func()) {
	m.sys.hold()
	go func() {
		defer m.sys.release()
		f()
	}()
}

func (m *fileManager) receive(msg any) {
	switch x := msg.(type) {
	case fileRequest:
		m.request(x)
	case offerJudged:
		m.judged(x)
	case offered:
		m.offered(x)
	case offerDeclined:
		m.declined(x)
	case filesTerminated:
		m.interrupt(x.c)
	case transferEnded:
		m.ended(x)
	case arrived:
		m.arrived(x)
	case unnoticed:
		m.keep(x)
	case noticed:
		m.kept(x.user)
	case removed:
		m.notify(&x.meta, wire.FileRemoved, wire.CodeRemoved, x.meta.Owner)
	case leftover:
		m.adopt(x.partials)
	case filesExpired:
		for i := range x.metas {
			m.notify(&x.metas[i], wire.FileExpired, wire.CodeExpired, "")
			m.tellUser(x.metas[i].Owner, &x.metas[i], wire.FileExpired, wire.CodeExpired, "")
		}
	case filesDue:
		m.due()
	case filesDrain:
		m.drain()
	case quit:
		if m.timer != nil {
			m.timer.Stop()
		}
		m.stop()
	}
}

func (m *fileManager) turn() {}

func (m *fileManager) recovered(msg, value any, stack []byte) {
	m.sys.fault(m.pid, msg, value, stack)
	switch x := msg.(type) {
	case fileRequest:
		m.refuse(x, wire.CodeInternal, "internal error")
	case offerJudged:
		m.refuse(x.r, wire.CodeInternal, "internal error")
	case filesTerminated, transferEnded, filesDrain, quit, filesDue, leftover:
		m.receive(msg) // nothing of these may be lost
	}
}

// abandoned: the file manager does not go.
func (m *fileManager) abandoned() bool { return false }

// requestOf returns the ID by which a message wants to be answered.
func requestOf(msg wire.Message) uint64 {
	switch x := msg.(type) {
	case *wire.Put:
		return x.Request
	case *wire.Get:
		return x.Request
	case *wire.Files:
		return x.Request
	case *wire.Remove:
		return x.Request
	default:
		return 0
	}
}

func (m *fileManager) refuse(r fileRequest, code wire.Code, text string) {
	if a, ok := r.msg.(*wire.Accept); ok {
		r.c.tell(reply{credit: r.credit, msg: &wire.Abort{Transfer: a.Transfer, Code: code, Text: text}})
		return
	}
	r.c.tell(reply{credit: r.credit, msg: &wire.Error{Request: requestOf(r.msg), Code: code, Text: wire.Clip(text)}})
}

// request admits what a client asks for.
func (m *fileManager) request(r fileRequest) {
	if m.draining {
		m.refuse(r, wire.CodeShuttingDown, "")
		return
	}
	switch msg := r.msg.(type) {
	case *wire.Put:
		m.judge(r, msg)
	case *wire.Get:
		m.get(r, msg)
	case *wire.Accept:
		m.accept(r, msg)
	case *wire.Files:
		m.list(r, msg)
	case *wire.Remove:
		m.remove(r, msg)
	}
}

// judge asks the embedding program whether it wants a file.
func (m *fileManager) judge(r fileRequest, p *wire.Put) {
	ask := m.sys.set.Offer
	if ask == nil {
		m.put(r, p)
		return
	}
	meta := metaOf(r.user, p, m.sys.set.Wall().UnixMilli())
	m.aside(func() {
		err := guarded(func() error { return ask(m.sys.ctx, FileOffer{Connection: r.c.id, Meta: meta, Relay: p.Relay}) })
		m.tell(offerJudged{r, err})
	})
}

func (m *fileManager) judged(x offerJudged) {
	p, ok := x.r.msg.(*wire.Put)
	switch {
	case !ok:
	case x.err != nil:
		m.refuse(x.r, wire.CodeNotAllowed, x.err.Error())
	default:
		m.put(x.r, p)
	}
}

// put begins a put or a relay, or goes on with the same one that was
// interrupted.
func (m *fileManager) put(r fileRequest, p *wire.Put) {
	if r.c.finished.Load() != nil {
		return // it has ended meanwhile
	}
	meta := metaOf(r.user, p, m.sys.set.Wall().UnixMilli())
	key := keyOf(r.user, p)
	if x, ok := m.book.Find(key, func(conn uint64) bool { return m.stale(conn, r.c) }); ok {
		m.goOn(r, x)
		return
	}
	x, err := m.book.Open(r.c.id, key.Kind, r.user, key)
	if err != nil {
		m.refuse(r, wire.CodeTooMany, "too many transfers at once")
		return
	}
	if p.Relay {
		m.relays[x.ID] = r
		m.offer(x.ID, &meta)
		return
	}
	t := m.spawnTransfer(x, meta)
	t.identifier = r.c.identifier
	t.tell(attachTransfer{c: r.c, request: p.Request, credit: r.credit})
	m.notify(&meta, wire.FileOffered, wire.CodeNone, "")
}

// stale reports whether a transfer's connection is an older one of the same
// client: it has come back before we noticed that it was gone.
func (m *fileManager) stale(conn uint64, c *connection) bool {
	if conn >= c.id {
		return false
	}
	for _, t := range m.transfers {
		if t.holder.Load() == conn && t.identifier == c.identifier {
			return true
		}
	}
	return false
}

// goOn gives an interrupted transfer to the connection that came for it.
func (m *fileManager) goOn(r fileRequest, x transfer.Transfer) {
	if m.book.Attach(x.ID, r.c.id) != nil {
		m.refuse(r, wire.CodeTooMany, "too many transfers at once")
		return
	}
	t := m.transfers[x.ID]
	if t == nil {
		meta := m.left[x.ID]
		delete(m.left, x.ID)
		t = m.spawnTransfer(x, meta)
		t.tell(resumePartial{})
	}
	t.holder.Store(r.c.id)
	t.identifier = r.c.identifier
	t.tell(attachTransfer{c: r.c, request: requestOf(r.msg), credit: r.credit})
	m.notify(&t.offer, wire.FileResumed, wire.CodeNone, "")
	m.arm()
}

// interrupt takes all transfers from a connection that has ended. Those who
// wait are told at once (G5).
func (m *fileManager) interrupt(c *connection) {
	for _, x := range m.book.Interrupt(m.sys.now(), c.id) {
		delete(m.relays, x.ID)
		t := m.transfers[x.ID]
		if t == nil {
			m.book.Remove(x.ID)
			continue
		}
		t.tell(detachTransfer{conn: c.id, code: wire.CodeInterrupted})
		if x.Kind == transfer.Get {
			continue
		}
		m.notify(&t.offer, wire.FileInterrupted, wire.CodeInterrupted, t.offer.Owner)
		if m.draining {
			t.tell(endTransfer{code: wire.CodeShuttingDown, suspend: m.sys.set.Transfers.Grace > 0})
		}
	}
	m.expire()
}

// expire ends the transfers that nobody came back for.
func (m *fileManager) expire() {
	for _, x := range m.book.Expire(m.sys.now()) {
		if t := m.transfers[x.ID]; t != nil {
			t.tell(endTransfer{code: wire.CodeInterrupted, text: "its sender did not come back", by: x.Owner})
			continue
		}
		meta, ok := m.left[x.ID]
		if !ok {
			continue
		}
		delete(m.left, x.ID)
		m.sys.count.partialsSwept.Add(1)
		m.aside(func() { _ = m.sys.set.Store.Drop(meta.ID) })
		m.notify(&meta, wire.FileAborted, wire.CodeInterrupted, meta.Owner)
	}
	m.arm()
}

// retentionPeriod is how often the store is asked for files whose time is over.
const retentionPeriod = time.Minute

// due is the one timer: the next grace, or the next look at retention.
func (m *fileManager) due() {
	m.aside(func() {
		if metas := m.sys.set.Store.Expire(m.sys.set.Wall().UnixMilli()); len(metas) > 0 {
			m.tell(filesExpired{metas})
		}
	})
	m.expire()
}

func (m *fileManager) arm() {
	wait := retentionPeriod
	if next, ok := m.book.Next(); ok {
		wait = min(wait, max(next-m.sys.now(), 0))
	}
	if m.timer == nil {
		m.timer = time.AfterFunc(wait, func() { m.tell(filesDue{}) })
	} else {
		m.timer.Reset(wait)
	}
}

// ended tells those who wait how a transfer ended.
func (m *fileManager) ended(x transferEnded) {
	id := x.t.id
	delete(m.transfers, id)
	m.book.Remove(id)
	if x.t.kind == transfer.Get {
		if x.code == wire.CodeNone {
			m.sys.count.filesFetched.Add(1)
		}
		return
	}
	meta := x.meta
	switch {
	case x.code == wire.CodeNone:
		m.sys.count.filesStored.Add(1)
		m.sys.emit(FileCommitted{Meta: meta, Relay: x.t.kind == transfer.Relay, At: m.sys.set.Wall()})
		if x.t.kind == transfer.Put {
			m.notify(&meta, wire.FileCompleted, wire.CodeNone, "")
		}
	case x.kept:
	default:
		m.sys.count.filesAborted.Add(1)
		m.sys.emit(FileAborted{Meta: meta, Relay: x.t.kind == transfer.Relay, Code: x.code, Text: x.text, By: x.by, At: m.sys.set.Wall()})
		m.notify(&meta, wire.FileAborted, x.code, x.by)
	}
}

// adopt takes over what an earlier life has left: each partial waits for its
// owner for the grace, from now on.
func (m *fileManager) adopt(partials []filestore.PartialInfo) {
	for _, p := range partials {
		key := keyOfMeta(&p.Meta)
		x, err := m.book.Open(0, transfer.Put, p.Meta.Owner, key)
		if err != nil || p.Open {
			continue
		}
		m.left[x.ID] = p.Meta
		m.book.Hold(m.sys.now(), x.ID)
	}
	m.expire()
}

// drain suspends what waits; what runs ends with its connection.
func (m *fileManager) drain() {
	m.draining = true
	m.book.All(func(x transfer.Transfer) {
		if t := m.transfers[x.ID]; t != nil && x.Interrupted() {
			t.tell(endTransfer{code: wire.CodeShuttingDown, suspend: m.sys.set.Transfers.Grace > 0})
		}
	})
}

func metaOf(user string, p *wire.Put, now int64) filestore.Meta {
	meta := filestore.Meta{
		Owner: user, Recipients: p.To, Everyone: p.Everyone, Name: p.Name, Type: p.Media,
		Size: int64(p.Size), Created: now, //nolint:gosec // wire bounds it
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
// characters.
func recipientsKey(to []string, everyone bool) string {
	if everyone {
		return "\x00" + strings.Join(to, "\n")
	}
	return strings.Join(to, "\n")
}
