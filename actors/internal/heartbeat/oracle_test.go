package heartbeat

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// oracle is what the rules of doc.go say, written down as history rather than
// as state: it keeps everything and looks through all of it each time. It
// shares no code with Monitor.
type oracle struct {
	times   Times
	heard   []time.Duration // every sign of life that was seen
	excused []time.Duration // every moment until which silence was our fault
	pings   []time.Duration
	asked   time.Duration
	slack   time.Duration
	held    time.Duration // when the last check saw the reader held, -1 if not
}

func latest(times []time.Duration) (l time.Duration) {
	for _, t := range times {
		l = max(l, t)
	}
	return l
}

func (o *oracle) deadline() time.Duration {
	d := latest(o.heard) + o.times.Timeout
	for _, e := range o.excused {
		d = max(d, e+o.times.Timeout-o.times.Interval)
	}
	return d
}

// check says what must come out of a check: whether the peer is expired, and
// whether it must, may or must not be pinged.
func (o *oracle) check(now time.Duration, signs Signs) (expire, mustPing, mayPing bool) {
	late := now > o.asked+o.slack
	o.heard = append(o.heard, signs.LastHeard)
	o.excused = append(o.excused, signs.StallEnd, signs.ReaderFreed)
	if late || signs.Stalled || signs.ReaderHeld {
		o.excused = append(o.excused, now)
	}
	if o.held >= 0 && !signs.ReaderHeld && signs.ReaderFreed < o.held {
		o.excused = append(o.excused, now) // let go unseen: just now, for all we know
	}
	o.held = -1
	if signs.ReaderHeld {
		o.held = now
	}
	if now >= o.deadline() {
		return true, false, false
	}
	eighth := o.times.Interval / 8
	silent := now - latest(o.heard)
	since := now - max(latest(o.heard), latest(o.pings))
	stalled := late || signs.Stalled || signs.StallEnd > latest(o.pings)
	again := stalled && now-latest(o.pings) > o.slack
	mustPing = since >= o.times.Interval || again && silent >= o.times.Interval
	mayPing = since >= o.times.Interval-eighth || again && silent >= o.times.Interval-eighth
	return false, mustPing, mayPing
}

