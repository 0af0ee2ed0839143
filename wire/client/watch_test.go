package client

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// watching makes a watch that the server agrees to, with its first message.
func (s *script) watching(c *Client, p *peer, users ...string) (*Watch, *wire.Watch) {
	s.t.Helper()
	w := later(func() (*Watch, error) { return c.Watch(s.t.Context(), users...) })
	m := expect[*wire.Watch](p)
	p.send(&wire.OK{Request: m.Request})
	r := <-w
	if r.err != nil {
		s.t.Fatal(r.err)
	}
	return r.v, m
}

func online(users ...string) (on []wire.Online) {
	for _, u := range users {
		on = append(on, wire.Online{User: u, Since: 1})
	}
	return on
}

// wantEvents reads as many events as are named, and wants no more to wait.
func wantEvents(t *testing.T, w *Watch, want ...string) {
	t.Helper()
	for _, x := range want {
		synctest.Wait()
		select {
		case e := <-w.Events():
			if got := tellEvent(e); got != x {
				t.Errorf("event %q, want %q", got, x)
			}
		default:
			t.Fatalf("no event, want %q", x)
		}
	}
	synctest.Wait()
	select {
	case e, open := <-w.Events():
		t.Errorf("one more event (open %v): %q", open, tellEvent(e))
	default:
	}
}

func tellEvent(e Event) string {
	s := fmt.Sprintf("%v %d/%d", e.Kind, e.Epoch, e.Version)
	if e.Kind == Snapshot {
		for _, o := range e.Online {
			s += " " + o.User
		}
		return s
	}
	s += " " + e.User
	if e.Kind == Offline {
		s += " " + e.Reason.String()
	}
	if !e.At.IsZero() {
		s += fmt.Sprintf(" at %d", e.At.UnixMilli())
	}
	return s
}

func TestWatchResumes(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.User = "alice"
		c, p := s.connect(o)
		w, m := s.watching(c, p)
		if !m.Everyone || m.Epoch != 0 {
			t.Errorf("asked %+v", m)
		}
		p.send(&wire.Snapshot{Epoch: 100, Version: 5, More: true, Online: online("zoe")})
		wantEvents(t, w) // not before it is whole
		p.send(&wire.Snapshot{Epoch: 100, Version: 5, Part: 1, Online: online("alice")})
		wantEvents(t, w, "snapshot 100/5 alice zoe")
		p.send(&wire.Delta{Epoch: 100, From: 5, To: 7, Changes: []wire.Change{
			{Version: 6, User: "bob", Online: true, At: 60}, {Version: 7, User: "zoe", Reason: wire.ReasonEOF, At: 70},
		}})
		wantEvents(t, w, "online 100/6 bob at 60", "offline 100/7 zoe eof at 70")

		// The connection breaks; the server bridges.
		p.cut()
		p = s.accept().greet()
		p.login(2)
		m = expect[*wire.Watch](p)
		if !m.Everyone || m.Epoch != 100 || m.Version != 7 {
			t.Errorf("asked %+v", m)
		}
		wantEvents(t, w)
		p.send(&wire.OK{Request: m.Request}, &wire.Delta{Epoch: 100, From: 7, To: 8, Changes: []wire.Change{
			{Version: 8, User: "bob", Reason: wire.ReasonKicked, At: 80},
		}})
		wantEvents(t, w, "offline 100/8 bob kicked at 80")

		// The server dies; the next one knows other users.
		p.cut()
		p = s.accept().greet()
		p.login(3)
		m = expect[*wire.Watch](p)
		p.send(&wire.OK{Request: m.Request}, &wire.Snapshot{Epoch: 101, Version: 2, Online: online("carl")})
		wantEvents(t, w, "offline 101/2 alice none", "online 101/2 carl at 1")

		// A gap.
		p.send(&wire.Delta{Epoch: 101, From: 3, To: 4, Changes: []wire.Change{{Version: 4, User: "dan", Online: true, At: 40}}})
		m = expect[*wire.Watch](p)
		if m.Everyone || len(m.Users) > 0 || m.Epoch != 101 || m.Version != 2 {
			t.Errorf("asked %+v", m)
		}
		p.send(&wire.OK{Request: m.Request}, &wire.Delta{Epoch: 101, From: 2, To: 4, Changes: []wire.Change{
			{Version: 3, User: "carl", Reason: wire.ReasonBye, At: 30}, {Version: 4, User: "dan", Online: true, At: 40},
		}})
		wantEvents(t, w, "offline 101/3 carl bye at 30", "online 101/4 dan at 40")
		closeBoth(c, p)
		if _, open := <-w.Events(); open {
			t.Error("the events go on after Close")
		}
		wantErr(t, w.Err(), ErrClosed)
	})
}

