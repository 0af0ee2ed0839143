package actors

import (
	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// Messages to a connection actor.

// inbound is a batch of frames from the connection's own reader, in order of
// arrival (N16). It is a pointer alone, and so no memory of its own.
type inbound struct{ *batch }

// readEnded is the reader's last message: why nothing more will come.
type readEnded struct {
	err      error
	reason   wire.Reason
	midFrame bool
}

// tick is the connection's one timer. What is due is decided by the time alone, so
// that a tick that crossed a re-arming does no harm.
type tick struct{}

// written reports the end of the one write under way.
type written struct {
	frames int
	bytes  int64
	err    error
}

// roomAgain says that a parked transport takes more.
type roomAgain struct{}

// writeOver says that the time of a write that had to wait is over.
type writeOver struct{ unsent *unsent }

// registered says that the connection is in both maps.
type registered struct{}

// released says that neither the registry nor the user manager will name this
// connection again: it may stop.
type released struct{}

// stopConnection ends the connection. A cut leaves no time for a goodbye.
type stopConnection struct {
	reason wire.Reason
	detail string
	cut    bool
	rival  rival // whom it gives way to
}

// authenticated is the authenticator's verdict.
type authenticated struct {
	login  *wire.Login
	credit int
	err    error
}

// loginDone is the user manager's answer to a login.
type loginDone struct {
	request uint64
	ok      *wire.LoginOK // nil when refused
	code    wire.Code
	reason  wire.Reason // with which the connection ends when refused
	text    string
	credit  int
	rival   rival // whom the login came too late for
}

// reply is an answer from the user manager: a frame for the data lane.
type reply struct {
	msg    wire.Message
	credit int
	logout bool // answers a logout
}

// watchState answers a watch, or a resnapshot: the OK, if any, then a snapshot
// or deltas, for the state lane in this order.
type watchState struct {
	ok       []byte
	frames   []*presence.Frame // encoded, shared
	snapshot bool
	credit   int
}

// presenceUpdate is one flush: deltas, encoded, shared by all who get them.
type presenceUpdate struct{ frames []*presence.Frame }

// delivered is the outcome of a Send of this connection.
type delivered struct {
	id       uint64
	sessions int
	noAck    bool
	busy     bool // no session took it, and one had no room
	credit   int
}

// appsDone reports that the goroutine that runs one-way messages has run dry.
type appsDone struct{ credit int }

// answered is the outcome of an application request.
type answered struct {
	msg    wire.Message
	credit int
}

// push is a frame for the data lane from elsewhere: the embedding program.
type push struct{ frame []byte }

// readerExit says that the reader's goroutine has ended.
type readerExit struct{}
