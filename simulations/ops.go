package simulations

import (
	"context"
	"encoding/binary"
	"strings"
	"syscall"
	"time"

	"example.com/rollcall/wire"
)

// do carries an operation out. What makes no sense at the moment is left out:
// a plan that was made smaller still is one.
func (w *World) do(op *Op) {
	if w.stage != living {
		return
	}
	if f := serverOps[op.Kind]; f != nil {
		w.injected(op, nil)
		w.moment(nil, "server", op.Kind+" "+op.Text, false)
		f(w, op)
		return
	}
	if op.Client < 0 || op.Client >= len(w.clients) {
		return
	}
	c := w.clients[op.Client]
	if f := clientOps[op.Kind]; f != nil {
		f(c, op)
		return
	}
	if c.isReal() {
		if f := realOps[op.Kind]; f != nil && c.real != nil && !c.real.ended {
			f(c.real, op)
		}
		return
	}
	p := c.peer
	f := peerOps[op.Kind]
	if f == nil || p == nil || p.over || c.held.Load() {
		return
	}
	w.injected(op, p.link)
	f(p, op)
}

// injected counts a fault, and notes what it may be the cause of.
func (w *World) injected(op *Op, k *link) {
	w.tally.injected(op.Kind)
	if k == nil {
		return
	}
	w.trace.tell(w.now(), "world", op.Kind+" link "+itoa(uint64(k.id))) //nolint:gosec // positive
	w.tally.pair(op.Kind, k.state())
	w.moment(k.client, "fault", op.Kind, false)
	if fatal[op.Kind] && k.cause == "" {
		k.cause, k.causeAt, k.causeEnds = op.Kind, w.now(), 0
		if op.For > 0 {
			k.causeEnds = w.now() + op.For
		}
	}
}

// state is how far the link has come, for the coverage.
func (k *link) state() string {
	f := &k.facts
	switch {
	case !f.isAccepted:
		return "connecting"
	case f.hello == "":
		return "greeting"
	case f.welcomed == 0:
		return "registering"
	case len(f.logins) > 0:
		return "logging in"
	case f.byed != wire.ReasonNone || k.over:
		return "closing"
	case f.user != "":
		return "logged in"
	default:
		return "open"
	}
}

// fatal are the faults that end a connection.
var fatal = map[string]bool{
	"bye": true, "fin": true, "reset": true, "half": true, "vanish": true, "garbage": true, "huge": true,
	"hang": true, "mute-up": true, "mute-down": true, "freeze": true, "cut": true, "rebind": true, "roam": true,
}

// serverOps befall the server or all.
var serverOps = map[string]func(w *World, op *Op){
	// The whole server stands still, as by SIGSTOP.
	"stall": func(w *World, op *Op) {
		l := w.life
		if l == nil || l.dead.Load() || l.held.Load() || l.stopping {
			return
		}
		l.held.Store(true)
		w.trace.tell(w.now(), l.name, "stalls for "+op.For.String())
		w.model.stallBegan = w.now()
		w.at(w.now()+op.For, "stall ends", func() {
			l.held.Store(false)
			if w.life != l || l.dead.Load() {
				return // it has crashed meanwhile
			}
			w.model.stallEnded = w.now()
			w.model.nextLate = 0
			w.dirty = true
			for _, k := range w.model.live {
				if k.up.readable() {
					k.held = w.now()
				}
			}
		})
	},
	// The wall clock jumps.
	"wall": func(w *World, op *Op) {
		w.wallOff.Add(int64(op.For))
		w.effect("wall clock jumped")
	},
	// The next message of an actor whose ticket says Text panics; N of them.
	"panic": func(w *World, op *Op) {
		w.panics = append(w.panics, panicOrder{what: op.Text, left: max(op.N, 1)})
	},
	// Accepting fails for want of file descriptors.
	"emfile": func(w *World, op *Op) {
		if w.life == nil || w.life.dead.Load() {
			return
		}
		l := w.life.listener
		l.fail = errNoFiles
		w.at(w.now()+op.For, "", func() { l.fail = nil })
	},
}

