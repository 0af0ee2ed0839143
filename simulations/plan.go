package simulations

import (
	"time"

	"example.com/rollcall/supervisor"
)

// Plan is everything that makes a run: nothing else decides what happens in it.
// It is plain data, so that it can be saved, made smaller and lived again.
type Plan struct {
	Scenario string        `json:"scenario"`
	Seed     uint64        `json:"seed"`
	Duration time.Duration `json:"duration"` // until everything is healed
	Server   ServerPlan    `json:"server"`
	Clients  []ClientPlan  `json:"clients"`
	Ops      []Op          `json:"ops"`
	// Slow is a part of the names of goroutines that go on last of all at each
	// moment; empty: none.
	Slow string `json:"slow,omitempty"`
}

// ServerPlan is the server's configuration; what is zero is the server's default.
type ServerPlan struct {
	Interval         time.Duration `json:"interval,omitempty"`
	Timeout          time.Duration `json:"timeout,omitempty"`
	MinTimeout       time.Duration `json:"min_timeout,omitempty"`
	HandshakeTimeout time.Duration `json:"handshake_timeout,omitempty"`
	LoginTimeout     time.Duration `json:"login_timeout,omitempty"`
	WriteTimeout     time.Duration `json:"write_timeout,omitempty"`
	FrameTimeout     time.Duration `json:"frame_timeout,omitempty"`
	Linger           time.Duration `json:"linger,omitempty"`
	Grace            time.Duration `json:"grace,omitempty"`
	FlushInterval    time.Duration `json:"flush_interval,omitempty"`
	Policy           int           `json:"policy,omitempty"`
	MaxSessions      int           `json:"max_sessions,omitempty"`
	MaxConnections   int           `json:"max_connections,omitempty"`
	Credits          int           `json:"credits,omitempty"`
	QueueBytes       int           `json:"queue_bytes,omitempty"`
	QueueFrames      int           `json:"queue_frames,omitempty"`
	History          int           `json:"history,omitempty"`
	Recent           int           `json:"recent,omitempty"`
	Roll             bool          `json:"roll,omitempty"` // who is online is kept on the disk
	GraceRestart     time.Duration `json:"grace_restart,omitempty"`
	Files            bool          `json:"files,omitempty"`
	FileGrace        time.Duration `json:"file_grace,omitempty"`
	// Authenticate judges logins; each takes from LoginMin to LoginMax.
	Authenticate bool          `json:"authenticate,omitempty"`
	LoginMin     time.Duration `json:"login_min,omitempty"`
	LoginMax     time.Duration `json:"login_max,omitempty"`
}

func (p ServerPlan) config() supervisor.Config {
	return supervisor.Config{
		Interval: p.Interval, Timeout: p.Timeout, MinTimeout: p.MinTimeout, MinInterval: p.MinTimeout / 4,
		HandshakeTimeout: p.HandshakeTimeout, LoginTimeout: p.LoginTimeout, WriteTimeout: p.WriteTimeout,
		FrameTimeout: p.FrameTimeout, Linger: p.Linger, Grace: p.Grace, FlushInterval: p.FlushInterval,
		Policy:      supervisor.Policy(p.Policy), //nolint:gosec // validated by the supervisor
		MaxSessions: p.MaxSessions, MaxConnections: p.MaxConnections,
		Credits: p.Credits, QueueBytes: p.QueueBytes, QueueFrames: p.QueueFrames,
		History: p.History, Recent: p.Recent,
	}
}

// ClientPlan is one client: who it is, where it is, and what it does by itself.
type ClientPlan struct {
	Kind       string        `json:"kind"` // "peer": the world's own; "client": package wire/client
	User       string        `json:"user,omitempty"`
	Identifier string        `json:"identifier"`
	Everyone   bool          `json:"everyone,omitempty"` // watches everyone
	Names      []string      `json:"names,omitempty"`    // watches these
	Interval   time.Duration `json:"interval,omitempty"` // wanted heartbeat
	Timeout    time.Duration `json:"timeout,omitempty"`
	Reconnect  time.Duration `json:"reconnect,omitempty"` // how long it waits before it comes again; 0: it does not
	NAT        int           `json:"nat,omitempty"`       // clients of one number share an address; 0: an own one
	Up         Conditions    `json:"up,omitzero"`
	Down       Conditions    `json:"down,omitzero"`
	Start      time.Duration `json:"start"` // when it connects for the first time; negative: not by itself
}

