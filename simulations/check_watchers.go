package simulations

import (
	"slices"
	"time"

	"example.com/rollcall/wire"
)

// Watchers, a part of the events: the server says of each change how many it tells.

// watchFacts are what a link watches, by what the server has read and answered. It may
// have been told so, or be about to be: then nobody knows for a moment.
type watchFacts struct {
	pending  map[uint64]wire.Message // a watch or an unwatch without its answer
	everyone watched
	names    map[string]*watched
}

type watched struct {
	on    bool
	since time.Duration
}

func (x *watched) set(on bool, now time.Duration) {
	if x.on != on {
		*x = watched{on, now}
	}
}

// watches is told of a watch or an unwatch that the server has read.
func (k *link) watches(request uint64, msg wire.Message) {
	f := &k.facts.watching
	if f.pending == nil {
		f.pending, f.names = make(map[uint64]wire.Message), make(map[string]*watched)
	}
	f.pending[request] = msg
}

// watchAnswered is told of the ok to one of them, or of an error.
func (k *link) watchAnswered(request uint64, ok bool) {
	f, now := &k.facts.watching, k.w.now()
	msg := f.pending[request]
	delete(f.pending, request)
	if !ok {
		return
	}
	switch x := msg.(type) {
	case *wire.Watch:
		if x.Everyone {
			f.everyone.set(true, now)
		}
		for _, user := range x.Users {
			if f.names[user] == nil {
				f.names[user] = new(watched)
			}
			f.names[user].set(true, now)
		}
	case *wire.Unwatch:
		k.unwatches(x.Users)
	}
}

func (k *link) unwatches(users []string) {
	f, now := &k.facts.watching, k.w.now()
	if len(users) == 0 {
		f.everyone.set(false, now)
	}
	for user, x := range f.names { // each for itself: the order does not matter
		if len(users) == 0 || slices.Contains(users, user) {
			x.set(false, now)
		}
	}
}

// unwatched is told that a session has ended on a connection: its watches end with
// it, before that is told.
func (m *model) unwatched(connection uint64) {
	if k := m.live[connection]; k != nil {
		k.unwatches(nil)
		return
	}
	for _, k := range m.w.net.links {
		if k.life == m.life && k.facts.connection == connection {
			k.unwatches(nil)
		}
	}
}

// watcher tells whether a link surely watches a user, and whether it may.
func (k *link) watcher(user string, since time.Duration) (surely, maybe bool) {
	f := &k.facts.watching
	one := f.names[user]
	if one == nil {
		one = new(watched)
	}
	on := func(x *watched) (surely, maybe bool) {
		settled := x.since < since
		return x.on && settled, x.on || !settled && x.since > 0
	}
	surely, maybe = on(&f.everyone)
	s, p := on(one)
	surely, maybe = surely || s, maybe || p
	if len(f.pending) > 0 || len(k.facts.logouts) > 0 || k.corrupts {
		return false, true
	}
	return surely, maybe
}

// watchers looks at how many the server says that it tells of a change.
func (m *model) watchers(user string, told int) {
	if m.panics > 0 || m.life.stopping || m.w.stage >= stopping || len(m.w.clients) > crowded {
		return
	}
	least, most, since := 0, 0, m.toldSince()
	for _, k := range m.w.net.links {
		if k.life != m.life || k.facts.welcomed == 0 {
			continue
		}
		surely, maybe := k.watcher(user, since)
		if surely && m.live[k.facts.connection] == k && k.facts.user != "" && k.facts.byed == wire.ReasonNone {
			least++
		}
		if maybe {
			most++
		}
	}
	if told < least || told > most {
		m.w.fail("events", "the number of those who watch", "%d watchers of %s, there are from %d to %d", told, user, least, most)
	}
}
