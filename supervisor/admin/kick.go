package admin

import (
	"net/http"

	"example.com/rollcall/wire"
)

// Kicked is what /kick answers.
type Kicked struct {
	Kicked int `json:"kicked"` // connections
}

// kick ends a connection, or all of a user's.
func (a *api) kick(r *http.Request) (any, error) {
	p, err := parse(r, "user", "connection", "text")
	if err != nil {
		return nil, err
	}
	user, byUser := p["user"]
	id, err := p.number("connection")
	_, byID := p["connection"]
	text := p["text"]
	switch {
	case err != nil:
		return nil, err
	case byUser == byID:
		return nil, refuse(http.StatusBadRequest, "give either user or connection")
	case wire.Clip(text) != text:
		return nil, refuse(http.StatusBadRequest,
			"text is longer than %d bytes or has control characters", wire.MaxText)
	case byUser:
		n, err := a.supervisor.KickUser(r.Context(), user, text)
		return Kicked{n}, err
	}
	return Kicked{1}, a.supervisor.Kick(r.Context(), id, text)
}