// Op is one thing that happens: a client acts, or something befalls it, the
// network or the server. What makes no sense at the moment is left out.
//
// Each kind reads of N, For, To, Text and Body what is told of it here; an absent
// N is one, and For is a time where nothing else is said. Kinds with a star are done by
// real clients ([ClientPlan].Kind "client") too.
//
// What a client says:
//
//	connect      it connects, if it is not connected
//	login        it logs in as the user Text
//	logout *     it logs out, and in again: a real client after For, a peer after a second
//	send *       N messages to To's user, of For bytes more than Text has; a real
//	             client's are Text
//	request *    N requests of kind Text (a real client: one), which carry Body
//	app *        N one-way messages of kind Text, which carry Body
//	count        N one-way messages which the world numbers, of For bytes each
//	watch        it watches more: N names from To's user on, or everyone, if "everyone"
//	             is in Text; with "twice" in Text it asks twice at once
//	unwatch      it takes back all that it watches, and asks again after For; or To's
//	             user alone, if Text is "one"
//	rewatch      it asks N times for what it watches
//	stale        the same once, as if it had seen nothing of the latest N changes
//	put *        (real clients alone) a file of N bytes for To's user; it gives up after For
//	publish *    (real clients alone) the same for everyone as well, or for everyone
//	             alone, if Text is "unnamed"
//	relay *      (real clients alone) the same straight to To's user
//	get *        (real clients alone) it fetches the N-th file that To has put; it gives
//	             up after For
//	bye *        it says goodbye; a real client comes again
//
// Body is JSON, and is sent as CBOR. Without it, the body is the number For; or 42,
// if For is 0 as well.
//
// What befalls a client and its links:
//
//	fin          it closes
//	half         it closes in the midst of a frame, behind N bytes of it
//	reset *      its connection is reset
//	vanish *     its connection is gone, and nobody is told
//	roam *       the same, and it comes again from another address at once
//	rebind *     the same from its old address
//	double       it connects once more, beside the connection that it has
//	hang         it answers no more
//	freeze *     its process stands still for For
//	cut *        nothing comes or goes where it is, for For
//	mute-up *    nothing arrives from it for For
//	mute-down *  nothing arrives at it for For
//	slow         it reads 16 bytes each For
//	kick         the server's program kicks its connection
//	tamper *     (real clients alone) N chunks of files get a wrong byte, in each direction
//
// What no good client does:
//
//	garbage      N bytes that are no protocol
//	huge         a frame longer than any may be
//	corrupt      N segments that it sends get a wrong byte
//	flood        more than N messages to To's user at once
//	badlogin     a login that is refused, or that panics in the authenticator, if N is odd
//	shake        somebody connects from where it is, and closes
//	brief        the same, and says hello before
//	silent       the same, stays, and says N bytes of a hello
//	early        the same, and talks before the hello
//
// What befalls the server:
//
//	stall        it stands still for For
//	wall         the wall clock jumps by For, which may be negative
//	panic        N messages panic, of the actor and the type that Text tells parts of
//	emfile       accepting fails for For
//	crash        it crashes, the disk is left as Text tells (an outcome of package
//	             faultdisk), and it comes back after For; N = 1: its machine crashes
//	restart      it is stopped, and comes back after For
//	disk         for For, N of 100 operations fail as Text tells: full, broken,
//	             read-only; or are slow
type Op struct {
	At     time.Duration `json:"at"`
	Kind   string        `json:"kind"`
	Client int           `json:"client,omitempty"`
	To     int           `json:"to,omitempty"`  // another client
	N      int           `json:"n,omitempty"`   // how many, or how large
	For    time.Duration `json:"for,omitempty"` // how long, or a number
	Text   string        `json:"text,omitempty"`
	Body   string        `json:"body,omitempty"`
}

// forIsNumber tells that For is no time.
func (o *Op) forIsNumber() bool {
	return o.Kind == "send" || o.Kind == "request" || o.Kind == "app" || o.Kind == "count"
}
