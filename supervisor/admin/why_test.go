package admin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor/admin"
	"example.com/rollcall/wire"
)

// ask calls the API and returns the answer as it is.
func (w *world) ask(r *http.Request) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	w.api.ServeHTTP(a, r)
	return a
}

// TestWhy: what has just happened is told, as JSON or in words; a forgotten user
// is not on record any more.
func TestWhy(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		w.join("eye", "eye's device")
		if err := w.join("alice", "phone").Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var found admin.Why
		w.do(request("GET", "/why?subject=alice&limit=5&since=1h"), http.StatusOK, &found)
		if len(found.Accounts) != 1 || found.Accounts[0].Reason != wire.ReasonBye || found.Accounts[0].Departure == nil ||
			found.Accounts[0].Departure.First != record.SideClient || found.Accounts[0].Story == "" {
			t.Fatalf("%+v", found.Accounts)
		}
		for _, r := range []*http.Request{
			request("GET", "/why?subject=phone&format=text"),
			request("GET", "/why?subject=user:alice&format=text&zone="+url.QueryEscape("+05:30")),
			func() *http.Request {
				r := request("GET", "/why?subject=connection:2")
				r.Header.Set("Accept", "text/plain")
				return r
			}(),
		} {
			a := w.ask(r)
			text := a.Body.String()
			if a.Code != http.StatusOK || !strings.HasPrefix(a.Header().Get("Content-Type"), "text/plain") {
				t.Errorf("%s: %d %s", r.URL, a.Code, text)
			}
			if r.URL.Query().Get("subject") == "phone" { // an identifier is no subject
				if !strings.HasPrefix(text, admin.NothingOnRecord) {
					t.Errorf("%s: %s", r.URL, text)
				}
				continue
			}
			if !strings.Contains(text, `User "alice"`) || !strings.Contains(text, "Evidence") {
				t.Errorf("%s: %s", r.URL, text)
			}
			if zone := r.URL.Query().Get("zone"); zone != "" && !strings.Contains(text, "05:30:00 +05:30") {
				t.Errorf("%s: %s", r.URL, text)
			}
		}
		w.do(request("GET", "/why?subject=nobody"), http.StatusOK, &found)
		if found.Accounts == nil || len(found.Accounts) > 0 {
			t.Errorf("of nobody: %+v", found.Accounts)
		}

		var gone admin.Forgotten
		w.do(request("POST", "/forget?user=alice"), http.StatusOK, &gone)
		if gone.Records < 3 {
			t.Errorf("%d records are forgotten", gone.Records)
		}
		w.do(request("GET", "/why?subject=alice"), http.StatusOK, &found)
		if len(found.Accounts) > 0 {
			t.Errorf("she is still on record: %+v", found.Accounts)
		}
		if page := w.ask(request("GET", "/connz?state=closed")).Body.String(); strings.Contains(page, "alice") {
			t.Errorf("she is still in memory: %s", page)
		}
	})
}

// TestWhyRefuses what makes no sense, and whoever may not.
func TestWhyRefuses(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		for target, words := range map[string]string{
			"/why":                          "subject",
			"/why?subject=":                 "empty",
			"/why?subject=connection:x":     "connection",
			"/why?subject=a&limit=0":        "limit",
			"/why?subject=a&limit=1001":     "limit",
			"/why?subject=a&since=tomorrow": "since",
			"/why?subject=a&format=xml":     "format",
			"/why?subject=a&zone=Mars":      "zone",
			"/why?subject=a&user=b":         "unknown parameter",
		} {
			if a := w.ask(request("GET", target)); a.Code != http.StatusBadRequest || !strings.Contains(a.Body.String(), words) {
				t.Errorf("%s: %d %s", target, a.Code, a.Body)
			}
		}
		if a := w.ask(request("GET", "/forget?user=a")); a.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET /forget: %d", a.Code)
		}
		if a := w.ask(request("POST", "/forget")); a.Code != http.StatusBadRequest {
			t.Errorf("POST /forget of nobody: %d", a.Code)
		}
		far := request("POST", "/forget?user=a")
		far.RemoteAddr = "192.0.2.7:1"
		if a := w.ask(far); a.Code != http.StatusForbidden {
			t.Errorf("POST /forget from afar: %d", a.Code)
		}
	})
}
