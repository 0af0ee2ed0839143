package transfer

import (
	"maps"
	"slices"
)

// Audience knows which transfers are for a user by name, so that a login need
// not look at all of them. It is a plain value, owned by the file manager; it
// holds one entry for each recipient of each transfer.
type Audience struct {
	byUser map[string]map[uint64]struct{}
}

// NewAudience returns an empty audience.
func NewAudience() *Audience { return &Audience{byUser: make(map[string]map[uint64]struct{})} }

// Add enters the recipients of a transfer. It is idempotent.
func (a *Audience) Add(id uint64, users []string) {
	for _, u := range users {
		of := a.byUser[u]
		if of == nil {
			of = make(map[uint64]struct{})
			a.byUser[u] = of
		}
		of[id] = struct{}{}
	}
}

// Remove forgets the recipients of a transfer. It is idempotent.
func (a *Audience) Remove(id uint64, users []string) {
	for _, u := range users {
		of := a.byUser[u]
		delete(of, id)
		if len(of) == 0 {
			delete(a.byUser, u)
		}
	}
}

// Of returns the IDs of the transfers for a user, ascending.
func (a *Audience) Of(user string) []uint64 { return slices.Sorted(maps.Keys(a.byUser[user])) }

// Count returns how many there are.
func (a *Audience) Count(user string) int { return len(a.byUser[user]) }

// Len returns how many users there are transfers for.
func (a *Audience) Len() int { return len(a.byUser) }
