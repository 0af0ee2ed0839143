package supervisor_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/wire"
)

// peer is a client that speaks the bare protocol, so that a test can do with it
// what no decent client does. It answers pings unless it is mute.
type peer struct {
	t    testing.TB
	nc   net.Conn
	link *link // nil over a real socket

	// owned by the test
	user    string
	id      uint64 // the connection, from the welcome
	welcome wire.Welcome
	session wire.LoginOK
	ids     uint64 // the last request

	writing chan struct{} // holds one token; who has it may write
	done    chan struct{} // closed when the stream has ended

	// owned by whoever holds mu
	mu    sync.Mutex
	news  chan struct{} // closed, and made anew, when something came
	got   []wire.Message
	pings int
	mute  bool
	wrote time.Time // when bytes were last written
	view  *view
	end   error
}

func newPeer(t testing.TB, nc net.Conn) *peer {
	p := &peer{
		t: t, nc: nc,
		writing: make(chan struct{}, 1), done: make(chan struct{}), news: make(chan struct{}),
	}
	go p.read()
	return p
}

// read collects what comes until the stream ends.
func (p *peer) read() {
	split := wire.NewSplitter(wire.MaxMaxFrame, 4<<10)
	for {
		n, err := p.nc.Read(split.Space())
		split.Filled(n)
		for {
			f, ok, ferr := split.Next()
			if ferr != nil {
				err = ferr
			}
			if !ok {
				break
			}
			m, derr := wire.Decode(f.Type, f.Body)
			if derr != nil {
				err = derr
				break
			}
			p.take(m)
		}
		if err != nil {
			p.mu.Lock()
			p.end = err
			p.mu.Unlock()
			close(p.done)
			return
		}
	}
}

func (p *peer) take(m wire.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m := m.(type) {
	case *wire.Ping:
		p.pings++
		if !p.mute {
			go func() { _ = p.put(&wire.Pong{Echo: m.Time}) }()
		}
	case *wire.Snapshot:
		if p.view != nil {
			p.view.snapshot(m)
		}
	case *wire.Delta:
		if p.view != nil {
			p.view.delta(m)
		}
	}
	p.got = append(p.got, m)
	close(p.news)
	p.news = make(chan struct{})
}

// patience bounds every wait; what a test waits for comes at once, or never.
// In a bubble it costs nothing.
const patience = 60 * time.Second

var errEnded = errors.New("the stream has ended")

// find waits for the first message that fits, and takes it out.
func (p *peer) find(fits func(wire.Message) bool) (wire.Message, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	ended := p.done
	for {
		p.mu.Lock()
		i := slices.IndexFunc(p.got, fits)
		if i >= 0 {
			m := p.got[i]
			p.got = slices.Delete(p.got, i, i+1)
			p.mu.Unlock()
			return m, nil
		}
		news := p.news
		p.mu.Unlock()
		if ended == nil {
			return nil, fmt.Errorf("%w: %w", errEnded, p.end)
		}
		select {
		case <-news:
		case <-p.done:
			ended = nil // look once more
		case <-timeout.C:
			return nil, fmt.Errorf("nothing after %v", patience)
		}
	}
}

// want waits for the next message of a type.
func want[T wire.Message](p *peer) T {
	p.t.Helper()
	m, err := p.find(func(m wire.Message) bool { _, ok := m.(T); return ok })
	if err != nil {
		var none T
		p.t.Fatalf("%s: waiting for %T: %v", p.user, none, err)
	}
	return m.(T)
}

// has returns the messages of a type that have come, and takes none out.
func has[T wire.Message](p *peer) (all []T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		if x, ok := m.(T); ok {
			all = append(all, x)
		}
	}
	return all
}

// put writes messages in one piece.
func (p *peer) put(messages ...wire.Message) error {
	var b []byte
	for _, m := range messages {
		var err error
		if b, err = wire.Append(b, m); err != nil {
			return err
		}
	}
	return p.putRaw(b)
}

func (p *peer) putRaw(b []byte) error {
	p.writing <- struct{}{}
	defer func() { <-p.writing }()
	_, err := p.nc.Write(b)
	if err == nil {
		p.mu.Lock()
		p.wrote = time.Now()
		p.mu.Unlock()
	}
	return err
}

// heardAt is when the server has last heard this client.
func (p *peer) heardAt() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wrote
}

