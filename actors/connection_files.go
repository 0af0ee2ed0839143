package actors

import (
	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/wire"
)

// Files on a connection: requests go to the file manager, what belongs to a
// transfer goes straight to its actor.

// lateTransfers is how many ended transfers a connection remembers, so that
// chunks that were on their way are not taken for a mistake.
const lateTransfers = 32

// connectionTransfers is what one connection knows of files.
type connectionTransfers struct {
	open   map[uint64]*lane    // by number; the file manager bounds it
	asked  map[uint64]struct{} // accepts that are not answered yet; bounded by credits
	turns  []*lane             // those with chunks to send, in the order of their turns
	late   [lateTransfers]uint64
	ended  int       // how many have ended: where late goes on
	news   []news    // notices that wait for room; bounded by maxNews
	handed *newsMark // is being written; nil: nothing that was kept
}

// lane is a transfer as its connection sees it.
type lane struct {
	t      *transferActor
	number uint64
	chunks []bulk // to be sent; bounded by the transfer's window, however short they come
}

// news is a notice that waits to be sent.
type news struct {
	frame []byte
	mark  *newsMark // set in the last of those that were kept
}

type newsMark struct {
	user string
	upTo filestore.Seq
}

// maxNews bounds the notices that wait for a client that does not read; past it
// the client is a slow consumer.
const maxNews = 4096

func (c *connection) ofFiles() *connectionTransfers {
	if c.files == nil {
		c.files = &connectionTransfers{open: make(map[uint64]*lane), asked: make(map[uint64]struct{})}
	}
	return c.files
}

// onFileRequest passes a request about files on.
func (c *connection) onFileRequest(f paidFrame) {
	refused := wire.CodeNone
	switch {
	case c.sys.files == nil:
		refused = wire.CodeUnsupported
	case c.whose() == "":
		refused = wire.CodeNotLoggedIn
	}
	accept, isAccept := f.msg.(*wire.Accept)
	if refused != wire.CodeNone {
		if isAccept {
			c.queue(&wire.Abort{Transfer: accept.Transfer, Code: refused})
		} else {
			c.refuse(requestOf(f.msg), refused, "")
		}
		c.credits.give(f.credit)
		return
	}
	r := fileRequest{c: c, user: c.whose(), msg: f.msg, credit: f.credit}
	if _, ok := f.msg.(*wire.Put); ok && c.sys.set.Offer != nil {
		r.ctx = c.handlerContext()
	}
	if isAccept && !c.mayAccept(accept, f.credit) {
		return
	}
	c.sys.files.tell(r)
}

// mayAccept reports whether an accept is one that the file manager must judge.
// One of a transfer that this connection has is that transfer's business, and
// one that comes twice is taken once.
func (c *connection) mayAccept(a *wire.Accept, credit int) bool {
	files := c.ofFiles()
	lane, has := files.open[a.Transfer]
	_, twice := files.asked[a.Transfer]
	if has {
		lane.t.tell(transferFrame{c: c, msg: a})
	}
	if has || twice {
		c.credits.give(credit)
		return false
	}
	files.asked[a.Transfer] = struct{}{}
	return true
}

// onTransferFrame hands a frame to the actor of its transfer, if that is this
// connection's.
func (c *connection) onTransferFrame(f paidFrame, number uint64) {
	files := c.ofFiles()
	if s := files.open[number]; s != nil {
		c.credits.give(f.credit) // the transfer's window bounds what follows
		s.t.tell(transferFrame{c: c, msg: f.msg})
		return
	}
	_, asked := files.asked[number]
	_, isAbort := f.msg.(*wire.Abort)
	_, isChunk := f.msg.(*wire.Chunk)
	switch {
	case isChunk && !files.isLate(number):
		c.queue(&wire.Abort{Transfer: number, Code: wire.CodeNotFound, Text: "no such transfer of this connection"})
	case (isAbort || asked) && !isChunk && c.whose() != "" && c.sys.files != nil:
		c.sys.files.tell(strayFrame{c: c, user: c.whose(), number: number, msg: f.msg, credit: f.credit})
		return
	}
	c.credits.give(f.credit)
}

func (f *connectionTransfers) isLate(number uint64) bool {
	for _, late := range f.late {
		if late == number {
			return true
		}
	}
	return false
}

// onFiles handles what the file manager and the transfers have to say.
func (c *connection) onFiles(msg forFiles) {
	switch m := msg.(type) {
	case transferOpen:
		c.onTransferOpen(m)
	case transferClose:
		c.onTransferClose(m)
	case transferReply:
		if c.phase == open {
			c.queue(m.msg)
		}
	case bulk:
		c.onBulk(m)
	case fileNotice:
		if c.phase == open && c.whose() == m.user {
			c.addNews(news{frame: m.frame})
		}
	case keptNotices:
		c.onKeptNotices(m)
	}
}

func (c *connection) onTransferOpen(m transferOpen) {
	c.credits.give(m.credit)
	if c.phase != open {
		return // the registry tells the file manager
	}
	files := c.ofFiles()
	delete(files.asked, m.number)
	files.open[m.number] = &lane{t: m.t, number: m.number}
	if m.reply != nil {
		c.queue(m.reply)
	}
}

