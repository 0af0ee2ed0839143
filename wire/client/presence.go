package client

import (
	"errors"
	"maps"
	"slices"

	"example.com/rollcall/wire"
)

// mark is a point in the server's history of presence.
type mark struct{ epoch, version uint64 }

// change is one user's new state, different from the one before it.
type change struct {
	user    string
	online  bool
	version uint64
	reason  wire.Reason
	at      int64 // Unix milliseconds; 0 = unknown
}

// maxMissed bounds how often in a row a connection's stream of presence may
// have to be asked for again before the server is taken for broken.
const maxMissed = 5

var (
	errTooManyUsers = errors.New("client: more users online than this client remembers")
	errNoProgress   = errors.New("client: the presence stream does not join up")
)

// presence is what the client knows of the users that its watches want, over
// all its connections. A plain value: messages of the server in, changes out.
//
//   - A delta is applied where it joins up with what is known; what it repeats
//     is ignored; where something is missing, the state is asked for again.
//   - A snapshot becomes the differences to what is known. Another epoch is no
//     exception: the consumer sees changes only, whatever became of the server.
//   - So for each user changes alternate between online and offline, and
//     within an epoch their versions only rise (P1).
//
// It remembers at most limit online users.
type presence struct {
	sub   subscription
	limit int

	known   bool // some state has come, and mark is its point
	mark    mark
	online  map[string]int64 // since when, in Unix milliseconds
	allSeen bool             // the state at mark speaks of everyone
	seen    map[string]struct{}

	parts  *assembly // of a snapshot that has begun to come
	missed int       // times in a row that the state was asked for again
}

// assembly is a snapshot in parts.
type assembly struct {
	mark   mark
	next   uint64 // the number of the part that has to follow
	online map[string]int64
	stale  bool // it began before the server agreed to the latest watch
}

func newPresence(limit int) presence {
	return presence{
		sub:    newSubscription(),
		limit:  limit,
		online: make(map[string]int64),
		seen:   make(map[string]struct{}),
	}
}

// watch counts a consumer in; no users means everyone.
func (p *presence) watch(users []string) { p.sub.add(users) }

// unwatch counts a consumer out and forgets whom nobody watches any more.
func (p *presence) unwatch(users []string) {
	all := p.sub.wantAll
	p.sub.drop(users)
	if all > 0 && p.sub.wantAll == 0 {
		if p.allSeen {
			for u := range p.sub.want {
				p.seen[u] = struct{}{}
			}
		}
		p.allSeen = false
		maps.DeleteFunc(p.online, func(u string, _ int64) bool { return !p.sub.wants(u) })
		maps.DeleteFunc(p.seen, func(u string, _ struct{}) bool { return !p.sub.wants(u) })
	}
	for _, u := range users {
		if !p.sub.wants(u) {
			delete(p.online, u)
			delete(p.seen, u)
		}
	}
	if p.sub.idle() {
		p.known = false
	}
}

// covers reports whether what is known speaks of all of users, of everyone if
// there are none.
func (p *presence) covers(users []string) bool {
	if !p.known || p.allSeen {
		return p.known
	}
	for _, u := range users {
		if _, ok := p.seen[u]; !ok {
			return false
		}
	}
	return len(users) > 0
}

// list returns who of users, of everyone if there are none, is online, in no
// order.
func (p *presence) list(users []string) []wire.Online {
	if len(users) == 0 {
		all := make([]wire.Online, 0, len(p.online))
		for u, since := range p.online {
			all = append(all, wire.Online{User: u, Since: since})
		}
		return all
	}
	var some []wire.Online
	for _, u := range users {
		if since, ok := p.online[u]; ok {
			some = append(some, wire.Online{User: u, Since: since})
		}
	}
	return some
}

// connected and disconnected tell of the connection. What is known stays.
func (p *presence) connected() {
	p.sub.connected()
	p.parts = nil
	p.missed = 0
}

func (p *presence) disconnected() {
	p.sub.disconnected()
	p.parts = nil
}

// loggedOut tells that the session is over, on a connection that goes on.
func (p *presence) loggedOut() {
	p.sub.loggedOut()
	p.parts = nil
	p.missed = 0
}

// granted and refused tell what came of the outstanding message.
func (p *presence) granted() {
	if _, ok := p.sub.busy.(*wire.Watch); ok && p.parts != nil {
		p.parts.stale = true
	}
	p.sub.granted()
}

func (p *presence) refused() wire.Message { return p.sub.refused() }