func (p *peer) send(messages ...wire.Message) {
	p.t.Helper()
	if err := p.put(messages...); err != nil {
		p.t.Fatalf("%s: sending: %v", p.user, err)
	}
}

func (p *peer) raw(b []byte) {
	p.t.Helper()
	if err := p.putRaw(b); err != nil {
		p.t.Fatalf("%s: sending: %v", p.user, err)
	}
}

// next returns a new request ID.
func (p *peer) next() uint64 { p.ids++; return p.ids }

// answer waits for the answer to a request.
func (p *peer) answer(request uint64) wire.Message {
	p.t.Helper()
	m, err := p.find(func(m wire.Message) bool { return answers(m) == request })
	if err != nil {
		p.t.Fatalf("%s: waiting for the answer to %d: %v", p.user, request, err)
	}
	return m
}

// answers returns the request that a message answers, or zero.
func answers(m wire.Message) uint64 {
	switch m := m.(type) {
	case *wire.LoginOK:
		return m.Request
	case *wire.OK:
		return m.Request
	case *wire.Ack:
		return m.ID
	case *wire.Response:
		return m.Request
	case *wire.Error:
		return m.Request
	default:
		return 0
	}
}

// hello shakes hands, with everything that a client can take.
func (p *peer) hello(identifier string) *peer {
	p.t.Helper()
	return p.helloWith(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: identifier, Features: 1<<64 - 1})
}

func (p *peer) helloWith(h *wire.Hello) *peer {
	p.t.Helper()
	p.send(h)
	p.welcome = *want[*wire.Welcome](p)
	p.id = p.welcome.Connection
	return p
}

// tryLogin logs in and returns the answer.
func (p *peer) tryLogin(user, credential string, token []byte) wire.Message {
	p.t.Helper()
	r := p.next()
	p.send(&wire.Login{Request: r, User: user, Credential: []byte(credential), Token: token})
	return p.answer(r)
}

// login logs in, which must go well.
func (p *peer) login(user string) *peer { return p.resume(user, nil) }

// resume logs in with a token.
func (p *peer) resume(user string, token []byte) *peer {
	p.t.Helper()
	ok, isOK := p.tryLogin(user, "", token).(*wire.LoginOK)
	if !isOK {
		p.t.Fatalf("the login of %s was refused", user)
	}
	p.user, p.session = user, *ok
	return p
}

// watch watches the users, or everyone, with an empty view or the one it has.
func (p *peer) watch(users ...string) *peer {
	p.t.Helper()
	w := &wire.Watch{Request: p.next(), Everyone: len(users) == 0, Users: users}
	p.mu.Lock()
	if p.view == nil {
		p.view = newView(users...)
	} else if p.view.add(users); p.view.known {
		w.Epoch, w.Version = p.view.epoch, p.view.version
	}
	p.mu.Unlock()
	p.send(w)
	if m, ok := p.answer(w.Request).(*wire.OK); !ok {
		p.t.Fatalf("%s: the watch was answered by %T", p.user, m)
	}
	return p
}

// bye waits for the end of the stream, and returns the server's goodbye, if any,
// and how the stream ended.
func (p *peer) bye() (*wire.Bye, error) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("%s: the connection goes on", p.user)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		if b, ok := m.(*wire.Bye); ok {
			return b, p.end
		}
	}
	return nil, p.end
}

// cut closes the client's side without a word.
func (p *peer) cut() { _ = p.nc.Close() }

// freeze stops the client: it neither reads nor writes any more, and its system
// keeps the connection open. thaw lets it go on.
func (p *peer) freeze() { p.link.client.in.hold(true) }
func (p *peer) thaw()   { p.link.client.in.hold(false) }

// silence lets the client read, and answer nothing.
func (p *peer) silence() {
	p.mu.Lock()
	p.mute = true
	p.mu.Unlock()
}

// look lets f look at the view while nothing changes it.
func (p *peer) look(f func(v *view)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p.view)
}

// told is view.told, and wants the view to be without a problem.
func (p *peer) told(user string) (out []string) {
	p.t.Helper()
	p.look(func(v *view) {
		if v.problem != nil {
			p.t.Errorf("%s watches: %v", p.user, v.problem)
		}
		out = v.told(user)
	})
	return out
}

// pinged is how often the server has pinged.
func (p *peer) pinged() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pings
}