func (c *connection) onTransferClose(m transferClose) {
	c.credits.give(m.credit)
	files := c.ofFiles()
	delete(files.asked, m.number)
	if s := files.open[m.number]; s != nil {
		s.chunks = nil // the abort overtakes them
		delete(files.open, m.number)
	}
	files.late[files.ended%lateTransfers] = m.number
	files.ended++
	if m.last != nil && c.phase == open {
		c.queue(m.last)
	}
}

// onBulk lets a chunk wait for its turn, behind everything that is not one (N21).
func (c *connection) onBulk(m bulk) {
	if c.phase != open {
		return
	}
	files := c.ofFiles()
	s := files.open[m.number]
	if s == nil {
		return // the transfer has ended
	}
	if n := len(s.chunks); n > 0 && s.chunks[n-1].join(m, c.sys.chunkSize()) {
		return
	}
	if s.chunks = append(s.chunks, m); len(s.chunks) == 1 {
		files.turns = append(files.turns, s)
	}
}

// feedFiles gives the outbox what is due: notices when they fit, and then chunks.
// It is called before each write.
func (c *connection) feedFiles() {
	if c.files == nil || c.phase != open {
		return
	}
	c.feedNews()
	c.feedChunks()
}

// feedChunks queues as many chunks as the next write takes: one when there is
// anything else to write, else as many as make it large enough. Transfers take
// turns, chunk by chunk; on a slow link a chunk is cut to what it can bear. What is
// queued here has left the transfer's memory.
func (c *connection) feedChunks() {
	files := c.files
	others, _ := c.lanes().Queued()
	budget := c.pace.Budget()
	for sum := 0; len(files.turns) > 0 && (sum == 0 || others == 0 && sum < budget); {
		s := files.turns[0]
		files.turns = append(files.turns[:0], files.turns[1:]...)
		if len(s.chunks) == 0 {
			continue // closed meanwhile
		}
		m, whole := s.chunks[0].cut(budget)
		if whole {
			s.chunks = append(s.chunks[:0], s.chunks[1:]...)
		}
		if len(s.chunks) > 0 {
			files.turns = append(files.turns, s)
		}
		if frame, err := m.frame(); err == nil { // always: the numbers come from wire
			c.lanes().Bulk(frame)
			sum += len(frame)
		}
		s.t.tell(bulkPassed{number: m.number, n: len(m.data())})
	}
}

func (c *connection) addNews(n news) {
	files := c.ofFiles()
	if len(files.news) >= maxNews {
		c.tooSlow()
		return
	}
	files.news = append(files.news, n)
}

func (c *connection) onKeptNotices(m keptNotices) {
	if c.phase != open || c.whose() != m.user {
		c.sys.files.tell(noticesHanded{c: c, user: m.user, upTo: m.upTo})
		return
	}
	for i, frame := range m.frames {
		n := news{frame: frame}
		if i == len(m.frames)-1 {
			n.mark = &newsMark{user: m.user, upTo: m.upTo}
		}
		c.addNews(n)
	}
}

// newsBudget is how much of its notices a client gets at one time, so that those
// who were long away are not slow consumers at once.
const newsBudget = 32 << 10

// feedNews queues notices while they leave room for others. Those that were kept
// are reported when they have been written.
func (c *connection) feedNews() {
	files := c.files
	frames, bytes := c.lanes().Queued()
	if files.handed != nil && frames == 0 {
		c.sys.files.tell(noticesHanded{c: c, user: files.handed.user, upTo: files.handed.upTo, ok: true})
		files.handed = nil
	}
	budget := min(newsBudget, c.sys.set.QueueBytes/2)
	for len(files.news) > 0 && files.handed == nil && (frames == 0 || bytes < budget) {
		n := files.news[0]
		if c.lanes().Data(n.frame) != nil {
			return
		}
		files.news = files.news[1:]
		files.handed = n.mark
		frames, bytes = frames+1, bytes+len(n.frame)
	}
	if len(files.news) == 0 {
		files.news = nil
	}
}

// filesLogout ends what the user had that logs out: its transfers are
// interrupted, and its notices are nobody else's.
func (c *connection) filesLogout() {
	if c.sys.files == nil || c.whose() == "" {
		return
	}
	if c.files != nil {
		c.files.news, c.files.handed = nil, nil
	}
	c.sys.files.tell(loggedOut{c: c, user: c.whose()})
}

// featureBits are the features in use of one connection.
type featureBits uint8

// has reports whether a feature is in use.
func (f featureBits) has(want wire.Features) bool { return wire.Features(f).Has(want) }

// features are those of this server: without a store it has nothing to tell.
func (s *System) features() wire.Features {
	if s.files == nil {
		return 0
	}
	return wire.FeatureFileNotices | wire.FeatureOffers
}

// whose returns the user of a connection, for other actors.
func (c *connection) whose() string {
	if user := c.loggedIn.Load(); user != nil {
		return *user
	}
	return ""
}

// chunkSize is how much data a chunk may carry.
func (s *System) chunkSize() int { return min(s.set.MaxFrame-wire.MaxChunkOverhead, maxChunk) }

// maxChunk bounds a chunk, so that a heartbeat never waits long behind one.
const maxChunk = 60 << 10
