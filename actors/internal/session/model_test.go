package session_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

// naive is a book as a list of everything that there is, searched from end to
// end by each question.
type naive struct {
	cfg      session.Config
	admitted []uint64
	sessions []seat
	lost     []left
	held     []hold
}

type seat struct {
	conn, id uint64
	user     string
}

type left struct {
	user  string
	id    uint64
	until time.Duration
}

type hold struct {
	user   string
	until  time.Duration
	reason wire.Reason
}

func (n *naive) of(user string) []seat {
	var all []seat
	for _, s := range n.sessions {
		if s.user == user {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b seat) int { return cmp.Compare(a.conn, b.conn) })
	return all
}

func (n *naive) online(user string) bool {
	return len(n.of(user)) > 0 || slices.ContainsFunc(n.held, func(h hold) bool { return h.user == user })
}

func (n *naive) login(now time.Duration, conn uint64, user string, token uint64) (resumed bool, ended []uint64, err error) {
	if !slices.Contains(n.admitted, conn) {
		return false, nil, session.ErrGone
	}
	if slices.ContainsFunc(n.sessions, func(s seat) bool { return s.conn == conn }) {
		return false, nil, session.ErrAlreadyLoggedIn
	}
	mine := n.of(user)
	for _, s := range mine {
		if s.id == token || n.cfg.Policy == session.Replace {
			if s.conn > conn {
				return false, nil, session.ErrOlder
			}
			ended = append(ended, s.conn)
		}
		resumed = resumed || s.id == token
	}
	switch {
	case n.cfg.Policy == session.Refuse && len(mine) > len(ended):
		return false, nil, session.ErrAlreadyOnline
	case n.cfg.Policy == session.Many && len(mine)-len(ended) >= n.cfg.MaxPerUser:
		return false, nil, session.ErrTooMany
	}
	for _, l := range n.lost {
		resumed = resumed || (l.user == user && l.id == token && now < l.until)
	}
	n.lost = slices.DeleteFunc(n.lost, func(l left) bool { return l.id == token })
	n.held = slices.DeleteFunc(n.held, func(h hold) bool { return h.user == user })
	for _, c := range ended {
		n.admitted = slices.DeleteFunc(n.admitted, func(a uint64) bool { return a == c })
		n.sessions = slices.DeleteFunc(n.sessions, func(s seat) bool { return s.conn == c })
	}
	return resumed, ended, nil
}

// leave returns whether the user is to be told offline, and whether it is held.
func (n *naive) leave(now time.Duration, conn uint64, reason wire.Reason) (s seat, offline, held bool) {
	i := slices.IndexFunc(n.sessions, func(s seat) bool { return s.conn == conn })
	if i < 0 {
		return seat{}, false, false
	}
	s = n.sessions[i]
	n.sessions = slices.Delete(n.sessions, i, i+1)
	graced := n.cfg.Grace > 0 && reason.Involuntary()
	if graced {
		n.lost = append(n.lost, left{s.user, s.id, now + n.cfg.Grace})
	}
	switch {
	case len(n.of(s.user)) > 0:
		return s, false, false
	case graced && len(n.held) < n.cfg.MaxHeld:
		n.held = append(n.held, hold{s.user, now + n.cfg.Grace, reason})
		return s, false, true
	default:
		n.lost = slices.DeleteFunc(n.lost, func(l left) bool { return l.user == s.user })
		return s, true, false
	}
}

func (n *naive) expire(now time.Duration) (gone []hold) {
	slices.SortFunc(n.held, func(a, b hold) int {
		return cmp.Or(cmp.Compare(a.until, b.until), cmp.Compare(a.user, b.user))
	})
	for len(n.held) > 0 && n.held[0].until <= now {
		h := n.held[0]
		gone, n.held = append(gone, h), n.held[1:]
		n.lost = slices.DeleteFunc(n.lost, func(l left) bool { return l.user == h.user })
	}
	return gone
}