// clientOps are done to clients, connected or not.
var clientOps = map[string]func(c *fleetClient, op *Op){
	"connect": func(c *fleetClient, _ *Op) { c.start() },
	// The client's process stands still.
	"freeze": func(c *fleetClient, op *Op) {
		if c.held.Load() {
			return
		}
		c.w.tally.injected(op.Kind)
		c.held.Store(true)
		for _, p := range c.peers() {
			c.w.injected(&Op{Kind: "freeze", For: op.For}, p.link)
		}
		for _, k := range c.links() {
			c.w.injected(&Op{Kind: "freeze", For: op.For}, k)
		}
		c.after(op.For, c.thaw)
	},
	// It connects and closes, and says nothing (N9).
	"shake": func(c *fleetClient, op *Op) {
		c.w.tally.injected(op.Kind)
		c.stranger(func(p *peer) { p.close() })
	},
	// It connects, and says nothing or half a hello (N14).
	"silent": func(c *fleetClient, op *Op) {
		c.w.tally.injected(op.Kind)
		n := op.N % 8
		c.stranger(func(p *peer) { p.raw([]byte{0, 0, 0, 30, 1, 0xa3, 1, 1}[:n]) })
	},
	// It talks before it has said hello.
	"early": func(c *fleetClient, op *Op) {
		c.w.tally.injected(op.Kind)
		c.stranger(func(p *peer) {
			p.link.mischief = true
			p.send(&wire.Login{Request: 1, User: "mallory"})
		})
	},
	// Nothing comes from or goes to where the client is.
	"cut": func(c *fleetClient, op *Op) {
		if c.place.cut {
			return
		}
		for _, p := range c.peers() {
			c.w.injected(op, p.link)
		}
		for _, k := range c.links() {
			c.w.injected(op, k)
		}
		c.isolate(true)
		c.after(op.For, func() { c.isolate(false) })
	},
}

// stranger makes a connection of somebody who is no client of the fleet.
func (c *fleetClient) stranger(greet func(p *peer)) {
	p := newPeer(c)
	p.strange = greet
	addr := c.place.addr
	c.place.addr = c.address()
	p.dial()
	c.place.addr = addr
	c.others = append(c.others, p)
}

func (c *fleetClient) thaw() {
	if !c.held.Swap(false) {
		return
	}
	for _, p := range c.peers() {
		p.drink()
		p.beats()
	}
	if c.peer == nil || c.peer.over {
		c.ended(c.peer)
	}
}

