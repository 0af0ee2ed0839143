package simulations

import (
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
	behind    []byte // to be sent when there is room
	pump      *due

	connection uint64
	interval   time.Duration
	timeout    time.Duration
	heard      time.Duration
	pinged     time.Duration
	beat       *due

	requests map[uint64]request // that have no answer yet
	unsent   []uint64           // those of them that are not on the line yet, or just went
	served   time.Duration      // when a handler last answered; 0: none has
	nextID   uint64
	senders  map[uint64]uint64 // the latest message of each connection
	byeSeen  bool

	quiet    bool           // it was told that it watches nobody any more
	quietAt  uint64         // the server's version then
	counted  uint64         // numbered one-way messages that it has sent
	countAt  time.Duration  // when the last byte of the latest is due at the server; 0: it waits
	counting bool           // it is not on the line yet, or just went
	chats    map[uint64]int // messages that have come, by the sender's connection
	strange  func(p *peer)  // what it does instead of saying hello; nil: it is a good client
}

func newPeer(c *fleetClient) *peer {
	return &peer{c: c, w: c.w, split: wire.NewSplitter(wire.MaxMaxFrame, 512), requests: make(map[uint64]request), senders: make(map[uint64]uint64), chats: make(map[uint64]int)}
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
		r := p.requests[m.ID]
		if p.answered(m.ID, "send") {
			p.w.model.acknowledged(p, r, m.ID, m.Sessions)
		}
	case *wire.Response:
		p.served = p.w.now()
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

// onDeliver checks the order of the messages of one sender (N16).
func (p *peer) onDeliver(m *wire.Deliver) {
	if last := p.senders[m.Connection]; m.ID <= last && !p.w.corrupted {
		p.w.fail("messages", "messages in order, each once", "%s: message %d of connection %d after %d", p.c.name, m.ID, m.Connection, last)
	}
	p.senders[m.Connection] = m.ID
	p.chats[m.Connection]++
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
