package supervisor_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// deed is one thing that one client does in a run of the model.
type deed struct {
	What deedKind
	Who  int // the client, or which of the connections
	Arg  int
}

type deedKind int

const (
	arrive deedKind = iota
	cut
	cutMidFrame
	reset
	sayBye
	freeze
	logOut
	kick
	blunder
	message
	watcherLeaves
	watcherReturns
	pass // some seconds pass
	look // everything is compared
	deedKinds
)

func (k deedKind) String() string {
	return [...]string{
		"arrive", "cut", "cutMidFrame", "reset", "sayBye", "freeze", "logOut", "kick", "blunder",
		"message", "watcherLeaves", "watcherReturns", "pass", "look",
	}[k]
}

// rules are what a run is played by.
type rules struct {
	Policy supervisor.Policy
	Grace  time.Duration
}

// TestModel plays random scripts: clients come, log in, are cut, freeze, return,
// while their old connections may still hang. At every quiescent moment the
// server, and every watcher, knows exactly who is online by a model that knows
// only the rules; and the world's checks hold in the end. Guards G1 to G4, N6,
// P1.
func TestModel(t *testing.T) {
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		by := rules{
			Policy: rapid.SampledFrom([]supervisor.Policy{supervisor.Many, supervisor.Replace}).Draw(rt, "policy"),
			Grace:  rapid.SampledFrom([]time.Duration{0, 0, 7 * time.Second}).Draw(rt, "grace"),
		}
		length := rapid.SampledFrom([]int{4, 12, 40, 100, 150}).Draw(rt, "length")
		script := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) deed {
			return deed{
				What: deedKind(rapid.IntRange(0, int(deedKinds)-1).Draw(rt, "what")),
				Who:  rapid.IntRange(0, 9).Draw(rt, "who"),
				Arg:  rapid.IntRange(1, 20).Draw(rt, "arg"),
			}
		}), length, length).Draw(rt, "script")
		run++
		// In a test of its own, so that its failure can be told from that of the
		// run before, and the script be made shorter.
		if !t.Run(fmt.Sprint(run), func(t *testing.T) { play(t, by, script) }) {
			rt.Fatalf("run %d failed", run)
		}
	})
}

// life is one connection in the eyes of the model.
type life struct {
	*peer
	user   string // empty: not logged in
	heard  time.Time
	frozen bool
	over   bool
}

// truth is the model: it knows the rules, and what the clients have done.
type truth struct {
	w     *world
	by    rules
	lives []*life // in order of acceptance
	until map[string]time.Time
}

const timeout = 30 * time.Second

// sessions counts the sessions of a user.
func (m *truth) sessions(user string) (n int) {
	for _, l := range m.lives {
		if !l.over && l.user == user {
			n++
		}
	}
	return n
}

// leave ends the session of a connection at a time.
func (m *truth) leave(l *life, at time.Time, involuntary bool) {
	user := l.user
	if l.user = ""; user != "" && m.sessions(user) == 0 && involuntary {
		m.until[user] = at.Add(m.by.Grace)
	}
}

// end ends a connection.
func (m *truth) end(l *life, at time.Time, involuntary bool) {
	if !l.over {
		l.over = true
		m.leave(l, at, involuntary)
	}
}

// login logs in on the newest connection.
func (m *truth) login(l *life, user string) {
	delete(m.until, user)
	if m.by.Policy == supervisor.Replace {
		for _, old := range m.lives {
			if old != l && !old.over && old.user == user {
				old.over, old.user = true, ""
			}
		}
	}
	l.user = user
}

// advance ends those who were silent for too long.
func (m *truth) advance() {
	now := time.Now()
	for _, l := range m.lives {
		if due := l.heard.Add(timeout); l.frozen && !now.Before(due) {
			m.end(l, due, true)
		}
	}
}