// next returns the next message to send, without its request ID, or nil.
func (p *presence) next(budget int) wire.Message {
	if !p.sub.dirty {
		return nil // without a look at the names: this runs at every delta
	}
	whole := p.whole()
	var know mark
	if whole {
		know = p.mark
	}
	m := p.sub.next(budget, know)
	if m == nil && !whole && p.sub.settled() {
		// A consumer left and another came while the server was asked to join on
		// to what we knew, and have now forgotten.
		p.sub.again = true
		m = p.sub.next(budget, mark{})
	}
	return m
}

// whole reports whether what is known speaks of all that is wanted.
func (p *presence) whole() bool {
	if !p.known || p.allSeen {
		return p.known
	}
	if p.sub.wantAll > 0 {
		return false
	}
	for u := range p.sub.want {
		if _, ok := p.seen[u]; !ok {
			return false
		}
	}
	return true
}

// missing asks for the state again, unless it is on its way already.
func (p *presence) missing() error {
	if p.sub.pending() || p.parts != nil {
		return nil
	}
	if p.missed++; p.missed > maxMissed {
		return errNoProgress
	}
	p.sub.again, p.sub.dirty = true, true
	return nil
}

// delta takes a delta and returns the changes that are news.
func (p *presence) delta(m *wire.Delta) ([]change, error) {
	if p.sub.idle() {
		return nil, nil // behind an unwatch that the server has not seen yet
	}
	if !p.known || m.Epoch != p.mark.epoch {
		return nil, p.missing()
	}
	if m.To <= p.mark.version {
		return nil, nil // a repetition
	}
	if m.From > p.mark.version {
		return nil, p.missing()
	}
	var news []change
	for i := range m.Changes {
		c := &m.Changes[i]
		if c.Version <= p.mark.version || !p.sub.wants(c.User) {
			continue
		}
		_, was := p.online[c.User]
		switch {
		case c.Online:
			if !was && len(p.online) >= p.limit {
				p.mark.version = c.Version - 1 // what came before it was told
				return news, errTooManyUsers
			}
			p.online[c.User] = c.At
		default:
			delete(p.online, c.User)
		}
		if c.Online != was {
			news = append(news, change{
				user: c.User, online: c.Online, version: c.Version, reason: c.Reason, at: c.At,
			})
		}
	}
	p.mark.version = m.To
	p.missed = 0
	return news, nil
}

// snapshot takes one part of a snapshot and, with the last one, returns the
// differences to what was known, those who went first, each in order of name.
func (p *presence) snapshot(m *wire.Snapshot) ([]change, error) {
	at := mark{m.Epoch, m.Version}
	switch {
	case m.Part == 0:
		p.parts = &assembly{mark: at, online: make(map[string]int64, len(m.Online))}
	case p.parts == nil || p.parts.mark != at || p.parts.next != m.Part:
		p.parts = nil
		p.sub.waiting = false // it came, but not whole
		return nil, p.missing()
	}
	for _, o := range m.Online {
		p.parts.online[o.User] = o.Since
	}
	if len(p.parts.online) > p.limit {
		return nil, errTooManyUsers
	}
	p.parts.next++
	if m.More {
		return nil, nil
	}
	whole := p.parts.online
	stale := p.parts.stale
	p.parts = nil
	if stale {
		return nil, nil // the one that speaks of everybody follows
	}
	if p.known && at.epoch == p.mark.epoch && at.version < p.mark.version {
		p.sub.waiting = false
		return nil, p.missing() // older than what is known: never backwards
	}
	p.sub.arrived()
	p.missed = 0
	return p.replace(at, whole), nil
}

// replace makes the snapshot what is known of everybody whom it speaks of: the
// users that the server watches for us.
func (p *presence) replace(at mark, whole map[string]int64) []change {
	var went, came []change
	for u := range p.online {
		if _, still := whole[u]; !still && p.sub.agreed([]string{u}) {
			went = append(went, change{user: u, version: at.version})
			delete(p.online, u)
		}
	}
	for u, since := range whole {
		if !p.sub.wants(u) {
			continue
		}
		if _, was := p.online[u]; !was {
			came = append(came, change{user: u, online: true, version: at.version, at: since})
		}
		p.online[u] = since
	}
	byName := func(a, b change) int {
		if a.user < b.user {
			return -1
		}
		return 1
	}
	slices.SortFunc(went, byName)
	slices.SortFunc(came, byName)
	p.known = true
	p.mark = at
	p.allSeen = p.sub.onAll && p.sub.wantAll > 0
	p.seen = make(map[string]struct{}, len(p.sub.want))
	for u := range p.sub.want {
		if p.sub.agreed([]string{u}) {
			p.seen[u] = struct{}{}
		}
	}
	return append(went, came...)
}
