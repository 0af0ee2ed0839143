package simulations

import (
	"fmt"
)

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
