package presence

import (
	"slices"

	"example.com/rollcall/wire"
)

// Limits of a board.
const (
	// DefaultHistory is how many changes are kept for watchers that come back,
	// unless New is told otherwise.
	DefaultHistory = 4096
	// MaxPending is how many changes may gather before the caller must flush.
	MaxPending = 65536
	// MaxNames bounds the users that one watcher names.
	MaxNames = 10_000
	// MaxWatches bounds the named watches of all watchers together.
	MaxWatches = 10_000_000
	// DefaultFrame is the bound of a frame in bytes, unless LimitFrames says
	// otherwise: half of wire.DefaultMaxFrame, so that nothing waits long
	// behind one.
	DefaultFrame = 32 << 10
)

// Board holds who is online, the newest changes, and who watches whom. It is
// owned by one actor and is not safe for use by several goroutines.
type Board struct {
	// static after construction
	maxWatches int // MaxWatches, but in tests

	// owned by whoever calls
	cut     cutter
	index   map[string]uint32 // where in online a user is
	online  []wire.Online     // who is online, in no order
	history history
	flushed uint64 // the version of the last flush
	base    base   // the cached snapshot of everyone

	watchers  map[uint64]*watcher
	everyone  []uint64 // those that watch everyone
	audiences map[string]*audience
	watches   int // the sum of all audiences
}

// New returns an empty board at version 0 of the epoch. HistoryCap is how many
// changes are kept for watchers that come back; DefaultHistory when it is not
// positive.
func New(epoch uint64, historyCap int) *Board {
	if historyCap <= 0 {
		historyCap = DefaultHistory
	}
	return &Board{
		maxWatches: MaxWatches,
		cut:        cutter{epoch: epoch, budget: DefaultFrame},
		index:      make(map[string]uint32),
		history:    history{keep: historyCap, first: 1},
		watchers:   make(map[uint64]*watcher),
		audiences:  make(map[string]*audience),
	}
}

// LimitFrames bounds the encoded frames, header included, to the given bytes, at
// least wire.MinMaxFrame and at most DefaultFrame; a server whose frames are
// smaller than that calls it once, before anything else.
func (b *Board) LimitFrames(bytes int) { b.cut.budget = budget(bytes) }

// Set notes that the user is online or offline now. It returns the change and
// true, or false when that is what the user was already. The reason is kept for
// offline only. At is Unix ms. The user is valid (wire.ValidUser).
func (b *Board) Set(user string, online bool, reason wire.Reason, at int64) (wire.Change, bool) {
	i, was := b.index[user]
	if was == online {
		return wire.Change{}, false
	}
	c := wire.Change{Version: b.history.version() + 1, User: user, Online: online, At: at}
	if online {
		b.index[user] = uint32(len(b.online)) //nolint:gosec // users are bounded by connections
		b.online = append(b.online, wire.Online{User: user, Since: at})
	} else {
		c.Reason = reason
		b.takeOffline(user, i)
	}
	b.history.log = append(b.history.log, c)
	return c, true
}

// Restore puts a user back who was online in an earlier life of the server,
// since then, in Unix ms. It is part of the state at version 0: nobody is told,
// for nobody watches yet. It does nothing for a user who is online already, and
// must not be called after the first Set or watch.
func (b *Board) Restore(user string, since int64) {
	if _, ok := b.index[user]; ok || b.Version() != 0 || len(b.watchers) > 0 {
		return
	}
	b.index[user] = uint32(len(b.online)) //nolint:gosec // users are bounded by connections
	b.online = append(b.online, wire.Online{User: user, Since: since})
}

// takeOffline removes the user at place i; the last one takes its place.
func (b *Board) takeOffline(user string, i uint32) {
	delete(b.index, user)
	last := len(b.online) - 1
	if moved := b.online[last]; int(i) != last {
		b.online[i] = moved
		b.index[moved.User] = i
	}
	b.online[last] = wire.Online{}
	b.online = b.online[:last]
	if cap(b.online) >= 1024 && len(b.online) < cap(b.online)/4 {
		b.online = slices.Clone(b.online) // give the room of a crowd that left back
	}
}

// Epoch returns the epoch that New was given.
func (b *Board) Epoch() uint64 { return b.cut.epoch }

// Version returns the version of the newest change, 0 when there was none.
func (b *Board) Version() uint64 { return b.history.version() }

// Online returns since when the user is online, in Unix ms, or false.
func (b *Board) Online(user string) (since int64, ok bool) {
	i, ok := b.index[user]
	if !ok {
		return 0, false
	}
	return b.online[i].Since, true
}

// Pending returns how many changes the next Flush tells.
func (b *Board) Pending() int {
	return int(b.history.version() - b.flushed) //nolint:gosec // at most MaxPending by contract
}

// Watching returns how many watchers are told of the user, in constant time.
func (b *Board) Watching(user string) int {
	n := len(b.everyone)
	if a := b.audiences[user]; a != nil {
		n += len(a.watchers)
	}
	return n
}

// Counts are the sizes of a board.
type Counts struct {
	Online   int // users
	Watchers int // connections that watch somebody
	Everyone int // of these, those that watch everyone
	Watches  int // named watches of all watchers
	Names    int // different users that are named
	History  int // changes that are kept
}

// Counts returns the sizes of the board. It looks at every watcher.
func (b *Board) Counts() Counts {
	watchers := 0
	for _, w := range b.watchers {
		if w.all || len(w.names) > 0 {
			watchers++
		}
	}
	return Counts{
		Online:   len(b.online),
		Watchers: watchers,
		Everyone: len(b.everyone),
		Watches:  b.watches,
		Names:    len(b.audiences),
		History:  len(b.history.log),
	}
}
