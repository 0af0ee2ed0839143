package record

import (
	"iter"
	"time"

	"example.com/rollcall/wire"
)

// Record is one entry of the journal: one of the types below, or Unknown.
// Times are Unix milliseconds by the server's wall clock; a record's own time is
// when it happened, not when it was written.
type Record interface {
	// When is the time of what is recorded, in Unix ms.
	When() int64
}

// Life tells that a server has begun or ended.
type Life struct {
	At    int64  `cbor:"1,keyasint" json:"at"`
	Epoch uint64 `cbor:"2,keyasint" json:"epoch"`
	Node  string `cbor:"3,keyasint,omitempty" json:"node,omitempty"`
	// Ended: this is the record of an orderly end. Otherwise it is one of a begin,
	// and the fields below tell what the life before had left.
	Ended bool `cbor:"4,keyasint,omitempty" json:"ended,omitempty"`
	// Crashed reports that the life before has left no orderly end.
	Crashed bool `cbor:"5,keyasint,omitempty" json:"crashed,omitempty"`
	// Before is the epoch of the life before, 0 if there is none on record;
	// LastAlive when it was last known alive; Users how many users were on its roll.
	Before    uint64 `cbor:"6,keyasint,omitempty" json:"before,omitempty"`
	LastAlive int64  `cbor:"7,keyasint,omitempty" json:"last_alive,omitempty"`
	Users     int    `cbor:"8,keyasint,omitempty" json:"users,omitempty"`
	// Lost tells in words what was damaged in the roll or the journal.
	Lost string `cbor:"9,keyasint,omitempty" json:"lost,omitempty"`
}

// Departure is the termination of one connection with its evidence (P6).
type Departure struct {
	At         int64       `cbor:"1,keyasint" json:"at"`
	Epoch      uint64      `cbor:"2,keyasint" json:"epoch"`
	Connection uint64      `cbor:"3,keyasint" json:"connection"`
	Identifier string      `cbor:"4,keyasint,omitempty" json:"identifier,omitempty"`
	Remote     string      `cbor:"5,keyasint" json:"remote"`
	Local      string      `cbor:"6,keyasint,omitempty" json:"local,omitempty"`
	User       string      `cbor:"7,keyasint,omitempty" json:"user,omitempty"`
	Reason     wire.Reason `cbor:"8,keyasint" json:"reason"`
	Detail     string      `cbor:"9,keyasint,omitempty" json:"detail,omitempty"`
	Error      string      `cbor:"10,keyasint,omitempty" json:"error,omitempty"`
	// First tells who ended it: the client, the server, or nobody knows (a
	// transport that broke).
	First      Side `cbor:"11,keyasint,omitempty" json:"first"`
	MidFrame   bool `cbor:"12,keyasint,omitempty" json:"mid_frame,omitempty"`
	Handshaken bool `cbor:"13,keyasint,omitempty" json:"handshaken"`

	Accepted int64 `cbor:"14,keyasint" json:"accepted"`
	LastIn   int64 `cbor:"15,keyasint,omitempty" json:"last_in,omitempty"`  // when bytes last came; 0: never
	LastOut  int64 `cbor:"16,keyasint,omitempty" json:"last_out,omitempty"` // when a write last succeeded; 0: never
	Interval int64 `cbor:"17,keyasint,omitempty" json:"interval,omitempty"` // the heartbeat agreed upon, ms
	Timeout  int64 `cbor:"18,keyasint,omitempty" json:"timeout,omitempty"`  // ms

	PingsSent     uint64  `cbor:"19,keyasint,omitempty" json:"pings_sent"`
	PingsAnswered uint64  `cbor:"20,keyasint,omitempty" json:"pings_answered"`
	PingsMissed   uint64  `cbor:"21,keyasint,omitempty" json:"pings_missed"`   // since the last sign of life
	RTTs          []int64 `cbor:"22,keyasint,omitempty" json:"rtts,omitempty"` // microseconds, the oldest first; at most MaxRTTs

	BytesIn     uint64 `cbor:"23,keyasint,omitempty" json:"bytes_in"`
	BytesOut    uint64 `cbor:"24,keyasint,omitempty" json:"bytes_out"`
	FramesIn    uint64 `cbor:"25,keyasint,omitempty" json:"frames_in"`
	FramesOut   uint64 `cbor:"26,keyasint,omitempty" json:"frames_out"`
	QueueFrames int    `cbor:"27,keyasint,omitempty" json:"queue_frames,omitempty"` // what had not been written
	QueueBytes  int    `cbor:"28,keyasint,omitempty" json:"queue_bytes,omitempty"`

	// Rival is the connection that took this one's place, if one did.
	Rival       uint64 `cbor:"29,keyasint,omitempty" json:"rival,omitempty"`
	RivalRemote string `cbor:"30,keyasint,omitempty" json:"rival_remote,omitempty"`
	// Others counts the other live connections of the same identifier at the end.
	Others int `cbor:"31,keyasint,omitempty" json:"others,omitempty"`
}

