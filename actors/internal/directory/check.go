package directory

import (
	"errors"
	"fmt"

	"example.com/rollcall/actors/internal/roster"
)

// ErrInconsistent is the error of a directory whose maps do not agree: a defect
// of this package, or memory that was tampered with.
var ErrInconsistent = errors.New("directory: maps do not agree")

// reported bounds the findings of one check.
const reported = 16

// Check verifies every invariant of the package over the whole directory. It
// costs time for each connection; a registry that must not stop for so long
// goes by [Directory.CheckPage].
func (d *Directory[T]) Check() error {
	var errs findings
	var none T
	seen := 0
	for _, x := range d.order.All() {
		seen++
		d.check(x, &errs)
	}
	if seen != d.order.Len() {
		errs.add("%d connections in order, which says it has %d", seen, d.order.Len())
	}
	// Each connection is in its chains; so if the chains are no longer in sum,
	// nothing else is. A chain that runs in a circle ends by the count.
	byIdentifier, byRemote := 0, 0
	for identifier, x := range d.byIdentifier {
		if x == none || x.Key().Identifier != identifier || x.Place().prev != none {
			errs.add("identifier %q has no proper first connection", identifier)
		}
		for ; x != none && byIdentifier <= seen; x = x.Place().next {
			byIdentifier++
		}
	}
	for remote, x := range d.byRemote {
		if x == none || x.Key().Endpoint.Remote != remote {
			errs.add("remote address %q has no proper first connection", remote)
		}
		for ; x != none && byRemote <= seen; x = x.Place().nextRemote {
			byRemote++
		}
	}
	if byIdentifier != seen || byRemote != seen {
		errs.add("%d connections in order, %d by identifier, %d by endpoint", seen, byIdentifier, byRemote)
	}
	return errors.Join(errs...)
}

// CheckPage verifies up to limit connections behind the cursor, as
// [Directory.Page] goes, and each only for itself: that it is in both maps.
func (d *Directory[T]) CheckPage(cursor roster.Seq, limit int) (next roster.Seq, more bool, err error) {
	var errs findings
	page, next, more := d.order.After(cursor, limit)
	for _, x := range page {
		d.check(x, &errs)
	}
	return next, more, errors.Join(errs...)
}

// check verifies that one connection is where it must be and nowhere twice.
func (d *Directory[T]) check(x T, errs *findings) {
	var none T
	if x == none {
		errs.add("an empty place in the order")
		return
	}
	key, place := x.Key(), x.Place()
	if v, ok := d.order.Get(place.seq); !ok || v != x {
		errs.add("connection %d is not at its place %d", key.ID, place.seq)
	}
	first := d.byIdentifier[key.Identifier]
	switch {
	case first == none:
		errs.add("connection %d: nothing is found by its identifier %q", key.ID, key.Identifier)
	case place.prev == none && first != x:
		errs.add("connection %d is first of its identifier %q, which starts with %d", key.ID, key.Identifier, first.Key().ID)
	case place.prev != none && (place.prev.Place().next != x || place.prev.Key().Identifier != key.Identifier):
		errs.add("connection %d hangs on %d, which does not hold it", key.ID, place.prev.Key().ID)
	case place.next != none && (place.next.Place().prev != x || place.next.Key().Identifier != key.Identifier):
		errs.add("connection %d holds %d, which does not hang on it", key.ID, place.next.Key().ID)
	}
	if d.at(key.Endpoint) != x {
		errs.add("connection %d is not found at its endpoint %s, %s", key.ID, key.Endpoint.Remote, key.Endpoint.Local)
	}
}

// findings are a bounded list of errors.
type findings []error

func (f *findings) add(format string, args ...any) {
	if len(*f) < reported {
		*f = append(*f, fmt.Errorf("%w: "+format, append([]any{ErrInconsistent}, args...)...))
	}
}
