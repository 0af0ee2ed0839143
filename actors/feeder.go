package actors

import (
	"sync"
)

// fed is a Feeder as a parked transport.
type fed struct {
	Feeder
	c *connection

	// owned by whoever holds mu: the feeder, or who has got credits
	mu    sync.Mutex
	in    intake
	ended bool
}

var (
	_ parked = (*fed)(nil)
	_ Fed    = (*fed)(nil)
)

func (f *fed) start(c *connection) {
	f.c = c
	f.Feed(f)
}

func (f *fed) writeFrames(frames [][]byte) (int64, error) {
	want := int64(0)
	for _, b := range frames {
		want += int64(len(b))
	}
	n, err := f.TryWrite(frames)
	if err == nil && n < want {
		err = errWouldBlock
	}
	return n, err
}

// inRound implements parked: no poller calls a feeder.
func (*fed) inRound() *round { return nil }

// awaitRoom implements parked: the feeder tells by itself.
func (*fed) awaitRoom() {}

// Room implements Fed.
func (f *fed) Room() { f.c.tell(roomAgain{}) }

// Came implements Fed.
func (f *fed) Came(b []byte) (full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || f.in.dropped {
		return false
	}
	defer f.guard()
	f.c.heard(len(b))
	return f.c.feed(&f.in, b, 0, f, nil)
}

// Ended implements Fed.
func (f *fed) Ended(err error) {
	f.mu.Lock()
	told, why := f.ended || f.in.dropped, readEnded{err: err, reason: readReason(err), midFrame: f.in.midFrame()}
	f.mu.Unlock()
	if !told {
		f.c.tellHere(why)
	}
	f.gone()
}

// wake implements waker: there are credits again.
func (f *fed) wake() {
	go func() {
		f.c.woken()
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.ended || f.in.dropped || !f.in.waiting() {
			return
		}
		defer f.guard()
		f.c.feed(&f.in, nil, 0, f, nil)
	}()
}

// guard is deferred where what came is looked at (H1).
func (f *fed) guard() {
	if v := recover(); v != nil {
		f.in.dropped = true
		f.c.broke(v)
		f.ended = true
		f.c.tell(readerExit{})
	}
}

// gone tells the connection, once, that nothing more will come.
func (f *fed) gone() {
	f.mu.Lock()
	f.leave()
}

// leave does so for who holds the lock, and releases it.
func (f *fed) leave() {
	told := f.ended
	f.ended = true
	f.mu.Unlock()
	if !told {
		f.c.tell(readerExit{})
	}
}

// Close implements net.Conn.
func (f *fed) Close() error {
	err := f.Feeder.Close()
	if !f.mu.TryLock() {
		go f.gone() // not here: who feeds holds the lock, and may run this actor
		return err
	}
	f.leave()
	return err
}
