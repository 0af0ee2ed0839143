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
type Op struct {
	At     time.Duration `json:"at"`
	Kind   string        `json:"kind"`
	Client int           `json:"client,omitempty"`
	To     int           `json:"to,omitempty"`  // another client
	N      int           `json:"n,omitempty"`   // how many, or how large
	For    time.Duration `json:"for,omitempty"` // how long
	Text   string        `json:"text,omitempty"`
}
