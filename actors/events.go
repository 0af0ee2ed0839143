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
	User       string
	Epoch      uint64
	Version    uint64
	At         time.Time
	Connection uint64 // on which the user logged in
	Watchers   int    // connections that watch the user now
}

// UserOffline tells that a user's last session ended and any grace has run out.
type UserOffline struct {
	User       string
	Reason     wire.Reason
	Epoch      uint64
	Version    uint64
	At         time.Time
	Connection uint64 // of the last session; 0 with node_lost
	Watchers   int    // connections that watch the user now
	// LastAlive is told with node_lost: when the user was last known online. That
	// is the time that watchers are told.
	LastAlive time.Time
}

// SessionEnded tells what the end of a session means for its user. It comes
// before the UserOffline that it leads to, if it does. It comes after the
// Terminated of its connection, but for two: a logout, which ends no connection,
// and a session that a newer connection has taken over.
type SessionEnded struct {
	User       string
	Connection uint64
	Session    uint64
	Reason     wire.Reason
	Left       int       // sessions that the user still has
	HeldUntil  time.Time // a grace holds the user online till then; zero: none does
	Offline    bool      // the user goes offline at once
	At         time.Time
}

// Restored tells, before all other events, whom the server holds online because
// its earlier life was lost with them (G7). No UserOnline comes for them. Who is
// not back at Until goes offline with reason node_lost; who is, goes on.
type Restored struct {
	Epoch     uint64 // of this life
	Before    uint64 // the epoch of the earlier one
	LastAlive time.Time
	Until     time.Time
	Users     []RestoredUser // in order of their names
	// Damage tells in words what could not be read; empty when all could.
	Damage string
	At     time.Time
}

// RestoredUser is one of them.
type RestoredUser struct {
	User      string
	Since     time.Time // when the user had come online
	LastAlive time.Time // when the user was last known online: before Restored's when two lives were lost
}

// RecordFailing tells that the roll or the journal cannot be written, once, when
// it begins. The server goes on, and tries again.
type RecordFailing struct {
	What  string // "roll" or "journal"
	Error string
	At    time.Time
}

// RecordMended tells that it can be written again.
type RecordMended struct {
	What string
	Lost uint64 // journal records that were given up meanwhile
	At   time.Time
}

// FileInterrupted tells that a transfer has lost a side and waits for it to
// come back, FileResumed that it goes on.
type FileInterrupted struct {
	Meta       filestore.Meta
	Kind       string // put, get or relay
	User       string // whose transfer it is
	Connection uint64 // which it has lost
	By         string // the user whose side is gone
	Done       uint64 // bytes, where they are known
	At         time.Time
}

// FileResumed tells that an interrupted transfer goes on.
type FileResumed struct {
	Meta       filestore.Meta
	Kind       string
	User       string
	Connection uint64 // on which it goes on
	Done       uint64
	At         time.Time
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

func (SessionEnded) event()    {}
func (Restored) event()        {}
func (RecordFailing) event()   {}
func (RecordMended) event()    {}
func (FileInterrupted) event() {}
func (FileResumed) event()     {}
func (FileCommitted) event()   {}
func (FileAborted) event()     {}
func (Established) event()     {}
func (Terminated) event()      {}
func (UserOnline) event()      {}
func (UserOffline) event()     {}
func (Fault) event()           {}
func (Stall) event()           {}

// EventsLost tells one subscriber that it was too slow for this many events,
// which came before the ones that follow.
type EventsLost struct{ Count uint64 }

func (EventsLost) event() {}
