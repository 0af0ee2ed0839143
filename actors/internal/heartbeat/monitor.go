package heartbeat

import "time"

// Signs are what the caller sees of a connection at the moment of a check. All
// times count from the server's start.
type Signs struct {
	// LastHeard is when bytes, of whatever kind, were last received.
	LastHeard time.Duration
	// ReaderHeld says that our side holds the reader back (it has no credit):
	// the silence is ours, not the peer's.
	ReaderHeld bool
	// ReaderFreed is when the reader was last let go again; zero if it was
	// never held or the caller does not know. With it, a hold between two
	// checks is excused too.
	ReaderFreed time.Duration
	// StallEnd is the end of the server's latest stall, zero if there was none.
	StallEnd time.Duration
	// StallTotal is how long all the server's stalls have lasted so far, taken
	// together and together with StallEnd (see [Stalls]); zero if not known.
	// With it, a stall that is shorter than the time to answer puts off the
	// deadline by no more than it lasted.
	StallTotal time.Duration
	// Stalled says that a stall is going on: what watches for stalls has not
	// itself run lately.
	Stalled bool
}

// Action is what a check asks of its caller.
type Action uint8

// The actions.
const (
	Wait   Action = iota // do nothing but check again
	Ping                 // send a ping, ahead of queued data (N21)
	Expire               // end the connection: heartbeat_timeout
)

// String names the action in lower case.
func (a Action) String() string {
	switch a {
	case Wait:
		return "wait"
	case Ping:
		return "ping"
	case Expire:
		return "expire"
	}
	return "unknown"
}

// Monitor decides when one connection is pinged and when it is dead. It is a
// plain value of 80 bytes, owned by whoever owns the connection. Make one with
// [New]; the zero value is not usable.
type Monitor struct {
	times    Times
	heard    time.Duration // the latest sign of life known
	pinged   time.Duration // the latest ping; New's now before the first
	asked    time.Duration // when Check asked to be called next
	excuse   time.Duration // until when silence is known to be our own fault
	stalls   time.Duration // StallTotal as of what a deadline counts from, or less
	rtt      time.Duration
	sent     uint32
	answered uint32
	missed   uint32
	early    uint16 // this round's jitter in 1/65536 of Interval/8
	held     bool   // the reader was held back at the last check
	expired  bool   // decided, for good
}

// New starts to watch a connection that has just been heard. The caller sets
// its timer to [Monitor.Next]. Jitter is a random number in [0,1): it brings
// the first ping forward by at most an eighth of the interval, so that many
// connections of one moment are not pinged in one moment. Times come from
// [Bounds.Negotiate]; impossible ones are mended to the nearest possible.
func New(now time.Duration, t Times, jitter float64) Monitor {
	m := Monitor{times: t.fit(), heard: now, pinged: now, early: draw(jitter)}
	m.asked = m.pingDue()
	return m
}

// Check is called when the timer fires, or at any other time that suits the
// caller. It returns what to do and when to call it again at the latest: after
// now and never after the deadline. A time that it asked for and that is then
// passed by more than [Times.Slack] is a stall of the server (P4): nobody is
// expired, the peer is pinged again and has the whole time to answer from now.
//
// Jitter is a random number in [0,1), used for the next round.
//
// Expire is final: every later check says Expire again.
func (m *Monitor) Check(now time.Duration, s Signs, jitter float64) (Action, time.Duration) {
	if m.expired {
		m.asked = now + 1
		return Expire, m.asked
	}
	stalled := s.Stalled || now-m.asked > m.times.Slack()
	m.note(now, s, stalled)

	deadline := m.Deadline(s)
	if now >= deadline {
		m.expired = true
		m.asked = now + 1
		return Expire, m.asked
	}

	action := Wait
	if now >= m.pingDue() || m.probeAgain(now, s, stalled) {
		action = Ping
		m.pinged = now
		m.sent++
		m.missed++
	}
	if action == Ping || now >= m.asked {
		m.early = draw(jitter)
	}
	m.asked = max(min(m.pingDue()+m.answerRoom(), deadline), now+1)
	return action, m.asked
}

