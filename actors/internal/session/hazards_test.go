package session_test

import (
	"errors"
	"testing"
	"time"

	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

// book returns a book with the connections admitted.
func book(cfg session.Config, conns ...uint64) *session.Book {
	b := session.New(cfg)
	for _, c := range conns {
		b.Admit(c)
	}
	return b
}

func login(t *testing.T, b *session.Book, now time.Duration, conn uint64, user string, resume uint64) session.Login {
	t.Helper()
	l, err := b.Login(now, at(now), conn, user, resume)
	if err != nil {
		t.Fatalf("login of %d as %s: %v", conn, user, err)
	}
	return l
}

// at is a wall clock that goes along with now.
func at(now time.Duration) int64 { return 1_700_000_000_000 + now.Milliseconds() }

func online(b *session.Book, user string) bool {
	_, ok := b.Of(user)
	return ok
}

// guards N6: whatever order the reconnect and the late end come in, the user who
// has a live connection stays online, and is offline only after the last end.
func TestLateEndOfTheOldConnection(t *testing.T) {
	for _, policy := range []session.Policy{session.Many, session.Replace, session.Refuse} {
		for _, resume := range []bool{false, true} {
			for _, reason := range wire.Reasons() {
				if policy == session.Refuse && !resume {
					continue // the second login is refused: see TestPolicies
				}
				b := book(session.Config{Policy: policy}, 1, 2)
				first := login(t, b, 0, 1, "alice", 0)
				token := uint64(0)
				if resume {
					token = first.Session
				}
				second := login(t, b, 1, 2, "alice", token)
				if !first.CameOnline || second.CameOnline {
					t.Errorf("%v: came online %v, then %v", policy, first.CameOnline, second.CameOnline)
				}
				if d := b.End(2, 2, 1, reason); d.WentOffline || d.Held {
					t.Errorf("%v: the late end (%v) of the old connection: %+v", policy, reason, d)
				}
				if !online(b, "alice") || len(b.Connections("alice")) != 1 {
					t.Errorf("%v: after the late end (%v) alice has %v", policy, reason, b.Connections("alice"))
				}
				if d := b.End(3, 3, 2, reason); !d.WentOffline {
					t.Errorf("%v: the last end: %+v", policy, d)
				}
			}
		}
	}
}

// guards N8: a login of a connection that has ended, was replaced or never was,
// leaves nobody online.
func TestLoginAfterTheEnd(t *testing.T) {
	tests := map[string]func(b *session.Book){
		"never admitted": func(*session.Book) {},
		"ended": func(b *session.Book) {
			b.Admit(9)
			b.End(0, 0, 9, wire.ReasonEOF)
		},
		"ended with a session": func(b *session.Book) {
			b.Admit(9)
			_, _ = b.Login(0, 0, 9, "bob", 0)
			b.End(0, 0, 9, wire.ReasonEOF)
		},
		"replaced": func(b *session.Book) {
			b.Admit(9)
			b.Admit(10)
			_, _ = b.Login(0, 0, 9, "carol", 0)
			_, _ = b.Login(0, 0, 10, "carol", 0)
		},
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			b := book(session.Config{Policy: session.Replace})
			before(b)
			counts := b.Counts()
			if _, err := b.Login(1, 1, 9, "ghost", 0); !errors.Is(err, session.ErrGone) {
				t.Errorf("the login: %v", err)
			}
			if online(b, "ghost") || b.Counts() != counts {
				t.Errorf("a ghost: %+v, was %+v", b.Counts(), counts)
			}
			if _, err := b.Logout(1, 1, 9); !errors.Is(err, session.ErrGone) {
				t.Errorf("the logout: %v", err)
			}
		})
	}
}

// guards S3: a login of an older connection, delayed on its way, does not end
// the session of a newer one, whatever it proves, and changes nothing.
func TestDelayedLoginOfAnOlderConnection(t *testing.T) {
	tests := []struct {
		name   string
		policy session.Policy
		token  bool // the older login proves the newer connection's session
		want   error
	}{
		{"replace", session.Replace, false, session.ErrOlder},
		{"replace with a token", session.Replace, true, session.ErrOlder},
		{"refuse", session.Refuse, false, session.ErrAlreadyOnline},
		{"refuse with a token", session.Refuse, true, session.ErrOlder},
		{"many with a token", session.Many, true, session.ErrOlder},
		{"many", session.Many, false, nil}, // nobody is ended
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := book(session.Config{Policy: tt.policy}, 1, 2)
			newer := login(t, b, 0, 2, "alice", 0)
			token := uint64(0)
			if tt.token {
				token = newer.Session
			}
			l, err := b.Login(1, 1, 1, "alice", token)
			if !errors.Is(err, tt.want) {
				t.Fatalf("the older login: %v, want %v", err, tt.want)
			}
			if len(l.Replaced) != 0 {
				t.Errorf("it replaced %v", l.Replaced)
			}
			if _, id, ok := b.UserOf(2); !ok || id != newer.Session {
				t.Errorf("the newer connection has session %d, %v", id, ok)
			}
			if d := b.End(2, 2, 1, wire.ReasonReplaced); d.WentOffline {
				t.Errorf("the end of the older one: %+v", d)
			}
			if !online(b, "alice") {
				t.Error("alice is offline")
			}
		})
	}
}

