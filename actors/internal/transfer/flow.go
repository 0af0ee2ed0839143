package transfer

import "errors"

// Why a chunk or a credit is refused. A refused one changes nothing.
var (
	// ErrOrder is a chunk that does not begin where the one before ended.
	ErrOrder = errors.New("transfer: the chunk is out of order")
	// ErrBeyondEnd is a chunk that goes beyond the announced size.
	ErrBeyondEnd = errors.New("transfer: the chunk goes beyond the end")
	// ErrWindow is a chunk that goes past the limit that was granted.
	ErrWindow = errors.New("transfer: the chunk goes past the window")
	// ErrCredit is a credit for bytes that were never sent.
	ErrCredit = errors.New("transfer: the credit is for what was never sent")
)

// Inflow is the receiving side of one transfer: a file that goes to the store,
// or in a relay on to its receiver. A plain value.
type Inflow struct {
	size    uint64
	came    uint64 // received
	stored  uint64 // dealt with: it no longer takes memory
	limit   uint64 // granted to the sender
	ceiling uint64 // what the receiver behind us grants; of a put the size
	window  uint64
}

// NewInflow returns the receiving side of a file of size bytes that has the
// first offset of them, and takes at most window bytes before they are stored.
func NewInflow(size, offset, window uint64) Inflow {
	return NewRelay(size, offset, window, size)
}

// NewRelay returns the same for a file that is passed on to a receiver, who has
// granted what comes before the limit granted.
func NewRelay(size, offset, window, granted uint64) Inflow {
	offset = min(offset, size)
	f := Inflow{
		size: size, came: offset, stored: offset, limit: offset,
		ceiling: min(max(granted, offset), size), window: max(window, 1),
	}
	f.limit = f.wish()
	return f
}

// wish is what may be granted now. It never falls.
func (f *Inflow) wish() uint64 { return f.stored + min(f.window, f.ceiling-f.stored) }

// raise grants more when it is worth a message: when half a window is free, or
// all that can be granted at present is in it.
func (f *Inflow) raise() bool {
	wish := f.wish()
	if wish <= f.limit || wish != f.ceiling && wish-f.limit < f.window/2 {
		return false
	}
	f.limit = wish
	return true
}

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

// Stored notes that n more bytes have left the memory, and reports whether the
// sender is to be told a new limit.
func (f *Inflow) Stored(n uint64) (grant bool) {
	f.stored += min(n, f.came-f.stored)
	return f.raise()
}

// Allow notes what the receiver behind us grants, and reports whether the sender
// is to be told a new limit. A lower grant than before is ignored.
func (f *Inflow) Allow(granted uint64) (grant bool) {
	f.ceiling = max(f.ceiling, min(granted, f.size))
	return f.raise()
}

// Came returns up to where the file has come.
func (f *Inflow) Came() uint64 { return f.came }

// StoredTo returns up to where the file has been dealt with.
func (f *Inflow) StoredTo() uint64 { return f.stored }

// Limit returns up to where the sender may send.
func (f *Inflow) Limit() uint64 { return f.limit }

// Whole reports whether everything has come and was dealt with.
func (f *Inflow) Whole() bool { return f.stored == f.size }

// Outflow is the sending side of one transfer: a file that is read from the
// store. A plain value.
type Outflow struct {
	size   uint64
	sent   uint64 // read, or being read, to be sent
	passed uint64 // given to the transport: it no longer takes memory
	limit  uint64 // what the receiver grants
	window uint64
}

// NewOutflow returns the sending side of a file of size bytes, from offset on,
// for a receiver that grants what comes before limit. It never has more than
// window bytes in memory, whatever it is granted.
func NewOutflow(size, offset, limit, window uint64) Outflow {
	offset = min(offset, size)
	return Outflow{
		size: size, sent: offset, passed: offset,
		limit: min(max(limit, offset), size), window: max(window, 1),
	}
}

// Credit takes what the receiver has and grants. A lower grant than before is
// ignored. The error is ErrCredit.
func (f *Outflow) Credit(offset, limit uint64) error {
	if offset > f.sent {
		return ErrCredit
	}
	f.limit = max(f.limit, min(limit, f.size))
	return nil
}

// Next returns where to send from and how many bytes, at most most, and takes
// them for sent; none when nothing may be sent now. It returns less than least
// only when there is no more, or nothing is on its way: else it is better to
// wait for that.
func (f *Outflow) Next(least, most uint64) (offset, n uint64) {
	room := f.window - min(f.sent-f.passed, f.window)
	offset, n = f.sent, min(f.limit-f.sent, room, most)
	if n < least && n < f.size-f.sent && f.sent > f.passed {
		n = 0
	}
	f.sent += n
	return offset, n
}

// Passed notes that n more bytes have left the memory.
func (f *Outflow) Passed(n uint64) { f.passed += min(n, f.sent-f.passed) }

// SentTo returns up to where the file was sent, or is about to be.
func (f *Outflow) SentTo() uint64 { return f.sent }

// Whole reports whether everything was given to the transport.
func (f *Outflow) Whole() bool { return f.passed == f.size }