func TestWatchesShareTheStream(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		bob, m := s.watching(c, p, "bob", "bob")
		if strings.Join(m.Users, " ") != "bob" {
			t.Errorf("asked %+v", m)
		}
		p.send(&wire.Snapshot{Epoch: 1, Version: 1, Online: online("bob")})
		wantEvents(t, bob, "snapshot 1/1 bob")
		all, m := s.watching(c, p)
		if !m.Everyone || m.Epoch != 0 {
			t.Errorf("asked %+v", m)
		}
		p.send(&wire.Snapshot{Epoch: 1, Version: 2, Online: online("bob", "ann")})
		wantEvents(t, all, "snapshot 1/2 ann bob")
		wantEvents(t, bob)
		// A third needs nothing of the server.
		ann, err := c.Watch(t.Context(), "ann", "zoe")
		if err != nil {
			t.Fatal(err)
		}
		wantEvents(t, ann, "snapshot 1/2 ann")
		p.send(&wire.Delta{Epoch: 1, From: 2, To: 4, Changes: []wire.Change{
			{Version: 3, User: "ann"}, {Version: 4, User: "bob"},
		}})
		wantEvents(t, all, "offline 1/3 ann none", "offline 1/4 bob none")
		wantEvents(t, ann, "offline 1/3 ann none")
		wantEvents(t, bob, "offline 1/4 bob none")
		ann.Stop()
		ann.Stop()
		if _, open := <-ann.Events(); open || ann.Err() != nil {
			t.Error("a stopped watch goes on")
		}
		bob.Stop()
		all.Stop()
		u := expect[*wire.Unwatch](p)
		p.send(&wire.OK{Request: u.Request})
		synctest.Wait()
		if n := len(c.presence.online); n != 0 {
			t.Errorf("%d users are remembered for nobody", n)
		}
		closeBoth(c, p)
	})
}

func TestWatchRefused(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		w := later(func() (*Watch, error) { return c.Watch(t.Context(), "bob") })
		m := expect[*wire.Watch](p)
		p.send(&wire.Error{Request: m.Request, Code: wire.CodeNotLoggedIn})
		if r := <-w; r.v != nil {
			t.Error("a watch although it was refused")
		} else {
			wantErr(t, r.err, wire.CodeNotLoggedIn)
		}
		_, err := c.Watch(t.Context(), "")
		wantErr(t, err, wire.ErrField)

		// Refused after a reconnect.
		all, _ := s.watching(c, p)
		p.send(&wire.Snapshot{Epoch: 1, Version: 1})
		wantEvents(t, all, "snapshot 1/1")
		p.cut()
		p = s.accept().greet()
		m = expect[*wire.Watch](p)
		p.send(&wire.Error{Request: m.Request, Code: wire.CodeTooMany})
		if _, open := <-all.Events(); open {
			t.Error("an event of a refused watch")
		}
		wantErr(t, all.Err(), wire.CodeTooMany)
		closeBoth(c, p)
	})
}

// A server that is going down refuses; the watch lives on with the next.
func TestWatchSurvivesShutdown(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		w, _ := s.watching(c, p)
		p.send(&wire.Snapshot{Epoch: 1, Version: 1, Online: online("bob")})
		wantEvents(t, w, "snapshot 1/1 bob")
		p.cut()
		p = s.accept().greet()
		m := expect[*wire.Watch](p)
		p.send(&wire.Error{Request: m.Request, Code: wire.CodeShuttingDown}, &wire.Bye{Reason: wire.ReasonServerShutdown})
		p.expectEnd()
		p = s.accept().greet()
		m = expect[*wire.Watch](p)
		if m.Version != 1 {
			t.Errorf("asked %+v", m)
		}
		p.send(&wire.OK{Request: m.Request}, &wire.Snapshot{Epoch: 2, Version: 1})
		wantEvents(t, w, "offline 2/1 bob none")
		closeBoth(c, p)
	})
}

func TestWatchCancelled(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		ctx, cancel := context.WithCancel(t.Context())
		w := later(func() (*Watch, error) { return c.Watch(ctx, "bob") })
		m := expect[*wire.Watch](p)
		cancel()
		wantErr(t, (<-w).err, context.Canceled)
		p.send(&wire.OK{Request: m.Request}, &wire.Snapshot{Epoch: 1, Version: 1})
		u := expect[*wire.Unwatch](p)
		p.send(&wire.OK{Request: u.Request})
		_, err := c.Watch(ctx)
		wantErr(t, err, context.Canceled)
		synctest.Wait()
		closeBoth(c, p)
	})
}

