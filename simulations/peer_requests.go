package simulations

import (
	"time"

	"example.com/rollcall/wire"
)

// request is one that has no answer yet.
type request struct {
	what string
	user string
	sent time.Duration
	// arrives is when its last byte is due at the server; 0: it waits on this side.
	arrives time.Duration
}

// login logs in, with the token of an earlier session if there was one.
func (p *peer) login(user string) {
	p.send(&wire.Login{Request: p.ask("login", user), User: user, Credential: []byte("ok"), Token: p.c.token})
}

// watch asks for presence, and goes on where the client was.
func (p *peer) watch() {
	if p != p.c.peer || !p.loggedIn || (!p.c.plan.Everyone && len(p.c.plan.Names) == 0) {
		return
	}
	v, all := &p.c.view, watching{p.c.plan.Everyone, p.c.plan.Names}
	if v.on == p && !v.set.empty() {
		all = v.set // it may have asked for more since
	}
	m := &wire.Watch{Request: p.ask("watch", ""), Everyone: all.everyone, Users: all.names}
	v.ask(p, m)
	p.send(m)
}

func (p *peer) ask(what, user string) uint64 {
	p.nextID++
	p.requests[p.nextID] = request{what: what, user: user, sent: p.w.now()}
	p.unsent = append(p.unsent, p.nextID)
	return p.nextID
}

// asked is how many requests of a sort have no answer yet.
func (p *peer) asked(what string) int {
	n := 0
	for _, r := range p.requests {
		if r.what == what {
			n++
		}
	}
	return n
}

// onTheLine notes when the requests arrive that the line has taken.
func (p *peer) onTheLine() {
	for _, id := range p.unsent {
		if r, ok := p.requests[id]; ok {
			r.arrives = p.link.up.latest
			p.requests[id] = r
		}
	}
	p.unsent = p.unsent[:0]
	if p.counting {
		p.counting, p.countAt = false, p.link.up.latest
	}
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
	switch r.what {
	case "watch":
		p.c.view.agreed(p, id)
	case "logout", "unwatch":
		p.hushed(r.what)
	}
	return true
}

// refused takes an error as the answer.
func (p *peer) refused(m *wire.Error) {
	r := p.requests[m.Request]
	what := r.what
	p.answered(m.Request, "")
	p.w.effect("refused " + what + ": " + m.Code.String())
	switch what {
	case "watch":
		if !p.c.view.refused(p, m.Request) {
			return
		}
		p.c.after(time.Second, func() {
			if !p.over {
				p.watch()
			}
		})
	case "unwatch":
		p.quiet = false
	case "send":
		if m.Code == wire.CodeUserOffline {
			p.w.model.acknowledged(p, r, m.Request, 0)
		}
	case "logout":
		p.quiet = false
		p.loggedIn = m.Code != wire.CodeNotLoggedIn // the session goes on
		if v := &p.c.view; !v.has && v.asking == nil {
			p.watch() // which was not asked again meanwhile
		}
	}
}
