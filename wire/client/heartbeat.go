package client

import "time"

// verdict is what a heartbeat decides.
type verdict uint8

const (
	wait   verdict = iota // nothing to do until the next check
	ping                  // ask for a sign of life
	expire                // the server is dead
)

// lateAt is the least delay of a check that counts as a stall of this process.
const lateAt = 100 * time.Millisecond

// heartbeat decides when to ping a server and when to give it up. A plain value:
// times are since any origin. Its rules are the server's own:
//
//   - Only received bytes count as life (N2).
//   - After interval of silence, less a jitter of up to an eighth, and again
//     after each interval of more silence, it pings.
//   - After timeout of silence the server is dead.
//   - Except when this process itself stood still (stopped, starved): that shows
//     by a check which comes late. Then it pings first, and the server has
//     timeout less interval to answer (P4).
//
// Checks are at most timeout/8 apart: a stall too short to make one of them
// late is too short to hide an answer.
type heartbeat struct {
	interval, timeout time.Duration
	asked             time.Duration // when the next check was wanted
	stallEnd          time.Duration // when the latest stall was noticed
	pinged            time.Duration // when the latest ping was decided
	lag               time.Duration // after how much silence to ping, jitter taken off
}

func newHeartbeat(now, interval, timeout time.Duration, jitter float64) heartbeat {
	interval = min(interval, timeout/2) // a server may announce what leaves no time for an answer
	h := heartbeat{interval: interval, timeout: timeout, asked: now, pinged: now}
	h.draw(jitter)
	return h
}

// draw takes a new jitter, in [0, 1).
func (h *heartbeat) draw(jitter float64) {
	h.lag = h.interval - time.Duration(jitter*float64(h.interval)/8)
}

// deadline is when the server is dead if nothing is heard until then.
func (h *heartbeat) deadline(heard time.Duration) time.Duration {
	d := heard + h.timeout
	if h.stallEnd > heard {
		d = max(d, h.stallEnd+h.timeout-h.interval)
	}
	return d
}

// check decides at now, given when bytes were last received, and says when to
// check again, which is always after now.
func (h *heartbeat) check(now, heard time.Duration, jitter float64) (verdict, time.Duration) {
	late := now-h.asked > max(h.timeout/32, lateAt)
	if late {
		h.stallEnd = now
	}
	deadline := h.deadline(heard)
	if now >= deadline {
		return expire, deadline
	}
	v := wait
	if late || now >= max(heard, h.pinged)+h.lag {
		v = ping
		h.pinged = now
		h.draw(jitter)
	}
	next := min(deadline, max(heard, h.pinged)+h.lag, now+h.timeout/8)
	h.asked = max(next, now+1)
	return v, h.asked
}
