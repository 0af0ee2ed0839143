package actors

import (
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/wire"
)

// Event is what the embedding program is told of: one of the types below. For
// one connection, Established comes before all else, also before what its login
// leads to, and Terminated before what that leads to; for one user, online and
// offline come in version order.
type Event interface{ event() }

// Established tells that a connection has finished its handshake and is in both
// maps (N9: an unfinished handshake is never announced).
type Established struct {
	Connection uint64
	Identifier string
	Remote     string
	At         time.Time
}

// Terminated tells that a connection has ended and is in neither map. It also
// comes for a connection that never finished its handshake
// (Termination.Handshaken is false then).
type Terminated struct{ Termination }

// UserOnline tells that a user's first session began.
type UserOnline struct {
	User    string
	Epoch   uint64
	Version uint64
	At      time.Time
}

// UserOffline tells that a user's last session ended and any grace has run out.
type UserOffline struct {
	User    string
	Reason  wire.Reason
	Epoch   uint64
	Version uint64
	At      time.Time
}

// Fault tells of a defect that a guard caught: which actor, handling what. A
// panic in a handler or an authenticator is told as the actor "application".
type Fault struct {
	Actor   string
	Message string // the type of the message
	Value   string // what was panicked with
	Stack   string
	At      time.Time
}

// Stall tells that the server itself stood still for about Length: no
// connection is ended for silence until it was probed again (P4).
type Stall struct {
	Length time.Duration
	At     time.Time
}

// FileCommitted tells that a file is whole: in the store, or, of a relay, with
// its recipient.
type FileCommitted struct {
	Meta  filestore.Meta
	Relay bool
	At    time.Time
}

// FileAborted tells that a file will not come, and why. Nothing is left of it.
type FileAborted struct {
	Meta  filestore.Meta
	Relay bool
	Code  wire.Code
	Text  string
	By    string // the user who caused it, if one did
	At    time.Time
}

func (FileCommitted) event() {}
func (FileAborted) event()   {}
func (Established) event()   {}
func (Terminated) event()    {}
func (UserOnline) event()    {}
func (UserOffline) event()   {}
func (Fault) event()         {}
func (Stall) event()         {}

// EventsLost tells one subscriber that it was too slow for this many events,
// which came before the ones that follow.
type EventsLost struct{ Count uint64 }

func (EventsLost) event() {}
