package actors

import (
	"context"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// Messages to the file manager.

// fileRequest is a client's Put, Get, Accept, Files or Remove.
type fileRequest struct {
	c      *connection
	user   string
	msg    wire.Message
	credit int
	ctx    context.Context // of a put, for the program's judgement: ends with the connection
}

// offerJudged is the embedding program's verdict on a put, or a judged put that
// comes once more.
type offerJudged struct {
	r   fileRequest
	err error
}

// strayFrame is a Credit, Done or Abort for a number that the connection does
// not know: of an offer, or of an accept that is on its way.
type strayFrame struct {
	c      *connection
	user   string
	number uint64
	msg    wire.Message
	credit int
}

// filesTerminated announces the end of a connection, from the registry alone.
type filesTerminated struct {
	c *connection
	t *Termination
}

// loggedOut announces that a user has logged out of a connection that goes on.
type loggedOut struct {
	c    *connection
	user string
}

// arrived announces that a user has logged in on a connection.
type arrived struct {
	c    *connection
	user string
}

// offered tells to how many sessions a relay was offered.
type offered struct {
	id, number uint64
	sessions   int
	online     bool // the recipient has sessions, be it that none takes offers
	lost       bool // a panic has cost it
}

// unnoticed tells which recipients were offline for a notice that is to be kept.
type unnoticed struct {
	users []string
	frame []byte
}

// noticeLost is a notice that a panic in the user manager has cost.
type noticeLost struct{ n notification }

// removed tells that a file's owner took it back.
type removed struct{ meta filestore.Meta }

// transferBegun tells that the store has begun with a file.
type transferBegun struct {
	t    *transferActor
	meta filestore.Meta
}

// transferPaused tells that a client has interrupted its transfer of this number.
type transferPaused struct {
	t      *transferActor
	number uint64
	c      *connection
}

// transferEnded is the end of a transfer: it only waits to be let go.
type transferEnded struct {
	t     *transferActor
	meta  filestore.Meta
	code  wire.Code // none: it was completed
	text  string
	by    string      // who caused it, where that is a user
	quiet *connection // who ended it, and need not be told; may be nil
	kept  bool        // it was suspended, for the next life of the server
}

// leftover are the partial files that an earlier life of the server has left.
type leftover struct{ partials []filestore.PartialInfo }

// deskDone tells that an operation on a user's notices has ended.
type deskDone struct {
	user    string
	op      deskOp
	written int // notices that were kept, or given up
	notices []filestore.Notice
}

// noticesHanded tells how a connection fared with a user's notices.
type noticesHanded struct {
	c    *connection
	user string
	upTo filestore.Seq
	ok   bool // all of them were written
}

// filesDue is the file manager's timer: graces and retention.
type filesDue struct{}

// filesExpired are files whose time in the store is over.
type filesExpired struct{ metas []filestore.Meta }

// filesDrain begins a shutdown: transfers are suspended for the next life.
type filesDrain struct{}

// Messages to a transfer actor.

// attachTransfer gives the transfer to a connection of its owner, first or anew.
type attachTransfer struct {
	r      fileRequest
	number uint64
}

// attachReceiver gives a relay its receiver.
type attachReceiver struct {
	c      *connection
	accept *wire.Accept
	credit int
}

// interruptTransfer takes all connections away; the transfer waits for them.
type interruptTransfer struct {
	by    string      // whose connection has ended
	quiet *connection // whose client did it, and need not be told; may be nil
}

// resumePartial says that the store holds a partial of an earlier life.
type resumePartial struct{}

// endTransfer ends the transfer with a code. A suspended put stays in the store
// for the next life of the server.
type endTransfer struct {
	code    wire.Code
	text    string
	by      string
	suspend bool
	quiet   *connection // who ended it, and need not be told; may be nil
}

// transferFrame is a Chunk, Credit, Done or Abort from a connection.
type transferFrame struct {
	c   *connection
	msg wire.Message
}

// bulkPassed tells that n bytes of the file were given to a transport.
type bulkPassed struct {
	number uint64
	n      int
}

// diskDone is the outcome of the transfer's one operation on the disk.
type diskDone struct {
	op  diskOp
	err error
	n   int // bytes written

	meta    filestore.Meta
	partial filestore.Partial
	file    filestore.File
}

// letGo says that the file manager will not name this transfer again.
type letGo struct{}

// Messages to a connection.

// forFiles are the messages of files to a connection.
type forFiles interface{ forFiles() }

// transferOpen tells a connection that a transfer is its: what comes for this
// number goes there.
type transferOpen struct {
	t      *transferActor
	number uint64
	reply  wire.Message // may be nil
	credit int
}

// transferClose takes a number away again, or refuses it, with a last message
// for the client.
type transferClose struct {
	number uint64
	last   wire.Message // may be nil
	credit int
}

// transferReply is a message of a transfer for the client.
type transferReply struct{ msg wire.Message }

// fileNotice is an encoded FileNotice for a user.
type fileNotice struct {
	user  string
	frame []byte
}

// keptNotices are encoded notices that were kept for a user.
type keptNotices struct {
	user   string
	frames [][]byte
	upTo   filestore.Seq
}

func (transferOpen) forFiles()  {}
func (transferClose) forFiles() {}
func (transferReply) forFiles() {}
func (bulk) forFiles()          {}
func (fileNotice) forFiles()    {}
func (keptNotices) forFiles()   {}

type transferKind = transfer.Kind