// guards G4, P4, N2, N21: for any schedule of bytes, stalls, holds, late checks
// and checks that nobody asked for, a check expires the connection if and only
// if the oracle's deadline has come.
func TestMonitorAgreesWithOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timeout := time.Duration(rapid.Int64Range(20, 100_000).Draw(t, "timeout ms")) * ms
		interval := time.Duration(rapid.Int64Range(int64(ms), int64(timeout/2)).Draw(t, "interval"))
		times := Times{interval, timeout}
		now := time.Duration(rapid.Int64Range(0, int64(1000*s)).Draw(t, "start"))
		jitter := func() float64 { return rapid.Float64Range(0, 0.999).Draw(t, "jitter") }

		m := New(now, times, jitter())
		slack := min(max(timeout/32, 100*ms), s, (timeout-interval)/4)
		o := &oracle{times: times, heard: []time.Duration{now}, pings: []time.Duration{now},
			asked: m.Next(), slack: slack, held: -1}
		signs := Signs{LastHeard: now}
		within := func(name string, from, to time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(int64(from), int64(to)).Draw(t, name))
		}
		missed := uint32(0)
		for range rapid.IntRange(1, 40).Draw(t, "checks") {
			before := now
			switch rapid.IntRange(0, 9).Draw(t, "when") {
			case 0: // nobody asked for it
				now = within("early", now, max(m.Next(), now))
			case 1: // around the slack
				now = max(now, m.Next()+slack+within("edge", -2, 2))
			case 2: // far too late
				now = max(now, m.Next()+within("late", 0, 2*timeout))
			case 3: // exactly at the deadline, or next to it
				now = max(now, min(m.Deadline(signs)+within("near", -1, 1), m.Next()+slack))
			default: // on time, as timers go
				now = max(now, m.Next()+within("granule", 0, slack))
			}
			if rapid.IntRange(0, 3).Draw(t, "bytes") == 0 {
				signs.LastHeard = max(signs.LastHeard, within("heard", before, now))
			}
			if rapid.IntRange(0, 7).Draw(t, "stall") == 0 {
				signs.StallEnd = max(signs.StallEnd, within("stall end", before, now))
			}
			if rapid.IntRange(0, 7).Draw(t, "freed") == 0 {
				signs.ReaderFreed = max(signs.ReaderFreed, within("freed", before, now))
			}
			signs.Stalled = rapid.IntRange(0, 9).Draw(t, "stalled") == 0
			signs.ReaderHeld = rapid.IntRange(0, 5).Draw(t, "held") == 0

			wasHeard := latest(o.heard)
			expire, mustPing, mayPing := o.check(now, signs)
			action, next := m.Check(now, signs, jitter())
			if got := m.Deadline(signs); got != o.deadline() {
				t.Fatalf("at %v: deadline %v, the oracle says %v", now, got, o.deadline())
			}
			if expire != (action == Expire) {
				t.Fatalf("at %v: %v, the oracle says expire: %v", now, action, expire)
			}
			if expire {
				if again, _ := m.Check(now+timeout, heard(now+timeout), 0); again != Expire {
					t.Fatalf("%v after Expire", again)
				}
				return
			}
			if mustPing && action != Ping || action == Ping && !mayPing {
				t.Fatalf("at %v: %v, must ping: %v, may ping: %v", now, action, mustPing, mayPing)
			}
			if next <= now || next > max(m.Deadline(signs), now+1) {
				t.Fatalf("at %v: next check at %v, deadline %v", now, next, m.Deadline(signs))
			}
			if latest(o.heard) > latest(o.pings) || latest(o.heard) > wasHeard && latest(o.heard) > latest(o.pings) {
				missed = 0
			}
			if action == Ping {
				o.pings = append(o.pings, now)
				missed++
			}
			if next > max(latest(o.heard), latest(o.pings))+interval {
				t.Fatalf("at %v: next check at %v, after the next ping is due", now, next)
			}
			if m.Missed() != missed || m.Sent() != uint32(len(o.pings)-1) {
				t.Fatalf("missed %d of %d, sent %d of %d", m.Missed(), missed, m.Sent(), len(o.pings)-1)
			}
			o.asked = next
		}
	})
}

// guards P4, G4: with measured stalls the deadline lies between what the true
// length of the stalls demands and what an unmeasured stall would give.
func TestMeasuredStallsExcuseWhatTheyLasted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := Times{15 * s, 30 * s}
		m := New(0, times, 0)
		var signs Signs
		type stall struct{ end, length time.Duration }
		var stalls []stall
		now := time.Duration(0)
		for range rapid.IntRange(1, 20).Draw(t, "checks") {
			checked := now
			now = m.Next()
			for at := checked; rapid.Bool().Draw(t, "stall"); {
				begin := time.Duration(rapid.Int64Range(int64(at), int64(now)).Draw(t, "begin"))
				end := time.Duration(rapid.Int64Range(int64(begin), int64(now)).Draw(t, "end"))
				if end == begin {
					break
				}
				stalls = append(stalls, stall{end, end - begin})
				signs.StallEnd = end
				signs.StallTotal += end - begin
				at = end
			}
			if rapid.Bool().Draw(t, "bytes") {
				signs.LastHeard = time.Duration(rapid.Int64Range(int64(checked), int64(now)).Draw(t, "heard"))
			}
			action, _ := m.Check(now, signs, 0)
			least := signs.LastHeard + times.Timeout
			for _, st := range stalls {
				if st.end > signs.LastHeard {
					least += st.length
				}
			}
			most := max(signs.LastHeard+times.Timeout, signs.StallEnd+times.Answer())
			least = min(least, most)
			got := m.Deadline(signs)
			if got < least || got > most {
				t.Fatalf("at %v: deadline %v, not within %v to %v", now, got, least, most)
			}
			if (action == Expire) != (now >= got) {
				t.Fatalf("at %v: %v, deadline %v", now, action, got)
			}
			if action == Expire {
				return
			}
		}
	})
}