// peerOps are done by or to the latest connection of a peer.
var peerOps = map[string]func(p *peer, op *Op){
	"bye": func(p *peer, _ *Op) {
		p.send(&wire.Bye{Reason: wire.ReasonBye})
		p.close()
	},
	"fin":    func(p *peer, _ *Op) { p.close() },
	"reset":  func(p *peer, _ *Op) { p.abort() },
	"vanish": func(p *peer, _ *Op) { p.vanish() },
	// A FIN in the middle of a frame (N1).
	"half": func(p *peer, op *Op) {
		p.raw([]byte{0, 0, 0, 200, byte(wire.TypeSend), 0xa3, 1}[:1+op.N%7])
		p.close()
	},
	// It answers nothing any more, and its transport stays (N2).
	"hang": func(p *peer, _ *Op) {
		p.mute = true
		p.w.agenda.drop(p.beat)
	},
	"mute-up":   func(p *peer, op *Op) { p.silence(p.link.up, op.For) },
	"mute-down": func(p *peer, op *Op) { p.silence(p.link.down, op.For) },
	// The client is somewhere else, and the old link says nothing (N6).
	"roam": func(p *peer, _ *Op) {
		p.vanish()
		p.c.w.agenda.drop(p.c.again)
		p.c.place.addr = p.c.address()
		p.c.start()
	},
	// Its NAT gives the same address to its next connection at once (N3).
	"rebind": func(p *peer, _ *Op) {
		p.vanish()
		p.c.w.agenda.drop(p.c.again)
		p.c.start()
	},
	// A second connection with the same identifier, beside the first (N11).
	"double": func(p *peer, _ *Op) {
		addr := p.c.place.addr
		p.c.place.addr = p.c.address()
		if n := len(p.c.peers()); n < 4 {
			p.c.others = append(p.c.others, p.c.connect())
		}
		p.c.place.addr = addr
	},
	"login": func(p *peer, op *Op) {
		if p.welcomed && op.Text != "" {
			p.login(op.Text)
		}
	},
	"logout": func(p *peer, _ *Op) {
		if p.loggedIn {
			p.loggedIn = false
			p.send(&wire.Logout{Request: p.ask("logout", "")})
			p.after(func() {
				if p.c.plan.User != "" && !p.loggedIn {
					p.c.view = newView(p.c)
					p.login(p.c.plan.User)
				}
			})
		}
	},
	"send": func(p *peer, op *Op) {
		if !p.loggedIn || op.To < 0 || op.To >= len(p.w.clients) {
			return
		}
		to := p.w.clients[op.To].plan.User
		if to == "" {
			return
		}
		for range max(min(op.N, 5000), 1) {
			p.send(&wire.Send{ID: p.ask("send", to), To: to, Body: make([]byte, len(op.Text)+int(op.For)), Kind: "chat"})
		}
	},
	"request": func(p *peer, op *Op) {
		for range max(min(op.N, 1000), 1) {
			p.send(&wire.Request{Request: p.ask("request", ""), Kind: op.Text, Body: []byte{0x18, 42}})
		}
	},
	// Bytes that are no protocol.
	"garbage": func(p *peer, op *Op) {
		p.link.mischief = true
		b := make([]byte, 1+op.N%64)
		for i := range b {
			b[i] = byte(p.rng.IntN(256))
		}
		b[0] = 0
		p.raw(b)
	},
	// A frame longer than any may be.
	"huge": func(p *peer, _ *Op) {
		p.link.mischief = true
		p.raw(binary.BigEndian.AppendUint32(nil, 1<<30))
	},
	// The client reads a few bytes now and then.
	"slow": func(p *peer, op *Op) { p.slow = max(op.For, time.Millisecond) },
	"corrupt": func(p *peer, op *Op) {
		p.w.corrupted = true
		p.link.corrupts, p.link.up.corrupt = true, max(op.N, 1)
	},
	// More than anybody may say at once.
	"flood": func(p *peer, op *Op) {
		to := p.w.clients[op.To%len(p.w.clients)].plan.User
		for range 100 + op.N%400 {
			switch {
			case p.loggedIn && to != "":
				p.send(&wire.Send{ID: p.ask("send", to), To: to, Body: make([]byte, 100), Kind: "flood"})
			default:
				p.send(&wire.Ping{Time: 1})
			}
		}
	},
	// A login that is refused, or that panics in the authenticator; of who is logged
	// in already, too.
	"badlogin": func(p *peer, op *Op) {
		if p.welcomed {
			p.send(&wire.Login{Request: p.ask("login", "x"), User: "mallory", Credential: []byte([]string{"wrong", "panic"}[op.N%2])})
		}
	},
	// It asks for what it watches again and again.
	"rewatch": func(p *peer, op *Op) {
		for range 1 + op.N%30 {
			if p == p.c.peer && p.loggedIn && p.c.view.asking == nil {
				p.watch()
			}
		}
	},
	"kick": func(p *peer, _ *Op) {
		if p.welcomed && p.w.life != nil && !p.w.life.dead.Load() {
			p.w.model.kicks++
			s, id := p.w.life.s, p.connection
			p.w.go1(func() { _ = s.Kick(context.Background(), id, "simulated") })
		}
	},
}

// after does something when the answers to what was sent should be there.
func (p *peer) after(do func()) {
	p.c.after(time.Second, func() {
		if !p.over {
			do()
		}
	})
}

// silence makes one direction say nothing for a while.
func (p *peer) silence(d *pipe, length time.Duration) {
	p.link.silence(d, length)
}

func (k *link) silence(d *pipe, length time.Duration) {
	d.hush(true)
	k.w.at(k.w.now()+length, "", func() {
		if !k.dead && !k.cut {
			d.hush(false)
		}
	})
}

// go1 runs what waits for the server on a goroutine of its own.
func (w *World) go1(f func()) {
	w.spawned.Add(1)
	go func() {
		defer w.spawned.Done()
		f()
	}()
}

var errNoFiles error = syscall.EMFILE

