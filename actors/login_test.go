package actors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// guards N8: the authenticator is slow, and the client is gone, or on its way
// out, before it has decided. Its login leaves no ghost: no session, no news.
func TestLoginAfterTheEnd(t *testing.T) {
	for _, reason := range []wire.Reason{wire.ReasonEOF, wire.ReasonKicked} {
		t.Run(reason.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told atomic.Bool
				w := newWorld(t, func(s *Settings) {
					s.Linger = 10 * time.Second // who is kicked is still there when it is decided
					s.Authenticate = func(ctx context.Context, _ LoginAttempt) error {
						time.Sleep(3 * time.Second)
						told.Store(ctx.Err() != nil)
						return nil // it admits, all the same
					}
				})
				w.onMessage(func(_ string, msg any) {
					if _, ok := msg.(loginUser); ok {
						w.fail("a connection that has ended asks for a session")
					}
				})
				p := w.dial().greet("x")
				p.send(&wire.Login{Request: 1, User: "ann"})
				w.pass(time.Second)
				if reason == wire.ReasonEOF {
					p.close()
				} else if err := w.sys.Kick(t.Context(), p.id, ""); err != nil {
					t.Fatal(err)
				}
				w.pass(20 * time.Second)
				w.wantEnd(p.id, reason)
				if log := w.presenceLog(); len(log) != 0 {
					t.Errorf("presence: %v", log)
				}
				if _, err := w.sys.User(t.Context(), "ann"); !errors.Is(err, ErrNotFound) {
					t.Errorf("a ghost: %v", err)
				}
				if !told.Load() {
					t.Error("the authenticator was not told that the connection had gone")
				}
			})
		})
	}
}

// guards N8: a login that reaches the user manager behind the termination is
// refused there.
func TestLoginBehindTheTermination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.dial().greet("x")
		c := w.actorOf(p.id)
		p.close()
		w.settle()
		w.sys.users.tell(loginUser{c: c, login: &wire.Login{Request: 1, User: "ann"}, credit: 1})
		w.settle()
		if log := w.presenceLog(); len(log) != 0 {
			t.Errorf("presence: %v", log)
		}
		if n := onUsers(w, func(u *userManager) int { return u.book.Counts().Sessions + u.board.Counts().Online }); n != 0 {
			t.Errorf("a ghost")
		}
	})
}

// guards S3: with the policy Replace, the login of the older connection, delayed
// on its way, does not evict the session of the newer one of the same client.
func TestDelayedLoginOfTheOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delay := map[uint64]time.Duration{1: 5 * time.Second}
		w := newWorld(t, func(s *Settings) {
			s.Policy = Replace
			s.Authenticate = func(_ context.Context, l LoginAttempt) error {
				time.Sleep(delay[l.Connection])
				return nil
			}
		})
		old := w.dial().greet("laptop")
		old.send(&wire.Login{Request: 1, User: "ann"})
		next := w.dial().greet("laptop")
		next.login("ann")
		w.pass(5 * time.Second)
		if e := want[*wire.Error](old); e.Request != 1 || e.Code != wire.CodeReplaced {
			t.Errorf("%+v", e)
		}
		if b := want[*wire.Bye](old); b.Reason != wire.ReasonReplaced {
			t.Errorf("%+v", b)
		}
		w.wantEnd(old.id, wire.ReasonReplaced)
		if u, err := w.sys.User(t.Context(), "ann"); err != nil || len(u.Sessions) != 1 || u.Sessions[0].Connection != next.id {
			t.Errorf("%+v, %v", u, err)
		}
		if log := w.presenceLog(); !slices.Equal(log, []string{"+ann"}) {
			t.Errorf("presence: %v", log)
		}
	})
}

// What each policy does with a second login, and what everyone is told.
func TestPolicies(t *testing.T) {
	tests := []struct {
		policy Policy
		first  wire.Reason // how the first connection ends, if it does
		second wire.Code   // why the second login is refused, if it is
	}{
		{Many, wire.ReasonNone, wire.CodeNone},
		{Replace, wire.ReasonReplaced, wire.CodeNone},
		{Refuse, wire.ReasonNone, wire.CodeAlreadyOnline},
	}
	for _, tt := range tests {
		t.Run(tt.policy.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) { s.Policy = tt.policy })
				watcher := w.join("watcher").watching()
				watcher.send(&wire.Watch{Request: 2, Everyone: true})
				first, second := w.join("ann"), w.dial().greet("tablet")
				second.send(&wire.Login{Request: 7, User: "ann"})
				if tt.first != wire.ReasonNone {
					w.wantEnd(first.id, tt.first)
					if b := want[*wire.Bye](first); b.Reason != tt.first {
						t.Errorf("%+v", b)
					}
				} else if e := w.terminationOf(first.id); e != nil {
					t.Errorf("the first ended: %+v", e)
				}
				if tt.second != wire.CodeNone {
					if e := want[*wire.Error](second); e.Request != 7 || e.Code != tt.second {
						t.Errorf("%+v", e)
					}
					w.wantEnd(second.id, wire.ReasonLoginRefused)
				} else {
					want[*wire.LoginOK](second)
				}
				watcher.wantSees("ann", "watcher")
				if v := watcher.seen(); v.changes != 1 {
					t.Errorf("the watcher was told of %d changes", v.changes)
				}
				first.close()
				second.close()
				watcher.wantSees("watcher")
			})
		})
	}
}

