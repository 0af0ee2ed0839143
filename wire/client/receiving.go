package client

import (
	"errors"
	"sync"

	"example.com/rollcall/wire"
)

var (
	errGone       = errors.New("the call has returned")
	errSenderDone = errors.New("the sending side says done")
)

// receiving is a get, or the receiving side of a relay, on one connection: what
// the reader and the call of Get or Accept share. What has come and was not
// taken yet lies in a ring of one window, or of the rest of the file if that is
// less.
type receiving struct {
	// Static after construction.
	cn     *conn
	offset uint64
	window uint64
	relay  bool
	wake   chan struct{}

	// Guarded by mu, which is never held while anything blocks.
	mu     sync.Mutex
	number uint64 // zero until the server has agreed
	flow   inflow
	ring   ring
	end    error // why no more will come
	gone   bool  // the call has returned
}

func newReceiving(cn *conn, offset, window uint64, relay bool) *receiving {
	return &receiving{cn: cn, offset: offset, window: window, relay: relay, wake: make(chan struct{}, 1)}
}

// begin takes the server's agreement to send a file of size bytes.
func (r *receiving) begin(number, size uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		r.cn.abort(number, wire.CodeCancelled, "")
		return
	}
	r.number = number
	if r.offset > size {
		r.end = errStart
	} else {
		r.flow = newInflow(size, r.offset, r.window, r.relay)
		r.ring = newRing(int(min(r.window, size-r.offset))) //nolint:gosec // window is an int
	}
	if !r.cn.attach(number, r) {
		r.cn.fail(broken("transfer %d is there already", number))
	}
}

func (r *receiving) chunk(m wire.Chunk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end != nil {
		return
	}
	skip, err := r.flow.chunk(m.Offset, uint64(len(m.Data)))
	if err != nil {
		r.end = err
	} else {
		r.ring.put(m.Data[skip:])
	}
	wake(r.wake)
}

func (r *receiving) credit(*wire.Credit) {}

func (r *receiving) done(*wire.Done) { r.cut(errSenderDone) }

func (r *receiving) cut(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end == nil {
		r.end = err
	}
	wake(r.wake)
}

// over reports that no more will come.
func (r *receiving) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end != nil
}

// peek returns the oldest piece that waits, empty if none does; it is to be
// taken before the next peek. whole tells that everything was taken; end, why no
// more will come behind the piece.
func (r *receiving) peek(most int) (piece []byte, whole bool, end error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ring.peek(most), r.number != 0 && r.end != errStart && r.flow.whole(), r.end //nolint:errorlint // begin wraps nothing
}

// took drops a piece, and lets the server send more.
func (r *receiving) took(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ring.drop(n)
	if r.flow.took(uint64(n)) && r.end == nil { //nolint:gosec // not negative
		r.cn.out.steer(flow{
			credit: r.number,
			frame:  frameOf(&wire.Credit{Transfer: r.number, Offset: r.flow.taken, Limit: r.flow.limit}),
		})
	}
}

// leave ends the call's part, and returns the transfer's number; zero if the
// server has not agreed yet: should it still do so, begin sees to it.
func (r *receiving) leave() uint64 {
	r.mu.Lock()
	r.gone = true
	if r.end == nil {
		r.end = errGone
	}
	number := r.number
	r.ring = ring{}
	r.mu.Unlock()
	if number != 0 {
		r.cn.detach(number, r)
	}
	return number
}
