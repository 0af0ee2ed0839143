package actors

import (
	"context"
	"time"

	"example.com/rollcall/actors/internal/roster"
	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

// ConnectionInfo is one live connection that has finished its handshake, as it
// was when asked.
type ConnectionInfo struct {
	ID         uint64        `json:"id"`
	Identifier string        `json:"identifier"`
	Remote     string        `json:"remote"`
	Local      string        `json:"local,omitempty"`
	User       string        `json:"user,omitempty"`
	Accepted   time.Time     `json:"accepted"`
	Silent     time.Duration `json:"silent_ns"` // since bytes last came
	RTT        time.Duration `json:"rtt_ns,omitempty"`
	BytesIn    uint64        `json:"bytes_in"`
	BytesOut   uint64        `json:"bytes_out"`
	FramesIn   uint64        `json:"frames_in"`
	FramesOut  uint64        `json:"frames_out"`
}

// SessionInfo is one session of a user.
type SessionInfo struct {
	Session    uint64    `json:"session"`
	Connection uint64    `json:"connection"`
	Identifier string    `json:"identifier"`
	Remote     string    `json:"remote"`
	Since      time.Time `json:"since"`
}

// UserInfo is one user who is online, or held online by a grace.
type UserInfo struct {
	User     string        `json:"user"`
	Since    time.Time     `json:"since"`
	Sessions []SessionInfo `json:"sessions"`
	// Held says that the last session has ended and a grace runs; HeldFor is what is left of it.
	Held    bool          `json:"held,omitempty"`
	HeldFor time.Duration `json:"held_for_ns,omitempty"`
	Reason  wire.Reason   `json:"reason,omitempty"` // why the last session ended, while held
}

// Counts are the sizes of the maps.
type Counts struct {
	Connections int `json:"connections"` // in both maps
	Identifiers int `json:"identifiers"` // different ones
	Handshaking int `json:"handshaking"` // accepted, not yet in the maps
	Users       int `json:"users"`       // with at least one session
	Held        int `json:"held"`
	Sessions    int `json:"sessions"`
	Watchers    int `json:"watchers"`

	Epoch   uint64 `json:"epoch"`
	Version uint64 `json:"version"` // of presence
}

// MaxPage bounds one page of any list.
const MaxPage = 1000

func pageSize(limit int) int {
	if limit <= 0 {
		return 100
	}
	return min(limit, MaxPage)
}

// fromRegistry runs ask on the registry and waits for its answer, but no longer
// than ctx or the system last. Only callers outside of any actor may wait so.
func fromRegistry[T any](ctx context.Context, s *System, ask func(*registry) T) (T, error) {
	answer := make(chan T, 1)
	s.registry.tell(registryQuery{func(r *registry) { answer <- ask(r) }, func() { close(answer) }})
	return await(ctx, s, answer)
}

// fromUsers does the same with the user manager.
func fromUsers[T any](ctx context.Context, s *System, ask func(*userManager) T) (T, error) {
	answer := make(chan T, 1)
	s.users.tell(userQuery{func(u *userManager) { answer <- ask(u) }, func() { close(answer) }})
	return await(ctx, s, answer)
}

func await[T any](ctx context.Context, s *System, answer <-chan T) (T, error) {
	var none T
	select {
	case a, ok := <-answer:
		if !ok {
			return none, ErrInternal
		}
		return a, nil
	case <-ctx.Done():
		return none, ctx.Err()
	case <-s.stopped:
		return none, ErrShutdown
	}
}

func (c *connection) info() ConnectionInfo {
	i := ConnectionInfo{
		ID: c.id, Identifier: c.identifier, Remote: c.endpoint.Remote, Local: c.endpoint.Local,
		Accepted: time.Unix(0, c.accepted), Silent: c.sys.now() - time.Duration(c.lastHeard.Load()),
		RTT:     time.Duration(c.rtt.Load()) * time.Microsecond,
		BytesIn: c.bytesIn.Load(), BytesOut: c.bytesOut.Load(),
		FramesIn: c.framesIn.Load(), FramesOut: c.framesOut.Load(),
	}
	if user := c.loggedIn.Load(); user != nil {
		i.User = *user
	}
	return i
}

func infos(all []*connection) []ConnectionInfo {
	out := make([]ConnectionInfo, len(all))
	for i, c := range all {
		out[i] = c.info()
	}
	return out
}

// Connection returns a live connection, or ErrNotFound.
func (s *System) Connection(ctx context.Context, id uint64) (ConnectionInfo, error) {
	found, err := fromRegistry(ctx, s, func(r *registry) []ConnectionInfo {
		if c := r.all[id]; c != nil && r.dir.Has(c) {
			return infos([]*connection{c})
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		return ConnectionInfo{}, ErrNotFound
	}
	if err != nil {
		return ConnectionInfo{}, err
	}
	return found[0], nil
}

// ByIdentifier returns the live connections of a client, oldest first.
func (s *System) ByIdentifier(ctx context.Context, identifier string) ([]ConnectionInfo, error) {
	return fromRegistry(ctx, s, func(r *registry) []ConnectionInfo {
		return infos(r.dir.ByIdentifier(identifier))
	})
}

// ByEndpoint returns the live connections from a remote address: one at most
// for each address of ours.
func (s *System) ByEndpoint(ctx context.Context, remote string) ([]ConnectionInfo, error) {
	return fromRegistry(ctx, s, func(r *registry) []ConnectionInfo {
		return infos(r.dir.ByEndpoint(remote))
	})
}

// ConnectionPage is one page of the live connections.
type ConnectionPage struct {
	Connections []ConnectionInfo `json:"connections"`
	Next        uint64           `json:"next,omitempty"` // cursor of the next page; 0: none
}

// Connections returns a page of the live connections, in the order in which
// they were established, after cursor (0: from the first). limit is at most
// MaxPage, 100 if not positive.
func (s *System) Connections(ctx context.Context, cursor uint64, limit int) (ConnectionPage, error) {
	return fromRegistry(ctx, s, func(r *registry) ConnectionPage {
		page, next, more := r.dir.Page(roster.Seq(cursor), pageSize(limit))
		p := ConnectionPage{Connections: infos(page)}
		if more {
			p.Next = uint64(next)
		}
		return p
	})
}

// TerminationPage is one page of the recent terminations.
type TerminationPage struct {
	Terminations []Termination `json:"terminations"`
	Next         uint64        `json:"next,omitempty"`
}

// Terminations returns a page of the recent terminations, newest first, of
// which the server keeps as many as it was configured to. match may be nil; it
// runs on the registry actor and must be quick.
func (s *System) Terminations(ctx context.Context, cursor uint64, limit int, match func(*Termination) bool) (TerminationPage, error) {
	return fromRegistry(ctx, s, func(r *registry) (p TerminationPage) {
		p.Terminations, p.Next = r.recent.page(cursor, pageSize(limit), match)
		return p
	})
}

func (u *userManager) info(x session.User) UserInfo {
	i := UserInfo{
		User: x.Name, Since: time.UnixMilli(x.Since), Sessions: make([]SessionInfo, len(x.Sessions)),
		Held: x.Held,
	}
	if x.Held {
		i.Reason, i.HeldFor = x.Reason, x.Until-u.sys.now()
	}
	for k, s := range x.Sessions {
		i.Sessions[k] = SessionInfo{Session: s.ID, Connection: s.Conn, Since: time.UnixMilli(s.Since)}
		if c := u.conns[s.Conn]; c != nil {
			i.Sessions[k].Identifier, i.Sessions[k].Remote = c.identifier, c.endpoint.Remote
		}
	}
	return i
}

// User returns a user who is online or held, or ErrNotFound.
func (s *System) User(ctx context.Context, user string) (UserInfo, error) {
	found, err := fromUsers(ctx, s, func(u *userManager) []UserInfo {
		if x, ok := u.book.Of(user); ok {
			return []UserInfo{u.info(x)}
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		return UserInfo{}, ErrNotFound
	}
	if err != nil {
		return UserInfo{}, err
	}
	return found[0], nil
}

// UserPage is one page of the users.
type UserPage struct {
	Users []UserInfo `json:"users"`
	Next  uint64     `json:"next,omitempty"`
}

// Users returns a page of the users who are online or held, in the order in
// which they came, like Connections.
func (s *System) Users(ctx context.Context, cursor uint64, limit int) (UserPage, error) {
	return fromUsers(ctx, s, func(u *userManager) UserPage {
		users, next, more := u.book.Page(roster.Seq(cursor), pageSize(limit))
		p := UserPage{Users: make([]UserInfo, len(users))}
		for i := range users {
			p.Users[i] = u.info(users[i])
		}
		if more {
			p.Next = uint64(next)
		}
		return p
	})
}

// Counts returns the sizes of the maps. The registry's and the user manager's
// are not of one instant.
func (s *System) Counts(ctx context.Context) (Counts, error) {
	c, err := fromRegistry(ctx, s, func(r *registry) Counts {
		return Counts{
			Connections: r.dir.Len(), Identifiers: r.dir.Identifiers(), Handshaking: len(r.all) - r.dir.Len(),
		}
	})
	if err != nil {
		return Counts{}, err
	}
	return fromUsers(ctx, s, func(u *userManager) Counts {
		b, p := u.book.Counts(), u.board.Counts()
		c.Users, c.Held, c.Sessions = b.Users, b.Held, b.Sessions
		c.Watchers, c.Epoch, c.Version = p.Watchers, u.board.Epoch(), u.board.Version()
		return c
	})
}
