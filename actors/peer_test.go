package actors

import (
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"

	"example.com/rollcall/wire"
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

// peer is a client at the other end of a link: it collects what it is sent, and
// answers pings unless it is mute.
type peer struct {
	w    *world
	link *link
	id   uint64 // of the connection, from accept

	mu   sync.Mutex
	got  []wire.Message
	gone error // why the reading ended
	mute bool
	view *view // nil: it does not watch
}

var ports atomic.Uint64

// dial connects a new client from an address of its own.
func (w *world) dial() *peer {
	w.t.Helper()
	return w.dialFrom(fmt.Sprintf("10.0.0.1:%d", ports.Add(1)))
}

func (w *world) dialFrom(address string) *peer {
	w.t.Helper()
	l := newLink(address, "10.0.0.9:7465")
	return w.serve(l, l.server)
}

// serve hands the server's end of a link over, wrapped as the test likes.
func (w *world) serve(l *link, t net.Conn) *peer {
	w.t.Helper()
	p := &peer{w: w, link: l}
	if err := w.sys.Accept(t); err != nil {
		w.t.Fatalf("accept: %v", err)
	}
	p.id = w.sys.nextID.Load() // peers come one by one
	go p.read()
	w.mu.Lock()
	w.peers = append(w.peers, p)
	w.mu.Unlock()
	w.t.Cleanup(func() { _ = l.client.Close() })
	return p
}

// read collects what comes.
func (p *peer) read() {
	split := wire.NewSplitter(wire.MaxMaxFrame, 1<<10)
	for {
		n, err := p.link.client.Read(split.Space())
		split.Filled(n)
		for {
			f, ok, ferr := split.Next()
			if !ok {
				err = firstError(err, ferr)
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
			p.gone = err
			p.mu.Unlock()
			return
		}
	}
}

func (p *peer) take(m wire.Message) {
	p.mu.Lock()
	p.got = append(p.got, m)
	if p.view != nil {
		p.view.apply(m)
	}
	mute := p.mute
	p.mu.Unlock()
	if ping, ok := m.(*wire.Ping); ok && !mute {
		_ = p.try(&wire.Pong{Echo: ping.Time})
	}
}

func (p *peer) silence() {
	p.mu.Lock()
	p.mute = true
	p.mu.Unlock()
}

// pause makes the peer stop reading, and resume go on.
func (p *peer) pause()  { p.link.client.in.hold(true) }
func (p *peer) resume() { p.link.client.in.hold(false) }

func frameOf(m wire.Message) []byte {
	b, err := wire.Append(nil, m)
	if err != nil {
		panic(err)
	}
	return b
}

// try sends messages in one write.
func (p *peer) try(all ...wire.Message) error {
	var b []byte
	for _, m := range all {
		b = append(b, frameOf(m)...)
	}
	_, err := p.link.client.Write(b)
	return err
}

// send sends messages in one write and waits until they are handled.
func (p *peer) send(all ...wire.Message) {
	p.w.t.Helper()
	if err := p.try(all...); err != nil {
		p.w.t.Fatalf("connection %d: send: %v", p.id, err)
	}
	p.w.settle()
}

func (p *peer) raw(b []byte) {
	p.w.t.Helper()
	if _, err := p.link.client.Write(b); err != nil {
		p.w.t.Fatalf("connection %d: write: %v", p.id, err)
	}
	p.w.settle()
}

// messages returns what has come since the last call.
func (p *peer) messages() []wire.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := p.got
	p.got = nil
	return got
}

// ended returns why the peer's reading has ended, or nil.
func (p *peer) ended() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

// want takes the first message of a type out of those that have come.
func want[M wire.Message](p *peer) M {
	p.w.t.Helper()
	m, ok := find[M](p)
	if !ok {
		p.w.t.Fatalf("connection %d got no %T", p.id, m)
	}
	return m
}

func find[M wire.Message](p *peer) (m M, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, x := range p.got {
		if m, ok = x.(M); ok {
			p.got = append(p.got[:i:i], p.got[i+1:]...)
			return m, true
		}
	}
	return m, false
}

// hello is a hello of this identifier.
func hello(identifier string) *wire.Hello {
	return &wire.Hello{
		MinVersion: 1, MaxVersion: 1, Identifier: identifier, Features: wire.FeatureFileNotices | wire.FeatureOffers,
	}
}

// greet does the handshake.
func (p *peer) greet(identifier string) *peer {
	p.w.t.Helper()
	p.send(hello(identifier))
	if m := want[*wire.Welcome](p); m.Connection != p.id {
		p.w.t.Fatalf("welcomed as %d, not %d", m.Connection, p.id)
	}
	return p
}

// login does the login, and returns the answer.
func (p *peer) login(user string) *wire.LoginOK {
	p.w.t.Helper()
	p.send(&wire.Login{Request: 1, User: user})
	return want[*wire.LoginOK](p)
}

// join connects, greets and logs in.
func (w *world) join(user string) *peer {
	w.t.Helper()
	p := w.dial().greet(user + "'s phone")
	p.login(user)
	return p
}

// close ends the client's side.
func (p *peer) close() {
	_ = p.link.client.Close()
	p.w.settle()
}
