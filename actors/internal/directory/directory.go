package directory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unique"

	"example.com/rollcall/actors/internal/roster"
)

// The errors of Add. None of them changes anything.
var (
	// ErrInvalid: an ID of 0, no identifier or no remote address.
	ErrInvalid = errors.New("directory: invalid entry")
	// ErrDuplicateID: a connection of that ID is there. IDs are never reused
	// (N11), so one of the two is an error of the caller's.
	ErrDuplicateID = errors.New("directory: connection ID is taken")
	// ErrOlder: a connection accepted later is there at that endpoint, so the
	// one to be added is the dead one of the two, and came late (S3).
	ErrOlder = errors.New("directory: endpoint is held by a newer connection")
)

// Endpoint is the pair of addresses as the transport observed them, never as a
// peer claims them (N3). At one moment one connection has it: TCP promises that
// for its sockets, and the plumbing makes up a unique Remote for a transport
// without such addresses.
type Endpoint struct{ Remote, Local string }

// Entry is one connection. H is what the plumbing needs to reach it.
type Entry[H any] struct {
	ID         uint64 // greater than that of every connection accepted before
	Identifier string // the client's own, the same over its reconnects
	Endpoint   Endpoint
	Handle     H
}

// Directory holds the connections that have finished their handshake. The zero
// value is an empty directory. It has one owner, the registry.
type Directory[H any] struct {
	byID         map[uint64]*node[H]
	byIdentifier map[string]*node[H] // first of its chain (next, prev)
	byRemote     map[string]*node[H] // first of its chain (nextRemote)
	order        roster.List[*node[H]]
	peak         int // most connections since the maps were made
}

// Go's maps keep the room of their fullest moment. Once an eighth of it is in
// use they are made anew, if that is no long pause: at most remade connections
// are entered again (some 20 ms). Above that the room is kept (G6).
const (
	remade   = 1 << 16
	littleUp = 1 << 10 // a peak of less is not worth it
)

// node is a connection at home in both maps. Connections of one identifier form
// a doubly linked chain: there may be any number, and each leaves in O(1).
// Those of one remote address form a singly linked one: there are no more than
// the server has local addresses.
type node[H any] struct {
	next, prev *node[H]
	nextRemote *node[H]
	id         uint64
	seq        roster.Seq
	identifier string
	remote     string
	local      unique.Handle[string] // few distinct ones: each is kept once
	handle     H
}

func (n *node[H]) entry() Entry[H] {
	return Entry[H]{n.id, n.identifier, Endpoint{n.remote, n.local.Value()}, n.handle}
}

// Add enters a connection into both maps (G1). A connection that is there at
// the same endpoint is taken out in the same step and returned: the endpoint
// could not be used again if it were alive, so its end has not been noticed
// yet. The error, if any, wraps [ErrInvalid], [ErrDuplicateID] or [ErrOlder].
func (d *Directory[H]) Add(e Entry[H]) (displaced *Entry[H], err error) {
	// First everything that can fail, then the change (S1).
	if e.ID == 0 || e.Identifier == "" || e.Endpoint.Remote == "" {
		return nil, fmt.Errorf("%w: connection %d, identifier %q, remote address %q",
			ErrInvalid, e.ID, e.Identifier, e.Endpoint.Remote)
	}
	if _, ok := d.byID[e.ID]; ok {
		return nil, fmt.Errorf("%w: %d", ErrDuplicateID, e.ID)
	}
	n := &node[H]{
		id: e.ID, identifier: e.Identifier, remote: e.Endpoint.Remote,
		local: unique.Make(e.Endpoint.Local), handle: e.Handle,
	}
	old := d.at(n.remote, n.local)
	if old != nil && old.id > n.id {
		return nil, fmt.Errorf("%w: %d is at %s, not %d", ErrOlder, old.id, n.remote, n.id)
	}

	if old != nil {
		d.unlink(old)
		was := old.entry()
		displaced = &was
	}
	d.link(n)
	return displaced, nil
}

// Remove takes exactly this connection out of both maps, and no other one of
// its identifier or endpoint (N6, N7). It returns false if it is not there, and
// may be called again.
func (d *Directory[H]) Remove(id uint64) (Entry[H], bool) {
	n, ok := d.byID[id]
	if !ok {
		return Entry[H]{}, false
	}
	d.unlink(n)
	return n.entry(), true
}

