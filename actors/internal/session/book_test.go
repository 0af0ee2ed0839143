package session_test

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"example.com/rollcall/actors/internal/roster"
	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

func equal(a, b []string) bool { return slices.Equal(a, b) }

func sameUser(a, b session.User) bool { return reflect.DeepEqual(a, b) }

func user(t *testing.T, b *session.Book, name string) session.User {
	t.Helper()
	u, ok := b.Of(name)
	if !ok {
		t.Fatalf("%s is unknown", name)
	}
	return u
}

func TestPolicies(t *testing.T) {
	tests := []struct {
		name     string
		policy   session.Policy
		resume   bool // the second login proves the first one's session
		want     error
		replaced []uint64
		sessions int
	}{
		{"many", session.Many, false, nil, nil, 2},
		{"many, resumed", session.Many, true, nil, []uint64{1}, 1},
		{"replace", session.Replace, false, nil, []uint64{1}, 1},
		{"replace, resumed", session.Replace, true, nil, []uint64{1}, 1},
		{"refuse", session.Refuse, false, session.ErrAlreadyOnline, nil, 1},
		{"refuse, resumed", session.Refuse, true, nil, []uint64{1}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := book(session.Config{Policy: tt.policy}, 1, 2)
			first := login(t, b, 0, 1, "alice", 0)
			token := uint64(0)
			if tt.resume {
				token = first.Session
			}
			l, err := b.Login(time.Second, at(time.Second), 2, "alice", token)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if !slices.Equal(l.Replaced, tt.replaced) || l.CameOnline {
				t.Errorf("%+v", l)
			}
			if err == nil && (l.Resumed != tt.resume || (l.Session == first.Session) != tt.resume || l.Sessions != tt.sessions) {
				t.Errorf("first %+v, then %+v", first, l)
			}
			if n := len(user(t, b, "alice").Sessions); n != tt.sessions {
				t.Errorf("%d sessions", n)
			}
			for _, c := range tt.replaced {
				if _, _, ok := b.UserOf(c); ok || b.IsAdmitted(c) {
					t.Errorf("%d is still in the book", c)
				}
			}
		})
	}
}

func TestTokensThatBringNothingBack(t *testing.T) {
	const grace = time.Second
	tests := map[string]func(t *testing.T, b *session.Book) uint64{
		"none":            func(*testing.T, *session.Book) uint64 { return 0 },
		"never given":     func(*testing.T, *session.Book) uint64 { return 99 },
		"of another user": func(t *testing.T, b *session.Book) uint64 { return login(t, b, 0, 2, "bob", 0).Session },
		"logged out": func(t *testing.T, b *session.Book) uint64 {
			id := login(t, b, 0, 2, "alice", 0).Session
			if _, err := b.Logout(0, 0, 2); err != nil {
				t.Fatal(err)
			}
			return id
		},
		"said goodbye": func(t *testing.T, b *session.Book) uint64 {
			id := login(t, b, 0, 2, "alice", 0).Session
			b.End(0, 0, 2, wire.ReasonBye)
			return id
		},
		"lost too long ago": func(t *testing.T, b *session.Book) uint64 {
			id := login(t, b, 0, 2, "alice", 0).Session
			login(t, b, 0, 3, "alice", 0)
			b.End(0, 0, 2, wire.ReasonEOF)
			return id
		},
		"went offline": func(t *testing.T, b *session.Book) uint64 {
			id := login(t, b, 0, 2, "alice", 0).Session
			b.End(0, 0, 2, wire.ReasonEOF)
			if n := len(b.Expire(grace)); n != 1 {
				t.Fatalf("%d expired", n)
			}
			return id
		},
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			b := book(session.Config{Grace: grace}, 1, 2, 3)
			token := before(t, b)
			l := login(t, b, grace, 1, "alice", token)
			if l.Resumed || l.Session == token || len(l.Replaced) != 0 {
				t.Errorf("token %d gave %+v", token, l)
			}
		})
	}
}

