package actors

import (
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
}

// offerJudged is the embedding program's verdict on a put.
type offerJudged struct {
	r   fileRequest
	err error
}

// filesTerminated announces the end of a connection, from the registry alone.
type filesTerminated struct {
	c *connection
	t *Termination
}

// arrived announces that a user has logged in on a connection.
type arrived struct {
	c    *connection
	user string
}

// offered tells to how many sessions a relay was offered.
type offered struct {
	id       uint64
	sessions int
}

// unnoticed tells that a recipient was offline for a notice that is to be kept.
type unnoticed struct {
	user  string
	frame []byte
}

// removed tells that a file's owner took it back.
type removed struct{ meta filestore.Meta }

// offerDeclined tells that a recipient does not want a relay.
type offerDeclined struct {
	user  string
	abort *wire.Abort
}

// transferEnded is a transfer's last message to the file manager. Its actor
// has stopped.
type transferEnded struct {
	t    *transferActor
	meta filestore.Meta
	code wire.Code // none: it was completed
	text string
	by   string // who caused it, where that is a user
	kept bool   // it was suspended, for the next life of the server
}

// leftover are the partial files that an earlier life of the server has left.
type leftover struct{ partials []filestore.PartialInfo }

// noticed tells that a notice for a user was kept.
type noticed struct{ user string }

// filesDue is the file manager's timer: graces and retention.
type filesDue struct{}

// filesExpired are files whose time in the store is over.
type filesExpired struct{ metas []filestore.Meta }

// filesDrain begins a shutdown: transfers are suspended for the next life.
type filesDrain struct{}

// Messages to a transfer actor.

// attachTransfer gives the transfer to a connection of its owner, first or anew.
type attachTransfer struct {
	c       *connection
	request uint64
	credit  int
	get     *wire.Get // of a get: what is wanted
}

// attachReceiver gives a relay its receiver.
type attachReceiver struct {
	c      *connection
	accept *wire.Accept
}

// detachTransfer takes a connection away; the transfer waits for it.
type detachTransfer struct {
	conn uint64
	code wire.Code
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
}

// transferFrame is a Chunk, Credit, Done or Abort from a connection.
type transferFrame struct {
	c   *connection
	msg wire.Message
}

// diskDone is the outcome of the transfer's one operation on the disk.
type diskDone struct {
	op  diskOp
	err error
	n   int // bytes written, or read

	meta    filestore.Meta
	partial filestore.Partial
	file    filestore.File
}

// Messages to a connection.

// transferOpen tells a connection that a transfer is its: what comes for it goes there.
type transferOpen struct {
	t      *transferActor
	reply  wire.Message // may be nil
	credit int
}

// transferClose takes it away again, with a last message for the client.
type transferClose struct {
	id   uint64
	last wire.Message
}

// transferReply is a message of a transfer for the client.
type transferReply struct{ msg wire.Message }

// bulk is an encoded chunk, for the bulk lane.
type bulk struct{ frame []byte }

type transferKind = transfer.Kind