// guards P3: graces run out by their deadline, then by name; whatever order they
// began in, were called off in, or were asked for in.
func TestGracesByDeadline(t *testing.T) {
	const grace = 10 * time.Second
	b := session.New(session.Config{Grace: grace})
	lost := []struct {
		user string
		at   time.Duration
	}{
		{"dora", 3 * time.Second}, {"carl", time.Second}, {"anna", 3 * time.Second},
		{"bert", 2 * time.Second}, {"emil", 0}, {"bess", 3 * time.Second},
	}
	for i, l := range lost {
		conn := uint64(i + 1)
		b.Admit(conn)
		login(t, b, 0, conn, l.user, 0)
		d := b.End(l.at, at(l.at), conn, wire.ReasonEOF)
		if !d.Held || d.WentOffline || d.Until != l.at+grace {
			t.Fatalf("the loss of %s: %+v", l.user, d)
		}
	}
	b.Admit(100)
	login(t, b, 4*time.Second, 100, "bert", 0) // called off: not among them

	if next, ok := b.Next(); !ok || next != grace {
		t.Errorf("next at %v, %v", next, ok)
	}
	if early := b.Expire(grace - 1); len(early) != 0 {
		t.Errorf("too early: %+v", early)
	}
	if first := b.Expire(grace); len(first) != 1 || first[0].User != "emil" {
		t.Errorf("at the first deadline: %+v", first)
	}
	var order []string
	for _, d := range b.Expire(time.Minute) {
		if !d.WentOffline || d.Reason != wire.ReasonEOF || d.At != at(d.Until-grace) {
			t.Errorf("%+v", d)
		}
		order = append(order, d.User)
	}
	if want := []string{"carl", "anna", "bess", "dora"}; !equal(order, want) {
		t.Errorf("in the order %v, want %v", order, want)
	}
	if _, ok := b.Next(); ok {
		t.Error("a grace is left")
	}
}

// guards S1: what is refused changes nothing.
func TestRefusalsChangeNothing(t *testing.T) {
	tests := []struct {
		name string
		cfg  session.Config
		call func(b *session.Book) error
		want error
	}{
		{"already logged in", session.Config{}, func(b *session.Book) error {
			_, err := b.Login(5, 5, 1, "other", 0)
			return err
		}, session.ErrAlreadyLoggedIn},
		{"too many", session.Config{MaxPerUser: 2}, func(b *session.Book) error {
			_, err := b.Login(5, 5, 3, "alice", 0)
			return err
		}, session.ErrTooMany},
		{"not logged in", session.Config{}, func(b *session.Book) error {
			_, err := b.Logout(5, 5, 3)
			return err
		}, session.ErrNotLoggedIn},
		{"gone", session.Config{}, func(b *session.Book) error {
			_, err := b.Login(5, 5, 4, "alice", 1)
			return err
		}, session.ErrGone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := book(tt.cfg, 1, 2, 3)
			login(t, b, 0, 1, "alice", 0)
			login(t, b, 1, 2, "alice", 0)
			before, counts := user(t, b, "alice"), b.Counts()
			if err := tt.call(b); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if after := user(t, b, "alice"); !sameUser(before, after) || b.Counts() != counts {
				t.Errorf("it changed %+v %+v into %+v %+v", before, counts, after, b.Counts())
			}
			if l := login(t, b, 9, 3, "new", 0); l.Session != 3 {
				t.Errorf("it used up session IDs: the next is %d", l.Session)
			}
		})
	}
}

// guards N25: the hot paths of routing are one look into a map each, and cost no
// allocation.
func TestHotPathsDoNotAllocate(t *testing.T) {
	b := book(session.Config{}, 1, 2)
	login(t, b, 0, 1, "alice", 0)
	login(t, b, 0, 2, "alice", 0)
	sum := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		for _, c := range b.Connections("alice") {
			sum += c
		}
		for range b.Connections("nobody") {
			sum++
		}
		_, id, _ := b.UserOf(2)
		sum += id
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if sum == 0 {
		t.Error("nothing was found")
	}
}
