package actors

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// The embedding program's code is called in many places: its clock, its
// transports, its handlers. None of it may bring down more than itself (H1, N10).

// guards S1: a clock that panics, whenever it does, loses no termination and
// no news of a user.
func TestClockMayPanic(t *testing.T) {
	for n := int64(1); ; n++ {
		var reads atomic.Int64
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(s *Settings) {
				s.Wall = func() time.Time {
					if i := reads.Add(1); i == n || i == n+1 {
						panic("no clock")
					}
					return time.Now()
				}
			})
			scenario(w)
			w.wantNobody()
		})
		if t.Failed() {
			t.Fatalf("at reading %d", n)
		}
		if reads.Load() < n {
			t.Logf("%d readings", n-1)
			return
		}
	}
}

// A transport that panics in one of its methods ends its own connection, and
// that one alone.
func TestTransportMayPanic(t *testing.T) {
	tests := []struct {
		method string
		leave  func(p *peer) // makes the method be called
		reason wire.Reason
	}{
		{"Read", func(p *peer) { _ = p.try(&wire.Ping{Time: 1}) }, wire.ReasonPanic},
		{"Write", func(p *peer) { _ = p.try(&wire.Ping{Time: 1}) }, wire.ReasonPanic},
		{"SetWriteDeadline", func(p *peer) { _ = p.try(&wire.Ping{Time: 1}) }, wire.ReasonPanic},
		{"RemoteAddr", func(p *peer) { _ = p.try(&wire.Login{Request: 1, User: "ann"}) }, wire.ReasonPanic},
		{"CloseWrite", func(p *peer) { _ = p.w.sys.Kick(context.Background(), p.id, "out") }, wire.ReasonKicked},
		{"Error", func(p *peer) {
			p.link.server.in.change(func(s *stream) { s.broken = badError{} })
		}, wire.ReasonPanic},
	}
	for _, tt := range tests {
		t.Run(tt.method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) {
					s.Authenticate = func(context.Context, LoginAttempt) error { return nil }
				})
				bob := w.join("bob")
				l := newLink("10.0.0.2:1", "10.0.0.9:7465")
				bad := &badTransport{end: l.server}
				p := w.serve(l, bad).greet("x")
				bad.method.Store(tt.method)
				tt.leave(p)
				w.settle()
				e := w.wantEnd(p.id, tt.reason)
				if n := w.sys.Counters().Panics; n == 0 {
					t.Errorf("no panic counted: %+v", e)
				}
				w.pass(2 * time.Second)
				if n := w.sys.Counters().Live; n != 1 {
					t.Errorf("%d live", n)
				}
				if !l.server.isClosed() {
					t.Error("the transport is open still")
				}
				bob.send(&wire.Ping{Time: 2})
				want[*wire.Pong](bob)
			})
		})
	}
}

// So does one that is refused.
func TestRefusedTransportMayPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(s *Settings) { s.MaxConnections = 0 })
		l := newLink("c", "s")
		bad := &badTransport{end: l.server}
		bad.method.Store("Write")
		if err := w.sys.Accept(bad); !errors.Is(err, ErrFull) || !l.server.isClosed() {
			t.Errorf("%v, closed %v", err, l.server.isClosed())
		}
	})
}

type badError struct{}

func (badError) Error() string { panic("an error without words") }

// badTransport panics in the method that the test names.
type badTransport struct {
	*end
	method atomic.Value
}

func (b *badTransport) may(method string) {
	if b.method.Load() == method {
		panic(method)
	}
}

func (b *badTransport) Read(p []byte) (int, error) {
	b.may("Read")
	return b.end.Read(p)
}

func (b *badTransport) Write(p []byte) (int, error) {
	b.may("Write")
	return b.end.Write(p)
}

func (b *badTransport) SetWriteDeadline(t time.Time) error {
	b.may("SetWriteDeadline")
	return b.end.SetWriteDeadline(t)
}

func (b *badTransport) RemoteAddr() net.Addr {
	b.may("RemoteAddr")
	return b.end.RemoteAddr()
}

func (b *badTransport) CloseWrite() error {
	b.may("CloseWrite")
	return b.end.CloseWrite()
}

