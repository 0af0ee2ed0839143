package admin

import (
	"errors"
	"net/http"

	"example.com/rollcall/supervisor"
)

// userz lists the users who are online or held, or finds one.
func (a *api) userz(r *http.Request) (any, error) {
	p, err := parse(r, "cursor", "limit", "user")
	if err != nil {
		return nil, err
	}
	cursor, limit, err := p.page()
	if err != nil {
		return nil, err
	}
	name, one := p["user"]
	if !one {
		return a.supervisor.Users(r.Context(), cursor, limit)
	}
	page := supervisor.UserPage{Users: []supervisor.UserInfo{}}
	u, err := a.supervisor.User(r.Context(), name)
	switch {
	case errors.Is(err, supervisor.ErrNotFound):
		return page, nil
	case err != nil:
		return nil, err
	}
	if cursor == 0 { // the first page is the last
		page.Users = append(page.Users, u)
	}
	return page, nil
}
