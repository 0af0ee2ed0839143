package presence

import (
	"cmp"
	"slices"
)

// watcher is one connection that has asked to be told of users.
type watcher struct {
	id uint64
	// at is its place in Board.everyone, if all.
	at  uint32
	all bool
	// grown is the version of the board when w's set last grew: a mark below it
	// says nothing of the users that were added.
	grown uint64
	// to is where its last delta or snapshot ended, if it names users.
	to     uint64
	names  []watched // in the order of the names; empty if all
	parcel *parcel   // what the running flush has for it
}

// watched is one named watch: 16 bytes here, 8 in the audience.
type watched struct {
	audience *audience
	at       uint32 // in audience.watchers
}

// audience is the watchers of one named user.
type audience struct {
	user     string
	watchers []*watcher // in no order, never empty
}

func byName(w watched, user string) int { return cmp.Compare(w.audience.user, user) }

// find returns where in names the user is, or would be.
func (w *watcher) find(user string) (int, bool) {
	return slices.BinarySearchFunc(w.names, user, byName)
}

// missing returns those of users that w does not name, in order, each once.
func (w *watcher) missing(users []string) []string {
	fresh := make([]string, 0, len(users))
	for _, u := range users {
		if _, ok := w.find(u); !ok {
			fresh = append(fresh, u)
		}
	}
	slices.Sort(fresh)
	return slices.Compact(fresh)
}

// join makes w a watcher of the users, which it does not name yet, and which are
// in order.
func (b *Board) join(w *watcher, fresh []string) {
	old := w.names
	w.names = make([]watched, 0, len(old)+len(fresh))
	for _, user := range fresh {
		n, _ := slices.BinarySearchFunc(old, user, byName)
		w.names = append(w.names, old[:n]...)
		old = old[n:]

		a := b.audiences[user]
		if a == nil {
			a = &audience{user: user}
			b.audiences[user] = a
		}
		w.names = append(w.names, watched{audience: a, at: uint32(len(a.watchers))}) //nolint:gosec // <= MaxWatches
		a.watchers = append(a.watchers, w)
	}
	w.names = append(w.names, old...)
	b.watches += len(fresh)
}

// part ends one named watch of w; the caller takes it out of w.names.
func (b *Board) part(g watched) {
	a, last := g.audience, len(g.audience.watchers)-1
	if int(g.at) != last {
		moved := a.watchers[last]
		a.watchers[g.at] = moved
		i, _ := moved.find(a.user)
		moved.names[i].at = g.at
	}
	a.watchers[last] = nil
	a.watchers = a.watchers[:last]
	if last == 0 {
		delete(b.audiences, a.user)
	} else if c := cap(a.watchers); c >= 64 && last < c/4 {
		a.watchers = slices.Clone(a.watchers) // a crowd has left
	}
	b.watches--
}

// partSome ends the named watches of w for those of the users that it names.
func (b *Board) partSome(w *watcher, users []string) {
	gone := make([]int, 0, len(users))
	for _, u := range users {
		if i, ok := w.find(u); ok {
			gone = append(gone, i)
		}
	}
	if len(gone) == 0 {
		return
	}
	slices.Sort(gone)
	gone = slices.Compact(gone)
	left := make([]watched, 0, len(w.names)-len(gone))
	from := 0
	for _, i := range gone {
		b.part(w.names[i])
		left = append(left, w.names[from:i]...)
		from = i + 1
	}
	w.names = append(left, w.names[from:]...)
}

// partAll ends every named watch of w.
func (b *Board) partAll(w *watcher) {
	for _, g := range w.names {
		b.part(g)
	}
	w.names = nil
}

// raise makes w a watcher of everyone.
func (b *Board) raise(w *watcher) {
	w.all, w.at = true, uint32(len(b.everyone)) //nolint:gosec // watchers are bounded by connections
	b.everyone = append(b.everyone, w.id)
}

// lower is the inverse of raise.
func (b *Board) lower(w *watcher) {
	last := len(b.everyone) - 1
	moved := b.everyone[last]
	b.everyone[w.at] = moved
	b.watchers[moved].at = w.at
	b.everyone = b.everyone[:last]
	w.to = max(w.to, b.flushed) // it may have been sent as much (G3)
	w.all, w.at = false, 0
}
