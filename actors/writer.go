package actors

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"example.com/rollcall/actors/internal/outbox"
)

// frameLists are the lists of frames of writes that end at once.
var frameLists = sync.Pool{New: func() any { return new([][]byte) }}

// flush writes what there is to write, unless a write is under way. A parked
// transport takes what it can at once, in one system call; what is left waits
// until it takes more. For any other one, one write is under way at most: it
// runs in a goroutine that lives for that write only, so that an idle connection
// holds none.
func (c *connection) flush() {
	park, isParked := c.transport.(parked)
	for c.unsent == nil && !c.transportClosed {
		c.feedState()
		c.feedFiles()
		if c.out == nil {
			return // nothing has been queued since it was empty
		}
		if !isParked {
			if frames := c.lanes().Take(nil, c.pace.Budget()); len(frames) > 0 {
				c.unsent = &unsent{began: c.sys.now()}
				go c.write(frames)
			}
			return
		}
		list, ok := frameLists.Get().(*[][]byte)
		if !ok {
			return // unreachable
		}
		frames := c.lanes().Take((*list)[:0], c.pace.Budget())
		if len(frames) > 0 {
			c.writeNow(park, frames)
			clear(frames)
		}
		none := len(frames) == 0
		if cap(frames) <= keptFrames {
			*list = frames[:0]
			frameLists.Put(list)
		}
		if none {
			return
		}
	}
}

// keptFrames bounds the lists that are kept.
const keptFrames = 1024

// writeNow writes frames to a parked transport, or what it takes of them now.
func (c *connection) writeNow(park parked, frames [][]byte) {
	began := c.sys.now()
	n, err := park.writeFrames(frames)
	if errors.Is(err, errWouldBlock) {
		c.hold(park, began, frames, n)
		return
	}
	c.sys.count.writes.Add(1)
	c.sys.count.bytesOut.Add(uint64(n)) //nolint:gosec // n >= 0
	c.onWritten(began, written{frames: len(frames), bytes: n, err: err})
}

// unsent is the one write under way: that of a goroutine, or what a parked
// transport has not taken yet.
type unsent struct {
	began time.Duration

	// of a parked transport
	frames [][]byte // the first may have begun
	count  int      // of all its frames
	done   int64    // bytes
	timer  *time.Timer
}

// skip drops the n bytes that were written.
func (u *unsent) skip(n int64) {
	u.done += n
	for n > 0 {
		if size := int64(len(u.frames[0])); n >= size {
			u.frames, n = u.frames[1:], n-size
			continue
		}
		u.frames[0], n = u.frames[0][n:], 0
	}
}

// hold keeps what was not written until the transport takes more, or the write
// timeout is over.
func (c *connection) hold(park parked, began time.Duration, frames [][]byte, n int64) {
	u := &unsent{began: began, frames: append([][]byte(nil), frames...), count: len(frames)}
	u.skip(n)
	u.timer = time.AfterFunc(c.sys.set.WriteTimeout, func() { c.tell(writeOver{u}) })
	c.unsent = u
	park.awaitRoom()
}

// onRoom goes on with a write that had to wait.
func (c *connection) onRoom() {
	u := c.unsent
	park, ok := c.transport.(parked)
	if u == nil || c.transportClosed || !ok {
		return
	}
	n, err := park.writeFrames(u.frames)
	u.skip(n)
	if errors.Is(err, errWouldBlock) {
		park.awaitRoom()
		return
	}
	c.writeEnded(err)
}

// writeEnded ends the write that had to wait.
func (c *connection) writeEnded(err error) {
	u := c.unsent
	if u == nil || u.timer == nil {
		return // none, or a goroutine's, which tells by itself
	}
	u.timer.Stop()
	c.unsent = nil
	c.sys.count.writes.Add(1)
	c.sys.count.bytesOut.Add(uint64(u.done)) //nolint:gosec // not negative
	c.onWritten(u.began, written{frames: u.count, bytes: u.done, err: err})
}

// write blocks in the transport's Write for the connection, no longer than the
// write timeout. A transport that panics ends this connection alone (H1).
func (c *connection) write(frames [][]byte) {
	defer func() {
		if v := recover(); v != nil {
			c.sys.fault(c.name(), c.transport, v, debug.Stack())
			c.tell(written{err: fmt.Errorf("%w: %v", errHandlerPanic, v)})
		}
	}()
	count := len(frames)
	_ = c.transport.SetWriteDeadline(time.Now().Add(c.sys.set.WriteTimeout))
	buffers := net.Buffers(frames)
	want := int64(0)
	for _, f := range frames {
		want += int64(len(f))
	}
	n, err := buffers.WriteTo(c.transport)
	if err == nil && n < want {
		err = io.ErrShortWrite // a transport that breaks the rules of io.Writer
	}
	c.sys.count.writes.Add(1)
	c.sys.count.bytesOut.Add(uint64(n)) //nolint:gosec // n >= 0
	c.tell(written{frames: count, bytes: n, err: err})
}

// onWriteDone takes what the goroutine that wrote has to say.
func (c *connection) onWriteDone(m written) {
	began := c.unsent.began
	c.unsent = nil
	c.onWritten(began, m)
}

// onWritten goes on after a write.
func (c *connection) onWritten(began time.Duration, m written) {
	now := c.sys.now()
	c.lanes().Written()
	c.paced(began, now, m)
	c.bytesOut.Add(uint64(m.bytes)) //nolint:gosec // m.bytes >= 0
	if m.err != nil {
		c.end(writeReason(m.err), ending{err: m.err})
		c.closeTransport()
		return
	}
	c.wrote = now
	c.unpark()
	c.framesOut.Add(uint64(m.frames))           //nolint:gosec // m.frames > 0
	c.sys.count.framesOut.Add(uint64(m.frames)) //nolint:gosec // m.frames > 0
}

// writeTime is how long one write may take when it can be helped: an eighth of the
// time in which a heartbeat has to get through, and no more than a second.
func (c *connection) writeTime() time.Duration {
	if c.life.Times().Timeout == 0 {
		return maxWriteTime // it has not said hello
	}
	return min(c.life.Times().Answer()/8, maxWriteTime)
}

const maxWriteTime = time.Second

// paced enters a write that has ended, and lets no more wait in the kernel than two
// writes of the size that this link can bear (N21).
func (c *connection) paced(began, now time.Duration, m written) {
	if m.err != nil {
		return
	}
	within := c.writeTime()
	if c.pace == nil {
		if m.bytes < outbox.FirstWrite/2 && now-began <= within {
			return // most connections never write more at one time
		}
		c.pace = new(outbox.Pace)
	}
	if c.pace.Wrote(began, now, m.bytes, within) {
		limitUnsent(c.transport, 2*c.pace.Budget())
	}
}