// guards N6, N8, S3, P1, P3: whatever happens in whatever order, the book
// decides as the naive model does, and what its decisions add up to is who is
// online.
func TestBookAgainstTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := session.Config{
			Policy:     rapid.SampledFrom([]session.Policy{session.Many, session.Replace, session.Refuse}).Draw(t, "policy"),
			Grace:      rapid.SampledFrom([]time.Duration{0, 5, 20}).Draw(t, "grace"),
			MaxPerUser: 3,
			MaxHeld:    rapid.SampledFrom([]int{1, 100}).Draw(t, "most held"),
		}
		if cfg.Grace > 0 {
			cfg.MaxPerUser = 50 // so that no lost session is given up for the bound
		}
		b, n := session.New(cfg), &naive{cfg: cfg}
		told := map[string]bool{} // what watchers know
		tell := func(t *rapid.T, user string, online bool) {
			if told[user] == online {
				t.Fatalf("%s is told to be online=%v twice", user, online)
			}
			told[user] = online
		}
		now, next := time.Duration(0), uint64(0)
		users := []string{"a", "b", "c"}
		// Of the newest few, the one that is not admitted yet included: so most
		// draws hit something that lives.
		recent := rapid.Custom(func(t *rapid.T) uint64 {
			return uint64(rapid.IntRange(max(0, int(next)-4), int(next)+1).Draw(t, "recent"))
		})
		reasons := rapid.SampledFrom(wire.Reasons())

		t.Repeat(map[string]func(*rapid.T){
			"admit": func(*rapid.T) {
				next++
				b.Admit(next)
				n.admitted = append(n.admitted, next)
			},
			"wait": func(t *rapid.T) { now += time.Duration(rapid.IntRange(1, 8).Draw(t, "for")) },
			"login": func(t *rapid.T) {
				c, user := recent.Draw(t, "conn"), rapid.SampledFrom(users).Draw(t, "user")
				token := recent.Draw(t, "token")
				was := n.online(user)
				got, err := b.Login(now, int64(now), c, user, token)
				resumed, ended, want := n.login(now, c, user, token)
				if !errors.Is(err, want) {
					t.Fatalf("login: %v, want %v", err, want)
				}
				if err != nil {
					return
				}
				n.sessions = append(n.sessions, seat{conn: c, id: got.Session, user: user})
				if got.Resumed != resumed || (resumed && got.Session != token) || !slices.Equal(got.Replaced, ended) ||
					got.CameOnline == was || got.Sessions != len(n.of(user)) {
					t.Fatalf("login: %+v; resumed %v, ended %v, was online %v", got, resumed, ended, was)
				}
				if got.CameOnline {
					tell(t, user, true)
				}
			},
			"logout": func(t *rapid.T) {
				c := recent.Draw(t, "conn")
				d, err := b.Logout(now, int64(now), c)
				s, offline, _ := n.leave(now, c, wire.ReasonLogout)
				if (err == nil) != (s.conn != 0) || d.User != s.user || d.WentOffline != offline || d.Held {
					t.Fatalf("logout: %+v, %v; the model %+v, %v", d, err, s, offline)
				}
				if d.WentOffline {
					tell(t, d.User, false)
				}
			},
			"end": func(t *rapid.T) {
				c, reason := recent.Draw(t, "conn"), reasons.Draw(t, "reason")
				d := b.End(now, int64(now), c, reason)
				n.admitted = slices.DeleteFunc(n.admitted, func(a uint64) bool { return a == c })
				s, offline, held := n.leave(now, c, reason)
				if d.User != s.user || d.Session != s.id || d.WentOffline != offline || d.Held != held ||
					d.SessionsLeft != len(n.of(s.user)) {
					t.Fatalf("end: %+v; the model %+v, offline %v, held %v", d, s, offline, held)
				}
				if d.WentOffline {
					tell(t, d.User, false)
				}
			},
			"expire": func(t *rapid.T) {
				got, want := b.Expire(now), n.expire(now)
				if len(got) != len(want) {
					t.Fatalf("expired %+v, want %+v", got, want)
				}
				for i, d := range got {
					if d.User != want[i].user || d.Until != want[i].until || d.Reason != want[i].reason || !d.WentOffline {
						t.Fatalf("expired %+v, want %+v", got, want)
					}
					tell(t, d.User, false)
				}
			},
			"": func(t *rapid.T) { n.compare(t, b, users, told) },
		})
	})
}

// compare checks every answer of the book.
func (n *naive) compare(t *rapid.T, b *session.Book, users []string, told map[string]bool) {
	counts := session.Counts{Held: len(n.held), Sessions: len(n.sessions), Admitted: len(n.admitted)}
	for _, user := range users {
		mine := n.of(user)
		if len(mine) > 0 {
			counts.Users++
		}
		u, ok := b.Of(user)
		if ok != n.online(user) || told[user] != ok {
			t.Fatalf("%s: in the book %v, in the model %v, told %v", user, ok, n.online(user), told[user])
		}
		conns := b.Connections(user)
		if len(u.Sessions) != len(mine) || len(conns) != len(mine) {
			t.Fatalf("%s has %+v and %v, want %+v", user, u.Sessions, conns, mine)
		}
		for i, s := range mine {
			name, id, ok := b.UserOf(s.conn)
			if u.Sessions[i].ID != s.id || u.Sessions[i].Conn != s.conn || conns[i] != s.conn || name != user || id != s.id || !ok {
				t.Fatalf("%s has %+v and %v, want %+v", user, u.Sessions, conns, mine)
			}
		}
	}
	if got := b.Counts(); got != counts {
		t.Fatalf("%+v, want %+v", got, counts)
	}
	if page, _, more := b.Page(0, 10); len(page) != counts.Users+counts.Held || more {
		t.Fatalf("the page has %d users", len(page))
	}
	next, ok := b.Next()
	first := time.Duration(0)
	for i, h := range n.held {
		if i == 0 || h.until < first {
			first = h.until
		}
	}
	if ok != (len(n.held) > 0) || next != first {
		t.Fatalf("next at %v, %v; want %v", next, ok, first)
	}
}
