package record

import (
	"net/netip"
	"strings"
)

// Matches tells whether the query chooses a record. Life, Stall and Gap match
// whenever their time does. Only a departure has an endpoint, so a query with one
// chooses no other record of a connection. A transfer matches either of its users.
func (q Query) Matches(r Record) bool {
	at := r.When()
	if !q.Since.IsZero() && at < q.Since.UnixMilli() || !q.Until.IsZero() && at > q.Until.UnixMilli() {
		return false
	}
	switch r := r.(type) {
	case *Departure:
		return q.user(r.User) && q.connection(r.Epoch, r.Connection) && (q.Endpoint == "" || sameEndpoint(q.Endpoint, r.Remote))
	case *SessionEnd:
		return q.user(r.User) && q.connection(r.Epoch, r.Connection) && q.Endpoint == ""
	case *Announcement:
		return q.user(r.User) && q.connection(r.Epoch, r.Connection) && q.Endpoint == ""
	case *Transfer:
		return (q.user(r.User) || q.user(r.By)) && q.connection(r.Epoch, r.Connection) && q.Endpoint == ""
	}
	return true
}

func (q Query) user(user string) bool { return q.User == "" || user == q.User }

func (q Query) connection(epoch, connection uint64) bool {
	return (q.Connection == 0 || connection == q.Connection) && (q.Epoch == 0 || epoch == q.Epoch)
}

// sameEndpoint tells whether remote is the endpoint that is asked for: the same
// text, the same address and port, or an address without a port that is its.
func sameEndpoint(want, remote string) bool {
	if want == remote {
		return true
	}
	have, err := netip.ParseAddrPort(remote)
	if err != nil {
		host, _, found := strings.Cut(remote, ":")
		return found && host == want
	}
	if w, err := netip.ParseAddrPort(want); err == nil {
		return w.Port() == have.Port() && w.Addr().Unmap() == have.Addr().Unmap()
	}
	w, err := netip.ParseAddr(strings.Trim(want, "[]"))
	return err == nil && w.Unmap().WithZone("") == have.Addr().Unmap().WithZone("") && (w.Zone() == "" || w.Zone() == have.Addr().Zone())
}
