package simulations

import (
	"fmt"
	"slices"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// G4, the deadline: a silent client is terminated no earlier than its timeout and
// no later than that and one granule; a client that answers never for silence,
// and never because the server stood still.

// granule is what an end may be late by: the server's timers are exact here.
const granule = time.Millisecond

// early tells why an end for silence is too early; empty if it is not.
func (m *model) early(k *link) string {
	f, now := &k.facts, m.w.now()
	heard := max(k.up.read, f.welcomed)
	if due := k.up.read + f.timeout; now < due { // the welcome itself may have taken a while
		return fmt.Sprintf("it was heard at %v, and its timeout is %v", k.up.read, f.timeout)
	}
	full := k.down.crowded || k.down.writer != nil
	if f.pinged < heard && (!full || f.silentSince == heard && f.unasked > k.oneWrite()) {
		return "the server had not asked it for a sign of life, and could have (N21)"
	}
	if k.up.arrived > heard && now-k.up.arrived < f.timeout {
		return fmt.Sprintf("bytes had come at %v, which the server had not read", k.up.arrived)
	}
	// A stall puts the deadline off by what it lasted, and at most until there was
	// time for an answer.
	off := min(m.stallEnded+f.timeout-f.interval, heard+f.timeout+m.stallEnded-max(m.stallBegan, heard))
	if m.stallEnded > heard && now < off-m.slack(f) {
		return fmt.Sprintf("the server had stood still until %v, and did not wait for an answer after that", m.stallEnded)
	}
	return ""
}

// slack is what the server may overlook of a stall of its own.
func (m *model) slack(f *facts) time.Duration { return f.timeout / 8 }

// deadline is when a silent link has to be ended at the latest.
func (m *model) deadline(k *link) time.Duration {
	f := &k.facts
	if f.welcomed == 0 {
		return 1 << 62
	}
	due := max(k.up.read, f.welcomed) + f.timeout
	if m.stallEnded > max(k.up.read, f.welcomed) {
		// It asks again, and a stall is noticed with the next beat of its clock.
		due = max(due, m.stallEnded+f.timeout-f.interval) + time.Second
	}
	return due + granule
}

// late looks for links that should have been ended. It is called when the server
// has nothing left to do at this moment.
func (m *model) late() {
	now := m.w.now()
	if now < m.nextLate || m.life == nil || m.life.held.Load() {
		return
	}
	m.nextLate = m.lateHandshakes(now)
	ids := make([]uint64, 0, len(m.live))
	for id := range m.live {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		k := m.live[id]
		if len(k.up.recv) > 0 || k.heldBack(now) {
			m.nextLate = min(m.nextLate, now+time.Second) // the server applies back-pressure
			continue
		}
		due := m.deadline(k)
		if now > due {
			m.w.fail("G4", fmt.Sprintf("an end for silence by %v", due), "connection %d is still there; it was heard last at %v, its timeout is %v",
				id, k.up.read, k.facts.timeout)
			return
		}
		m.nextLate = min(m.nextLate, due)
	}
}

// heldBack reports whether the server has lately not read what had come: then it
// asks again before it judges.
func (k *link) heldBack(now time.Duration) bool {
	if len(k.up.recv) > 0 {
		k.held = now
	}
	return k.held > 0 && now-k.held < 2*k.facts.timeout
}

// onTime notes how long an end took that a fault has caused.
func (m *model) onTime(k *link, x supervisor.Terminated) {
	if k.cause == "" || (k.causeEnds > 0 && m.w.now() > k.causeEnds+k.facts.timeout) {
		return // it was something else
	}
	took := m.w.now() - k.causeAt
	bound := time.Duration(0)
	if x.Reason == wire.ReasonHeartbeatTimeout {
		bound = k.facts.timeout
	}
	m.w.tally.detected(k.cause, took, bound)
	m.w.effect(k.cause)
}

// lateHandshakes looks for those who say no hello and are still there. It returns
// when it has to look again.
func (m *model) lateHandshakes(now time.Duration) time.Duration {
	next := time.Duration(1 << 62)
	if m.panics > 0 {
		return next
	}
	for _, k := range m.waiting {
		if k.facts.byed == wire.ReasonTooMany && !k.srv.closed && now > k.facts.accepted+time.Second && m.stallEnded < k.facts.accepted {
			m.w.fail("G6", "who is turned away is closed (N13)", "link %d is still open since %v", k.id, k.facts.accepted)
		}
		due := k.facts.accepted + m.w.plan.Server.handshakeTimeout() + granule
		if m.stallEnded > k.facts.accepted {
			due += m.stallEnded - k.facts.accepted + time.Second // what it ran counts, and there may have been several
		}
		if now > due && !k.srv.closed {
			m.w.fail("G4", fmt.Sprintf("an end without a hello by %v", due), "link %d is still there since %v", k.id, k.facts.accepted)
		}
		if !k.srv.closed {
			next = min(next, due)
		}
	}
	return next
}