// online lists who is online by now, in order.
func (m *truth) online() (users []string) {
	for _, l := range m.lives {
		if !l.over && l.user != "" {
			users = append(users, l.user)
		}
	}
	for user, until := range m.until {
		if time.Now().Before(until) {
			users = append(users, user)
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// open returns a connection that is open and thinks, or nil.
func (m *truth) open(who int) *life {
	var all []*life
	for _, l := range m.lives {
		if !l.over && !l.frozen && l.view == nil {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[who%len(all)]
}

// come makes a connection and logs in on it, without waiting for an answer.
func (m *truth) come(user string) *life {
	p := m.w.dial()
	p.user = user
	l := &life{peer: p, heard: time.Now()}
	m.lives = append(m.lives, l)
	p.ids = 1
	p.send(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: user + "'s"}, &wire.Login{Request: 1, User: user})
	m.login(l, user)
	return l
}

// gaze is a watcher, who leaves and returns with what it knew.
type gaze struct {
	user  string
	names []string
	life  *life
	view  *view
}

func (g *gaze) leave(m *truth) {
	if g.life != nil {
		g.life.look(func(v *view) { g.view = v })
		g.life.cut()
		m.end(g.life, time.Now(), true)
		g.life = nil
	}
}

func (g *gaze) arrive(m *truth) {
	if g.life != nil {
		return
	}
	m.w.settle() // what the old connection still had is gone
	g.life = m.come(g.user)
	if g.view == nil {
		g.view = newView(g.names...)
	}
	g.life.mu.Lock()
	g.life.view = g.view
	watch := &wire.Watch{Request: 2, Everyone: len(g.names) == 0, Users: g.names}
	if g.view.known {
		watch.Epoch, watch.Version = g.view.epoch, g.view.version
	}
	g.life.mu.Unlock()
	g.life.answer(1)
	g.life.send(watch)
}

// play plays one script.
func play(t *testing.T, by rules, script []deed) {
	inBubble(t, supervisor.Config{Policy: by.Policy, Grace: by.Grace}, func(w *world) {
		m := &truth{w: w, by: by, until: map[string]time.Time{}}
		watchers := []*gaze{
			{user: "steady"}, {user: "restless"}, {user: "choosy", names: []string{"user 0", "user 1", "steady", "nobody"}},
		}
		for _, g := range watchers {
			g.arrive(m)
		}
		for _, d := range script {
			m.do(d, watchers)
			if by != (rules{}) {
				w.settle() // the order of two ends decides on a grace, that of two logins on the survivor
			}
		}
		m.compare(watchers)
	})
}

func (m *truth) do(d deed, watchers []*gaze) {
	now := time.Now()
	m.advance()
	l := m.open(d.Who)
	switch d.What {
	case arrive:
		m.come(fmt.Sprint("user ", d.Who%5))
		return
	case watcherLeaves:
		watchers[1+d.Who%2].leave(m)
		return
	case watcherReturns:
		watchers[1+d.Who%2].arrive(m)
		return
	case pass:
		m.w.settle()
		m.w.after(time.Duration(d.Arg) * time.Second)
		return
	case look:
		m.compare(watchers)
		return
	}
	if l == nil {
		return
	}
	switch d.What {
	case cut:
		l.cut()
		m.end(l, now, true)
	case cutMidFrame:
		l.raw([]byte{0, 0, 2, 0, byte(wire.TypeLogin), 0xa2, 1})
		l.cut()
		m.end(l, now, true)
	case reset:
		m.w.settle() // it would overtake the login
		l.link.reset()
		m.end(l, now, true)
	case sayBye:
		l.send(&wire.Bye{Reason: wire.ReasonBye})
		m.end(l, now, false)
	case freeze:
		m.w.settle()
		l.silence()
		l.freeze()
		l.frozen, l.heard = true, l.heardAt()
	case logOut:
		m.w.settle()
		l.send(&wire.Logout{Request: l.next() + 100})
		m.leave(l, now, false)
	case kick:
		m.w.settle()
		m.kick(l)
		m.end(l, time.Now(), false)
	case blunder:
		l.send(&wire.LoginOK{Request: 1, User: "x"})
		m.end(l, now, true)
	case message:
		l.send(&wire.Send{ID: l.next() + 100, To: fmt.Sprint("user ", d.Arg%6), Body: []byte("hi")})
	}
}

// kick ends a connection from the server's side.
func (m *truth) kick(l *life) {
	m.w.t.Helper()
	found, err := m.w.s.ByEndpoint(ctx, l.nc.LocalAddr().String())
	if err != nil || len(found) != 1 {
		m.w.t.Fatalf("%d connections at %s, %v", len(found), l.nc.LocalAddr(), err)
	}
	if err := m.w.s.Kick(ctx, found[0].ID, ""); err != nil {
		m.w.t.Fatal(err)
	}
}

// compare compares everything with the model.
func (m *truth) compare(watchers []*gaze) {
	w := m.w
	w.settle()
	m.advance()
	truth := m.online()
	w.same("the server holds for online", w.online(), truth...)
	live := 0
	for _, l := range m.lives {
		if !l.over {
			live++
		}
	}
	if c := w.counts(); c.Connections != live || c.Handshaking != 0 {
		w.t.Errorf("%d connections, %d handshaking, the model has %d", c.Connections, c.Handshaking, live)
	}
	for _, g := range watchers {
		if g.life == nil {
			continue
		}
		g.life.look(func(v *view) {
			var wanted []string
			for _, u := range truth {
				if v.names == nil || v.names[u] {
					wanted = append(wanted, u)
				}
			}
			w.same(g.user+" sees", v.users(), wanted...)
			if v.problem != nil {
				w.t.Errorf("%s: %v", g.user, v.problem)
			}
		})
	}
	if w.t.Failed() {
		w.t.FailNow()
	}
}