// matches reports whether a ticket is meant by "part of the key/part of the
// message".
func (t *ticket) matches(what string) bool {
	key, msg, _ := strings.Cut(what, " ")
	return strings.Contains(t.key, key) && strings.HasSuffix(t.what, msg)
}

// panicOrder makes actors panic.
type panicOrder struct {
	what string
	left int
}

// maybePanic looks whether the one who goes on is to panic.
func (w *World) maybePanic(t *ticket) {
	for i := range w.panics {
		o := &w.panics[i]
		if o.left > 0 && w.life != nil && t.of == &w.life.host && t.matches(o.what) {
			o.left--
			t.panics = true
			w.model.panics++
			w.trace.tell(w.now(), t.key, "panics at "+t.what)
			return
		}
	}
}

// heal makes everything whole again: all faults end, everybody comes back.
func (w *World) heal() {
	w.stage = healing
	w.trace.tell(w.now(), "world", "everything is healed")
	w.panics = nil
	if l := w.life; l != nil {
		l.mu.Lock()
		l.stores.trouble = diskTrouble{}
		l.mu.Unlock()
	}
	if w.life != nil && w.life.listener.fail != nil {
		w.life.listener.fail = nil
	}
	for _, c := range w.clients {
		c.isolate(false)
		c.thaw()
		if c.isReal() && c.plan.Start >= 0 {
			c.start()
		}
		for _, p := range c.peers() {
			p.mute, p.slow = false, 0
			if !p.link.dead {
				p.link.up.hush(false)
				p.link.down.hush(false)
			}
			p.drink()
			p.beats()
		}
	}
	w.at(w.now()+w.settling(), "settled", w.settled)
}

// settling is how long it may take until all is as it should be.
func (w *World) settling() time.Duration {
	s := w.plan.Server
	longest := s.graceRestart()
	timeout := s.timeout()
	for _, c := range w.plan.Clients {
		longest = max(longest, c.Reconnect*2)
		timeout = max(timeout, c.Timeout)
	}
	if s.Files {
		longest = max(longest, either(s.FileGrace, time.Minute)+patience)
	}
	return 2*timeout + s.writeTimeout() + s.handshakeTimeout() + s.Grace + longest + 30*time.Second
}

// settled checks that all has converged, and stops the server.
func (w *World) settled() {
	if w.failure != nil {
		return
	}
	w.still = true
	w.model.bounds()
	w.model.late()
	w.model.maps()
	w.model.presence()
	w.model.converged()
	w.model.disk(true)
	w.model.partials()
	w.model.untold()
	w.embedded(true)
	w.model.drained()
	w.model.unanswered()
	if w.failure != nil {
		return
	}
	w.stage = stopping
	w.trace.tell(w.now(), "world", "the server is stopped")
	for _, c := range w.clients {
		c.gone = true
		w.agenda.drop(c.again)
		if c.real != nil {
			c.real.cancel()
		}
	}
	l := w.life
	if l == nil || l.dead.Load() || l.stopping {
		w.fail("run", "a server that lives", "it does not")
		return
	}
	began := w.now()
	w.at(began+shutdownEnds, "", func() { w.fail("leak", "a shutdown that ends", "it has lasted %v", w.now()-began) })
	w.go1(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err := l.s.Shutdown(ctx)
		<-l.served
		served := l.serveErr
		l.retire()
		w.lock()
		defer w.unlock()
		w.at(w.now(), "", func() { w.stopped(l, began, err, served) })
		w.gate.poke()
	})
}

// stopped checks what a shutdown has left.
func (w *World) stopped(l *life, began time.Duration, err, served error) {
	for _, e := range l.drained() {
		w.model.event(l, e)
	}
	if (err != nil && l.diskHits.Load() == 0) || served != nil {
		w.fail("G2", "a shutdown in good order", "after %v: %v, %v", w.now()-began, err, served)
	}
	if n := len(w.model.live) + len(w.model.waiting); n > 0 && w.failure == nil {
		w.fail("G2", "a termination for every connection", "%d have none after the shutdown", n)
	}
	if c := l.s.Counters(); w.failure == nil {
		w.counters(c)
	}
	l.dead.Store(true)
	w.stage = over
}