// guards G3: a return within the grace is invisible; each of the lost sessions
// can come back under its own ID.
func TestReturnWithinTheGrace(t *testing.T) {
	const grace = 10 * time.Second
	b := book(session.Config{Grace: grace}, 1, 2, 3, 4)
	phone, laptop := login(t, b, 0, 1, "alice", 0), login(t, b, 0, 2, "alice", 0)
	if d := b.End(1*time.Second, at(1), 1, wire.ReasonReset); d.Held || d.WentOffline || d.SessionsLeft != 1 {
		t.Fatalf("the phone: %+v", d)
	}
	if d := b.End(2*time.Second, at(2), 2, wire.ReasonHeartbeatTimeout); !d.Held || d.WentOffline || d.Until != 12*time.Second {
		t.Fatalf("the laptop: %+v", d)
	}
	held := user(t, b, "alice")
	if !held.Held || held.Until != 12*time.Second || held.Reason != wire.ReasonHeartbeatTimeout || held.Since != at(0) {
		t.Errorf("while held: %+v", held)
	}
	if c := b.Counts(); c.Users != 0 || c.Held != 1 || c.Sessions != 0 || c.Admitted != 2 {
		t.Errorf("while held: %+v", c)
	}
	if l := login(t, b, 3*time.Second, 3, "alice", phone.Session); !l.Resumed || l.CameOnline || l.Session != phone.Session {
		t.Errorf("the phone's return: %+v", l)
	}
	if _, ok := b.Next(); ok {
		t.Error("the grace goes on")
	}
	if l := login(t, b, 4*time.Second, 4, "alice", laptop.Session); !l.Resumed || l.CameOnline || l.Session != laptop.Session {
		t.Errorf("the laptop's return: %+v", l)
	}
	if gone := b.Expire(time.Hour); len(gone) != 0 {
		t.Errorf("expired: %+v", gone)
	}
	if u := user(t, b, "alice"); u.Held || u.Since != at(0) || len(u.Sessions) != 2 {
		t.Errorf("after the return: %+v", u)
	}
}

// A deadline that has passed without a word to anybody is called off too: else
// the watchers would see a flap that nobody decided on.
func TestReturnAfterTheDeadlineBeforeExpire(t *testing.T) {
	b := book(session.Config{Grace: time.Second}, 1, 2)
	login(t, b, 0, 1, "alice", 0)
	b.End(0, 0, 1, wire.ReasonEOF)
	if l := login(t, b, 5*time.Second, 2, "alice", 1); l.CameOnline || l.Resumed {
		t.Errorf("%+v", l)
	}
	if gone := b.Expire(time.Hour); len(gone) != 0 {
		t.Errorf("expired: %+v", gone)
	}
}

func TestWhoIsHeld(t *testing.T) {
	for _, reason := range wire.Reasons() {
		b := book(session.Config{Grace: time.Second}, 1)
		login(t, b, 0, 1, "alice", 0)
		d := b.End(0, 0, 1, reason)
		if d.Held != reason.Involuntary() || d.WentOffline == d.Held || d.Reason != reason {
			t.Errorf("%v: %+v", reason, d)
		}
		if again := b.End(0, 0, 1, reason); again != (session.Departure{}) {
			t.Errorf("%v, once more: %+v", reason, again)
		}
	}
}

func TestLogoutKeepsTheConnection(t *testing.T) {
	b := book(session.Config{Grace: time.Hour, Policy: session.Replace}, 1)
	first := login(t, b, 0, 1, "alice", 0)
	d, err := b.Logout(1, 1, 1)
	if err != nil || !d.WentOffline || d.Reason != wire.ReasonLogout || d.Session != first.Session {
		t.Fatalf("%+v, %v", d, err)
	}
	if !b.IsAdmitted(1) {
		t.Fatal("the connection is forgotten")
	}
	if l := login(t, b, 2, 1, "bob", 0); !l.CameOnline || l.Session == first.Session {
		t.Errorf("the next login: %+v", l)
	}
}

