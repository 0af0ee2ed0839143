package supervisor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"example.com/rollcall/actors"
	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// Config is everything that can be chosen. The zero value is a usable server:
// every field that is zero takes the default that it names.
type Config struct {
	// Node is this server's name, told to clients, at most wire.MaxNode bytes.
	// Default: the host's name.
	Node string
	// Name begins the IDs of the actors in the engine. Two supervisors on one
	// engine need two names. Default: "rollcall".
	Name string
	// Epoch is this life of the server; it must be greater than that of any
	// earlier life that clients may remember. Default: the start, in Unix
	// milliseconds.
	Epoch uint64
	// Logger gets a line for each event, and none if it is nil.
	Logger logrus.FieldLogger

	// Interval is the silence after which a client is pinged (default 15 s),
	// Timeout the silence after which it is terminated (default 30 s, or twice the interval). A client
	// may choose its own within the four bounds (defaults 1 s to 10 min, and
	// 2 s to 30 min).
	Interval, Timeout        time.Duration
	MinInterval, MaxInterval time.Duration
	MinTimeout, MaxTimeout   time.Duration

	// HandshakeTimeout bounds the time from accept to a whole hello. Default 10 s.
	HandshakeTimeout time.Duration
	// LoginTimeout bounds one call of Authenticate. Default 10 s.
	LoginTimeout time.Duration
	// WriteTimeout bounds one write of at most about 64 KiB; past it the client is a
	// slow consumer. Default 20 s.
	WriteTimeout time.Duration
	// FrameTimeout bounds the time from a frame's first byte to its last.
	// Default 30 s.
	FrameTimeout time.Duration
	// Linger bounds how long a closed connection is kept so that the client can
	// read its goodbye. Default 1 s.
	Linger time.Duration

	// Policy says what a second login of a user does. Default: Many.
	Policy Policy
	// MaxSessions bounds the sessions of one user. Default 64.
	MaxSessions int
	// Grace is how long 'offline' is held back after a user's last session was
	// lost, while the user may return. Default 0.
	Grace time.Duration

	// MaxConnections bounds the connections, unfinished handshakes included; the next one is
	// told too_many_connections. Default 1,000,000.
	MaxConnections int
	// MaxFrame bounds the frames of clients, in bytes. Default 64 KiB.
	MaxFrame int
	// ReadBuffer is the size of a connection's read buffer while frames fit it.
	// Default 1 KiB.
	ReadBuffer int
	// Goroutines gives every connection a goroutine that reads. Otherwise, on Linux,
	// a few pollers read for all TCP connections, which saves some 6 KiB for each;
	// TLS and other transports have their goroutine in any case.
	Goroutines bool
	// Credits bounds what one client may have in flight inside the server: a
	// frame costs one and one more for every 4 KiB. Past it, its socket is not
	// read. Default 256.
	Credits int
	// QueueBytes and QueueFrames bound what waits to be written to one client;
	// past either it is a slow consumer. Defaults 1 MiB, 8192.
	QueueBytes, QueueFrames int

	// FlushInterval is how long presence changes are gathered under load; a
	// change that comes alone is told at once. Default 2 ms.
	FlushInterval time.Duration
	// History is how many presence changes are kept for watchers that come
	// back. Default 4096.
	History int
	// Recent is how many terminations are kept in memory. Default 1024.
	Recent int

	// Store keeps the files that users send, see package filestore. Nil: the
	// server takes no files. The program opens it before New and closes it after
	// Shutdown.
	Store filestore.Store
	// FileGrace is how long an interrupted transfer waits for its sender, and how
	// long its partial file lives at most. Default 60 s; negative: not at all.
	FileGrace time.Duration
	// Transfers bounds the transfers of one connection (default 8),
	// TransfersPerUser those of one user, interrupted ones included (64), and
	// AllTransfers those of all (10,000).
	Transfers, TransfersPerUser, AllTransfers int
	// Window bounds what one transfer may have on its way inside the server, in
	// bytes. Default 1 MiB.
	Window int
	// Offer judges puts and relays before they begin. Nil takes all. It runs on a
	// goroutine of its own; the text of its error is told to the client with
	// not_allowed.
	Offer func(ctx context.Context, o FileOffer) error

	// Roll keeps who is online, so that a crash is a departure: see
	// [example.com/rollcall/actors/record]. Nil: after a crash nobody is known.
	// Epoch is raised above that of the roll. The program opens it before New and
	// closes it after Shutdown.
	Roll Roll
	// GraceRestart is how long those whom the roll holds after a crash may take to
	// come back, from New on, before they are told as offline with node_lost.
	// Default 30 s; negative: not at all.
	GraceRestart time.Duration
	// Journal keeps why connections ended. Default: the newest
	// record.DefaultMaxRecords in memory; [NoJournal]: none is kept. The program opens and closes it like
	// Roll.
	Journal Journal
	// RecordInterval is how long changes are gathered before they are written:
	// what has happened is on the disk after twice this time and one write. While
	// nothing happens, the roll is told once a second that the server lives.
	// Default 250 ms.
	RecordInterval time.Duration

	// Authenticate judges logins. Nil admits everyone. It runs on a goroutine of
	// its own and may block until its context ends, at the latest with the
	// connection. The text of its error is told to the client.
	Authenticate func(ctx context.Context, l LoginAttempt) error
	// OnEvent gets all events, in order, on a goroutine of its own. Events that
	// it is more than EventBuffer behind with are dropped, and it is told so by
	// an EventsLost.
	OnEvent func(Event)
	// EventBuffer bounds the events that wait for OnEvent and for the log.
	// Default 16,384.
	EventBuffer int

	// Random is a source of numbers in [0, 1), for jitter; safe for many
	// goroutines. Default: math/rand/v2.
	Random func() float64
	// Secret signs resume tokens. Default: random, so that tokens do not outlive
	// this life of the server.
	Secret []byte
	// Wall is the wall clock, used for time stamps alone. Default: time.Now.
	Wall func() time.Time
	// Hooks are for simulations. Default: none.
	Hooks *Hooks
}

