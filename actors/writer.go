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

// flush starts the next write, if there is something to write and no write is
// under way. One write is under way at most: it runs in a goroutine that
// lives for that write only, so that an idle connection holds none.
func (c *connection) flush() {
	if c.writing || c.transportClosed {
		return
	}
	c.feedState()
	c.feedFiles()
	frames := c.out.Take(nil, writeBudget)
	if len(frames) == 0 {
		return
	}
	c.writing, c.writeBegan = true, c.sys.now()
	go c.write(frames)
}

// write blocks in the transport's Write for the connection, no longer than the
// write timeout. A transport that panics ends this connection alone (H1).
func (c *connection) write(frames [][]byte) {
	defer func() {
		if v := recover(); v != nil {
			c.sys.fault(c.pid, c.transport, v, debug.Stack())
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
