package actors

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// recordingHandler takes a second for each message, and notes the bodies of the
// kind app in their order.
func recordingHandler(order *[]string) func(string) (Handler, bool) {
	return func(kind string) (Handler, bool) {
		return func(_ context.Context, _ Caller, body []byte) ([]byte, error) {
			time.Sleep(time.Second)
			if kind == "app" {
				*order = append(*order, string(body))
			}
			return body, nil
		}, true
	}
}

// The lists go through all there is, page by page.
func TestPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 25 {
			w.join(fmt.Sprintf("u%02d", i))
		}
		w.dial()
		ids, users := map[uint64]string{}, map[string]bool{}
		pages := 0
		for cursor, more := uint64(0), true; more; pages++ {
			p, err := w.sys.Connections(t.Context(), cursor, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range p.Connections {
				ids[c.ID] = c.User
			}
			cursor, more = p.Next, p.Next != 0
		}
		for cursor, more := uint64(0), true; more; pages++ {
			p, err := w.sys.Users(t.Context(), cursor, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, u := range p.Users {
				users[u.User] = len(u.Sessions) == 1 && u.Sessions[0].Identifier != "" && u.Sessions[0].Remote != ""
			}
			cursor, more = p.Next, p.Next != 0
		}
		if len(ids) != 25 || len(users) != 25 || pages != 6 {
			t.Errorf("%d connections, %d users, %d pages", len(ids), len(users), pages)
		}
		for id, user := range ids {
			if !users[user] {
				t.Errorf("connection %d is of %q", id, user)
			}
		}
		c, err := w.sys.Counts(t.Context())
		if err != nil || c != (Counts{Connections: 25, Identifiers: 25, Handshaking: 1, Users: 25, Sessions: 25, Epoch: 7, Version: 25}) {
			t.Errorf("%+v, %v", c, err)
		}
		if w.sys.Epoch() != 7 || w.sys.Draining() {
			t.Errorf("epoch %d, draining %v", w.sys.Epoch(), w.sys.Draining())
		}
		for limit, want := range map[int]int{0: 100, -1: 100, 7: 7, 5000: MaxPage} {
			if got := pageSize(limit); got != want {
				t.Errorf("a page of %d has %d", limit, got)
			}
		}
	})
}

// What is not there is not found; a question whose asker has no time is not
// waited for.
func TestNotFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx := t.Context()
		_, connection := w.sys.Connection(ctx, 9)
		_, user := w.sys.User(ctx, "ann")
		_, kickUser := w.sys.KickUser(ctx, "ann", "")
		for what, err := range map[string]error{
			"connection": connection, "user": user, "kick": w.sys.Kick(ctx, 9, ""), "kick user": kickUser,
		} {
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if n, err := w.sys.Push(ctx, "ann", "k", nil); n != 0 || err != nil {
			t.Errorf("push to nobody: %d, %v", n, err)
		}
		if _, err := w.sys.Push(ctx, "ann", "", nil); !errors.Is(err, wire.ErrField) {
			t.Errorf("push of no kind: %v", err)
		}
		if _, err := w.sys.Push(ctx, "ann", "k", make([]byte, wire.DefaultMaxFrame)); !errors.Is(err, wire.ErrFrameTooLarge) {
			t.Errorf("push of too much: %v", err)
		}
		over, cancel := context.WithCancel(ctx)
		cancel()
		w.onMessage(func(string, any) { time.Sleep(time.Second) })
		for what, ask := range map[string]func() error{
			"connection": func() error { _, err := w.sys.Connection(over, 9); return err },
			"user":       func() error { _, err := w.sys.User(over, "ann"); return err },
			"counts":     func() error { _, err := w.sys.Counts(over); return err },
		} {
			if err := ask(); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", what, err)
			}
		}
		w.onMessage(nil)
		w.pass(time.Minute)
	})
}

// guards H1, H10: who asks is answered also when the question panics; the actor
// goes on.
func TestQuestionsMayPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.join("ann").close()
		_, err := w.sys.Terminations(t.Context(), 0, 0, func(*Termination) bool { panic("a bad question") })
		if !errors.Is(err, ErrInternal) {
			t.Errorf("%v", err)
		}
		panicOn[userQuery](w, "/users", 1)
		if _, err := w.sys.User(t.Context(), "ann"); !errors.Is(err, ErrInternal) {
			t.Errorf("%v", err)
		}
		panicOn[pushUser](w, "/users", 1)
		if _, err := w.sys.Push(t.Context(), "ann", "k", nil); !errors.Is(err, ErrInternal) {
			t.Errorf("%v", err)
		}
		panicOn[registryQuery](w, "/registry", 1)
		if _, err := w.sys.Counts(t.Context()); !errors.Is(err, ErrInternal) {
			t.Errorf("%v", err)
		}
		if _, err := w.sys.Counts(t.Context()); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		w.settle()
		if n := len(seen[Fault](w)); n != 4 || w.sys.Counters().Panics != 4 {
			t.Errorf("%d faults told", n)
		}
	})
}

// A push to all reaches every session once, however many users there are.
func TestPushAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.MaxConnections = 2000 })
		var peers []*peer
		for i := range 1100 { // more than are looked at in one go
			peers = append(peers, w.join(fmt.Sprint("u", i)))
		}
		peers = append(peers, w.join("u7"))
		anon := w.dial().greet("anon")
		n, err := w.sys.PushAll(t.Context(), "news", []byte("x"))
		w.settle()
		if n != 1101 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		for _, p := range peers {
			m := want[*wire.App](p)
			if _, twice := find[*wire.App](p); twice || m.Kind != "news" {
				t.Errorf("connection %d got %+v, twice: %v", p.id, m, twice)
			}
		}
		if _, ok := find[*wire.App](anon); ok {
			t.Error("who is nobody got it")
		}
		if n, err := w.sys.KickUser(t.Context(), "u7", "out"); n != 2 || err != nil {
			t.Errorf("kicked %d, %v", n, err)
		}
	})
}

// guards G6: what is bounded for a user or a watcher, and what it is told.
func TestTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.MaxSessions = 2 })
		p := w.join("ann")
		w.join("ann")
		third := w.dial().greet("x")
		third.send(&wire.Login{Request: 5, User: "ann"})
		if e := want[*wire.Error](third); e.Code != wire.CodeTooMany || e.Request != 5 {
			t.Errorf("%+v", e)
		}
		w.wantEnd(third.id, wire.ReasonLoginRefused)
		for i := range 20 { // 10,240 names; the bound is 10,000
			var users []string
			for k := range 512 {
				users = append(users, fmt.Sprintf("u%d-%d", i, k))
			}
			p.send(&wire.Watch{Request: uint64(i) + 2, Users: users})
		}
		if e := want[*wire.Error](p); e.Code != wire.CodeTooMany || e.Request != 21 {
			t.Errorf("%+v", e)
		}
		if n := onUsers(w, func(u *userManager) int { return u.board.Counts().Watches }); n != 19*512 {
			t.Errorf("%d watches", n)
		}
		p.send(&wire.Ping{Time: 1})
		want[*wire.Pong](p)
	})
}
