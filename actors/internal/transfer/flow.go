package transfer

import "errors"

// Why a chunk is refused.
var (
	// ErrOrder is a chunk that does not begin where the one before ended.
	ErrOrder = errors.New("transfer: the chunk is out of order")
	// ErrBeyondEnd is a chunk that goes beyond the announced size.
	ErrBeyondEnd = errors.New("transfer: the chunk goes beyond the end")
	// ErrWindow is a chunk that goes past the limit that was granted.
	ErrWindow = errors.New("transfer: the chunk goes past the window")
	// ErrCredit is a credit that makes no sense: it takes back what was granted,
	// or acknowledges what was never sent.
	ErrCredit = errors.New("transfer: the credit makes no sense")
)

// Inflow is the receiving side of one transfer.
type Inflow struct {
	size   uint64
	came   uint64 // received
	stored uint64 // dealt with: it no longer takes memory
	limit  uint64 // granted
	window uint64
}

// NewInflow returns the receiving side of a file of size bytes that holds the
// first offset of them, and takes at most window bytes before they are stored.
func NewInflow(size, offset, window uint64) Inflow {
	f := Inflow{size: size, came: offset, stored: offset, window: max(window, 1)}
	f.limit = f.wish()
	return f
}

func (f *Inflow) wish() uint64 { return min(f.stored+f.window, f.size) }

// Chunk takes n bytes at offset.
func (f *Inflow) Chunk(offset, n uint64) error {
	switch {
	case offset != f.came:
		return ErrOrder
	case n > f.size-f.came:
		return ErrBeyondEnd
	case n > f.limit-f.came:
		return ErrWindow
	}
	f.came += n
	return nil
}

// Stored notes that n more bytes were dealt with, and reports whether the other
// side is to be granted more: when half a window is free, or the end is in it.
func (f *Inflow) Stored(n uint64) (grant bool) {
	f.stored = min(f.stored+n, f.came)
	wish := f.wish()
	if wish-f.limit < f.window/2 && (wish != f.size || wish == f.limit) {
		return false
	}
	f.limit = wish
	return true
}

// Restrict lowers what was granted to limit: a relay grants no more than its
// receiver does.
func (f *Inflow) Restrict(limit uint64) { f.limit = max(min(f.limit, limit), f.came) }

// Advance notes, for a relay, what the receiver holds and grants.
func (f *Inflow) Advance(held, granted uint64) {
	f.stored = max(f.stored, min(held, f.came))
	f.limit = max(f.limit, min(f.wish(), granted))
}

// Came returns up to where the file has come.
func (f *Inflow) Came() uint64 { return f.came }

// StoredTo returns up to where the file has been dealt with.
func (f *Inflow) StoredTo() uint64 { return f.stored }

// Limit returns up to where the other side may send.
func (f *Inflow) Limit() uint64 { return f.limit }

// Whole reports whether everything has come and was dealt with.
func (f *Inflow) Whole() bool { return f.stored == f.size }

// Outflow is the sending side of one transfer.
type Outflow struct {
	size   uint64
	sent   uint64
	held   uint64 // what the other side says that it holds
	limit  uint64 // what it grants
	window uint64
}

// NewOutflow returns the sending side of a file of size bytes, from offset on,
// that never has more than window bytes on their way, whatever it is granted.
func NewOutflow(size, offset, window uint64) Outflow {
	return Outflow{size: size, sent: offset, held: offset, limit: offset, window: max(window, 1)}
}

// Credit takes what the other side holds and grants.
func (f *Outflow) Credit(held, limit uint64) error {
	if held < f.held || held > f.sent || limit < f.limit && limit < f.size {
		return ErrCredit
	}
	f.held, f.limit = held, min(limit, f.size)
	return nil
}

// Next returns where to send from and how many bytes, at most most; none when
// nothing may be sent now.
func (f *Outflow) Next(most uint64) (offset, n uint64) {
	end := min(f.limit, f.held+f.window)
	if end <= f.sent {
		return f.sent, 0
	}
	return f.sent, min(end-f.sent, most)
}

// Held returns what the other side says that it holds.
func (f *Outflow) Held() uint64 { return f.held }

// Granted returns up to where the other side lets us send.
func (f *Outflow) Granted() uint64 { return f.limit }

// Sent notes that n bytes from Next were sent.
func (f *Outflow) Sent(n uint64) { f.sent = min(f.sent+n, f.size) }

// SentTo returns up to where the file was sent.
func (f *Outflow) SentTo() uint64 { return f.sent }

// All reports whether the whole file was sent.
func (f *Outflow) All() bool { return f.sent == f.size }
