package simulations

import (
	"slices"

	"example.com/rollcall/wire"
)

// Links that are established and not terminated, found by what the checks ask
// for, so that what an event costs does not grow with the fleet.

// enters is told of a link that is established.
func (m *model) enters(k *link, connection uint64) {
	k.facts.connection = connection
	m.live[connection] = k
	m.clients[k.client] = append(m.clients[k.client], k)
}

// leaves is told of one that is terminated.
func (m *model) leaves(k *link) {
	delete(m.live, k.facts.connection)
	without(m.clients, k.client, k)
}

// loggedIn is told who has a session on a link.
func (m *model) loggedIn(k *link, user string) {
	m.loggedOut(k)
	k.facts.user = user
	if m.live[k.facts.connection] == k {
		m.users[user] = append(m.users[user], k)
	}
}

func (m *model) loggedOut(k *link) {
	without(m.users, k.facts.user, k)
	k.facts.user = ""
}

// without takes a link out of a list of an index.
func without[K comparable](index map[K][]*link, key K, k *link) {
	links := index[key]
	i := slices.Index(links, k)
	if i < 0 {
		return
	}
	if index[key] = slices.Delete(links, i, i+1); len(links) == 1 {
		delete(index, key)
	}
}

// sessionOf returns a live link on which a user is logged in.
func (m *model) sessionOf(user string) *link {
	if i := slices.IndexFunc(m.users[user], func(k *link) bool { return k.holds(m, user) }); i >= 0 {
		return m.users[user][i]
	}
	return nil
}

// holds reports whether a session of the user lives on the link.
func (k *link) holds(m *model, user string) bool {
	return m.live[k.facts.connection] == k && k.facts.user == user && len(k.facts.logouts) == 0 && k.facts.byed == wire.ReasonNone
}

// superseded reports whether the client has a newer connection already.
func (k *link) superseded(m *model) bool {
	return slices.ContainsFunc(m.clients[k.client], func(o *link) bool { return o.id > k.id })
}
