package record

import (
	"slices"
	"time"

	"example.com/rollcall/wire"
)

// Account tells why one connection ended, or why a user was lost with the server:
// the records that belong to it, put together. Times are Unix milliseconds. Text
// tells it in words.
type Account struct {
	Subject Subject `json:"subject"`
	// MatchedAs tells as what the subject was found: user, connection, endpoint.
	MatchedAs []string `json:"matched_as"`

	At         int64       `json:"at"`
	Reason     wire.Reason `json:"reason"`
	User       string      `json:"user,omitempty"`
	Epoch      uint64      `json:"epoch"`
	Connection uint64      `json:"connection,omitempty"`

	// Story is the account in words, with times in UTC; Unknown what it does not know.
	Story   string   `json:"story"`
	Unknown []string `json:"unknown,omitempty"`

	// Departure is nil when a crash of the server took the connection with it: then
	// Lost is what watchers were told after the restart. Both are nil when the user
	// logged out and the connection went on.
	Departure *Departure    `json:"departure,omitempty"`
	Lost      *Announcement `json:"lost,omitempty"`
	Session   *SessionEnd   `json:"session,omitempty"`
	// Announcements are what watchers were told because of it, the oldest first;
	// Return is when they were told that the user is online again.
	Announcements []*Announcement `json:"announcements,omitempty"`
	Return        *Announcement   `json:"return,omitempty"`
	// Transfers are those that it cost, and TransfersLater what became of them.
	Transfers      []*Transfer `json:"transfers,omitempty"`
	TransfersLater []*Transfer `json:"transfers_later,omitempty"`
	Stalls         []*Stall    `json:"stalls,omitempty"` // of the server, around it
	Lives          []*Life     `json:"lives,omitempty"`  // beginnings and ends of the server around it
	Gaps           []*Gap      `json:"gaps,omitempty"`   // around it
	// Damage tells what could not be read on the way.
	Damage []string `json:"damage,omitempty"`

	latest int64 // the newest record that was seen
}

// Limit bounds what Accounts looks for. The zero value is the last DefaultAccounts.
type Limit struct {
	Since, Until time.Time // of the departure; zero: no bound
	Count        int       // DefaultAccounts if 0
}

// DefaultAccounts is how many accounts are given if nobody says.
const DefaultAccounts = 10

// around is how far from a departure, in ms, a stall, a gap, or a beginning or end
// of the server may be and still be told with it. It is the timeout if that is more.
const around = 30_000

// Bounds of what is gathered for one call.
const (
	maxContext = 50_000
	maxErrors  = 16
)

func (a *Account) window() int64 {
	if a.Departure != nil {
		return max(a.Departure.Timeout, around)
	}
	return around
}

// began is when the connection did: what was over before had no part in its end.
func (a *Account) began() int64 {
	if a.Departure == nil {
		return 0
	}
	return a.Departure.Accepted
}

// from is when the story of a departure begins: when the client was last heard.
func (a *Account) from() int64 {
	at := a.At
	switch {
	case a.Departure != nil && a.Departure.LastIn > 0:
		at = min(at, a.Departure.LastIn)
	case a.Lost != nil && a.Lost.LastAlive > 0:
		at = min(at, a.Lost.LastAlive)
	}
	return at
}

// until is when the story ends: with what watchers were told, or the end of the
// grace.
func (a *Account) until() int64 {
	at := a.At
	if a.Session != nil {
		at = max(at, a.Session.HeldUntil)
	}
	for _, n := range a.Announcements {
		at = max(at, n.At)
	}
	return at
}

// gather takes from what was found, which is in the order of time, what belongs
// to this account.
func (a *Account) gather(found []Record) {
	for _, r := range found {
		switch r := r.(type) {
		case *SessionEnd:
			if a.Departure != nil && a.mine(r.Epoch, r.Connection) && r.Reason != wire.ReasonLogout {
				a.Session = r
			}
		case *Transfer:
			a.takeTransfer(r)
		case *Announcement:
			a.takeAnnouncement(r)
		}
	}
	before, after := a.from()-a.window(), a.until()+a.window()
	for _, r := range found {
		switch r := r.(type) {
		case *Stall:
			if r.At >= max(before, a.began()) && r.At-r.Length <= a.At {
				a.Stalls = append(a.Stalls, r)
			}
		case *Life:
			if r.At >= a.At-a.window() && r.At <= after || a.Lost != nil && r.Epoch == a.Epoch && !r.Ended {
				a.Lives = append(a.Lives, r)
			}
		case *Gap:
			if r.At >= before && r.At <= after {
				a.Gaps = append(a.Gaps, r)
			}
		}
	}
}

// takeTransfer takes what the end of the connection cost, and what became of that
// next. The transfers of a user who was lost with the server have no connection.
func (a *Account) takeTransfer(r *Transfer) {
	switch {
	case a.User == "":
	case a.Lost != nil:
		if r.Epoch == a.Epoch && r.User == a.User && r.Connection == 0 && r.At <= a.At+a.window() {
			a.Transfers = append(a.Transfers, r)
		}
	case a.mine(r.Epoch, r.Connection) && r.Outcome != "resumed" && (a.Departure != nil && r.At >= a.At || near(r.At, a.At)):
		a.Transfers = append(a.Transfers, r)
	case r.File != "" && r.At >= a.At && r.Connection != a.Connection:
		cost := slices.ContainsFunc(a.Transfers, func(t *Transfer) bool { return t.File == r.File })
		told := slices.ContainsFunc(a.TransfersLater, func(t *Transfer) bool { return t.File == r.File })
		if cost && !told {
			a.TransfersLater = append(a.TransfersLater, r)
		}
	}
}

// near tells whether two records belong to one moment: they are written by several
// actors, one after another.
func near(a, b int64) bool { return max(a-b, b-a) <= 2000 }

func (a *Account) mine(epoch, connection uint64) bool {
	return epoch == a.Epoch && connection == a.Connection
}

// takeAnnouncement takes what watchers were told because of this end, and the next
// time that they were told the user is online. Without a session's end we do not
// know what the departure meant, so only what names the connection counts.
func (a *Account) takeAnnouncement(r *Announcement) {
	if a.User == "" || r.User != a.User {
		return
	}
	switch {
	case r.Online:
		if r.At >= a.At && a.Return == nil && (!a.mine(r.Epoch, r.Connection) || a.Departure == nil && len(a.Announcements) > 0) {
			a.Return = r
		}
	case r.At < a.At, a.Departure == nil && a.Return != nil:
	case a.Lost != nil && r.Epoch == a.Lost.Epoch && r.Version == a.Lost.Version, a.Lost == nil && a.mine(r.Epoch, r.Connection):
		a.Announcements = append(a.Announcements, r)
	case a.Lost == nil && a.Return == nil && r.Reason == wire.ReasonNodeLost && r.Epoch != a.Epoch &&
		r.At >= a.At && a.Session != nil && a.Session.HeldUntil > 0 && len(a.Announcements) == 0:
		a.Announcements = append(a.Announcements, r) // held when the server crashed
	}
}
