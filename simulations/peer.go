package simulations

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"example.com/rollcall/wire"
)

// peer is one connection of a client that speaks the protocol by itself: the
// world's own implementation, which can also do what no good client does. It
// runs on the driver, under the world's lock.
type peer struct {
	c     *fleetClient
	w     *World
	link  *link
	rng   *rand.Rand
	split *wire.Splitter

	connected bool
	welcomed  bool
	loggedIn  bool
	over      bool // the peer is done with it
	mute      bool // it answers nothing, as if it hung
	slow      time.Duration
	drinking  *due
	behind    []byte        // to be sent when there is room
	caughtUp  time.Duration // when a narrow link had taken all that waited for it
	pump      *due

	connection uint64
	interval   time.Duration
	timeout    time.Duration
	heard      time.Duration
	pinged     time.Duration
	beat       *due

	requests map[uint64]request // that have no answer yet
	nextID   uint64
	senders  map[uint64]uint64 // the latest message of each connection
	byeSeen  bool
	strange  func(p *peer) // what it does instead of saying hello; nil: it is a good client
}

type request struct {
	what string
	user string
	sent time.Duration
}

func newPeer(c *fleetClient) *peer {
	return &peer{c: c, w: c.w, split: wire.NewSplitter(wire.MaxMaxFrame, 512), requests: make(map[uint64]request), senders: make(map[uint64]uint64)}
}

func (p *peer) dial() {
	place := p.c.place
	p.link = p.w.net.connect(&p.c.host, &place, func(_ *link, err error) {
		if p.over {
			return
		}
		if err != nil {
			p.end("refused")
			return
		}
		p.onConnected()
	})
	p.rng = stream(p.w.seed, "peer/"+strconv.Itoa(p.link.id))
	p.c.after(20*time.Second, func() {
		if !p.connected && !p.over {
			p.end("no answer")
		}
	})
}

func (p *peer) onConnected() {
	p.connected = true
	p.link.down.sink = p.drink
	p.heard = p.w.now()
	if p.strange != nil {
		p.strange(p)
		return
	}
	p.send(&wire.Hello{
		MinVersion: wire.Version, MaxVersion: wire.Version, Identifier: p.c.plan.Identifier, Client: "simulation",
		Interval: uint64(p.c.plan.Interval / time.Millisecond), Timeout: uint64(p.c.plan.Timeout / time.Millisecond), //nolint:gosec // positive
		Features: wire.FeatureFileNotices | wire.FeatureOffers,
	})
}

// send sends a message; what finds no room waits.
func (p *peer) send(m wire.Message) {
	b, err := wire.Append(nil, m)
	if err != nil {
		p.w.fail("world", "a message that can be sent", "%v", err)
		return
	}
	p.raw(b)
}

// raw sends any bytes.
func (p *peer) raw(b []byte) {
	if p.over || !p.connected || p.link.up.ended {
		return
	}
	p.behind = append(p.behind, b...)
	p.flush()
}

func (p *peer) flush() {
	if n := min(p.link.up.room(), len(p.behind)); n > 0 {
		p.link.up.send(p.behind[:n])
		p.behind = append(p.behind[:0:0], p.behind[n:]...)
	}
	if len(p.behind) > 0 && p.pump == nil && !p.over {
		p.pump = p.c.after(20*time.Millisecond, func() {
			p.pump = nil
			if p.flush(); len(p.behind) == 0 {
				p.caughtUp = p.w.now()
			}
		})
	}
}

// drink reads what has arrived, unless the peer hangs.
func (p *peer) drink() {
	down := p.link.down
	if p.over || p.c.held.Load() {
		return
	}
	if p.slow > 0 {
		if p.drinking == nil {
			p.drinking = p.c.after(p.slow, func() {
				p.drinking = nil
				p.sip(16)
				p.w.effect("sipped")
				if !p.over && down.readable() {
					p.drink()
				}
			})
		}
		return
	}
	p.sip(1 << 20)
}

