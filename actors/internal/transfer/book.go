package transfer

import (
	"cmp"
	"container/list"
	"errors"
	"slices"
	"time"
)

// Why a transfer is refused, or cannot be given to a connection.
var (
	// ErrTooMany is a transfer past one of the limits.
	ErrTooMany = errors.New("transfer: too many at once")
	// ErrGone is a transfer that is not there, or cannot be had now.
	ErrGone = errors.New("transfer: no such transfer")
	// ErrTaken is a relay that has a receiver.
	ErrTaken = errors.New("transfer: another connection receives it")
	// ErrSelf is a relay to the connection that sends it.
	ErrSelf = errors.New("transfer: the connection itself sends it")
)

// Limits bound the transfers that there may be at one time. A transfer counts
// until Remove.
type Limits struct {
	PerConnection int // as the owner's and as the receiver's
	PerOwner      int // running and interrupted
	All           int
	// Grace is how long an interrupted transfer waits. Zero: not at all.
	Grace time.Duration
}

// Kind is what a transfer does.
type Kind uint8

// The kinds.
const (
	Put   Kind = iota // a client sends a file to the store
	Get               // a client fetches one
	Relay             // a client sends to another client
)

// Key says what makes two puts or relays the same, so that the second goes on
// where the first was interrupted: all that the owner said of it. To are the
// recipients as one text. The key of a get is the file, see [GetKey].
type Key struct {
	Owner  string
	Kind   Kind
	Name   string
	Size   uint64
	SHA256 [32]byte
	To     string
}

// GetKey is the key of all gets of a file.
func GetKey(file string) Key { return Key{Kind: Get, Name: file} }

// Transfer is one entry of the book.
type Transfer struct {
	ID uint64 // never changes
	// Number is what the clients call it. An interruption ends it for good: who
	// goes on with the transfer is told another, so that nothing that is still on
	// its way is taken for something new.
	Number   uint64
	Kind     Kind
	Owner    string
	Conn     uint64 // the owner's connection; 0 while interrupted
	Peer     uint64 // of a relay: the receiver's connection; 0 while there is none
	Accepted bool   // of a relay: it has, or had, a receiver
	Key      Key
	Until    time.Duration // when the grace ends, while one runs

	over   bool          // it is ending: nobody can have it any more
	waits  *list.Element // in Book.held
	placed bool          // in Book.byKey
}

// Interrupted reports whether the transfer waits for its owner.
func (t *Transfer) Interrupted() bool { return t.Conn == 0 && !t.over }

// Waiting reports whether a grace runs: the transfer waits for its owner, or,
// once it has been accepted, a relay for its receiver.
func (t *Transfer) Waiting() bool { return t.waits != nil }

// Book knows all transfers. It is a plain value, owned by the file manager.
type Book struct {
	limits   Limits
	last     uint64 // the last ID or number given out
	byID     map[uint64]*Transfer
	byNumber map[uint64]*Transfer
	byConn   map[uint64][]*Transfer // at most Limits.PerConnection each
	byKey    map[Key][]*Transfer    // those that can be had; the oldest first
	byOwner  map[string]int
	held     *list.List // of *Transfer, by deadline: the grace is one, so in the order of interruption
}

// NewBook returns an empty book.
func NewBook(l Limits) *Book {
	return &Book{
		limits: l, held: list.New(),
		byID: make(map[uint64]*Transfer), byNumber: make(map[uint64]*Transfer),
		byConn: make(map[uint64][]*Transfer), byKey: make(map[Key][]*Transfer),
		byOwner: make(map[string]int),
	}
}

// Len returns how many transfers there are, interrupted and ending ones included.
func (b *Book) Len() int { return len(b.byID) }

// Get returns a transfer.
func (b *Book) Get(id uint64) (Transfer, bool) { return deref(b.byID[id]) }

// ByNumber returns the transfer that the clients call so.
func (b *Book) ByNumber(number uint64) (Transfer, bool) { return deref(b.byNumber[number]) }

func deref(t *Transfer) (Transfer, bool) {
	if t == nil {
		return Transfer{}, false
	}
	return *t, true
}

// With returns the transfers with this key, the oldest first, without those that
// are ending.
func (b *Book) With(key Key) []Transfer {
	all := make([]Transfer, 0, len(b.byKey[key]))
	for _, t := range b.byKey[key] {
		all = append(all, *t)
	}
	return all
}

// HasRoom reports whether a connection may have one more transfer.
func (b *Book) HasRoom(conn uint64) bool { return len(b.byConn[conn]) < b.limits.PerConnection }

// Open enters a new transfer of a connection (0: one that a crash has
// interrupted, see Pause). The error is ErrTooMany.
func (b *Book) Open(conn uint64, kind Kind, owner string, key Key) (Transfer, error) {
	if len(b.byID) >= b.limits.All || b.byOwner[owner] >= b.limits.PerOwner || conn != 0 && !b.HasRoom(conn) {
		return Transfer{}, ErrTooMany
	}
	b.last++
	t := &Transfer{ID: b.last, Number: b.last, Kind: kind, Owner: owner, Conn: conn, Key: key, placed: true}
	b.byID[t.ID], b.byNumber[t.Number] = t, t
	b.byOwner[owner]++
	b.byKey[key] = append(b.byKey[key], t)
	b.link(conn, t)
	return *t, nil
}

// Find returns the transfer with this key that a connection may go on with: the
// oldest that is interrupted, or else the oldest whose connection is stale: an
// older one of the same client that has not been noticed to be gone. The second
// kind has to be paused before it can be attached.
func (b *Book) Find(key Key, stale func(Transfer) bool) (Transfer, bool) {
	all := b.byKey[key]
	if i := slices.IndexFunc(all, func(t *Transfer) bool { return t.Conn == 0 }); i >= 0 {
		return *all[i], true
	}
	if i := slices.IndexFunc(all, func(t *Transfer) bool { return stale(*t) }); i >= 0 {
		return *all[i], true
	}
	return Transfer{}, false
}

