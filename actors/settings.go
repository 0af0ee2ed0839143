package actors

import (
	"context"
	"net"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/heartbeat"
	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/actors/record"
)

// Settings are what the supervisor has validated and filled in: nothing here
// has a default. Times are durations, sizes bytes.
type Settings struct {
	Node  string // this server's name, told to clients
	Epoch uint64 // this life of the server: greater than any before
	// Prefix begins the actors' IDs in the engine, so that several systems can
	// share one.
	Prefix string

	Heartbeat        Heartbeat
	HandshakeTimeout time.Duration // from accept to a whole hello
	WriteTimeout     time.Duration // one write may take this long: then slow_consumer
	FrameTimeout     time.Duration // from a frame's first byte to its last
	Linger           time.Duration // how long a goodbye may take to be read
	LoginTimeout     time.Duration // how long the authenticator may take

	Policy      Policy
	Grace       time.Duration
	MaxSessions int // a user

	MaxConnections int // live at once, handshakes included
	MaxFrame       int // announced to clients
	ReadBuffer     int // a connection, while frames fit it
	// Goroutines gives every connection a goroutine that reads, also where a
	// poller could read for many.
	Goroutines  bool
	Credits     int // frames of one connection that may be in flight inside the server
	QueueBytes  int // outbound, a connection
	QueueFrames int

	FlushInterval time.Duration // presence under load is gathered for this long
	History       int           // presence changes kept for those who resume
	Recent        int           // terminations kept in memory
	SweepInterval time.Duration // how often the registry looks for what was lost

	// Authenticate decides on logins; nil admits everybody. It may block and is
	// cancelled when its connection ends.
	Authenticate func(ctx context.Context, l LoginAttempt) error
	// Handle finds the handler of a kind of application message.
	Handle func(kind string) (Handler, bool)
	// OnEvent receives all events, in order, on one goroutine of the herald
	// actor. It must not block.
	OnEvent func(Event)

	// Store keeps files; nil: the server takes none. The system does not close
	// it. Transfers, Window and Offer are used with it alone.
	Store     filestore.Store
	Transfers TransferLimits
	Window    uint64 // bytes of one transfer that may be on their way inside the server
	// Offer decides on puts and relays; nil takes all. It may block until ctx ends.
	Offer func(ctx context.Context, o FileOffer) error

	// Roll keeps who is online for the next life of the server (G7), Journal why
	// connections ended (P6); nil: it is not kept. The system does not close them.
	Roll           record.Roll
	Journal        record.Journal
	RecordInterval time.Duration // how long changes are gathered before they are written
	// GraceRestart is how long those whom the roll holds are given to come back,
	// from the start on.
	GraceRestart time.Duration

	TokenKey []byte           // secret of the resume tokens
	Random   func() float64   // jitter, in [0, 1); called by many goroutines
	Wall     func() time.Time // time stamps only
	Hooks    *Hooks           // nil outside simulations
}

// TransferLimits bound the transfers that there may be at one time.
type TransferLimits = transfer.Limits

// FileOffer is what a hook judges: a file that a user wants to send.
type FileOffer struct {
	Connection uint64
	Meta       filestore.Meta // Owner is the sender
	Relay      bool           // straight to the one recipient, not stored
}

// LoginAttempt is what an authenticator judges.
type LoginAttempt struct {
	Connection uint64
	Identifier string // claimed by the client, proves nothing (N25)
	Remote     net.Addr
	User       string
	Credential []byte
}

// Caller is who sent an application message.
type Caller struct {
	Connection uint64
	Identifier string
	User       string // empty before the login
}

// Handler is an application's handler. For a one-way message the answer is
// dropped, and an error is counted. It runs on a goroutine of its own, ctx ends
// with the connection; a panic in it is answered as an internal error (N10).
type Handler func(ctx context.Context, from Caller, body []byte) ([]byte, error)

// Heartbeat is the heartbeat that clients get and what they may choose. The
// zero value is usable.
type Heartbeat = heartbeat.Bounds

// Times are the two numbers of one connection's heartbeat.
type Times = heartbeat.Times

// Policy says what a login does when its user has a session already.
type Policy = session.Policy

// The policies.
const (
	Many    = session.Many
	Replace = session.Replace
	Refuse  = session.Refuse
)