// note takes in what the signs say of the time since the last check.
func (m *Monitor) note(now time.Duration, s Signs, stalled bool) {
	m.heard = max(m.heard, s.LastHeard)
	if m.heard > m.pinged {
		m.missed = 0
	}
	// A hold that was seen at the last check and has ended since ended now,
	// unless the caller knows better.
	freed := m.held && s.ReaderFreed < m.excuse
	if stalled || s.ReaderHeld || freed {
		m.excuse = now
	}
	m.held = s.ReaderHeld
	if s.StallEnd <= max(m.heard, m.excuse, s.ReaderFreed) {
		// Every stall so far was over then, so it adds nothing to a deadline
		// counted from there. Otherwise the older sum stays, and counts too
		// much rather than too little.
		m.stalls = s.StallTotal
	}
}

// probeAgain reports whether a silent peer is to be asked anew because the
// server has stalled since it was last asked (P4). A held reader is no reason
// for it: the pings that go out meanwhile are enough. Nor is a ping repeated
// within the slack, however often the caller checks.
func (m *Monitor) probeAgain(now time.Duration, s Signs, stalled bool) bool {
	if !stalled && s.StallEnd <= m.pinged {
		return false
	}
	silent := now-m.heard >= m.quiet()
	return silent && now-m.pinged > m.times.Slack()
}

// quiet is the silence after which this round's ping is due.
func (m *Monitor) quiet() time.Duration {
	eighth := m.times.Interval / 8
	// In two halves, since the product overflows for intervals of many days.
	e := time.Duration(m.early)
	return m.times.Interval - ((eighth>>16)*e + (eighth&0xffff)*e>>16)
}

// pingDue is when the peer is to be pinged unless it is heard before.
func (m *Monitor) pingDue() time.Duration { return max(m.heard, m.pinged) + m.quiet() }

// answerRoom is how much later than the next ping is due a check is asked for while an
// answer is awaited: that puts the ping off by a round trip, and each would take two checks
// otherwise. It is a part of what the jitter brings forward, so that no ping is later than
// Interval.
func (m *Monitor) answerRoom() time.Duration {
	if m.sent == 0 || m.heard > m.pinged {
		return 0
	}
	return min(m.times.Interval/32, m.times.Interval-m.quiet())
}

// draw turns a random number in [0,1) into a Monitor's jitter. What is outside
// is clamped, and what is not a number is 0.
func draw(jitter float64) uint16 {
	if !(jitter > 0) {
		return 0
	}
	return uint16(min(jitter*(1<<16), 1<<16-1))
}

// Deadline is the time at or after which a check, if it comes, expires the
// connection unless the peer is heard before:
//
//   - Timeout after it was last heard;
//   - Timeout - Interval after the server's latest stall or the latest release
//     of the reader, if that is later: the peer is asked again, and has as long
//     to answer as ever. A stall that the caller measured (StallTotal) puts the
//     deadline off by no more than it lasted.
//
// While the signs say ReaderHeld or Stalled it is as of the last check; a check
// then puts it off.
func (m *Monitor) Deadline(s Signs) time.Duration {
	due := max(
		max(m.heard, s.LastHeard)+m.times.Timeout,
		max(m.excuse, s.ReaderFreed)+m.times.Answer())
	stall := s.StallEnd + m.times.Answer()
	if lost := s.StallTotal - m.stalls; s.StallTotal > 0 && lost >= 0 {
		// On top of the other two: a stall may follow a hold.
		stall = min(stall, due+lost)
	}
	return max(due, stall)
}

// Next is when Check last asked to be called; after New, when it is to be
// called first.
func (m *Monitor) Next() time.Duration { return m.asked }

// Times are the connection's interval and timeout.
func (m *Monitor) Times() Times { return m.times }
