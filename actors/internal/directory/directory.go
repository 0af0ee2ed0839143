package directory

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"example.com/rollcall/actors/internal/roster"
)

// The errors of Add. None of them changes anything.
var (
	// ErrInvalid: an ID of 0, no identifier or no remote address.
	ErrInvalid = errors.New("directory: invalid key")
	// ErrThere: the connection is there already.
	ErrThere = errors.New("directory: the connection is there already")
	// ErrOlder: a connection accepted later is there at that endpoint, so the
	// one to be added is the dead one of the two, and came late (S3).
	ErrOlder = errors.New("directory: endpoint is held by a newer connection")
)

// Endpoint is the pair of addresses as the transport observed them, never as a
// peer claims them (N3). At one moment one connection has it: TCP promises that
// for its sockets, and the plumbing makes up a unique Remote for a transport
// without such addresses.
type Endpoint struct{ Remote, Local string }

// Key is what a connection is found by. It never changes while the connection is
// in a directory.
type Key struct {
	ID         uint64 // greater than that of every connection accepted before, and never used again (N11)
	Identifier string // the client's own, the same over its reconnects
	Endpoint   Endpoint
}

// Member is a connection: a pointer to what the plumbing has of it. It carries
// its key and its place, so that a directory has nothing of its own for each but
// an entry in two maps and one in the order.
type Member[T any] interface {
	comparable
	Key() Key
	// Place returns the place, which belongs to the directory: always the same one.
	Place() *Place[T]
}

// Place is where a member is at home in both maps. Connections of one identifier
// form a doubly linked chain: there may be any number, and each leaves in O(1).
// Those of one remote address form a singly linked one: there are no more than
// the server has local addresses. The zero value is nowhere.
type Place[T any] struct {
	next, prev T
	nextRemote T
	seq        roster.Seq // 0: nowhere
}

// Directory holds the connections that have finished their handshake. The zero
// value is an empty directory. It has one owner, the registry.
type Directory[T Member[T]] struct {
	byIdentifier map[string]T // first of its chain (next, prev)
	byRemote     map[string]T // first of its chain (nextRemote)
	order        roster.List[T]
	peak         int // most connections since the maps were made
}

// Go's maps keep the room of their fullest moment. Once an eighth of it is in
// use they are made anew, if that is no long pause: at most remade connections
// are entered again (some 20 ms). Above that the room is kept (G6).
const (
	remade   = 1 << 16
	littleUp = 1 << 10 // a peak of less is not worth it
)

// Add enters a connection into both maps (G1). A connection that is there at
// the same endpoint is taken out in the same step and returned: the endpoint
// could not be used again if it were alive, so its end has not been noticed
// yet; nil if there was none. The error, if any, wraps [ErrInvalid], [ErrThere]
// or [ErrOlder].
func (d *Directory[T]) Add(x T) (displaced T, err error) {
	// First everything that can fail, then the change (S1).
	var none T
	key := x.Key()
	if key.ID == 0 || key.Identifier == "" || key.Endpoint.Remote == "" {
		return none, fmt.Errorf("%w: connection %d, identifier %q, remote address %q",
			ErrInvalid, key.ID, key.Identifier, key.Endpoint.Remote)
	}
	if d.Has(x) {
		return none, fmt.Errorf("%w: %d", ErrThere, key.ID)
	}
	old := d.at(key.Endpoint)
	if old != none {
		if id := old.Key().ID; id >= key.ID {
			return none, fmt.Errorf("%w: %d is at %s, not %d", ErrOlder, id, key.Endpoint.Remote, key.ID)
		}
		d.unlink(old)
	}
	d.link(x, key)
	return old, nil
}

// Has reports whether exactly this connection is in both maps.
func (d *Directory[T]) Has(x T) bool { return x.Place().seq != 0 }

// Remove takes exactly this connection out of both maps, and no other one of
// its identifier or endpoint (N6, N7). It returns false if it is not there, and
// may be called again.
func (d *Directory[T]) Remove(x T) bool {
	if !d.Has(x) {
		return false
	}
	d.unlink(x)
	return true
}