func TestWatchEndsWithLogout(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.User = "alice"
		c, p := s.connect(o)
		w, _ := s.watching(c, p)
		p.send(&wire.Snapshot{Epoch: 1, Version: 1})
		wantEvents(t, w, "snapshot 1/1")
		out := later(func() (any, error) { return nil, c.Logout(t.Context()) })
		u := expect[*wire.Unwatch](p)
		l := expect[*wire.Logout](p)
		p.send(&wire.OK{Request: u.Request}, &wire.OK{Request: l.Request})
		if r := <-out; r.err != nil {
			t.Error(r.err)
		}
		for range w.Events() {
			t.Error("an event after the logout")
		}
		wantErr(t, w.Err(), ErrLoggedOut)
		closeBoth(c, p)
	})
}

// A logout ends what the server watched for the session, also what is granted
// only behind it: the next session asks for everything anew. Guards G3: else its
// watches would begin with nobody, and never hear of anybody.
func TestWatchAfterLogout(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.User = "alice"
		c, p := s.connect(o)
		watch := func() <-chan result[*Watch] {
			return later(func() (*Watch, error) { return c.Watch(t.Context()) })
		}
		first := watch()
		asked := expect[*wire.Watch](p)
		out := later(func() (any, error) { return nil, c.Logout(t.Context()) })
		l := expect[*wire.Logout](p)
		wantErr(t, (<-first).err, ErrLoggedOut)
		second := watch()
		synctest.Wait()
		p.send(&wire.OK{Request: l.Request}, &wire.OK{Request: asked.Request}, &wire.Snapshot{Epoch: 1, Version: 1})
		if r := <-out; r.err != nil {
			t.Error(r.err)
		}
		asked = expect[*wire.Watch](p)
		p.send(&wire.Error{Request: asked.Request, Code: wire.CodeNotLoggedIn})
		wantErr(t, (<-second).err, wire.CodeNotLoggedIn)
		in := later(func() (Session, error) { return c.Login(t.Context(), "alice", nil) })
		p.login(2)
		if r := <-in; r.err != nil {
			t.Error(r.err)
		}
		third := watch()
		if asked = expect[*wire.Watch](p); !asked.Everyone {
			t.Errorf("%+v", asked)
		}
		p.send(&wire.OK{Request: asked.Request}, &wire.Snapshot{Epoch: 1, Version: 1, Online: []wire.Online{{User: "alice"}}})
		if r := <-third; r.err != nil {
			t.Error(r.err)
		} else {
			wantEvents(t, r.v, "snapshot 1/1 alice")
		}
		closeBoth(c, p)
	})
}

// guards P7, N21: a consumer that does not read holds up neither the connection
// nor another watch, costs no more than the users, and is told the newest.
func TestSlowWatcher(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		slow, _ := s.watching(c, p)
		p.send(&wire.Snapshot{Epoch: 1, Version: 0})
		quick, err := c.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEvents(t, quick, "snapshot 1/0")
		const changes = 10_001
		for v := uint64(1); v <= changes; v++ {
			p.send(&wire.Delta{Epoch: 1, From: v - 1, To: v, Changes: []wire.Change{
				{Version: v, User: "bob", Online: v%2 == 1, At: int64(v)}, //nolint:gosec // small
			}})
			if e := <-quick.Events(); e.Version != v {
				t.Fatalf("event %+v", e)
			}
		}
		began := time.Now()
		ping := later(func() (time.Duration, error) { return c.Ping(t.Context()) })
		p.send(&wire.Pong{Echo: expect[*wire.Ping](p).Time})
		if r := <-ping; r.err != nil || time.Since(began) > 0 {
			t.Errorf("%+v", r)
		}
		n, last := 0, Event{}
		for last.Version != changes {
			last = <-slow.Events()
			n++
		}
		if n > eventQueue+2 || last.Kind != Online {
			t.Errorf("%d events, the last %+v", n, last)
		}
		wantEvents(t, slow)
		closeBoth(c, p)
	})
}

// A server whose stream never joins up is left, and come back to.
func TestStreamWithoutProgress(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		var why error
		o := s.options()
		o.OnState = func(st State) {
			if st.Phase == Disconnected {
				why = st.Err
			}
		}
		c, p := s.connect(o)
		w, _ := s.watching(c, p)
		p.send(&wire.Snapshot{Epoch: 1, Version: 1})
		for {
			p.send(&wire.Delta{Epoch: 1, From: 5, To: 6})
			m, err := p.read()
			if err != nil {
				break
			}
			p.send(&wire.OK{Request: m.(*wire.Watch).Request})
		}
		p = s.accept().greet()
		m := expect[*wire.Watch](p)
		p.send(&wire.OK{Request: m.Request}, &wire.Snapshot{Epoch: 1, Version: 7, Online: online("bob")})
		wantEnd(t, why, wire.ReasonProtocolError)
		wantErr(t, why, errNoProgress)
		wantEvents(t, w, "snapshot 1/1", "online 1/7 bob at 1")
		closeBoth(c, p)
	})
}
