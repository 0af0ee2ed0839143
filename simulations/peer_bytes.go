package simulations

import (
	"time"

	"example.com/rollcall/wire"
)

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
			p.flush()
		})
	}
	if len(p.behind) == 0 {
		p.onTheLine()
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
