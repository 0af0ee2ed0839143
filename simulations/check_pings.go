package simulations

import (
	"fmt"
	"time"
)

// Pings, a part of G4: a client that is silent for its interval is asked for a
// sign of life, and the ping waits for no more than the write under way (N21).

// What the documentation tells of the server's writes: the first of a connection,
// the largest ones, and how long one takes on a link that it knows to be slow, at
// most twice; a whole frame goes past that.
const (
	firstWrite = 8 << 10
	mostWrite  = 64 << 10
	frameMore  = 16 << 10
	writeTakes = 2 // seconds
)

// oneWrite is what a ping may have to wait for. What a link holds by itself hides
// from the server how slow it is; one that holds little does not.
func (k *link) oneWrite() int {
	rate, window := k.down.cond.Bandwidth, k.down.cond.window()
	if rate == 0 || window > frameMore {
		return mostWrite + frameMore
	}
	return min(max(firstWrite, writeTakes*rate)+window+frameMore/2, mostWrite+frameMore)
}

// carried is told that the server has written n bytes to a link.
func (m *model) carried(k *link, n int) {
	f, now := &k.facts, m.w.now()
	heard := max(k.up.read, f.welcomed)
	if heard != f.silentSince {
		f.silentSince, f.unasked = heard, 0
	}
	if f.welcomed == 0 || f.pinged >= heard || now <= heard+f.interval+granule {
		return
	}
	f.unasked += n
	// Who is let go is not asked any more, and may be told what waits.
	if f.unasked <= k.oneWrite() || now <= heard+f.interval+either(m.w.plan.Server.Linger, time.Second)+time.Second {
		return
	}
	if k.life != m.life || m.life.stopping || m.w.stage >= stopping || m.panics > 0 || m.stallEnded >= heard || k.heldBack(now) {
		return
	}
	m.w.fail("G4", fmt.Sprintf("a ping when a client is silent for %v, before other data (N21)", f.interval),
		"link %d was heard at %v, and has been sent %d bytes since its ping was due", k.id, heard, f.unasked)
}