func TestBounds(t *testing.T) {
	t.Run("held users", func(t *testing.T) {
		b := book(session.Config{Grace: time.Second, MaxHeld: 1}, 1, 2)
		login(t, b, 0, 1, "alice", 0)
		login(t, b, 0, 2, "bob", 0)
		if d := b.End(0, 0, 1, wire.ReasonEOF); !d.Held {
			t.Errorf("the first: %+v", d)
		}
		if d := b.End(0, 0, 2, wire.ReasonEOF); d.Held || !d.WentOffline {
			t.Errorf("past the bound: %+v", d)
		}
	})
	t.Run("lost sessions", func(t *testing.T) {
		// A client that flaps beside a steady one of the same user: only the
		// newest lost sessions are remembered.
		b := book(session.Config{Grace: time.Hour, MaxPerUser: 3}, 1)
		login(t, b, 0, 1, "alice", 0)
		for c := uint64(2); c <= 10; c++ {
			b.Admit(c)
			login(t, b, 0, c, "alice", 0)
			b.End(0, 0, c, wire.ReasonEOF)
		}
		for c := uint64(20); c < 22; c++ {
			b.Admit(c)
		}
		if l := login(t, b, 1, 20, "alice", 7); l.Resumed {
			t.Error("the seventh session is remembered")
		}
		if l := login(t, b, 1, 21, "alice", 8); !l.Resumed {
			t.Error("the eighth session is forgotten")
		}
	})
}

// What Connections has returned stays as it is while the book changes.
func TestConnectionsAreASnapshot(t *testing.T) {
	b := book(session.Config{}, 1, 2, 3)
	for c := uint64(3); c > 0; c-- {
		login(t, b, 0, c, "alice", 0)
	}
	was := b.Connections("alice")
	for _, c := range was {
		b.End(0, 0, c, wire.ReasonBye)
	}
	if !slices.Equal(was, []uint64{1, 2, 3}) || len(b.Connections("alice")) != 0 {
		t.Errorf("%v, and now %v", was, b.Connections("alice"))
	}
}

func TestPage(t *testing.T) {
	b := session.New(session.Config{})
	for c := uint64(1); c <= 10; c++ {
		b.Admit(c)
		login(t, b, 0, c, fmt.Sprintf("user%02d", c), 0)
	}
	var seen []string
	cursor := roster.Seq(0)
	for more := true; more; {
		var users []session.User
		users, cursor, more = b.Page(cursor, 3)
		for _, u := range users {
			seen = append(seen, u.Name)
		}
		if len(seen) == 3 {
			b.End(0, 0, 2, wire.ReasonBye) // on a page that is done
			b.End(0, 0, 5, wire.ReasonBye) // on one that is to come
		}
	}
	want := []string{"user01", "user02", "user03", "user04", "user06", "user07", "user08", "user09", "user10"}
	if !equal(seen, want) {
		t.Errorf("got %v", seen)
	}
}

func TestConfig(t *testing.T) {
	if err := (session.Config{}).Validate(); err != nil {
		t.Errorf("the zero config: %v", err)
	}
	err := session.Config{Policy: 9, Grace: -1, MaxPerUser: -1, MaxHeld: -1}.Validate()
	if !errors.Is(err, session.ErrConfig) {
		t.Fatalf("got %v", err)
	}
	if all := err.(interface{ Unwrap() []error }).Unwrap(); len(all) != 4 {
		t.Errorf("%d errors: %v", len(all), err)
	}
	names := []string{session.Many.String(), session.Replace.String(), session.Refuse.String(), session.Policy(7).String()}
	if !equal(names, []string{"many", "replace", "refuse", "policy_7"}) {
		t.Errorf("%v", names)
	}
}