// MaxRTTs bounds the round-trip times in a departure.
const MaxRTTs = 8

// Side is one of the two ends of a connection.
type Side uint8

// The sides.
const (
	SideUnknown Side = iota
	SideClient
	SideServer
)

// SessionEnd tells what the end of a session meant for its user.
type SessionEnd struct {
	At         int64       `cbor:"1,keyasint" json:"at"`
	Epoch      uint64      `cbor:"2,keyasint" json:"epoch"`
	User       string      `cbor:"3,keyasint" json:"user"`
	Connection uint64      `cbor:"4,keyasint" json:"connection"`
	Session    uint64      `cbor:"5,keyasint" json:"session"`
	Reason     wire.Reason `cbor:"6,keyasint" json:"reason"`
	Left       int         `cbor:"7,keyasint,omitempty" json:"sessions_left,omitempty"`
	HeldUntil  int64       `cbor:"8,keyasint,omitempty" json:"held_until,omitempty"` // a grace holds the user online; 0: none does
	Offline    bool        `cbor:"9,keyasint,omitempty" json:"offline,omitempty"`    // the user went offline at once
}

// Announcement tells what watchers were told of a user.
type Announcement struct {
	At      int64       `cbor:"1,keyasint" json:"at"`
	Epoch   uint64      `cbor:"2,keyasint" json:"epoch"`
	Version uint64      `cbor:"3,keyasint" json:"version"`
	User    string      `cbor:"4,keyasint" json:"user"`
	Online  bool        `cbor:"5,keyasint,omitempty" json:"online"`
	Reason  wire.Reason `cbor:"6,keyasint,omitempty" json:"reason,omitempty"`
	// Watchers is how many connections watched the user then.
	Watchers int `cbor:"7,keyasint,omitempty" json:"watchers"`
	// Connection is the one whose login or end led to it, 0 if none did.
	Connection uint64 `cbor:"8,keyasint,omitempty" json:"connection,omitempty"`
	// LastAlive is told with node_lost: when the user was last known online.
	LastAlive int64 `cbor:"9,keyasint,omitempty" json:"last_alive,omitempty"`
}

// Transfer tells what became of a file's transfer that did not just complete.
type Transfer struct {
	At         int64     `cbor:"1,keyasint" json:"at"`
	Epoch      uint64    `cbor:"2,keyasint" json:"epoch"`
	Connection uint64    `cbor:"3,keyasint,omitempty" json:"connection,omitempty"`
	User       string    `cbor:"4,keyasint" json:"user"` // whose transfer it was
	By         string    `cbor:"5,keyasint,omitempty" json:"by,omitempty"`
	File       string    `cbor:"6,keyasint,omitempty" json:"file,omitempty"` // its ID, in hexadecimal
	Name       string    `cbor:"7,keyasint,omitempty" json:"name,omitempty"`
	Kind       string    `cbor:"8,keyasint" json:"kind"`    // put, get, relay
	Outcome    string    `cbor:"9,keyasint" json:"outcome"` // interrupted, resumed, aborted
	Code       wire.Code `cbor:"10,keyasint,omitempty" json:"code,omitempty"`
	Done       uint64    `cbor:"11,keyasint,omitempty" json:"done"`
	Size       uint64    `cbor:"12,keyasint,omitempty" json:"size"`
}

