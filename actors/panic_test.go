package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// Nothing that panics anywhere may cost more than one connection or one answer.
// These tests play one scenario, in which every message comes that the actors
// know, again and again, and let the first, the second, … message of an actor
// panic.

// kindOf tells which actor an ID is of.
func kindOf(id string) string {
	for _, kind := range []string{"registry", "users", "herald"} {
		if strings.HasSuffix(id, "/"+kind) {
			return kind
		}
	}
	return "connection"
}

// bomb panics before the n-th message of a kind of actor, and before as many
// more at the same actor as it has charges.
type bomb struct {
	mu      sync.Mutex
	kind    string
	n       int
	charges int
	id      string
	at      []string // where it went off
	seen    map[string]bool
}

func (b *bomb) before(id string, msg any) {
	if kindOf(id) != b.kind {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	name := fmt.Sprintf("%T", msg)
	b.seen[name] = true
	if b.n--; b.n == 0 {
		b.id = id
	}
	if b.id == id && b.charges > 0 {
		b.charges--
		b.at = append(b.at, name)
		panic("injected")
	}
}

func (b *bomb) String() string { return fmt.Sprintf("%s: %v", b.kind, b.at) }

// scenario makes some users come, talk, and go in every way there is. Peers
// whose connection has been ended by a panic are of no account.
func scenario(w *world) {
	users := []string{"ann", "bob", "cid", "dan", "eve"}
	var peers []*peer
	for _, u := range users {
		p := w.dial()
		_ = p.try(hello(u))
		w.settle()
		_ = p.try(&wire.Login{Request: 1, User: u}, &wire.Ping{Time: 1})
		w.settle()
		_ = p.try(&wire.Watch{Request: 2, Everyone: true}, &wire.Watch{Request: 3, Users: []string{"ann", "bob"}})
		w.settle()
		peers = append(peers, p)
	}
	for i, p := range peers {
		to := users[(i+1)%len(users)]
		_ = p.try(&wire.Send{ID: 4, To: to, Body: []byte("hi")}, &wire.Send{ID: 5, To: "nobody"},
			&wire.Request{Request: 6, Kind: "echo"}, &wire.App{Kind: "echo"}, &wire.Unwatch{Request: 7})
	}
	w.pass(time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = w.sys.Push(ctx, "bob", "news", nil)
	_, _ = w.sys.PushAll(ctx, "news", nil)
	_, _ = w.sys.Counts(ctx)
	_, _ = w.sys.Users(ctx, 0, 0)
	_ = peers[1].try(&wire.Logout{Request: 8})
	w.settle()
	_ = peers[1].try(&wire.Login{Request: 9, User: "bob"}, &wire.Watch{Request: 10, Everyone: true})
	w.settle()
	_ = peers[0].try(&wire.Bye{Reason: wire.ReasonBye})
	w.settle()
	peers[1].close()
	peers[2].link.reset()
	_ = w.sys.Kick(ctx, peers[3].id, "out")
	peers[4].silence() // till the heartbeat ends it
	w.pass(2 * time.Minute)
	for _, p := range peers {
		p.close()
	}
	w.pass(10 * time.Second) // a sweep
}

// guards H1, H5, S1, S2, S4: a panic before any one message of any actor, and
// two in a row, are survived: every connection has one termination, the other
// users are told of every departure, and when all have gone nobody is left
// online and nothing is left in the maps.
func TestEveryMessageMayPanic(t *testing.T) {
	for _, kind := range []string{"connection", "registry", "users"} {
		for charges := 1; charges <= 2; charges++ {
			t.Run(fmt.Sprintf("%s, %d", kind, charges), func(t *testing.T) {
				seen := map[string]bool{}
				for n := 1; ; n++ {
					b := &bomb{kind: kind, n: n, charges: charges, seen: seen}
					synctest.Test(t, func(t *testing.T) { survive(t, b) })
					if len(b.at) == 0 {
						t.Logf("%d messages, of %d types: %v", n-1, len(seen), seen)
						break
					}
					if t.Failed() {
						t.Fatal(b)
					}
				}
			})
		}
	}
}

func survive(t *testing.T, b *bomb) {
	w := newWorld(t, func(s *Settings) {
		s.Handle = func(string) (Handler, bool) {
			return func(_ context.Context, _ Caller, body []byte) ([]byte, error) { return body, nil }, true
		}
		s.Authenticate = func(context.Context, LoginAttempt) error { return nil }
		s.Grace = time.Second
	})
	w.onMessage(b.before)
	scenario(w)
	w.onMessage(nil)
	w.wantNobody()
	if n := w.sys.Counters().Panics; int(n) != len(b.at) {
		t.Errorf("%d panics counted of %d", n, len(b.at))
	}
	watcher := w.join("new").watching()
	watcher.send(&wire.Watch{Request: 2, Everyone: true})
	watcher.wantSees("new")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

// wantNobody checks that all who were there have gone in every book, and that
// the world was told so.
func (w *world) wantNobody() {
	w.t.Helper()
	type left struct{ all, maps, conns, users, online int }
	l := onRegistry(w, func(r *registry) left { return left{all: len(r.all), maps: r.dir.Len()} })
	u := onUsers(w, func(u *userManager) left {
		return left{conns: len(u.conns), users: u.book.Counts().Users, online: u.board.Counts().Online}
	})
	l.conns, l.users, l.online = u.conns, u.users, u.online
	if l != (left{}) {
		w.t.Errorf("left: %+v", l)
	}
	if n := w.sys.conns.Load(); n != 0 {
		w.t.Errorf("%d connection actors have not stopped", n)
	}
	online := 0
	for _, e := range w.presenceLog() {
		if strings.HasPrefix(e, "+") {
			online++
		} else {
			online--
		}
	}
	if online != 0 {
		w.t.Errorf("presence: %v", w.presenceLog())
	}
}

// A panic while all are told to go must not leave anyone behind (H2).
func TestPanicsDuringShutdown(t *testing.T) {
	for _, kind := range []string{"connection", "registry", "users"} {
		for n := 1; n <= 12; n++ {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.join("ann")
				w.join("bob")
				w.dial()
				b := &bomb{kind: kind, n: n, charges: 1, seen: map[string]bool{}}
				w.onMessage(b.before)
				ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
				defer cancel()
				if err := w.shutdown(ctx); err != nil {
					t.Errorf("%v: %v", b, err)
				}
			})
		}
	}
}

// guards N10: a panic in the embedding program's event handler costs it that
// one event.
func TestEventHandlerMayPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		w := newWorld(t, func(s *Settings) {
			record := s.OnEvent
			s.OnEvent = func(e Event) {
				record(e)
				got = append(got, fmt.Sprintf("%T", e))
				panic(errors.New("a bad subscriber"))
			}
		})
		w.join("ann").close()
		w.settle()
		want := "[actors.Established actors.UserOnline actors.Terminated actors.SessionEnded actors.UserOffline]"
		if s := fmt.Sprint(got); s != want {
			t.Errorf("%s; want %s", s, want)
		}
		if n := w.sys.Counters().Panics; n != 5 {
			t.Errorf("%d panics counted", n)
		}
	})
}