// ErrConfig is wrapped by every error of Config.Validate.
var ErrConfig = errors.New("rollcall: bad config")

// Validate reports every field that makes no sense, at once.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...))
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"interval", c.Interval}, {"timeout", c.Timeout},
		{"least interval", c.MinInterval}, {"greatest interval", c.MaxInterval},
		{"least timeout", c.MinTimeout}, {"greatest timeout", c.MaxTimeout},
		{"handshake timeout", c.HandshakeTimeout}, {"login timeout", c.LoginTimeout},
		{"write timeout", c.WriteTimeout}, {"frame timeout", c.FrameTimeout},
		{"linger", c.Linger}, {"grace", c.Grace}, {"flush interval", c.FlushInterval},
		{"record interval", c.RecordInterval},
	} {
		if d.value < 0 {
			bad("the %s is negative: %v", d.name, d.value)
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"handshake timeout", c.HandshakeTimeout}, {"login timeout", c.LoginTimeout},
		{"write timeout", c.WriteTimeout}, {"frame timeout", c.FrameTimeout}, {"record interval", c.RecordInterval},
	} {
		if d.value > 0 && d.value < time.Millisecond {
			bad("the %s is %v, less than a millisecond", d.name, d.value)
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"sessions a user", c.MaxSessions}, {"connections", c.MaxConnections}, {"credits", c.Credits},
		{"read buffer", c.ReadBuffer}, {"queue bytes", c.QueueBytes}, {"queue frames", c.QueueFrames},
		{"transfers a connection", c.Transfers}, {"transfers a user", c.TransfersPerUser},
		{"transfers", c.AllTransfers}, {"window bytes", c.Window},
		{"history", c.History}, {"recent terminations", c.Recent}, {"event buffer", c.EventBuffer},
	} {
		if n.value < 0 {
			bad("the number of %s is negative: %d", n.name, n.value)
		}
	}
	if c.MaxFrame != 0 && (c.MaxFrame < wire.MinMaxFrame || c.MaxFrame > wire.MaxMaxFrame) {
		bad("frames of at most %d bytes: the protocol allows %d to %d", c.MaxFrame, wire.MinMaxFrame, wire.MaxMaxFrame)
	}
	if c.Policy > Refuse {
		bad("unknown policy %v", c.Policy)
	}
	// What clients are told has to fit the protocol: a welcome that does not would
	// end every connection.
	if c.Node != "" && (len(c.Node) > wire.MaxNode || wire.ValidUser(c.Node) != nil) {
		bad("the node's name %q is not up to %d bytes of UTF-8 without control characters", c.Node, wire.MaxNode)
	}
	if c.Grace > wire.MaxMillis*time.Millisecond {
		bad("the grace is %v: the protocol allows %v", c.Grace, wire.MaxMillis*time.Millisecond)
	}
	if min(c.Interval, c.Timeout, c.MinInterval, c.MaxInterval, c.MinTimeout, c.MaxTimeout) >= 0 {
		if err := c.bounds().Validate(); err != nil {
			errs = append(errs, fmt.Errorf("%w: %w", ErrConfig, err))
		}
	}
	return errors.Join(errs...)
}

