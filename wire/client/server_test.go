package client

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// script is a server that a test plays by hand: each connection that the client
// dials comes out of accept.
type script struct {
	t      *testing.T
	dialed chan net.Conn
	refuse error // every dial fails with it
	dials  int
}

func newScript(t *testing.T) *script {
	t.Helper()
	return &script{t: t, dialed: make(chan net.Conn, 64)}
}

func (s *script) dial(context.Context, string, string) (net.Conn, error) {
	s.dials++
	if s.refuse != nil {
		return nil, s.refuse
	}
	ours, theirs := net.Pipe()
	s.dialed <- ours
	return theirs, nil
}

// options are those of most tests: heartbeats far apart, quick reconnects.
func (s *script) options() Options {
	return Options{
		Identifier:  "client-1",
		DialContext: s.dial,
		Backoff:     Backoff{Min: time.Second, Max: time.Second},
	}
}

// peer is the server's side of one connection.
type peer struct {
	t     *testing.T
	nc    net.Conn
	split *wire.Splitter
	hello *wire.Hello
}

func (s *script) accept() *peer {
	s.t.Helper()
	return &peer{t: s.t, nc: <-s.dialed, split: wire.NewSplitter(wire.MaxMaxFrame, 4<<10)}
}

// read returns the next message of the client's, or the error that ended the
// stream.
func (p *peer) read() (wire.Message, error) {
	for {
		f, ok, err := p.split.Next()
		if err != nil {
			return nil, err
		}
		if ok {
			return wire.Decode(f.Type, f.Body)
		}
		n, err := p.nc.Read(p.split.Space())
		p.split.Filled(n)
		if err != nil {
			return nil, err
		}
	}
}

// expect returns the client's next message, which has to be a T.
func expect[T wire.Message](p *peer) T {
	p.t.Helper()
	m, err := p.read()
	if err != nil {
		p.t.Fatalf("the client's stream ended: %v", err)
	}
	got, ok := m.(T)
	if !ok {
		var want T
		p.t.Fatalf("the client sent %T %+v, want %T", m, m, want)
	}
	return got
}

// expectEnd wants the client's stream to end, without a further message.
func (p *peer) expectEnd() {
	p.t.Helper()
	if m, err := p.read(); err == nil {
		p.t.Fatalf("the client sent %T %+v, want the end", m, m)
	}
	_ = p.nc.Close()
}

func (p *peer) send(messages ...wire.Message) {
	p.t.Helper()
	for _, m := range messages {
		frame, err := wire.Append(nil, m)
		if err != nil {
			p.t.Fatal(err)
		}
		p.sendRaw(frame)
	}
}

func (p *peer) sendRaw(b []byte) {
	p.t.Helper()
	if _, err := p.nc.Write(b); err != nil {
		p.t.Fatalf("the client does not read: %v", err)
	}
}

var testWelcome = wire.Welcome{
	Version: wire.Version, Node: "n1", Connection: 7, Epoch: 100,
	Interval: 15000, Timeout: 30000, MaxFrame: wire.DefaultMaxFrame,
}

// greet takes the hello and answers it.
func (p *peer) greet() *peer {
	p.t.Helper()
	p.hello = expect[*wire.Hello](p)
	w := testWelcome
	p.send(&w)
	return p
}

// login takes a login and grants it.
func (p *peer) login(session uint64) *wire.Login {
	p.t.Helper()
	m := expect[*wire.Login](p)
	p.send(&wire.LoginOK{Request: m.Request, User: m.User, Session: session, Token: []byte{byte(session)}})
	return m
}

// dialing is a Dial that runs.
type dialing struct {
	c   *Client
	err error
}

func (s *script) start(ctx context.Context, o Options) <-chan dialing {
	out := make(chan dialing, 1)
	go func() {
		c, err := Dial(ctx, "server:1", o)
		out <- dialing{c, err}
	}()
	return out
}

// connect makes a client that is connected, and the server's side of it.
func (s *script) connect(o Options) (*Client, *peer) {
	s.t.Helper()
	d := s.start(context.Background(), o)
	p := s.accept().greet()
	if o.User != "" {
		p.login(1)
	}
	got := <-d
	if got.err != nil {
		s.t.Fatal(got.err)
	}
	return got.c, p
}

// closeBoth closes the client while the server listens for its bye.
func closeBoth(c *Client, p *peer) {
	p.t.Helper()
	closed := make(chan error, 1)
	go func() { closed <- c.Close() }()
	if b := expect[*wire.Bye](p); b.Reason != wire.ReasonBye {
		p.t.Errorf("the client said bye with %v", b.Reason)
	}
	_ = p.nc.Close()
	if err := <-closed; err != nil {
		p.t.Error(err)
	}
}

// cut ends the connection without a word.
func (p *peer) cut() { _ = p.nc.Close() }

// later runs f, which blocks, and returns what it returned.
func later[T any](f func() (T, error)) <-chan result[T] {
	out := make(chan result[T], 1)
	go func() {
		v, err := f()
		out <- result[T]{v, err}
	}()
	return out
}

type result[T any] struct {
	v   T
	err error
}

// bubble runs a test in a world with a clock of its own.
func bubble(t *testing.T, f func(t *testing.T, s *script)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newScript(t)) })
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func wantEnd(t *testing.T, err error, want wire.Reason) {
	t.Helper()
	var end *EndError
	if !errors.As(err, &end) || end.Reason != want {
		t.Errorf("error %v, want an end with %v", err, want)
	}
}

var errRefused = errors.New("connection refused")

var _ io.Closer = (*Client)(nil)
