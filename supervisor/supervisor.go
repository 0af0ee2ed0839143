package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/actors"
)

// Supervisor is one server. All its methods may be called by many goroutines.
type Supervisor struct {
	// static after construction
	engine  *actor.Engine
	system  *actors.System
	cfg     Config
	journal Journal

	handlers handlers
	events   dispatcher

	// owned by whoever holds mu
	mu      sync.Mutex
	serving int
}

// New builds a supervisor on a hollywood engine of its own. The error wraps
// [ErrConfig].
func New(cfg Config) (*Supervisor, error) {
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		return nil, fmt.Errorf("rollcall: engine: %w", err)
	}
	return NewOn(engine, cfg)
}

// NewOn builds a supervisor on the program's own engine, beside its other
// actors. The error wraps [ErrConfig] or [ErrNameTaken].
func NewOn(engine *actor.Engine, cfg Config) (*Supervisor, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Supervisor{engine: engine, cfg: cfg}
	var report func(any)
	if cfg.Logger != nil {
		report = logPanic(cfg.Logger)
	}
	s.events.init(engine, or(cfg.EventBuffer, 16_384), report)
	settings := cfg.settings()
	settings.Handle = s.handlers.find
	settings.OnEvent = s.events.publish
	// Before the start, which may have something to tell already.
	if cfg.OnEvent != nil {
		s.events.callback(cfg.OnEvent)
	}
	if cfg.Logger != nil {
		s.events.callback(logEvents(cfg.Logger))
	}
	system, err := actors.Start(engine, settings)
	if err != nil {
		return nil, errors.Join(err, s.events.close(context.Background()))
	}
	s.system, s.journal = system, cmp.Or[Journal](settings.Journal, NoJournal)
	return s, nil
}

// Engine returns the engine on which the supervisor runs.
func (s *Supervisor) Engine() *actor.Engine { return s.engine }

// Epoch returns this life of the server.
func (s *Supervisor) Epoch() uint64 { return s.system.Epoch() }

// Serve accepts connections from l until ctx ends or the supervisor shuts down,
// and then returns nil; or until l fails for good, and then returns its error.
// It closes l in every case. Connections outlive their listener. Serve may be
// called for any number of listeners at the same time; after a shutdown it returns ErrShutdown.
func (s *Supervisor) Serve(ctx context.Context, l net.Listener) error {
	if s.system.Draining() {
		return errors.Join(ErrShutdown, l.Close())
	}
	s.mu.Lock()
	s.serving++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.serving--
		s.mu.Unlock()
	}()
	return s.system.Listen(ctx, l)
}

// ServeConn takes over one transport, which the supervisor will close, and
// returns at once. It returns ErrShutdown or ErrFull when the transport was
// refused and closed. A transport whose RemoteAddr is not unique, such as a
// net.Pipe, is given an endpoint of its own.
func (s *Supervisor) ServeConn(transport net.Conn) error { return s.system.Accept(transport) }

// Ready reports whether the supervisor accepts connections from at least one
// listener.
func (s *Supervisor) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.serving > 0 && !s.system.Draining()
}

// Shutdown stops accepting, says bye to every client, and waits until every
// connection, handler and actor has ended. When ctx ends first, what is left is
// cut off, and ctx's error is returned. It may be called more than once. A
// handler must not call it: it would wait for itself.
func (s *Supervisor) Shutdown(ctx context.Context) error {
	err := s.system.Shutdown(ctx)
	return errors.Join(err, s.events.close(ctx))
}

// Kick ends a connection with reason kicked. The client is told text. The error
// is ErrNotFound when there is no such connection.
func (s *Supervisor) Kick(ctx context.Context, connection uint64, text string) error {
	return s.system.Kick(ctx, connection, text)
}

// KickUser ends all connections of a user with reason kicked, and returns how
// many there were. A user who has lost them all, and is still shown online because
// of a grace, goes offline now. The error is ErrNotFound when neither is so.
func (s *Supervisor) KickUser(ctx context.Context, user, text string) (int, error) {
	return s.system.KickUser(ctx, user, text)
}

// Push sends a one-way application message to every session of a user, and
// returns for how many it was queued; none is no error.
func (s *Supervisor) Push(ctx context.Context, user, kind string, body []byte) (int, error) {
	return s.system.Push(ctx, user, kind, body)
}

// PushAll sends a one-way application message to every session of every user.
func (s *Supervisor) PushAll(ctx context.Context, kind string, body []byte) (int, error) {
	return s.system.PushAll(ctx, kind, body)
}

// Connection returns a live connection, or ErrNotFound.
func (s *Supervisor) Connection(ctx context.Context, id uint64) (ConnectionInfo, error) {
	return s.system.Connection(ctx, id)
}

// ByIdentifier returns the live connections of a client, oldest first.
func (s *Supervisor) ByIdentifier(ctx context.Context, identifier string) ([]ConnectionInfo, error) {
	return s.system.ByIdentifier(ctx, identifier)
}

// ByEndpoint returns the live connections from a remote address, at most one
// for each local address.
func (s *Supervisor) ByEndpoint(ctx context.Context, remote string) ([]ConnectionInfo, error) {
	return s.system.ByEndpoint(ctx, remote)
}

// Connections returns a page of the live connections after cursor, in the order
// in which they were established. limit is at most 1000, 100 if not positive.
func (s *Supervisor) Connections(ctx context.Context, cursor uint64, limit int) (ConnectionPage, error) {
	return s.system.Connections(ctx, cursor, limit)
}

// Terminations returns a page of the recent terminations, newest first. match
// may be nil. It runs on the registry actor, and must be quick; when it panics,
// so does the caller (N10).
func (s *Supervisor) Terminations(ctx context.Context, cursor uint64, limit int, match func(*Termination) bool) (TerminationPage, error) {
	if match == nil {
		return s.system.Terminations(ctx, cursor, limit, nil)
	}
	var thrown atomic.Pointer[any]
	page, err := s.system.Terminations(ctx, cursor, limit, func(t *Termination) (fits bool) {
		if thrown.Load() != nil {
			return false
		}
		defer func() {
			if v := recover(); v != nil {
				thrown.Store(&v)
			}
		}()
		return match(t)
	})
	if v := thrown.Load(); v != nil {
		panic(*v)
	}
	return page, err
}

// User returns a user who is online or held, or ErrNotFound.
func (s *Supervisor) User(ctx context.Context, user string) (UserInfo, error) {
	return s.system.User(ctx, user)
}

// Users returns a page of the users who are online or held.
func (s *Supervisor) Users(ctx context.Context, cursor uint64, limit int) (UserPage, error) {
	return s.system.Users(ctx, cursor, limit)
}

// Counts returns the sizes of the maps.
func (s *Supervisor) Counts(ctx context.Context) (Counts, error) { return s.system.Counts(ctx) }

// Counters returns everything that the server counts of itself.
func (s *Supervisor) Counters() Counters {
	c := s.system.Counters()
	c.HandlerPanics += s.events.panics.Load()
	return c
}
