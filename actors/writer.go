package actors

import (
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"time"
)

// writeBudget is about how many bytes go into one write: enough to make the
// system call cheap, little enough that a heartbeat waits for no more (N21).
const writeBudget = 64 << 10

// flush writes what there is, as long as the transport takes it at once. What it
// does not take is written by a goroutine that lives for that write only, so that
// an idle connection holds none. One write is under way at most.
func (c *connection) flush() {
	for !c.writing && !c.transportClosed {
		c.feedState()
		c.feedFiles()
		frames := c.out.Take(nil, writeBudget)
		if len(frames) == 0 {
			return
		}
		count, size := len(frames), sizeOf(frames)
		n, err := c.seat.TryWrite(frames)
		if n == size || err != nil {
			c.sys.count.writes.Add(1)
			c.sys.count.bytesOut.Add(uint64(n)) //nolint:gosec // n >= 0
			c.onWritten(written{frames: count, bytes: n, err: err})
			continue
		}
		c.writing, c.writeBegan = true, c.sys.now()
		go c.write(behind(frames, n), count, n)
	}
}

func sizeOf(frames [][]byte) (size int64) {
	for _, f := range frames {
		size += int64(len(f))
	}
	return size
}

// behind returns what follows the first n bytes. It changes the list, not the
// frames.
func behind(frames [][]byte, n int64) [][]byte {
	for n > 0 {
		if n < int64(len(frames[0])) {
			frames[0] = frames[0][n:]
			break
		}
		n -= int64(len(frames[0]))
		frames = frames[1:]
	}
	return frames
}

// write blocks in the transport's Write for the connection, no longer than the
// write timeout. Count is how many frames that makes, together with the already
// bytes that are written. A transport that panics ends this connection alone (H1).
func (c *connection) write(frames [][]byte, count int, already int64) {
	defer func() {
		if v := recover(); v != nil {
			c.sys.fault(c.pid, c.transport, v, debug.Stack())
			c.tell(written{err: fmt.Errorf("%w: %v", errHandlerPanic, v)})
		}
	}()
	_ = c.transport.SetWriteDeadline(time.Now().Add(c.sys.set.WriteTimeout))
	defer func() { _ = c.transport.SetWriteDeadline(time.Time{}) }() // TryWrite would heed it
	want := sizeOf(frames)
	buffers := net.Buffers(frames)
	n, err := buffers.WriteTo(c.transport)
	if err == nil && n < want {
		err = io.ErrShortWrite // a transport that breaks the rules of io.Writer
	}
	n += already
	c.sys.count.writes.Add(1)
	c.sys.count.bytesOut.Add(uint64(n)) //nolint:gosec // n >= 0
	c.tell(written{frames: count, bytes: n, err: err})
}

// onWritten goes on after a write.
func (c *connection) onWritten(m written) {
	c.writing = false
	c.out.Written()
	c.bytesOut.Add(uint64(m.bytes)) //nolint:gosec // m.bytes >= 0
	if m.err != nil {
		c.end(writeReason(m.err), ending{err: m.err})
		c.closeTransport()
		return
	}
	c.wrote = c.sys.now()
	c.unpark()
	c.framesOut.Add(uint64(m.frames))           //nolint:gosec // m.frames > 0
	c.sys.count.framesOut.Add(uint64(m.frames)) //nolint:gosec // m.frames > 0
}
