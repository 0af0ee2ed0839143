package simulations

import (
	"slices"
	"strings"
	"time"

	"example.com/rollcall/wire"
)

// mostNames bounds the names that one operation adds to a watch.
const mostNames = 50

func init() {
	// It asks for more: everyone, or N names from To's on. Text is some of
	// "everyone", "twice": twice is a client which asks once more at once, as of a
	// version ago, and takes the answer to that alone.
	peerOps["watch"] = func(p *peer, op *Op) {
		v := &p.c.view
		if p != p.c.peer || !p.loggedIn || v.on != p || v.set.empty() || v.asking != nil || len(p.behind) > 0 {
			return
		}
		var more watching
		if more.everyone = strings.Contains(op.Text, "everyone"); !more.everyone {
			more.names = p.w.names(op.To, op.N)
		}
		if more.empty() {
			return
		}
		times := 1
		if strings.Contains(op.Text, "twice") && v.has && v.version > 0 {
			times = 2
		}
		for range times {
			m := &wire.Watch{Request: p.ask("watch", ""), Everyone: more.everyone, Users: more.names}
			v.ask(p, m)
			m.Version -= min(m.Version, uint64(times-1)) //nolint:gosec // not negative
			p.send(m)
		}
		p.w.effect("watched more")
	}
	// It takes back what it watches: everything, and asks for it again after For;
	// or, if Text is "one", To's user alone.
	peerOps["unwatch"] = func(p *peer, op *Op) {
		v := &p.c.view
		if p != p.c.peer || !p.loggedIn || v.on != p || v.set.empty() || v.asking != nil {
			return
		}
		m := &wire.Unwatch{Request: p.ask("unwatch", "")}
		if op.Text == "one" {
			m.Users = p.w.names(op.To, 1)
		}
		switch {
		case len(m.Users) == 0:
			v.set = watching{}
		case !v.set.everyone:
			v.set, v.sure = v.set.minus(m.Users[0]), v.sure.minus(m.Users[0])
			delete(v.online, m.Users[0])
		}
		if v.set.empty() {
			v.forget()
			p.resume(max(op.For, time.Millisecond))
		}
		p.send(m)
		p.w.effect("unwatched")
	}
}

// names are the users of n clients from the one of a number on.
func (w *World) names(from, n int) []string {
	var all []string
	for i := range max(min(n, mostNames, len(w.clients)), 1) {
		if user := w.clients[(from+i)%len(w.clients)].plan.User; user != "" && !slices.Contains(all, user) {
			all = append(all, user)
		}
	}
	return all
}

// resume asks again for what the client's plan says, as soon as that can be.
func (p *peer) resume(wait time.Duration) {
	p.c.after(wait, func() {
		switch v := &p.c.view; {
		case p.over || p != p.c.peer || v.on == p && !v.set.empty():
		case !p.loggedIn || p.c.held.Load():
			p.resume(time.Second)
		default:
			p.watch()
		}
	})
}