func (p *peer) sip(most int) {
	down := p.link.down
	for most > 0 && len(down.recv) > 0 && !p.over {
		space := p.split.Space()
		n := down.take(space[:min(len(space), most)])
		most -= n
		p.split.Filled(n)
		p.heard = p.w.now()
		p.frames()
	}
	if p.over || len(down.recv) > 0 {
		return
	}
	switch {
	case down.reset != nil:
		p.end("reset")
	case down.fin:
		p.end("eof")
	}
}

func (p *peer) frames() {
	for !p.over {
		f, ok, err := p.split.Next()
		if err != nil {
			p.garbled(err)
			return
		}
		if !ok {
			return
		}
		m, err := wire.Decode(f.Type, f.Body)
		if err != nil {
			p.garbled(err)
			return
		}
		p.handle(m)
	}
}

// garbled: what came is no protocol. Only a link that corrupts may do so.
func (p *peer) garbled(err error) {
	if !p.link.corrupts {
		p.w.fail("messages", "frames of the protocol from the server", "%s: %v", p.c.name, err)
	}
	p.close()
}

func (p *peer) handle(m wire.Message) {
	if p.byeSeen {
		p.w.fail("messages", "nothing behind a bye", "%s: %v", p.c.name, m.Type())
		return
	}
	switch m := m.(type) {
	case *wire.Welcome:
		p.onWelcome(m)
	case *wire.Ping:
		if !p.mute {
			p.send(&wire.Pong{Echo: m.Time, Time: uint64(p.w.now() / time.Microsecond)}) //nolint:gosec // positive
		}
	case *wire.LoginOK:
		if p.answered(m.Request, "login") {
			p.loggedIn = true
			p.c.token = m.Token
			p.watch()
		}
	case *wire.OK:
		p.answered(m.Request, "")
	case *wire.Ack:
		p.answered(m.ID, "send")
	case *wire.Response:
		p.answered(m.Request, "request")
	case *wire.Error:
		if m.Request != 0 && (!p.link.corrupts || p.requests[m.Request].what != "") {
			p.refused(m)
		}
	case *wire.Snapshot:
		p.c.view.snapshot(p, m)
	case *wire.Delta:
		p.c.view.delta(p, m)
	case *wire.Deliver:
		p.onDeliver(m)
	case *wire.Bye:
		p.byeSeen = true
		p.onBye(m)
	}
}

func (p *peer) onWelcome(m *wire.Welcome) {
	if p.welcomed {
		p.w.fail("messages", "one welcome", "%s: a second one", p.c.name)
	}
	p.welcomed = true
	p.connection = m.Connection
	p.interval = time.Duration(m.Interval) * time.Millisecond //nolint:gosec // bounded
	p.timeout = time.Duration(m.Timeout) * time.Millisecond   //nolint:gosec // bounded
	p.w.effect("connected")
	if p != p.c.peer {
		p.w.effect("established beside another")
	}
	p.beats()
	if p.c.plan.User != "" {
		p.login(p.c.plan.User)
	}
}

func (p *peer) login(user string) {
	p.send(&wire.Login{Request: p.ask("login", user), User: user, Credential: []byte("ok"), Token: p.c.token})
}

// watch asks for presence, and goes on where the client was.
func (p *peer) watch() {
	if p != p.c.peer || !p.loggedIn || (!p.c.plan.Everyone && len(p.c.plan.Names) == 0) {
		return
	}
	m := &wire.Watch{Request: p.ask("watch", ""), Everyone: p.c.plan.Everyone, Users: p.c.plan.Names}
	p.c.view.ask(p, m)
	p.send(m)
}

func (p *peer) ask(what, user string) uint64 {
	p.nextID++
	p.requests[p.nextID] = request{what: what, user: user, sent: p.w.now()}
	return p.nextID
}

