package actors

import "example.com/rollcall/wire"

// Files on a connection: requests go to the file manager, what belongs to a
// transfer goes straight to its actor.

// lateTransfers is how many ended transfers a connection remembers, so that
// chunks that were on their way are not taken for a mistake.
const lateTransfers = 16

// connectionTransfers are the transfers of one connection. Their number is
// bounded by the file manager.
type connectionTransfers struct {
	open map[uint64]*transferActor
	late [lateTransfers]uint64
	next int
}

// onFileRequest passes a request about files on.
func (c *connection) onFileRequest(f paidFrame) {
	refused := wire.CodeNone
	switch {
	case c.sys.files == nil:
		refused = wire.CodeUnsupported
	case c.user == "":
		refused = wire.CodeNotLoggedIn
	default:
		c.sys.files.tell(fileRequest{c: c, user: c.user, msg: f.msg, credit: f.credit})
		return
	}
	if a, ok := f.msg.(*wire.Accept); ok {
		c.queue(&wire.Abort{Transfer: a.Transfer, Code: refused})
	} else {
		c.refuse(requestOf(f.msg), refused, "")
	}
	c.credits.give(f.credit)
}

// onTransferFrame hands a frame to the actor of its transfer, if that is this
// connection's.
func (c *connection) onTransferFrame(f paidFrame, id uint64) {
	c.credits.give(f.credit) // the transfer's window bounds what follows
	if c.files == nil {
		c.files = new(connectionTransfers)
	}
	if t := c.files.open[id]; t != nil {
		t.tell(transferFrame{c: c, msg: f.msg})
		return
	}
	for _, late := range c.files.late {
		if late == id {
			return
		}
	}
	if a, ok := f.msg.(*wire.Abort); ok {
		c.declined(a)
		return
	}
	c.queue(&wire.Abort{Transfer: id, Code: wire.CodeNotFound, Text: "no such transfer of this connection"})
}

// declined passes the refusal of an offer on.
func (c *connection) declined(a *wire.Abort) {
	if c.sys.files != nil && c.user != "" {
		c.sys.files.tell(offerDeclined{user: c.user, abort: a})
	}
}

func (c *connection) onTransferOpen(m transferOpen) {
	c.credits.give(m.credit)
	if c.phase != open {
		return // the registry tells the file manager
	}
	if c.files == nil {
		c.files = new(connectionTransfers)
	}
	if c.files.open == nil {
		c.files.open = make(map[uint64]*transferActor)
	}
	c.files.open[m.t.id] = m.t
	if m.reply != nil {
		c.queue(m.reply)
	}
}

func (c *connection) onTransferClose(m transferClose) {
	if c.files != nil {
		delete(c.files.open, m.id)
		c.files.late[c.files.next%lateTransfers] = m.id
		c.files.next++
	}
	if m.last != nil && c.phase == open {
		c.queue(m.last)
	}
}

// onBulk queues a chunk behind everything that is not one (N21).
func (c *connection) onBulk(m bulk) {
	if c.phase == open {
		c.out.Bulk(m.frame)
	}
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

// queueOpen queues a transfer's message for a client that is still there.
func (c *connection) queueOpen(m wire.Message) {
	if c.phase == open {
		c.queue(m)
	}
}
