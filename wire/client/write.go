package client

import (
	"errors"
	"os"
	"time"
)

// write is the writer's goroutine. It ends when the connection does, when a
// write fails, or after the bye.
func (cn *conn) write(timeout time.Duration) {
	defer close(cn.written)
	cn.goesOn("writer")
	var buf []byte
	for {
		batch, last := cn.out.take(buf[:0])
		if len(batch) > 0 {
			if err := cn.writeAll(batch, timeout); err != nil {
				cn.writeFailed(err)
				return
			}
		}
		if last {
			return
		}
		if cap(batch) <= 2*maxBatch {
			buf = batch
		} else {
			buf = nil // a large frame has passed: do not hold its memory
		}
		if len(batch) > 0 {
			continue
		}
		if l, p := cn.out.takeChunk(); l != nil {
			if err := cn.writeAll(p.frame, timeout); err != nil {
				cn.writeFailed(err)
				return
			}
			cn.out.wrote(l, p)
			continue
		}
		select {
		case <-cn.out.wake:
		case <-cn.done:
		}
		cn.goesOn("writer")
		if over(cn.done) {
			return // whichever of the two was seen
		}
	}
}

// writeFailed ends the connection after the reader has had a moment to find
// what the server said last: its bye may lie unread behind the close that made
// the write fail.
func (cn *conn) writeFailed(err error) {
	timer := time.NewTimer(byeTime)
	defer timer.Stop()
	select {
	case <-cn.read:
	case <-cn.done:
	case <-timer.C:
	}
	cn.goesOn("writer")
	cn.fail(writeEnd(err))
}

// writeAll writes b. It fails when nothing at all could be written for timeout,
// unless the time ran out while this process stood still (P4).
func (cn *conn) writeAll(b []byte, timeout time.Duration) error {
	for {
		deadline := time.Now().Add(timeout)
		if err := cn.nc.SetWriteDeadline(deadline); err != nil {
			return err
		}
		n, err := cn.nc.Write(b)
		if err == nil {
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) || cn.ended() != nil {
			return err
		}
		if late := time.Since(deadline) > max(timeout/32, lateAt); n == 0 && !late {
			return err
		}
		b = b[n:]
	}
}