func (d *Directory[H]) link(n *node[H]) {
	if d.byID == nil {
		d.remake()
	}
	if first := d.byIdentifier[n.identifier]; first != nil {
		// Behind the first, so that the map's entry, whose key is the first's
		// own text, stays; and one text serves all.
		n.identifier = first.identifier
		n.prev, n.next = first, first.next
		if n.next != nil {
			n.next.prev = n
		}
		first.next = n
	} else {
		d.byIdentifier[n.identifier] = n
	}
	if first := d.byRemote[n.remote]; first != nil {
		n.remote = first.remote
		n.nextRemote, first.nextRemote = first.nextRemote, n
	} else {
		d.byRemote[n.remote] = n
	}
	d.byID[n.id] = n
	d.peak = max(d.peak, len(d.byID))
	n.seq = d.order.Add(n)
}

// remake moves what the maps hold into new ones of its size.
func (d *Directory[H]) remake() {
	d.byID = maps.Collect(maps.All(d.byID))
	d.byIdentifier = maps.Collect(maps.All(d.byIdentifier))
	d.byRemote = maps.Collect(maps.All(d.byRemote))
	d.peak = len(d.byID)
}

func (d *Directory[H]) unlink(n *node[H]) {
	switch {
	case n.prev != nil:
		n.prev.next = n.next
	case n.next != nil:
		d.byIdentifier[n.identifier] = n.next
	default:
		delete(d.byIdentifier, n.identifier)
	}
	if n.next != nil {
		n.next.prev = n.prev
	}

	first := d.byRemote[n.remote]
	switch {
	case first != n:
		for first.nextRemote != n {
			first = first.nextRemote
		}
		first.nextRemote = n.nextRemote
	case n.nextRemote != nil:
		d.byRemote[n.remote] = n.nextRemote
	default:
		delete(d.byRemote, n.remote)
	}

	delete(d.byID, n.id)
	d.order.Remove(n.seq)
	if d.peak >= littleUp && len(d.byID) <= min(d.peak/8, remade) {
		d.remake()
	}
}

func (d *Directory[H]) at(remote string, local unique.Handle[string]) *node[H] {
	n := d.byRemote[remote]
	for n != nil && n.local != local {
		n = n.nextRemote
	}
	return n
}

// Len is the number of connections.
func (d *Directory[H]) Len() int { return len(d.byID) }

// Identifiers is the number of different identifiers.
func (d *Directory[H]) Identifiers() int { return len(d.byIdentifier) }

// Get returns a connection by its ID.
func (d *Directory[H]) Get(id uint64) (Entry[H], bool) {
	n, ok := d.byID[id]
	if !ok {
		return Entry[H]{}, false
	}
	return n.entry(), true
}

// ByIdentifier returns every connection of an identifier, in order of ID. It
// costs no more than they are many.
func (d *Directory[H]) ByIdentifier(identifier string) []Entry[H] {
	var found []Entry[H]
	for n := d.byIdentifier[identifier]; n != nil; n = n.next {
		found = append(found, n.entry())
	}
	return byID(found)
}

// Count returns how many connections an identifier has, but counts no further
// than most: an identifier may be shared by very many.
func (d *Directory[H]) Count(identifier string, most int) (count int) {
	for n := d.byIdentifier[identifier]; n != nil && count < most; n = n.next {
		count++
	}
	return count
}

// ByEndpoint returns the connections at a remote address, one for each local
// address that it is connected to, in order of ID.
func (d *Directory[H]) ByEndpoint(remote string) []Entry[H] {
	var found []Entry[H]
	for n := d.byRemote[remote]; n != nil; n = n.nextRemote {
		found = append(found, n.entry())
	}
	return byID(found)
}

func byID[H any](found []Entry[H]) []Entry[H] {
	slices.SortFunc(found, func(a, b Entry[H]) int { return cmp.Compare(a.ID, b.ID) })
	return found
}

// Page returns up to limit connections behind the cursor (0 is the beginning)
// in order of registration, the next cursor, and whether more follow. A
// connection that is there from the first page to the last is on exactly one of
// them.
func (d *Directory[H]) Page(cursor roster.Seq, limit int) (page []Entry[H], next roster.Seq, more bool) {
	nodes, next, more := d.order.After(cursor, limit)
	if len(nodes) > 0 {
		page = make([]Entry[H], len(nodes))
	}
	for i, n := range nodes {
		page[i] = n.entry()
	}
	return page, next, more
}
