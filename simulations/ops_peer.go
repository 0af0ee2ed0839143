package simulations

import (
	"context"
	"encoding/binary"
	"time"

	"example.com/rollcall/wire"
)

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
			p.send(&wire.Request{Request: p.ask("request", ""), Kind: op.Text, Body: op.body()})
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
