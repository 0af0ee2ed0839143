package admin_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/rollcall/supervisor/admin"
)

// plain calls the API from this machine and returns the status alone.
func (w *world) plain(method, target string) int { return w.status(request(method, target)) }

func (w *world) status(r *http.Request) int {
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	return rec.Code
}

// Who may kick: whoever passes gets 404, for there is no such user.
func TestWhoMayKick(t *testing.T) {
	own := admin.Options{Hosts: []string{"Rollcall.Example"}}
	remote := admin.Options{RemoteKick: true, Hosts: []string{"rollcall.example"}}
	for _, c := range []struct {
		name               string
		options            admin.Options
		from, host         string
		header, headerText string
		want               int
	}{
		{"loopback", own, "127.0.0.1:1", "127.0.0.1:7466", "", "", 404},
		{"loopback by name", own, "127.0.0.1:1", "localhost:7466", "", "", 404},
		{"loopback by known name", own, "127.0.0.1:1", "rollcall.example:7466", "", "", 404},
		{"loopback of version 6", own, "[::1]:1", "[::1]:7466", "", "", 404},
		{"loopback of version 6, no port", own, "[::1]:1", "[::1]", "", "", 404},
		{"mapped loopback", own, "[::ffff:127.0.0.1]:1", "127.0.0.1", "", "", 404},
		{"another machine", own, "192.0.2.1:1", "127.0.0.1:7466", "", "", 403},
		{"no address", own, "@", "127.0.0.1:7466", "", "", 403},
		{"through a proxy", own, "127.0.0.1:1", "127.0.0.1:7466", "X-Forwarded-For", "192.0.2.1", 403},
		{"rebound name", own, "127.0.0.1:1", "evil.example:7466", "", "", 403},
		{"another address of ours", own, "127.0.0.1:1", "192.0.2.7:7466", "", "", 403},
		{"no host", own, "127.0.0.1:1", "", "", "", 403},
		{"page of another origin", own, "127.0.0.1:1", "127.0.0.1:7466", "Origin", "http://evil.example", 403},
		{"page of another site", own, "127.0.0.1:1", "127.0.0.1:7466", "Sec-Fetch-Site", "cross-site", 403},
		{"own page", own, "127.0.0.1:1", "127.0.0.1:7466", "Sec-Fetch-Site", "same-origin", 404},
		{"remote allowed", remote, "192.0.2.1:1", "192.0.2.7:7466", "", "", 404},
		{"remote by known name", remote, "192.0.2.1:1", "rollcall.example", "", "", 404},
		{"remote, rebound", remote, "192.0.2.1:1", "evil.example", "", "", 403},
		{"remote, other origin", remote, "192.0.2.1:1", "192.0.2.7", "Origin", "http://evil.example", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, c.options, func(w *world) {
				r := request("POST", "/kick?user=nobody")
				r.RemoteAddr, r.Host = c.from, c.host
				if c.header != "" {
					r.Header.Set(c.header, c.headerText)
				}
				if got := w.status(r); got != c.want {
					t.Errorf("status %d, not %d", got, c.want)
				}
			})
		})
	}
}

// Reading is for whoever reaches the API, but not under a name that was made to
// point here.
func TestReboundNamesReadNothing(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		for _, c := range []struct {
			target, host string
			want         int
		}{
			{"/userz", "evil.example:7466", 403},
			{"/connz", "evil.example", 403},
			{"/varz", "", 403},
			{"/varz", "192.0.2.7:7466", 200},
			{"/userz", "LOCALHOST", 200},
			{"/healthz", "probe.example", 200},
			{"/readyz", "", 200},
		} {
			r := request("GET", c.target)
			r.Host = c.host
			if got := w.status(r); got != c.want {
				t.Errorf("%s for host %q: status %d, not %d", c.target, c.host, got, c.want)
			}
		}
	})
}

func TestHeadAndHeaders(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		srv := httptest.NewRecorder()
		w.api.ServeHTTP(srv, request("HEAD", "/healthz"))
		if srv.Code != 200 || srv.Header().Get("Cache-Control") != "no-store" ||
			srv.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("status %d, headers %v", srv.Code, srv.Header())
		}
	})
}
