package simulations

import (
	"example.com/rollcall/wire"
)

// view is what a client knows of the users that it watches, by the algorithm of
// PROTOCOL.md section 7, and what it holds the server to (G3).
type view struct {
	c       *fleetClient
	has     bool
	epoch   uint64
	version uint64
	online  map[string]bool

	on   *peer    // the connection whose watches these are
	set  watching // what was asked for on it
	sure watching // of whom what is known at version is all there is

	asking   *peer // a watch is under way on it
	asked    *wire.Watch
	then     uint64 // the server's version when it was asked
	ok       bool   // it was agreed to; its state is to come
	building *building
	floor    map[*peer]uint64 // the version that was sent before on a connection
}

type building struct {
	epoch, version, next uint64
	users                map[string]bool
}

func newView(c *fleetClient) view {
	return view{c: c, online: make(map[string]bool), floor: make(map[*peer]uint64)}
}

func (v *view) watches(user string) bool { return v.set.includes(user) }

func (v *view) ask(p *peer, m *wire.Watch) {
	more := watching{m.Everyone, m.Users}
	if v.on != p {
		v.on, v.set = p, watching{}
		if !v.sure.covers(more) {
			v.forget()
		}
	}
	v.set = v.set.plus(more)
	p.quiet = false
	if v.has {
		m.Epoch, m.Version = v.epoch, v.version
	}
	v.asking, v.asked, v.ok, v.building = p, m, false, nil
	v.then = v.c.w.model.version
}

// again asks for the state anew, after a gap.
func (v *view) again(p *peer) {
	if v.asking != nil || !p.loggedIn {
		return // what is late of an earlier session; the next begins with a watch
	}
	v.c.w.effect("gap")
	m := &wire.Watch{Request: p.ask("watch", "")}
	v.ask(p, m)
	p.send(m)
}

func (v *view) agreed(p *peer, request uint64) {
	if v.asking == p && v.asked.Request == request {
		v.ok = true
	}
}

// refused: the watch did not come about. It reports whether it was the latest.
func (v *view) refused(p *peer, request uint64) bool {
	if v.asking != p || v.asked.Request != request {
		return false
	}
	v.asking = nil
	return true
}

// left forgets what belongs to a connection.
func (v *view) left(p *peer) {
	if v.asking == p {
		v.asking = nil
	}
	v.building = nil
	delete(v.floor, p)
	if p.link.corrupts {
		*v = newView(v.c) // what it was told there may be anything
	}
}

func (v *view) snapshot(p *peer, s *wire.Snapshot) {
	p.quietly(s.Epoch, s.Version)
	if v.asking == p && !v.ok || v.on == p && v.set.empty() {
		return // of before the watch, or what was under way
	}
	if s.Part == 0 {
		v.building = &building{epoch: s.Epoch, version: s.Version, users: make(map[string]bool)}
		if s.Version < v.floor[p] {
			v.c.w.fail("G3", "a snapshot is not older than what was told before", "%s: version %d after %d", v.c.name, s.Version, v.floor[p])
		}
		if v.asking == p && v.asked.Epoch == s.Epoch && s.Version < v.asked.Version {
			v.c.w.fail("G3", "a snapshot is not older than what the watch knew", "%s: version %d, it knew %d", v.c.name, s.Version, v.asked.Version)
		}
	}
	b := v.building
	if b == nil || b.epoch != s.Epoch || b.version != s.Version || b.next != s.Part {
		v.c.w.fail("G3", "the parts of a snapshot in order", "%s: part %d", v.c.name, s.Part)
		return
	}
	for _, o := range s.Online {
		b.users[o.User] = true
		v.c.w.model.onlineSince(v, p, s, o)
	}
	b.next++
	if s.More {
		return
	}
	v.c.w.effect("snapshot")
	v.has, v.epoch, v.version, v.online = true, b.epoch, b.version, b.users
	v.floor[p] = b.version
	v.building = nil
	v.sure = v.set
	v.c.w.model.pictured(v, p)
	if v.asking == p {
		v.asking = nil
	}
}

func (v *view) delta(p *peer, d *wire.Delta) {
	p.quietly(d.Epoch, d.To)
	if v.on == p && v.set.empty() {
		v.floor[p] = max(v.floor[p], d.To)
		return // what was under way
	}
	if v.building != nil {
		v.c.w.fail("G3", "no delta between the parts of a snapshot", "%s", v.c.name)
	}
	answers := v.asking == p
	if answers {
		if !v.ok {
			v.floor[p] = max(v.floor[p], d.To) // of before the watch, which may yet be refused
			return
		}
		v.asking = nil
		if d.Epoch == v.c.w.lifeEpoch() {
			v.c.w.model.resumed(d.From, v.then)
		}
	}
	if !v.has || d.Epoch != v.epoch {
		v.again(p)
		return
	}
	if f, ok := v.floor[p]; ok && d.From > f {
		v.c.w.fail("G3", "deltas without a gap", "%s: a delta from %d, it was told up to %d", v.c.name, d.From, f)
	}
	v.floor[p] = max(v.floor[p], d.To)
	if d.From > v.version {
		v.again(p)
		return
	}
	if answers {
		v.sure = v.set // of whom it watched before, it is told nothing from here on
	}
	if answers && d.To <= v.version {
		v.c.w.model.pictured(v, p)
	}
	if d.To <= v.version {
		return
	}
	for _, x := range d.Changes {
		if x.Version <= v.version || !v.watches(x.User) {
			continue
		}
		v.c.w.model.announced(v.c, d.Epoch, x)
		if x.Online {
			v.online[x.User] = true
		} else {
			delete(v.online, x.User)
			v.c.w.model.noticed(v.c, x)
		}
	}
	knew := v.version
	v.version = d.To
	v.c.w.model.led(v, p, knew)
	if answers {
		v.c.w.model.pictured(v, p)
	}
	v.c.w.effect("delta")
}
