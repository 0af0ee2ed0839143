package client

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

func TestReconnectLogsInWithToken(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.User, o.Credential = "alice", []byte("secret")
		var phases []Phase
		o.OnState = func(st State) { phases = append(phases, st.Phase) }
		c, p := s.connect(o)
		p.cut()
		p = s.accept().greet()
		if p.hello.Identifier != "client-1" {
			t.Errorf("another identifier: %q", p.hello.Identifier)
		}
		login := expect[*wire.Login](p)
		if login.User != "alice" || string(login.Credential) != "secret" || !slices.Equal(login.Token, []byte{1}) {
			t.Errorf("login %+v", login)
		}
		p.send(&wire.LoginOK{Request: login.Request, User: "alice", Session: 1, Token: []byte{2}, Resumed: true})
		synctest.Wait()
		if session, ok := c.Session(); !ok || !session.Resumed {
			t.Errorf("session %+v, %v", session, ok)
		}
		p.cut()
		p = s.accept().greet()
		if login := p.login(5); !slices.Equal(login.Token, []byte{2}) {
			t.Errorf("not the newest token: %v", login.Token)
		}
		synctest.Wait()
		closeBoth(c, p)
		want := []Phase{Connecting, Connected, Disconnected, Connecting, Connected, Disconnected, Connecting, Connected, Closed}
		if !slices.Equal(phases, want) {
			t.Errorf("phases %v", phases)
		}
	})
}

func TestWhatIsForGood(t *testing.T) {
	for _, reason := range wire.Reasons() {
		t.Run(reason.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.options())
				p.send(&wire.Bye{Reason: reason, Text: "so there"})
				switch reason {
				case wire.ReasonKicked, wire.ReasonReplaced, wire.ReasonLoginRefused, wire.ReasonVersionUnsupported:
					<-c.Done()
					want := EndError{Reason: reason, ByServer: true, Text: "so there"}
					if end, ok := c.Err().(*EndError); !ok || *end != want {
						t.Errorf("ended with %v", c.Err())
					}
					_, err := c.Ping(t.Context())
					wantErr(t, err, ErrClosed)
					wantEnd(t, err, reason)
					if s.dials != 1 {
						t.Errorf("dialled %d times", s.dials)
					}
				default:
					p = s.accept().greet()
					synctest.Wait()
					closeBoth(c, p)
				}
			})
		})
	}
}

func TestRetryAdviceIsHonoured(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		var state State
		o := s.options()
		o.OnState = func(st State) {
			if st.Phase == Disconnected {
				state = st
			}
		}
		c, p := s.connect(o)
		began := time.Now()
		p.send(&wire.Bye{Reason: wire.ReasonServerShutdown, Retry: 60_000})
		p = s.accept().greet()
		if d := time.Since(began); d < time.Minute || d > time.Minute+time.Second {
			t.Errorf("came back after %v", d)
		}
		if d := state.RetryIn; d < time.Minute || d > time.Minute+time.Second {
			t.Errorf("told to retry in %v", d)
		}
		wantEnd(t, state.Err, wire.ReasonServerShutdown)
		synctest.Wait()
		closeBoth(c, p)
	})
}

func TestRequestsWaitForReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		p.cut()
		synctest.Wait()
		wantErr(t, c.Post("bob", "", nil), ErrDisconnected)
		asked := later(func() ([]byte, error) { return c.Request(t.Context(), "echo", []byte("x")) })
		told := later(func() (any, error) { return nil, c.Tell(t.Context(), "note", nil) })
		short, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		_, err := c.Ping(short)
		wantErr(t, err, context.DeadlineExceeded)
		p = s.accept().greet()
		for range 2 {
			switch m, err := p.read(); m := m.(type) {
			case *wire.Request:
				p.send(&wire.Response{Request: m.Request, Body: m.Body})
			case *wire.App:
			default:
				t.Fatalf("%T %v", m, err)
			}
		}
		if r := <-asked; r.err != nil || string(r.v) != "x" {
			t.Errorf("answer %q, %v", r.v, r.err)
		}
		if r := <-told; r.err != nil {
			t.Error(r.err)
		}
		closeBoth(c, p)
	})
}

func TestRequestInFlightIsNotSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		asked := later(func() ([]byte, error) { return c.Request(t.Context(), "pay", nil) })
		expect[*wire.Request](p)
		p.cut()
		wantErr(t, (<-asked).err, ErrDisconnected)
		p = s.accept().greet()
		synctest.Wait()
		closeBoth(c, p) // wants the bye to be the next message
	})
}

// What still waited for room when the connection broke was not sent: it goes out
// on the next.
func TestUnsentRequestsGoOutLater(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		for c.Post("bob", "", make([]byte, 60<<10)) == nil {
			synctest.Wait()
		}
		asked := later(func() ([]byte, error) { return c.Request(t.Context(), "k", make([]byte, 20<<10)) })
		told := later(func() (any, error) { return nil, c.Tell(t.Context(), "k", make([]byte, 20<<10)) })
		synctest.Wait()
		p.cut()
		p = s.accept().greet()
		for range 2 {
			if m, ok := must(p.read()).(*wire.Request); ok {
				p.send(&wire.Response{Request: m.Request})
			}
		}
		if r := <-asked; r.err != nil {
			t.Error(r.err)
		}
		if r := <-told; r.err != nil {
			t.Error(r.err)
		}
		closeBoth(c, p)
	})
}

func must(m wire.Message, err error) wire.Message {
	if err != nil {
		panic(err)
	}
	return m
}

func TestLoginIsRemembered(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		in := later(func() (Session, error) { return c.Login(t.Context(), "alice", []byte("pw")) })
		p.login(3)
		if r := <-in; r.err != nil || r.v.ID != 3 {
			t.Fatalf("%+v", r)
		}
		p.cut()
		p = s.accept().greet()
		if m := p.login(4); m.User != "alice" || string(m.Credential) != "pw" || m.Token[0] != 3 {
			t.Errorf("login %+v", m)
		}
		synctest.Wait()
		out := later(func() (any, error) { return nil, c.Logout(t.Context()) })
		m := expect[*wire.Logout](p)
		p.send(&wire.OK{Request: m.Request})
		if r := <-out; r.err != nil {
			t.Error(r.err)
		}
		if _, ok := c.Session(); ok {
			t.Error("a session after the logout")
		}
		p.cut()
		p = s.accept().greet() // and no login
		synctest.Wait()
		if err := c.Logout(t.Context()); err != nil {
			t.Errorf("logging out without a session: %v", err)
		}
		closeBoth(c, p)
	})
}

// A login whose connection breaks right behind the server's yes counts.
func TestLoginGrantedAsConnectionBreaks(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		in := later(func() (Session, error) { return c.Login(t.Context(), "alice", nil) })
		p.login(3)
		p.cut()
		if r := <-in; r.err != nil {
			t.Error(r.err)
		}
		p = s.accept().greet()
		p.login(4)
		synctest.Wait()
		closeBoth(c, p)
	})
}

func TestLoginRefusedLater(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		in := later(func() (Session, error) { return c.Login(t.Context(), "alice", nil) })
		m := expect[*wire.Login](p)
		p.send(&wire.Error{Request: m.Request, Code: wire.CodeAlreadyOnline}, &wire.Bye{Reason: wire.ReasonLoginRefused})
		wantErr(t, (<-in).err, wire.CodeAlreadyOnline)
		<-c.Done()
		wantEnd(t, c.Err(), wire.ReasonLoginRefused)
	})
}

// What the caller of a login no longer waits for still counts.
func TestLoginAbandoned(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		ctx, cancel := context.WithCancel(t.Context())
		in := later(func() (Session, error) { return c.Login(ctx, "alice", nil) })
		m := expect[*wire.Login](p)
		cancel()
		wantErr(t, (<-in).err, context.Canceled)
		p.send(&wire.LoginOK{Request: m.Request, User: "alice", Session: 8})
		synctest.Wait()
		if session, ok := c.Session(); !ok || session.ID != 8 {
			t.Errorf("session %+v, %v", session, ok)
		}
		closeBoth(c, p)
	})
}
