package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/supervisor/admin"
	"example.com/rollcall/wire"
)

func TestConnectionsAreFiltered(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		w.join("alice", "phone")
		w.join("alice", "laptop")
		w.join("bob", "phone")
		w.join("", "silent")
		var all supervisor.ConnectionPage
		w.get("/connz", &all)
		if len(all.Connections) != 4 || all.Next != 0 {
			t.Fatalf("%+v", all)
		}
		endpoint := strings.ReplaceAll(all.Connections[2].Remote, "#", "%23")
		for _, c := range []struct {
			query string
			want  string // IDs
		}{
			{"?state=open", "1 2 3 4"},
			{"?id=2", "2"},
			{"?id=99", ""},
			{"?identifier=phone", "1 3"},
			{"?user=alice", "1 2"},
			{"?user=nobody", ""},
			{"?endpoint=" + endpoint, "3"},
			{"?endpoint=10.0.0.1:1", ""},
			{"?user=alice&identifier=phone", "1"},
			{"?user=bob&id=1", ""},
			{"?limit=4", "1 2 3 4"},
		} {
			var page supervisor.ConnectionPage
			w.get("/connz"+c.query, &page)
			if page.Connections == nil {
				t.Errorf("%s: null and not a list", c.query)
			}
			if got := ids(page); got != c.want {
				t.Errorf("%s: connections %q, not %q", c.query, got, c.want)
			}
		}
	})
}

func ids(p supervisor.ConnectionPage) string {
	var list []string
	for _, c := range p.Connections {
		list = append(list, fmt.Sprint(c.ID))
	}
	return strings.Join(list, " ")
}

// Every page walk sees each connection once, filtered or not.
func TestConnectionsArePaged(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		for range 7 {
			w.join("alice", "phone")
		}
		for _, filter := range []string{"", "&identifier=phone", "&user=alice"} {
			var got []string
			cursor, pages := uint64(0), 0
			for {
				var page supervisor.ConnectionPage
				w.get(fmt.Sprintf("/connz?limit=3&cursor=%d%s", cursor, filter), &page)
				got = append(got, ids(page))
				pages++
				if cursor = page.Next; cursor == 0 {
					break
				}
			}
			if s := strings.Join(got, "|"); s != "1 2 3|4 5 6|7" || pages != 3 {
				t.Errorf("filter %q: %q in %d pages", filter, s, pages)
			}
		}
		var page supervisor.ConnectionPage
		w.get("/connz?identifier=phone&cursor=18446744073709551615", &page)
		if len(page.Connections) != 0 {
			t.Errorf("past the end: %+v", page)
		}
	})
}

// guards P6: why a client went can be asked for by user.
func TestTerminationsCanBeAskedFor(t *testing.T) {
	inWorld(t, admin.Options{}, func(w *world) {
		var none supervisor.TerminationPage
		w.get("/connz?state=closed", &none)
		if none.Terminations == nil || len(none.Terminations) != 0 {
			t.Fatalf("%+v", none)
		}
		alice := w.join("alice", "phone")
		bob := w.join("bob", "desk")
		_ = alice.Close()
		synctest.Wait()
		var kicked admin.Kicked
		w.do(request("POST", "/kick?user=bob&text=enough"), 200, &kicked)
		<-bob.Done()
		synctest.Wait()
		for _, c := range []struct{ query, want string }{
			{"", "bob:kicked alice:bye"}, // the newest first
			{"&user=alice", "alice:bye"},
			{"&reason=kicked", "bob:kicked"},
			{"&reason=eof", ""},
			{"&id=1", "alice:bye"},
			{"&identifier=desk", "bob:kicked"},
			{"&endpoint=x", ""},
		} {
			var page supervisor.TerminationPage
			w.get("/connz?state=closed"+c.query, &page)
			var got []string
			for _, x := range page.Terminations {
				got = append(got, x.User+":"+x.Reason.String())
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s: %q, not %q", c.query, s, c.want)
			}
		}
		var page supervisor.TerminationPage
		w.get("/connz?state=closed&user=bob", &page)
		if x := page.Terminations[0]; x.Reason != wire.ReasonKicked || x.Detail != "enough" || x.BytesIn == 0 {
			t.Errorf("the evidence: %+v", x)
		}
		w.get("/connz?state=closed&limit=1", &page)
		if page.Next == 0 || len(page.Terminations) != 1 {
			t.Fatalf("first page: %+v", page)
		}
		var second supervisor.TerminationPage
		w.get(fmt.Sprintf("/connz?state=closed&limit=1&cursor=%d", page.Next), &second)
		if len(second.Terminations) != 1 || second.Terminations[0].User != "alice" {
			t.Errorf("second page: %+v", second)
		}
	})
}
