package admin_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/supervisor/admin"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

type state struct {
	Status string `json:"status"`
}

func TestHealthAndReadiness(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		var s state
		w.get("/healthz", &s)
		if s.Status != "ok" {
			t.Errorf("healthz: %+v", s)
		}
		w.get("/readyz", &s)
		if s.Status != "ready" {
			t.Errorf("readyz: %+v", s)
		}
		w.shutdown()
		w.failure(request("GET", "/readyz"), 503)
		w.failure(request("GET", "/healthz"), 503)
		w.failure(request("GET", "/userz"), 503)
	})
}

func TestNotReadyWithoutListener(t *testing.T) {
	s, err := supervisor.New(supervisor.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, s: s, api: admin.Handler(s, admin.Options{})}
	defer w.shutdown()
	if rec := w.plain("GET", "/readyz"); rec != 503 {
		t.Errorf("readyz: status %d", rec)
	}
}

func TestUsersAreListed(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		w.join("alice", "phone")
		w.join("bob", "desk")
		w.join("alice", "laptop")
		var page supervisor.UserPage
		w.get("/userz", &page)
		if len(page.Users) != 2 || page.Users[0].User != "alice" || len(page.Users[0].Sessions) != 2 {
			t.Fatalf("%+v", page)
		}
		page = supervisor.UserPage{}
		w.get("/userz?limit=1", &page)
		if len(page.Users) != 1 || page.Next == 0 {
			t.Fatalf("first page: %+v", page)
		}
		page = supervisor.UserPage{}
		w.get("/userz?user=bob", &page)
		if len(page.Users) != 1 || page.Users[0].Sessions[0].Identifier != "desk" {
			t.Errorf("bob: %+v", page)
		}
		page = supervisor.UserPage{}
		w.get("/userz?user=nobody", &page)
		if page.Users == nil || len(page.Users) != 0 {
			t.Errorf("nobody: %+v", page)
		}
	})
}

func TestVars(t *testing.T) {
	begun := time.Now().Add(-time.Hour)
	inWorld(t, admin.Options{Release: "1.2.3", Started: begun}, func(w *world) {
		w.join("alice", "phone")
		var v admin.Vars
		w.get("/varz", &v)
		if v.Release != "1.2.3" || v.Epoch != 7 || v.Protocol != wire.Version || !v.Ready {
			t.Errorf("%+v", v)
		}
		if v.Counts.Users != 1 || v.Counters.Logins != 1 || v.Counters.Live != 1 {
			t.Errorf("%+v", v)
		}
		if v.Process.Go == "" || v.Process.Goroutines == 0 || v.Process.Heap == 0 || v.Process.Memory == 0 {
			t.Errorf("%+v", v.Process)
		}
	})
}

func TestKick(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		one, two := w.join("alice", "phone"), w.join("alice", "laptop")
		three := w.join("bob", "desk")
		var k admin.Kicked
		w.do(request("POST", "/kick?user=alice&text=go%20home"), 200, &k)
		if k.Kicked != 2 {
			t.Errorf("kicked %d of alice", k.Kicked)
		}
		for _, c := range []*client.Client{one, two} {
			<-c.Done()
			var end *client.EndError
			if !errors.As(c.Err(), &end) || end.Reason != wire.ReasonKicked || end.Text != "go home" {
				t.Errorf("alice was told %v", c.Err())
			}
		}
		w.do(request("POST", "/kick?connection=3"), 200, &k)
		<-three.Done()
		if k.Kicked != 1 {
			t.Errorf("kicked %d", k.Kicked)
		}
		w.failure(request("POST", "/kick?user=nobody"), 404)
		w.failure(request("POST", "/kick?connection=77"), 404)
	})
}

func TestBadRequests(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		for _, c := range []struct {
			method, target string
			status         int
			words          string
		}{
			{"GET", "/", 404, "/connz"},
			{"GET", "/connz/", 404, "/connz"},
			{"POST", "/connz", 405, "GET or HEAD"},
			{"DELETE", "/userz", 405, "GET or HEAD"},
			{"GET", "/kick?user=alice", 405, "POST"},
			{"GET", "/connz?usr=alice", 400, `"usr"`},
			{"GET", "/connz?user=a&user=b", 400, "2 times"},
			{"GET", "/connz?user=", 400, "empty"},
			{"GET", "/connz?id=0", 400, "id 0"},
			{"GET", "/connz?id=x", 400, "not a number"},
			{"GET", "/connz?id=-1", 400, "not a number"},
			{"GET", "/connz?limit=0", 400, "1 to 1000"},
			{"GET", "/connz?limit=1001", 400, "1 to 1000"},
			{"GET", "/connz?cursor=1e3", 400, "not a number"},
			{"GET", "/connz?state=shut", 400, "open or closed"},
			{"GET", "/connz?reason=eof", 400, "state=closed"},
			{"GET", "/connz?state=closed&reason=tired", 400, "tired"},
			{"GET", "/connz?%zz", 400, "cannot be read"},
			{"GET", "/userz?limit=x", 400, "not a number"},
			{"GET", "/varz?x=1", 400, "unknown"},
			{"GET", "/healthz?x=1", 400, "unknown"},
			{"POST", "/kick", 400, "either"},
			{"POST", "/kick?user=a&connection=1", 400, "either"},
			{"POST", "/kick?connection=a", 400, "not a number"},
			{"POST", "/kick?user=a&text=%07", 400, "control"},
			{"POST", "/kick?user=a&text=" + strings.Repeat("x", 1025), 400, "1024"},
		} {
			if words := w.failure(request(c.method, c.target), c.status); !strings.Contains(words, c.words) {
				t.Errorf("%s %s: %q does not say %q", c.method, c.target, words, c.words)
			}
		}
		var e map[string]string
		if h := w.do(request("PUT", "/kick"), 405, &e); h.Get("Allow") != "POST" {
			t.Errorf("Allow: %q", h.Get("Allow"))
		}
	})
}

// An actor that does not answer is a gateway's timeout, and no hanging request.
func TestQueriesEndWithTheirTime(t *testing.T) {
	inWorld(t, admin.Options{Timeout: time.Second}, func(w *world) {
		_ = w.join("alice", "phone").Close()
		synctest.Wait()
		answer := make(chan struct{})
		stuck := make(chan error, 1)
		go func() {
			_, err := w.s.Terminations(context.Background(), 0, 1, func(*supervisor.Termination) bool {
				<-answer // the registry stands still
				return true
			})
			stuck <- err
		}()
		synctest.Wait()
		begin := time.Now()
		w.failure(request("GET", "/connz"), 504)
		w.failure(request("GET", "/healthz"), 503)
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("two requests took %v, not a second each", took)
		}
		close(answer)
		if err := <-stuck; err != nil {
			t.Error(err)
		}
		var s state
		w.get("/healthz", &s)
	})
}
