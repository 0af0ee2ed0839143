package heartbeat

import "time"

// Pong takes in the answer to a ping that was sent at sentAt, as the peer
// echoes it, and measures the round trip. The bytes of the pong are what counts
// as life (N2), not this call: the echo is the peer's word, so one that we
// cannot have sent (negative, from the future, or more answers than pings) is
// ignored, and a false one spoils nothing but the peer's own measurement.
func (m *Monitor) Pong(now, sentAt time.Duration) {
	if sentAt < 0 || sentAt > now || m.answered >= m.sent {
		return
	}
	m.answered++
	m.missed = 0
	m.rtt = now - sentAt
}

// RTT is the last round trip measured, zero if there was none.
func (m *Monitor) RTT() time.Duration { return m.rtt }

// Sent counts the pings.
func (m *Monitor) Sent() uint32 { return m.sent }

// Answered counts the pongs that answered one.
func (m *Monitor) Answered() uint32 { return m.answered }

// Missed counts the pings that were sent since the peer was last heard, as of
// the last check or pong.
func (m *Monitor) Missed() uint32 { return m.missed }