// The token of a session brings it back, under every policy; one that proves
// nothing is ignored.
func TestResume(t *testing.T) {
	for _, policy := range []Policy{Many, Replace, Refuse} {
		t.Run(policy.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) { s.Policy = policy })
				old := w.dial().greet("laptop")
				ok := old.login("ann")
				next := w.dial().greet("laptop")
				next.send(&wire.Login{Request: 3, User: "ann", Token: ok.Token})
				if got := want[*wire.LoginOK](next); !got.Resumed || got.Session != ok.Session {
					t.Errorf("%+v, was %+v", got, ok)
				}
				w.wantEnd(old.id, wire.ReasonReplaced)
				if log := w.presenceLog(); len(log) != 1 {
					t.Errorf("presence: %v", log)
				}
			})
		})
	}
}

// guards N25: a token is worth something to its own user in its own epoch only.
func TestTokens(t *testing.T) {
	s := &System{set: Settings{Epoch: 1, TokenKey: []byte("k")}}
	token := s.token("ann", 42)
	if got := s.tokenSession("ann", token); got != 42 {
		t.Errorf("%d", got)
	}
	if len(token) > wire.MaxToken {
		t.Errorf("%d bytes", len(token))
	}
	for i := range token {
		bad := slices.Clone(token)
		bad[i] ^= 1
		if got := s.tokenSession("ann", bad); got != 0 {
			t.Errorf("with byte %d changed it proves session %d", i, got)
		}
	}
	later := &System{set: Settings{Epoch: 2, TokenKey: []byte("k")}}
	other := &System{set: Settings{Epoch: 1, TokenKey: []byte("l")}}
	if s.tokenSession("bob", token)+later.tokenSession("ann", token)+other.tokenSession("ann", token)+
		s.tokenSession("ann", token[:23])+s.tokenSession("ann", nil) != 0 {
		t.Error("it proves something to somebody else")
	}
}

// guards N16: what is sent behind a login or a logout is handled behind it, also
// while an authenticator thinks; heartbeats do not wait (N21).
func TestRequestsWaitForTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) {
			s.Authenticate = func(_ context.Context, l LoginAttempt) error { time.Sleep(time.Second); return nil }
		})
		p := w.dial().greet("x")
		p.send(&wire.Login{Request: 1, User: "ann"}, &wire.Send{ID: 2, To: "ann"}, &wire.Logout{Request: 3},
			&wire.Send{ID: 4, To: "ann"}, &wire.Watch{Request: 5, Everyone: true},
			&wire.Login{Request: 6, User: "bob"}, &wire.Login{Request: 7, User: "cid"}, &wire.Ping{Time: 9})
		if got := p.messages(); len(got) != 1 || got[0].Type() != wire.TypePong {
			t.Errorf("before the login: %v", got)
		}
		w.pass(2 * time.Second)
		var got []string
		for _, m := range p.messages() {
			switch m := m.(type) {
			case *wire.LoginOK:
				got = append(got, fmt.Sprint("login ", m.User))
			case *wire.Error:
				got = append(got, fmt.Sprint(m.Request, " ", m.Code.String()))
			case *wire.Ack:
				got = append(got, fmt.Sprint("ack ", m.ID))
			case *wire.OK:
				got = append(got, fmt.Sprint("ok ", m.Request))
			}
		}
		all := "login ann, ok 3, 4 not_logged_in, 5 not_logged_in, login bob, 7 already_logged_in"
		rest := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "ack 2" })
		if s := strings.Join(rest, ", "); s != all || len(got) != len(rest)+1 {
			t.Errorf("%s; want %s, and ack 2", strings.Join(got, ", "), all)
		}
		if log := w.presenceLog(); !slices.Equal(log, []string{"+ann", "-ann", "+bob"}) {
			t.Errorf("presence: %v", log)
		}
	})
}

// A logout ends the session and the watches, and not the connection.
func TestLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		p := w.join("ann").watching()
		p.send(&wire.Watch{Request: 2, Everyone: true})
		p.wantSees("ann")
		p.send(&wire.Logout{Request: 3})
		want[*wire.OK](p)
		w.join("bob")
		p.wantSees("ann") // it was told of nothing any more
		if e := seen[UserOffline](w); len(e) != 1 || e[0].Reason != wire.ReasonLogout {
			t.Errorf("%+v", e)
		}
		p.send(&wire.Logout{Request: 4})
		for {
			if e, ok := find[*wire.Error](p); !ok {
				t.Fatal("a second logout was not refused")
			} else if e.Request == 4 && e.Code == wire.CodeNotLoggedIn {
				break
			}
		}
		if i, err := w.sys.Connection(t.Context(), p.id); err != nil || i.User != "" {
			t.Errorf("%+v, %v", i, err)
		}
		p.login("cid")
	})
}
