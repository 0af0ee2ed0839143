package client

import (
	"errors"

	"example.com/rollcall/wire"
)

// Why a chunk or a credit of the server's cannot be taken.
var (
	errOrder   = errors.New("the chunk is not where the one before ended")
	errPastEnd = errors.New("the chunk goes past the file's end")
	errWindow  = errors.New("the chunk goes past the limit")
	errStart   = errors.New("the offset is past the file's end")
)

// outflow is the sending side of one transfer: how much may be sent now. A plain
// value; all numbers count from the file's first byte.
type outflow struct {
	size    uint64
	sent    uint64 // handed to the connection
	limit   uint64 // what the other side allows
	held    uint64 // how far the other side says that it has come
	started bool   // it is known from where on to send
}

// newOutflow begins as put_ok says. In a relay, a limit that allows nothing
// leaves it to the first credit to say from where on.
func newOutflow(size, offset, limit uint64, relay bool) (outflow, error) {
	if offset > size {
		return outflow{}, errStart
	}
	return outflow{
		size: size, sent: offset, limit: limit, held: offset,
		started: !relay || limit > offset,
	}, nil
}

// credit takes what the other side has and allows. A limit is never lowered.
func (f *outflow) credit(offset, limit uint64) error {
	if !f.started {
		if offset > f.size {
			return errStart
		}
		f.started = true
		f.sent, f.held, f.limit = offset, offset, limit
		return nil
	}
	f.held = max(f.held, min(offset, f.size))
	f.limit = max(f.limit, limit)
	return nil
}

// next returns from where on to send and how many bytes, at most most; none
// when nothing may be sent now.
func (f *outflow) next(most uint64) (offset, n uint64) {
	end := min(f.limit, f.size)
	if !f.started || end <= f.sent {
		return f.sent, 0
	}
	return f.sent, min(end-f.sent, most)
}

func (f *outflow) took(n uint64) { f.sent += n }

// all reports whether everything has been handed to the connection.
func (f *outflow) all() bool { return f.started && f.sent == f.size }

// inflow is the receiving side of one transfer: it checks what comes and says
// when to allow more. A plain value. What has come and was not taken yet is
// never more than window bytes.
type inflow struct {
	size   uint64
	came   uint64 // received
	taken  uint64 // out of memory
	limit  uint64 // what the other side may send
	told   uint64 // the offset of the latest credit
	window uint64
	// relay: what has come may come once more, since a server that goes on with
	// a relay by itself knows only what the latest credit said. And before the
	// first chunk that fits, others may come: of the attempt before, if the server
	// numbers by the file.
	relay bool
	fits  bool // one has come
}

// newInflow is of a file of which the first offset bytes are here, when the
// other side was allowed one window.
func newInflow(size, offset, window uint64, relay bool) inflow {
	return inflow{
		size: size, came: offset, taken: offset, told: offset,
		limit: limitFrom(offset, window), window: window, relay: relay,
	}
}

// limitFrom is the limit of a receiving side that has offset bytes and room for
// window more, when it does not know the size yet.
func limitFrom(offset, window uint64) uint64 { return min(offset+window, wire.MaxFileSize) }

// chunk takes n bytes at offset, and says how many of them to skip.
func (f *inflow) chunk(offset, n uint64) (skip uint64, err error) {
	switch {
	case f.relay && !f.fits && offset > f.came && offset < f.size:
		return n, nil
	case offset > f.came, offset < f.came && !f.relay:
		return 0, errOrder
	case n > f.size-offset:
		return 0, errPastEnd
	case offset+n > f.limit:
		return 0, errWindow
	}
	f.fits = true
	skip = min(f.came-offset, n)
	f.came += n - skip
	return skip, nil
}

// took notes that n more bytes have left the memory, and reports whether the
// other side is to be told: after a quarter of the window, and whenever nothing
// is left to take, lest the other side, which may have a smaller window of its
// own, waits for us while we wait for it.
func (f *inflow) took(n uint64) (tell bool) {
	f.taken += n
	if f.taken < f.came && f.taken-f.told < f.window/4 {
		return false
	}
	f.told = f.taken
	f.limit = max(f.limit, min(f.taken+f.window, f.size))
	return f.taken < f.size // at the end, done says it all
}

func (f *inflow) whole() bool { return f.taken == f.size }
