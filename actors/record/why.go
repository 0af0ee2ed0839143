package record

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"time"

	"example.com/rollcall/wire"
)

// Accounts tells why the subject's connections ended, the newest first. It reads
// the journal and nothing else; what could not be read on the way is told in each
// account. The error is one of the journal when nothing at all could be read.
func Accounts(j Journal, s Subject, l Limit) ([]Account, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if l.Count <= 0 {
		l.Count = DefaultAccounts
	}
	g := &gathering{journal: j}
	g.each(Query{}, func(Record) bool { return false }) // how far the record goes
	var found []Account
	for _, as := range []string{asUser, asConnection, asEndpoint} {
		if q, asked := s.queries(l)[as]; asked {
			found = g.ends(found, s, as, q, l.Count)
		}
	}
	if len(found) == 0 && g.read == 0 && len(g.errs) > 0 {
		return nil, errors.Join(g.errs...)
	}
	slices.SortStableFunc(found, func(a, b Account) int { return cmp.Compare(b.At, a.At) })
	found = found[:min(len(found), l.Count)]
	g.context(found)
	for i := range found {
		a := &found[i]
		for _, err := range g.errs {
			a.Damage = append(a.Damage, err.Error())
		}
		a.latest = g.latest
		a.Story = a.story(time.UTC)
		a.Unknown = a.unknowns(time.UTC)
	}
	return found, nil
}

// gathering is one search through a journal.
type gathering struct {
	journal Journal
	read    int
	latest  int64
	errs    []error // at most maxErrors
}

// each calls f for what matches, the newest first, until it says false.
func (g *gathering) each(q Query, f func(Record) bool) {
	for r, err := range g.journal.Records(q) {
		if err != nil {
			if len(g.errs) < maxErrors && !slices.ContainsFunc(g.errs, func(e error) bool { return e.Error() == err.Error() }) {
				g.errs = append(g.errs, err)
			}
			continue
		}
		g.read++
		g.latest = max(g.latest, r.When())
		if !f(r) {
			return
		}
	}
}

// ends adds the departures that a query finds, and for a user those who were lost
// with the server.
func (g *gathering) ends(found []Account, s Subject, as string, q Query, count int) []Account {
	n := 0
	g.each(q, func(r Record) bool {
		a := Account{Subject: s, MatchedAs: []string{as}, At: r.When()}
		switch r := r.(type) {
		case *Departure:
			a.Reason, a.User, a.Epoch, a.Connection, a.Departure = r.Reason, r.User, r.Epoch, r.Connection, r
		case *Announcement:
			if r.Online || r.Reason != wire.ReasonNodeLost || as != asUser {
				return true
			}
			a.Reason, a.User, a.Epoch, a.Lost = r.Reason, r.User, r.Epoch, r
		case *SessionEnd:
			if r.Reason != wire.ReasonLogout {
				return true
			}
			a.Reason, a.User, a.Epoch, a.Connection, a.Session = r.Reason, r.User, r.Epoch, r.Connection, r
		default:
			return true
		}
		i := slices.IndexFunc(found, func(o Account) bool {
			return o.Lost == nil && a.Lost == nil && (o.Departure == nil) == (a.Departure == nil) && o.At == a.At && o.mine(a.Epoch, a.Connection)
		})
		if i < 0 {
			n++
			found = append(found, a)
		} else if !slices.Contains(found[i].MatchedAs, as) {
			found[i].MatchedAs = append(found[i].MatchedAs, as)
		}
		return n < count
	})
	return found
}

// context finds what belongs to the accounts: one search for each user, and one
// for each connection that nobody had logged in on.
func (g *gathering) context(accounts []Account) {
	type key struct {
		user              string
		epoch, connection uint64
	}
	groups := make(map[key][]*Account)
	var order []key
	for i := range accounts {
		a := &accounts[i]
		k := key{user: a.User}
		if a.User == "" {
			k = key{epoch: a.Epoch, connection: a.Connection}
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], a)
	}
	for _, k := range order {
		from := groups[k][0].from()
		for _, a := range groups[k] {
			from = min(from, a.from()-2*a.window())
		}
		q := Query{Since: time.UnixMilli(from), User: k.user, Epoch: k.epoch, Connection: k.connection}
		if k.user == "" {
			a := groups[k][0]
			q.Until = time.UnixMilli(a.At + a.window())
		}
		var found []Record
		g.each(q, func(r Record) bool {
			if _, is := r.(*Departure); !is {
				found = append(found, r)
			}
			return len(found) < maxContext
		})
		// By time, and what was written first at one time first.
		slices.Reverse(found)
		slices.SortStableFunc(found, func(a, b Record) int { return cmp.Compare(a.When(), b.When()) })
		found = slices.CompactFunc(found, func(a, b Record) bool { return reflect.DeepEqual(a, b) }) // an Append that was tried again
		for _, a := range groups[k] {
			a.gather(found)
		}
	}
}
