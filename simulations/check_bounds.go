package simulations

import (
	"time"

	"example.com/rollcall/supervisor"
)

// Bounds, a part of G6: what waits, what is remembered and what is left behind.

// shutdownEnds is how long a shutdown may last, whatever happens: its patience,
// that of those whom it cuts short, and that of the disk.
const shutdownEnds = 5 * time.Minute

// The server's defaults and constants, as its documentation tells them.
const (
	queueBytes      = 1 << 20
	queueFrames     = 8192
	keptHistory     = 4096
	defaultSessions = 64
	mostPast        = 4   // how many times its bounds a queue of answers may go past
	fewFrames       = 256 // but so many frames in any case
	otherFrames     = 512 // of the lanes that are not counted in those: heartbeats, presence
	otherBytes      = 1 << 20
	extraTail       = 320 // of the history: it is trimmed a piece at a time, behind a flush
)

func (p ServerPlan) history() int     { return orInt(p.History, keptHistory) }
func (p ServerPlan) queueBytes() int  { return orInt(p.QueueBytes, queueBytes) }
func (p ServerPlan) queueFrames() int { return orInt(p.QueueFrames, queueFrames) }

func orInt(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}

// bounded looks at what waited for a connection when it ended.
func (m *model) bounded(x supervisor.Terminated) {
	p := m.w.plan.Server
	if x.QueueBytes > mostPast*p.queueBytes()+otherBytes || x.QueueFrames > mostPast*max(p.queueFrames(), fewFrames)+otherFrames {
		m.w.fail("G6", "a bounded queue to each client", "connection %d had %d frames, %d bytes waiting", x.Connection, x.QueueFrames, x.QueueBytes)
	}
}

// resumed looks at the deltas that answer a watch: they lead on from what the
// history goes back to. Then is the server's version when the watch was sent.
func (m *model) resumed(from, then uint64) {
	if deepest := uint64(2*m.w.plan.Server.history() + extraTail); then > deepest && from < then-deepest { //nolint:gosec // positive
		m.w.fail("G6", "a bounded history of changes", "a watch was led on from version %d, the server was at %d when it was asked", from, then)
	}
}

// counters looks at what a life of the server leaves in its accounts.
func (w *World) counters(c supervisor.Counters) {
	if c.Live != 0 {
		w.fail("G6", "nothing live after the end", "%d connections", c.Live)
	}
	var ends uint64
	for _, n := range c.Terminations {
		ends += n
	}
	if n := len(w.model.ended); ends != uint64(n) || c.Accepted != uint64(n) { //nolint:gosec // positive
		w.fail("G2", "accounts that agree", "%d accepted, %d ends counted, %d told", c.Accepted, ends, n)
	}
}
