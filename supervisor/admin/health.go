package admin

import (
	"net/http"
)

// status is the answer of the two health checks.
type status struct {
	Status string `json:"status"`
}

// healthz asks the actors that own the maps for a sign of life.
func (a *api) healthz(r *http.Request) (any, error) {
	if _, err := parse(r); err != nil {
		return nil, err
	}
	if _, err := a.supervisor.Counts(r.Context()); err != nil {
		_, text := judge(err)
		return nil, refuse(http.StatusServiceUnavailable, "%s", text)
	}
	return status{"ok"}, nil
}

// readyz tells whether connections are accepted.
func (a *api) readyz(r *http.Request) (any, error) {
	if _, err := parse(r); err != nil {
		return nil, err
	}
	if !a.supervisor.Ready() {
		return nil, refuse(http.StatusServiceUnavailable, "no connections are accepted")
	}
	return status{"ready"}, nil
}