func (c Config) bounds() actors.Heartbeat {
	return actors.Heartbeat{
		Default:     actors.Times{Interval: c.Interval, Timeout: c.Timeout},
		MinInterval: c.MinInterval, MaxInterval: c.MaxInterval,
		MinTimeout: c.MinTimeout, MaxTimeout: c.MaxTimeout,
	}
}

// or returns value, or fallback when it is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// sweepInterval is how often the registry looks for what a panic has lost.
const sweepInterval = 5 * time.Second

// settings fills in the defaults.
func (c Config) settings() actors.Settings {
	s := actors.Settings{
		Node: c.Node, Epoch: c.Epoch, Prefix: or(c.Name, "rollcall"),
		Heartbeat:        c.bounds(),
		HandshakeTimeout: or(c.HandshakeTimeout, 10*time.Second),
		LoginTimeout:     or(c.LoginTimeout, 10*time.Second),
		WriteTimeout:     or(c.WriteTimeout, 20*time.Second),
		FrameTimeout:     or(c.FrameTimeout, 30*time.Second),
		Linger:           or(c.Linger, time.Second),
		Policy:           c.Policy, Grace: c.Grace, MaxSessions: c.MaxSessions,
		MaxConnections: or(c.MaxConnections, 1_000_000),
		MaxFrame:       or(c.MaxFrame, wire.DefaultMaxFrame),
		ReadBuffer:     or(c.ReadBuffer, 1<<10),
		Goroutines:     c.Goroutines,
		Credits:        or(c.Credits, 256),
		QueueBytes:     or(c.QueueBytes, 1<<20),
		QueueFrames:    or(c.QueueFrames, 8192),
		FlushInterval:  or(c.FlushInterval, 2*time.Millisecond),
		History:        or(c.History, 4096),
		Recent:         or(c.Recent, 1024),
		SweepInterval:  sweepInterval,
		Authenticate:   c.Authenticate,
		Store:          c.Store, Offer: c.Offer,
		Window: uint64(or(c.Window, 1<<20)), //nolint:gosec // validated
		Transfers: actors.TransferLimits{
			PerConnection: or(c.Transfers, 8), PerOwner: or(c.TransfersPerUser, 64),
			All: or(c.AllTransfers, 10_000), Grace: max(or(c.FileGrace, time.Minute), 0),
		},
		Roll: c.Roll, Journal: c.Journal, RecordInterval: or(c.RecordInterval, 250*time.Millisecond),
		GraceRestart: max(or(c.GraceRestart, 30*time.Second), 0),
		Random:       c.Random, TokenKey: c.Secret, Wall: c.Wall, Hooks: c.Hooks,
	}
	if s.Wall == nil {
		s.Wall = time.Now
	}
	switch s.Journal {
	case nil:
		s.Journal = record.NewMemoryJournal(0)
	case NoJournal:
		s.Journal = nil
	}
	if s.Random == nil {
		s.Random = mathrand.Float64
	}
	if s.Epoch == 0 {
		s.Epoch = uint64(max(s.Wall().UnixMilli(), 1)) //nolint:gosec // positive
	}
	if s.TokenKey == nil {
		s.TokenKey = make([]byte, 32)
		_, _ = rand.Read(s.TokenKey) // never fails: crypto/rand
	}
	if s.Node == "" {
		s.Node = hostname()
	}
	return s
}

// hostname is the host's name, cut to what the protocol allows.
func hostname() string {
	name, err := os.Hostname()
	name = name[:min(len(name), wire.MaxNode)]
	if err != nil || wire.ValidUser(name) != nil {
		return "rollcall"
	}
	return name
}
