package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// connz lists live connections, or recent terminations.
func (a *api) connz(r *http.Request) (any, error) {
	p, err := parse(r, "state", "cursor", "limit", "id", "identifier", "endpoint", "user", "reason")
	if err != nil {
		return nil, err
	}
	f, err := newFilter(p)
	if err != nil {
		return nil, err
	}
	cursor, limit, err := p.page()
	if err != nil {
		return nil, err
	}
	switch state := p["state"]; {
	case state == "closed":
		return a.closed(r.Context(), f, cursor, limit)
	case state != "" && state != "open":
		return nil, refuse(http.StatusBadRequest, "state is %q, not open or closed", state)
	case f.reason != wire.ReasonNone:
		return nil, refuse(http.StatusBadRequest, "reason is a filter of state=closed")
	case f.empty():
		return a.supervisor.Connections(r.Context(), cursor, limit)
	}
	found, err := a.find(r.Context(), f)
	if err != nil {
		return nil, err
	}
	return pageOf(found, cursor, limit), nil
}

// filter is what a connection, live or closed, has to be.
type filter struct {
	id                         uint64 // 0: any
	identifier, endpoint, user string // "": any
	reason                     wire.Reason
}

func newFilter(p parameters) (f filter, err error) {
	f = filter{identifier: p["identifier"], endpoint: p["endpoint"], user: p["user"]}
	if f.id, err = p.number("id"); err != nil {
		return f, err
	}
	if _, given := p["id"]; given && f.id == 0 {
		return f, refuse(http.StatusBadRequest, "no connection has the id 0")
	}
	if name, given := p["reason"]; given {
		if f.reason.UnmarshalText([]byte(name)) != nil || f.reason == wire.ReasonNone {
			return f, refuse(http.StatusBadRequest, "unknown reason %q", name)
		}
	}
	return f, nil
}

func (f filter) empty() bool { return f == filter{} }

func (f filter) live(c *supervisor.ConnectionInfo) bool {
	return (f.id == 0 || f.id == c.ID) &&
		(f.identifier == "" || f.identifier == c.Identifier) &&
		(f.endpoint == "" || f.endpoint == c.Remote) &&
		(f.user == "" || f.user == c.User)
}

func (f filter) ended(t *supervisor.Termination) bool {
	return (f.id == 0 || f.id == t.Connection) &&
		(f.identifier == "" || f.identifier == t.Identifier) &&
		(f.endpoint == "" || f.endpoint == t.Remote) &&
		(f.user == "" || f.user == t.User) &&
		(f.reason == wire.ReasonNone || f.reason == t.Reason)
}

func (a *api) closed(ctx context.Context, f filter, cursor uint64, limit int) (any, error) {
	page, err := a.supervisor.Terminations(ctx, cursor, limit, f.ended)
	if page.Terminations == nil {
		page.Terminations = []supervisor.Termination{}
	}
	return page, err
}

// find asks the index that selects most, and filters the rest.
func (a *api) find(ctx context.Context, f filter) (found []supervisor.ConnectionInfo, err error) {
	switch {
	case f.id != 0:
		found, err = a.byID(ctx, nil, f.id)
	case f.endpoint != "":
		found, err = a.supervisor.ByEndpoint(ctx, f.endpoint)
	case f.user != "":
		found, err = a.byUser(ctx, f.user)
	default:
		found, err = a.supervisor.ByIdentifier(ctx, f.identifier)
	}
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(c supervisor.ConnectionInfo) bool { return !f.live(&c) }), nil
}

// byID appends the connection if there is one.
func (a *api) byID(ctx context.Context, to []supervisor.ConnectionInfo, id uint64) ([]supervisor.ConnectionInfo, error) {
	c, err := a.supervisor.Connection(ctx, id)
	switch {
	case errors.Is(err, supervisor.ErrNotFound):
		return to, nil
	case err != nil:
		return nil, err
	}
	return append(to, c), nil
}

// byUser returns the connections of a user's sessions, of which there are few.
func (a *api) byUser(ctx context.Context, user string) (found []supervisor.ConnectionInfo, err error) {
	u, err := a.supervisor.User(ctx, user)
	if errors.Is(err, supervisor.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, s := range u.Sessions {
		if found, err = a.byID(ctx, found, s.Connection); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// pageOf cuts a page out of found connections; its cursor is the last ID.
func pageOf(found []supervisor.ConnectionInfo, cursor uint64, limit int) supervisor.ConnectionPage {
	if limit == 0 {
		limit = 100
	}
	slices.SortFunc(found, func(a, b supervisor.ConnectionInfo) int { return cmp.Compare(a.ID, b.ID) })
	begin, _ := slices.BinarySearchFunc(found, cursor+1, func(c supervisor.ConnectionInfo, id uint64) int {
		return cmp.Compare(c.ID, id)
	})
	if cursor+1 == 0 { // past the greatest ID
		begin = len(found)
	}
	page := supervisor.ConnectionPage{Connections: append([]supervisor.ConnectionInfo{}, found[begin:]...)}
	if len(page.Connections) > limit {
		page.Connections = page.Connections[:limit]
		page.Next = page.Connections[limit-1].ID
	}
	return page
}