// answered takes the answer to a request: each has one at most (N15).
func (p *peer) answered(id uint64, what string) bool {
	r, ok := p.requests[id]
	if p.link.corrupts && (!ok || what != "" && r.what != what) {
		return false // what the server has read was another request
	}
	if !ok {
		p.w.fail("messages", "one answer to each request", "%s: an answer to request %d, which waits for none", p.c.name, id)
		return false
	}
	if what != "" && r.what != what {
		p.w.fail("messages", "answers that fit", "%s: %s %d was answered as a %s", p.c.name, r.what, id, what)
		return false
	}
	delete(p.requests, id)
	p.w.effect("answered " + r.what)
	if r.what == "watch" {
		p.c.view.agreed(p)
	}
	return true
}

// refused takes an error as the answer.
func (p *peer) refused(m *wire.Error) {
	what := p.requests[m.Request].what
	p.answered(m.Request, "")
	p.w.effect("refused " + what + ": " + m.Code.String())
	switch what {
	case "watch":
		p.c.view.refused(p)
		p.c.after(time.Second, func() {
			if !p.over {
				p.watch()
			}
		})
	case "logout":
		p.loggedIn = m.Code != wire.CodeNotLoggedIn // the session goes on
	}
}

// onDeliver checks the order of the messages of one sender (N16).
func (p *peer) onDeliver(m *wire.Deliver) {
	if last := p.senders[m.Connection]; m.ID <= last && !p.w.corrupted {
		p.w.fail("messages", "messages in order, each once", "%s: message %d of connection %d after %d", p.c.name, m.ID, m.Connection, last)
	}
	p.senders[m.Connection] = m.ID
	p.w.effect("delivered")
}

func (p *peer) onBye(m *wire.Bye) {
	p.w.effect("told " + m.Reason.String())
	switch m.Reason {
	case wire.ReasonKicked, wire.ReasonReplaced, wire.ReasonLoginRefused, wire.ReasonVersionUnsupported:
		p.c.gone = true
	default:
	}
	p.close()
}

// beats is the client's half of the heartbeat.
func (p *peer) beats() {
	p.w.agenda.drop(p.beat)
	p.beat = nil
	if p.over || p.mute || p.c.held.Load() {
		return
	}
	now := p.w.now()
	switch {
	case now-p.heard >= p.timeout:
		p.w.effect("client gave up")
		p.close()
		return
	case now-max(p.heard, p.pinged) >= p.interval:
		p.pinged = now
		p.send(&wire.Ping{Time: uint64(now / time.Microsecond)}) //nolint:gosec // positive
	}
	next := min(max(p.heard, p.pinged)+p.interval, p.heard+p.timeout)
	p.beat = p.w.at(max(next, now+time.Millisecond), "", func() { p.beat = nil; p.beats() })
}

// close ends the connection by a FIN.
func (p *peer) close() {
	if p.over {
		return
	}
	if p.connected {
		p.link.up.finish()
	}
	p.end("closes")
}

// abort ends it by a reset.
func (p *peer) abort() {
	if p.over || !p.connected {
		return
	}
	p.link.up.abort()
	p.end("resets")
}

// vanish ends it with nothing that tells the server: the cable is pulled.
func (p *peer) vanish() {
	p.link.dead = true
	p.link.up.hush(true)
	p.link.down.hush(true)
	p.end("vanishes")
}

func (p *peer) end(why string) {
	if p.over {
		return
	}
	p.over = true
	if p.strange != nil {
		p.w.effect("stranger ended")
	}
	p.w.trace.tell(p.w.now(), p.c.name, fmt.Sprintf("%s: link %d", why, p.link.id))
	p.link.down.sink = nil
	if !p.link.dead {
		p.link.down.closed = true
		p.link.down.under -= len(p.link.down.recv)
		p.link.down.recv = nil
		p.link.down.wakeWriter()
	}
	p.w.agenda.drop(p.beat)
	p.c.view.left(p)
	p.c.ended(p)
}