// What a handler returns or does, and what the client is told of it. The
// connection goes on in every case.
func TestHandlers(t *testing.T) {
	tests := []struct {
		name    string
		handler Handler
		answer  wire.Message
	}{
		{"answer", func(_ context.Context, c Caller, b []byte) ([]byte, error) {
			return fmt.Appendf(nil, "%s %s %s", c.Identifier, c.User, b), nil
		}, &wire.Response{Request: 5, Body: []byte("x  hi")}},
		{"error", func(context.Context, Caller, []byte) ([]byte, error) {
			return nil, errors.New("no\nway")
		}, &wire.Error{Request: 5, Code: wire.CodeHandlerFailed, Text: "no way"}},
		{"refusal", func(context.Context, Caller, []byte) ([]byte, error) {
			return nil, fmt.Errorf("wrapped: %w", &Refusal{Code: wire.CodeBadRequest, Text: "what?"})
		}, &wire.Error{Request: 5, Code: wire.CodeBadRequest, Text: "what?"}},
		{"refusal without a code", func(context.Context, Caller, []byte) ([]byte, error) {
			return nil, &Refusal{Text: "oops"}
		}, &wire.Error{Request: 5, Code: wire.CodeHandlerFailed, Text: "oops"}},
		{"panic", func(context.Context, Caller, []byte) ([]byte, error) {
			panic("secret")
		}, &wire.Error{Request: 5, Code: wire.CodeInternal, Text: "internal error"}},
		{"error that panics", func(context.Context, Caller, []byte) ([]byte, error) {
			return nil, badError{}
		}, &wire.Error{Request: 5, Code: wire.CodeInternal, Text: "internal error"}},
		{"too large", func(context.Context, Caller, []byte) ([]byte, error) {
			return make([]byte, wire.DefaultMaxFrame), nil
		}, &wire.Error{Request: 5, Code: wire.CodeTooLarge, Text: "the answer does not fit a frame"}},
		{"just fits", func(context.Context, Caller, []byte) ([]byte, error) {
			return make([]byte, wire.DefaultMaxFrame-responseRoom), nil
		}, &wire.Response{Request: 5, Body: make([]byte, wire.DefaultMaxFrame-responseRoom)}},
		{"none", nil, &wire.Error{Request: 5, Code: wire.CodeUnknownKind, Text: "k"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) {
					s.Handle = func(string) (Handler, bool) { return tt.handler, tt.handler != nil }
				})
				p := w.dial().greet("x")
				p.send(&wire.App{Kind: "k", Body: []byte("hi")}) // its outcome is nobody's business
				p.send(&wire.Request{Request: 5, Kind: "k", Body: []byte("hi")})
				got := p.messages()
				if len(got) != 1 || string(frameOf(got[0])) != string(frameOf(tt.answer)) {
					t.Errorf("answered %+v, want %+v", got, tt.answer)
				}
			})
		})
	}
}

// What an authenticator says, and what becomes of the login.
func TestAuthenticators(t *testing.T) {
	tests := []struct {
		name string
		ask  func(context.Context, LoginAttempt) error
		text string
		ours bool // the login was not refused: the client may come back
	}{
		{"no", func(context.Context, LoginAttempt) error { return errors.New("bad password") }, "bad password", false},
		{"panic", func(context.Context, LoginAttempt) error { panic("secret") }, "internal error", true},
		{"error that panics", func(context.Context, LoginAttempt) error { return badError{} }, "internal error", true},
		{"too slow", func(ctx context.Context, _ LoginAttempt) error { <-ctx.Done(); return ctx.Err() }, "the login could not be checked in time", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(s *Settings) { s.Authenticate = tt.ask })
				p := w.dial().greet("x")
				p.send(&wire.Login{Request: 9, User: "ann"})
				w.pass(10 * time.Second)
				code, reason := wire.CodeLoginRefused, wire.ReasonLoginRefused
				if tt.ours {
					code, reason = wire.CodeInternal, wire.ReasonPanic
				}
				if e := want[*wire.Error](p); e.Request != 9 || e.Code != code || e.Text != tt.text {
					t.Errorf("%+v", e)
				}
				if b := want[*wire.Bye](p); b.Reason != reason {
					t.Errorf("%+v", b)
				}
				w.wantEnd(p.id, reason)
				if log := w.presenceLog(); len(log) != 0 {
					t.Errorf("presence: %v", log)
				}
			})
		})
	}
}