// Attach gives an interrupted transfer to a connection of its owner. The error
// is ErrTooMany or ErrGone.
func (b *Book) Attach(id, conn uint64) error {
	t := b.byID[id]
	switch {
	case t == nil || t.Conn != 0 || t.over || conn == 0:
		return ErrGone
	case !b.HasRoom(conn):
		return ErrTooMany
	}
	t.Conn = conn
	b.link(conn, t)
	b.settle(t)
	return nil
}

// AttachPeer gives a relay its receiver. The error is ErrGone, ErrTaken, ErrSelf
// or ErrTooMany.
func (b *Book) AttachPeer(id, conn uint64) error {
	t := b.byID[id]
	switch {
	case t == nil || t.Kind != Relay || t.Conn == 0 || t.over || conn == 0:
		return ErrGone
	case t.Peer != 0:
		return ErrTaken
	case t.Conn == conn:
		return ErrSelf
	case !b.HasRoom(conn):
		return ErrTooMany
	}
	t.Peer, t.Accepted = conn, true
	b.link(conn, t)
	b.settle(t)
	return nil
}

// settle ends the grace of a transfer that nobody is missing any more.
func (b *Book) settle(t *Transfer) {
	if t.Conn != 0 && (!t.Accepted || t.Peer != 0) {
		b.unhold(t)
	}
}

// Interrupt takes all transfers from a connection that has ended, and a relay
// from its other side as well. Puts and relays wait for the grace, under new
// numbers; gets are ending: their client holds what it has. It returns them all
// as they were, in the order of their IDs.
func (b *Book) Interrupt(now time.Duration, conn uint64) []Transfer {
	all := slices.Clone(b.byConn[conn])
	slices.SortFunc(all, func(x, y *Transfer) int { return cmp.Compare(x.ID, y.ID) })
	out := make([]Transfer, 0, len(all))
	for _, t := range all {
		out = append(out, b.pause(now, t))
	}
	return out
}

// Pause does the same with one transfer, and returns it as it was.
func (b *Book) Pause(now time.Duration, id uint64) (Transfer, bool) {
	t := b.byID[id]
	if t == nil {
		return Transfer{}, false
	}
	return b.pause(now, t), true
}

func (b *Book) pause(now time.Duration, t *Transfer) Transfer {
	was := *t
	b.unlink(t.Conn, t)
	b.unlink(t.Peer, t)
	t.Conn, t.Peer = 0, 0
	if t.Kind == Get {
		b.retire(t)
	}
	if t.over {
		return was
	}
	delete(b.byNumber, t.Number)
	b.last++
	t.Number = b.last
	b.byNumber[t.Number] = t
	if t.waits == nil { // else its deadline is that of the first interruption
		t.Until = now + b.limits.Grace
		t.waits = b.held.PushBack(t)
	}
	return was
}

func (b *Book) unhold(t *Transfer) {
	if t.waits != nil {
		b.held.Remove(t.waits)
		t.waits = nil
	}
}

// retire lets nobody have a transfer any more. It counts until Remove.
func (b *Book) retire(t *Transfer) {
	t.over = true
	b.unhold(t)
	if t.placed {
		t.placed = false
		drop(b.byKey, t.Key, t)
	}
}

// Expire returns the transfers that have waited long enough, in the order of
// their deadlines. They are ending: nobody can have them, and each is to be
// removed when nothing is left of it.
func (b *Book) Expire(now time.Duration) []Transfer {
	var out []Transfer
	for first := b.held.Front(); first != nil; first = b.held.Front() {
		t := first.Value.(*Transfer) //nolint:forcetypeassert // nothing else is in it
		if t.Until > now {
			break
		}
		b.retire(t)
		out = append(out, *t)
	}
	return out
}

// Next returns when the next grace ends.
func (b *Book) Next() (time.Duration, bool) {
	first := b.held.Front()
	if first == nil {
		return 0, false
	}
	return first.Value.(*Transfer).Until, true //nolint:forcetypeassert // nothing else is in it
}

// Remove forgets a transfer. It is idempotent.
func (b *Book) Remove(id uint64) {
	t := b.byID[id]
	if t == nil {
		return
	}
	b.retire(t)
	b.unlink(t.Conn, t)
	b.unlink(t.Peer, t)
	delete(b.byID, id)
	delete(b.byNumber, t.Number)
	if b.byOwner[t.Owner]--; b.byOwner[t.Owner] == 0 {
		delete(b.byOwner, t.Owner)
	}
}

func (b *Book) link(conn uint64, t *Transfer) {
	if conn != 0 {
		b.byConn[conn] = append(b.byConn[conn], t)
	}
}

func (b *Book) unlink(conn uint64, t *Transfer) {
	if conn != 0 {
		drop(b.byConn, conn, t)
	}
}

// drop takes t out of one list of an index.
func drop[K comparable](index map[K][]*Transfer, key K, t *Transfer) {
	rest := slices.DeleteFunc(index[key], func(x *Transfer) bool { return x == t })
	if len(rest) == 0 {
		delete(index, key)
	} else {
		index[key] = rest
	}
}

// All calls f for each transfer, in the order of the IDs. f may change the book.
func (b *Book) All(f func(Transfer)) {
	ids := make([]uint64, 0, len(b.byID))
	for id := range b.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		if t := b.byID[id]; t != nil {
			f(*t)
		}
	}
}