// Stall tells that the server stood still for about Length and noticed it at At.
type Stall struct {
	At     int64 `cbor:"1,keyasint" json:"at"`
	Length int64 `cbor:"2,keyasint" json:"length"` // ms
}

// Gap tells that records are missing: more came than could be written, or the
// disk failed.
type Gap struct {
	At    int64  `cbor:"1,keyasint" json:"at"`
	Count uint64 `cbor:"2,keyasint" json:"count"`
	Why   string `cbor:"3,keyasint" json:"why"`
}

// When implements Record.
func (r *Life) When() int64 { return r.At }

// When implements Record.
func (r *Departure) When() int64 { return r.At }

// When implements Record.
func (r *SessionEnd) When() int64 { return r.At }

// When implements Record.
func (r *Announcement) When() int64 { return r.At }

// When implements Record.
func (r *Transfer) When() int64 { return r.At }

// When implements Record.
func (r *Stall) When() int64 { return r.At }

// When implements Record.
func (r *Gap) When() int64 { return r.At }

// Journal keeps what happened. The one on disk is OpenJournal's, the one in memory
// NewMemoryJournal's; an embedder may bring its own.
type Journal interface {
	// Append makes the records durable before it returns. It is called by one
	// goroutine, which it may block. After an error nothing, or a part, is kept.
	Append(batch []Record) error
	// Records returns what matches, the newest first. It may run beside Append
	// and from many goroutines. A record that cannot be read is told of as an
	// error, and the iteration goes on.
	Records(q Query) iter.Seq2[Record, error]
	// Forget removes every record that names the user, and tells how many.
	Forget(user string) (int, error)
	Close() error
}

// Query chooses records. The zero value chooses all. Life, Stall and Gap match
// whenever their time does.
type Query struct {
	Since, Until time.Time // zero: no bound
	User         string
	Connection   uint64
	Epoch        uint64 // of the connection; 0: any
	Endpoint     string // of the client, as in Departure.Remote; an address without a port matches all ports
}

// Roll keeps who is online, for the next life of the server (G7). The one on disk
// is OpenRoll's, the one in memory NewMemoryRoll's; an embedder may bring its own.
type Roll interface {
	// Left returns what the life before has left. It does not change.
	Left() Left
	// Write makes a batch durable before it returns. It is called by one goroutine.
	Write(b Batch) error
	// Forget removes a user, who is not online, from what is on disk.
	Forget(user string) error
	Close() error
}

// Left is what the roll holds of an earlier life.
type Left struct {
	Epoch uint64 // 0: there was none
	Alive int64  // when it was last known alive, Unix ms
	// Clean reports an orderly end: nobody was online any more.
	Clean bool
	Users []RollUser // in the order of their names
	// Damage tells in words what could not be read; empty when all could.
	Damage string
}

// RollUser is one user who is online, or held online after a crash.
type RollUser struct {
	User     string `cbor:"1,keyasint" json:"user"`
	Sessions int    `cbor:"2,keyasint,omitempty" json:"sessions"`
	Since    int64  `cbor:"3,keyasint" json:"since"`
	Version  uint64 `cbor:"4,keyasint" json:"version"` // of the change that it stands on
	// Lost is when the user was last known alive, if an earlier life was lost and
	// the user has not come back since; 0: is online.
	Lost int64 `cbor:"5,keyasint,omitempty" json:"lost,omitempty"`
}

// Batch is what has changed on the roll since the batch before, coalesced: a
// user is in one of the two lists, and the last change counts.
type Batch struct {
	Epoch   uint64
	At      int64 // the server was alive then
	Version uint64
	Online  []RollUser
	Offline []string
	Clean   bool // the last batch of an orderly shutdown
}