func (d *Directory[T]) link(x T, key Key) {
	if d.byIdentifier == nil {
		d.remake()
	}
	var none T
	place := x.Place()
	if first := d.byIdentifier[key.Identifier]; first != none {
		// Behind the first, so that the map's entry, whose key is the first's
		// own text, stays.
		at := first.Place()
		place.prev, place.next = first, at.next
		if place.next != none {
			place.next.Place().prev = x
		}
		at.next = x
	} else {
		d.byIdentifier[key.Identifier] = x
	}
	if first := d.byRemote[key.Endpoint.Remote]; first != none {
		at := first.Place()
		place.nextRemote, at.nextRemote = at.nextRemote, x
	} else {
		d.byRemote[key.Endpoint.Remote] = x
	}
	place.seq = d.order.Add(x)
	d.peak = max(d.peak, d.Len())
}

// remake moves what the maps hold into new ones of its size.
func (d *Directory[T]) remake() {
	d.byIdentifier = maps.Collect(maps.All(d.byIdentifier))
	d.byRemote = maps.Collect(maps.All(d.byRemote))
	d.peak = d.Len()
}

func (d *Directory[T]) unlink(x T) {
	var none T
	key, place := x.Key(), x.Place()
	switch {
	case place.prev != none:
		place.prev.Place().next = place.next
	case place.next != none:
		d.byIdentifier[key.Identifier] = place.next
	default:
		delete(d.byIdentifier, key.Identifier)
	}
	if place.next != none {
		place.next.Place().prev = place.prev
	}

	remote := key.Endpoint.Remote
	first := d.byRemote[remote]
	switch {
	case first != x:
		for first.Place().nextRemote != x {
			first = first.Place().nextRemote
		}
		first.Place().nextRemote = place.nextRemote
	case place.nextRemote != none:
		d.byRemote[remote] = place.nextRemote
	default:
		delete(d.byRemote, remote)
	}

	d.order.Remove(place.seq)
	*place = Place[T]{}
	if d.peak >= littleUp && d.Len() <= min(d.peak/8, remade) {
		d.remake()
	}
}

func (d *Directory[T]) at(e Endpoint) T {
	var none T
	x := d.byRemote[e.Remote]
	for x != none && x.Key().Endpoint.Local != e.Local {
		x = x.Place().nextRemote
	}
	return x
}

// Len is the number of connections.
func (d *Directory[T]) Len() int { return d.order.Len() }

// Identifiers is the number of different identifiers.
func (d *Directory[T]) Identifiers() int { return len(d.byIdentifier) }

// ByIdentifier returns every connection of an identifier, in order of ID. It
// costs no more than they are many.
func (d *Directory[T]) ByIdentifier(identifier string) []T {
	var found []T
	var none T
	for x := d.byIdentifier[identifier]; x != none; x = x.Place().next {
		found = append(found, x)
	}
	return byID(found)
}

// Count returns how many connections an identifier has, but counts no further
// than most: an identifier may be shared by very many.
func (d *Directory[T]) Count(identifier string, most int) (count int) {
	var none T
	for x := d.byIdentifier[identifier]; x != none && count < most; x = x.Place().next {
		count++
	}
	return count
}

// ByEndpoint returns the connections at a remote address, one for each local
// address that it is connected to, in order of ID.
func (d *Directory[T]) ByEndpoint(remote string) []T {
	var found []T
	var none T
	for x := d.byRemote[remote]; x != none; x = x.Place().nextRemote {
		found = append(found, x)
	}
	return byID(found)
}

func byID[T Member[T]](found []T) []T {
	slices.SortFunc(found, func(a, b T) int { return cmp.Compare(a.Key().ID, b.Key().ID) })
	return found
}

// Page returns up to limit connections behind the cursor (0 is the beginning)
// in order of registration, the next cursor, and whether more follow. A
// connection that is there from the first page to the last is on exactly one of
// them.
func (d *Directory[T]) Page(cursor roster.Seq, limit int) (page []T, next roster.Seq, more bool) {
	return d.order.After(cursor, limit)
}
