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
func (d *Directory[H]) Check() error {
	var errs findings
	seen := 0
	for _, n := range d.order.All() {
		seen++
		d.check(n, &errs)
	}
	if seen != d.order.Len() || seen != len(d.byID) {
		errs.add("%d connections by ID, %d in order, which says it has %d",
			len(d.byID), seen, d.order.Len())
	}
	// Each connection is in its chains; so if the chains are no longer in sum,
	// nothing else is. A chain that runs in a circle ends by the count.
	byIdentifier, byRemote := 0, 0
	for identifier, n := range d.byIdentifier {
		if n == nil || n.identifier != identifier || n.prev != nil {
			errs.add("identifier %q has no proper first connection", identifier)
		}
		for ; n != nil && byIdentifier <= seen; n = n.next {
			byIdentifier++
		}
	}
	for remote, n := range d.byRemote {
		if n == nil || n.remote != remote {
			errs.add("remote address %q has no proper first connection", remote)
		}
		for ; n != nil && byRemote <= seen; n = n.nextRemote {
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
func (d *Directory[H]) CheckPage(cursor roster.Seq, limit int) (next roster.Seq, more bool, err error) {
	var errs findings
	nodes, next, more := d.order.After(cursor, limit)
	for _, n := range nodes {
		d.check(n, &errs)
	}
	return next, more, errors.Join(errs...)
}

// check verifies that one connection is where it must be and nowhere twice.
func (d *Directory[H]) check(n *node[H], errs *findings) {
	if n == nil {
		errs.add("an empty place in the order")
		return
	}
	if d.byID[n.id] != n {
		errs.add("connection %d is not found by its ID", n.id)
	}
	if v, ok := d.order.Get(n.seq); !ok || v != n {
		errs.add("connection %d is not at its place %d", n.id, n.seq)
	}
	first := d.byIdentifier[n.identifier]
	switch {
	case first == nil:
		errs.add("connection %d: nothing is found by its identifier %q", n.id, n.identifier)
	case n.prev == nil && first != n:
		errs.add("connection %d is first of its identifier %q, which starts with %d", n.id, n.identifier, first.id)
	case n.prev != nil && (n.prev.next != n || n.prev.identifier != n.identifier):
		errs.add("connection %d hangs on %d, which does not hold it", n.id, n.prev.id)
	case n.next != nil && (n.next.prev != n || n.next.identifier != n.identifier):
		errs.add("connection %d holds %d, which does not hang on it", n.id, n.next.id)
	}
	if d.at(n.remote, n.local) != n {
		errs.add("connection %d is not found at its endpoint %s, %s", n.id, n.remote, n.local.Value())
	}
}

// findings are a bounded list of errors.
type findings []error

func (f *findings) add(format string, args ...any) {
	if len(*f) < reported {
		*f = append(*f, fmt.Errorf("%w: "+format, append([]any{ErrInconsistent}, args...)...))
	}
}
