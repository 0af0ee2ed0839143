package transfer

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// ErrTooMany is a transfer past one of the limits.
var ErrTooMany = errors.New("transfer: too many at once")

// Limits bound the transfers that there may be at one time.
type Limits struct {
	PerConnection int
	PerOwner      int // running and interrupted
	All           int
	// Grace is how long an interrupted transfer waits for its owner. Zero: not
	// at all.
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
// recipients as one text.
type Key struct {
	Owner  string
	Kind   Kind
	Name   string
	Size   uint64
	SHA256 [32]byte
	To     string
}

// Transfer is one entry of the book.
type Transfer struct {
	ID    uint64
	Kind  Kind
	Owner string
	Conn  uint64 // the owner's connection; 0 while interrupted
	Peer  uint64 // of a relay: the receiver's connection; 0 while there is none
	Key   Key
	Until time.Duration // when the grace ends, while interrupted
	held  bool
}

// Interrupted reports whether the transfer waits for somebody to come back.
func (t *Transfer) Interrupted() bool { return t.held }

// Book is a plain value, owned by the file manager.
type Book struct {
	limits  Limits
	last    uint64
	byID    map[uint64]*Transfer
	byConn  map[uint64][]*Transfer
	byOwner map[string]int
	held    []*Transfer // by deadline, which is the order of interruption: the grace is one
}

// NewBook returns an empty book.
func NewBook(l Limits) *Book {
	return &Book{
		limits: l, byID: make(map[uint64]*Transfer),
		byConn: make(map[uint64][]*Transfer), byOwner: make(map[string]int),
	}
}

// Len returns how many transfers there are, interrupted ones included.
func (b *Book) Len() int { return len(b.byID) }

// Get returns a transfer.
func (b *Book) Get(id uint64) (Transfer, bool) {
	t := b.byID[id]
	if t == nil {
		return Transfer{}, false
	}
	return *t, true
}

// Open enters a new transfer of a connection (0: one that a crash has
// interrupted, see Hold). The error is ErrTooMany.
func (b *Book) Open(conn uint64, kind Kind, owner string, key Key) (Transfer, error) {
	if len(b.byID) >= b.limits.All || b.byOwner[owner] >= b.limits.PerOwner ||
		(conn != 0 && len(b.byConn[conn]) >= b.limits.PerConnection) {
		return Transfer{}, ErrTooMany
	}
	b.last++
	t := &Transfer{ID: b.last, Kind: kind, Owner: owner, Conn: conn, Key: key}
	b.byID[t.ID] = t
	b.byOwner[owner]++
	b.link(conn, t)
	return *t, nil
}

// Find returns the transfer with this key that a connection may go on with: one
// that is interrupted, or one whose connection, in the judgement of stale, is an
// older one of the same client that has not been noticed to be gone.
func (b *Book) Find(key Key, stale func(conn uint64) bool) (Transfer, bool) {
	for _, t := range b.held {
		if t.Key == key && t.Conn == 0 {
			return *t, true
		}
	}
	if b.byOwner[key.Owner] == 0 {
		return Transfer{}, false
	}
	var found *Transfer
	for _, t := range b.byID {
		if t.Key == key && t.Conn != 0 && stale(t.Conn) && (found == nil || t.ID < found.ID) {
			found = t
		}
	}
	if found == nil {
		return Transfer{}, false
	}
	return *found, true
}

// Attach gives a transfer to a connection of its owner, which may take it from
// an older one. The error is ErrTooMany.
func (b *Book) Attach(id, conn uint64) error {
	t := b.byID[id]
	if t == nil || len(b.byConn[conn]) >= b.limits.PerConnection {
		return ErrTooMany
	}
	b.unlink(t.Conn, t)
	t.Conn = conn
	b.link(conn, t)
	b.settle(t)
	return nil
}

// AttachPeer gives a relay its receiver. It returns false when it has one.
func (b *Book) AttachPeer(id, conn uint64) bool {
	t := b.byID[id]
	if t == nil || t.Kind != Relay || t.Peer != 0 || conn == t.Conn {
		return false
	}
	t.Peer = conn
	b.link(conn, t)
	b.settle(t)
	return true
}

// settle ends the grace of a transfer that nobody is missing any more.
func (b *Book) settle(t *Transfer) {
	if t.held && t.Conn != 0 && (t.Kind != Relay || t.Peer != 0) {
		b.unhold(t)
	}
}

// Interrupt takes all transfers from a connection that has ended. Gets are
// forgotten: their client holds what it has. Puts and relays are held for the
// grace. It returns them all, as they are now, in the order of their IDs.
func (b *Book) Interrupt(now time.Duration, conn uint64) []Transfer {
	list := slices.Clone(b.byConn[conn])
	slices.SortFunc(list, func(x, y *Transfer) int { return cmp.Compare(x.ID, y.ID) })
	out := make([]Transfer, 0, len(list))
	for _, t := range list {
		b.unlink(conn, t)
		if t.Peer == conn {
			t.Peer = 0
		} else {
			t.Conn = 0
		}
		if t.Kind == Get {
			b.Remove(t.ID)
		} else {
			b.hold(now, t)
		}
		out = append(out, *t)
	}
	return out
}

// Hold enters a transfer that waits for its owner from now on.
func (b *Book) Hold(now time.Duration, id uint64) {
	if t := b.byID[id]; t != nil {
		b.unlink(t.Conn, t)
		t.Conn = 0
		b.hold(now, t)
	}
}

func (b *Book) hold(now time.Duration, t *Transfer) {
	if t.held {
		return // its deadline is that of the first who went
	}
	t.held, t.Until = true, now+b.limits.Grace
	b.held = append(b.held, t)
}

func (b *Book) unhold(t *Transfer) {
	t.held = false
	b.held = slices.DeleteFunc(b.held, func(x *Transfer) bool { return x == t })
}

// Expire removes the transfers that have waited long enough, in the order of
// their deadlines.
func (b *Book) Expire(now time.Duration) []Transfer {
	var out []Transfer
	for len(b.held) > 0 && b.held[0].Until <= now {
		t := b.held[0]
		out = append(out, *t)
		b.Remove(t.ID)
	}
	return out
}

// Next returns when the next grace ends.
func (b *Book) Next() (time.Duration, bool) {
	if len(b.held) == 0 {
		return 0, false
	}
	return b.held[0].Until, true
}

// Remove forgets a transfer. It is idempotent.
func (b *Book) Remove(id uint64) {
	t := b.byID[id]
	if t == nil {
		return
	}
	delete(b.byID, id)
	if b.byOwner[t.Owner]--; b.byOwner[t.Owner] == 0 {
		delete(b.byOwner, t.Owner)
	}
	b.unlink(t.Conn, t)
	b.unlink(t.Peer, t)
	if t.held {
		b.unhold(t)
	}
}

func (b *Book) link(conn uint64, t *Transfer) {
	if conn != 0 {
		b.byConn[conn] = append(b.byConn[conn], t)
	}
}

func (b *Book) unlink(conn uint64, t *Transfer) {
	if conn == 0 {
		return
	}
	rest := slices.DeleteFunc(b.byConn[conn], func(x *Transfer) bool { return x == t })
	if len(rest) == 0 {
		delete(b.byConn, conn)
	} else {
		b.byConn[conn] = rest
	}
}

// All calls f for each transfer, in the order of the IDs.
func (b *Book) All(f func(Transfer)) {
	ids := make([]uint64, 0, len(b.byID))
	for id := range b.byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		f(*b.byID[id])
	}
}
