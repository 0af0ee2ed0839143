package heartbeat

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// span is a time in which something does not run.
type span struct{ from, to time.Duration }

// past returns the first moment from at on that lies in none of the spans, which
// are in order and do not touch.
func past(at time.Duration, spans []span) time.Duration {
	for _, sp := range spans {
		if at >= sp.from && at < sp.to {
			return sp.to
		}
	}
	return at
}

// place adds a span behind all others, and returns them.
func place(spans []span, from, to time.Duration) []span {
	if len(spans) > 0 {
		from = max(from, spans[len(spans)-1].to+1)
	}
	if to <= from {
		return spans
	}
	return append(spans, span{from, to})
}

// world is one connection of a server that stalls: while it does, no timer
// fires, nothing is read and nobody beats. What the peer sends meanwhile waits
// in the kernel.
type world struct {
	t      *rapid.T
	times  Times
	stalls []span
	holds  []span // of the reader, by our own side
	lag    time.Duration
	beats  StallMonitor

	// answer returns how long the peer takes to answer, negative for never.
	answer func(now time.Duration) time.Duration
	// asked, if set, learns of each ping and of when the next check is due; it
	// may place stalls and holds in between.
	asked func(now, next time.Duration)

	arrivals []arrival // unread
	signs    Signs
	pings    []time.Duration
	amid     int // checks that were told of a stall going on
}

// runs returns when something due at due does run: after the stall, if it falls
// into one, and some moments later, in no order that could be relied upon.
func (w *world) runs(name string, due time.Duration) time.Duration {
	return w.after(due, w.drawLag(name))
}

func (w *world) after(due, lag time.Duration) time.Duration {
	return past(past(due, w.stalls)+lag, w.stalls)
}

func (w *world) drawLag(name string) time.Duration {
	if rapid.Bool().Draw(w.t, name+" is long") {
		return w.lag
	}
	return time.Duration(rapid.Int64Range(0, int64(w.lag)).Draw(w.t, name))
}

// arrival is something in the kernel, and how long the reader takes to come by.
type arrival struct{ at, lag time.Duration }

func (w *world) arrives(at time.Duration) {
	w.arrivals = append(w.arrivals, arrival{at, w.drawLag("read lag")})
}

// reads returns when an arrival is read: when the server runs and the reader is
// not held.
func (w *world) reads(a arrival) time.Duration {
	at := w.after(a.at, a.lag)
	for {
		free := past(at, w.holds)
		if free == at {
			return at
		}
		at = w.after(free, a.lag)
	}
}

// live runs the connection until a time or until it is expired, and returns
// when that was, negative if it was not.
func (w *world) live(until time.Duration) time.Duration {
	const period = 100 * ms
	w.beats = NewStallMonitor(period)
	w.beats.Beat(0)
	m := New(0, w.times, rapid.Float64Range(0, 0.99).Draw(w.t, "jitter"))
	check := w.runs("check lag", m.Next())
	beat := past(period, w.stalls)
	for {
		// What is read counts from when it is read; so take it in order.
		read := time.Duration(-1)
		for i, a := range w.arrivals {
			if at := w.reads(a); read < 0 || at < read {
				read = at
				w.arrivals[0], w.arrivals[i] = w.arrivals[i], w.arrivals[0]
			}
		}
		next := check
		if read >= 0 {
			next = min(next, read)
		}
		for {
			if due := beat; past(due, w.stalls) > due {
				beat = w.runs("beat lag", due)
			}
			if beat >= next {
				break
			}
			w.beats.Beat(beat)
			beat += period
		}
		if next > until {
			return -1
		}
		if read >= 0 && read <= check {
			w.arrivals = w.arrivals[1:]
			w.signs.LastHeard = read
			continue
		}
		// At its time the check may come before the reader and the beat, or after.
		w.beats.Stalls().Sign(check, &w.signs)
		if w.signs.Stalled {
			w.amid++
		}
		w.signs.ReaderHeld = past(check, w.holds) != check
		for _, h := range w.holds {
			if h.to <= check {
				w.signs.ReaderFreed = h.to
			}
		}
		action, asked := m.Check(check, w.signs, rapid.Float64Range(0, 0.99).Draw(w.t, "jitter"))
		switch action {
		case Expire:
			return check
		case Ping:
			w.pings = append(w.pings, check)
			if a := w.answer(check); a >= 0 {
				w.arrives(check + a)
			}
			if w.asked != nil {
				w.asked(check, asked)
			}
		}
		check = w.runs("check lag", asked)
	}
}

// guards P4, N21, G4: a peer that answers each ping in time is never expired,
// whatever stalls and holds there are, and whoever comes first after one: the
// check, the reader or the beat.
func TestWhoAnswersIsNeverExpired(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timeout := time.Duration(rapid.Int64Range(int64(3*s), int64(40*s)).Draw(t, "timeout"))
		interval := time.Duration(rapid.Int64Range(int64(timeout/8), int64(timeout/2)).Draw(t, "interval"))
		w := &world{t: t, times: Times{interval, timeout}, lag: 5 * ms}
		// The worst is what begins before the answer is read and ends just
		// before the next check, or just behind it. So much the more if one
		// follows the other.
		draw := func(name string, from, to time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(int64(from), int64(max(from, to))).Draw(t, name))
		}
		w.asked = func(now, next time.Duration) {
			from := now + 1 + draw("begins", 0, 100*ms)
			to := next + draw("ends", -2*w.lag, 2*w.lag)
			middle := draw("middle", from, to)
			switch rapid.IntRange(0, 5).Draw(t, "fault") {
			case 0:
				w.stalls = place(w.stalls, from, to)
			case 1:
				w.holds = place(w.holds, from, to)
			case 2:
				w.stalls = place(w.stalls, from, middle)
				w.holds = place(w.holds, middle, to)
			case 3:
				w.holds = place(w.holds, from, middle)
				w.stalls = place(w.stalls, middle, to)
			case 4:
				w.stalls = place(w.stalls, from, next+draw("longer", 0, 2*timeout))
			}
		}
		// What the invariant takes off the time to answer: the slack, the gap
		// that is no stall, the lags.
		slowest := w.times.Answer() - w.times.Slack() - 200*ms - 4*w.lag
		w.answer = func(time.Duration) time.Duration {
			if rapid.Bool().Draw(t, "slowly") {
				return slowest
			}
			return draw("answer", 0, slowest)
		}
		if at := w.live(12 * timeout); at >= 0 {
			t.Fatalf("expired at %v: heard at %v, pings %v, stalls %v, holds %v",
				at, w.signs.LastHeard, w.pings, w.stalls, w.holds)
		}
	})
}

// guards G4, N2: a peer that falls silent is expired no earlier than its timeout
// and no later than the timer's lag after it; short hiccups of the server add
// no more than they last.
func TestWhoIsSilentIsExpiredInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timeout := time.Duration(rapid.Int64Range(int64(3*s), int64(40*s)).Draw(t, "timeout"))
		interval := time.Duration(rapid.Int64Range(int64(timeout/8), int64(timeout/2)).Draw(t, "interval"))
		w := &world{t: t, times: Times{interval, timeout}, lag: 20 * ms}
		dies := time.Duration(rapid.Int64Range(0, int64(4*timeout)).Draw(t, "dies"))
		w.answer = func(now time.Duration) time.Duration {
			if now > dies {
				return -1
			}
			return 30 * ms
		}
		for at := time.Duration(0); at < dies && rapid.IntRange(0, 4).Draw(t, "bytes") > 0; {
			at += time.Duration(rapid.Int64Range(0, int64(timeout)).Draw(t, "pause"))
			w.arrives(min(at, dies))
		}
		at := w.live(20 * timeout)
		if least, most := w.signs.LastHeard+timeout, w.signs.LastHeard+timeout+w.lag; at < least || at > most {
			t.Fatalf("expired at %v, not within %v to %v", at, least, most)
		}
		last := w.signs.LastHeard
		for _, p := range w.pings {
			if p < w.signs.LastHeard {
				continue
			}
			if p < last+interval-interval/8 || p > last+interval+w.lag {
				t.Fatalf("heard or asked at %v, asked at %v", last, p)
			}
			last = p
		}
		if len(w.pings) == 0 || at-last > interval+w.lag {
			t.Fatalf("expired at %v, asked at %v", at, w.pings)
		}
	})
}

// guards G4: a server that hiccups all the time, by more than its stall monitor
// overlooks but less than the slack of a check, still notices who is dead.
func TestHiccupsSaveNobody(t *testing.T) {
	w := &world{times: thirty, lag: 0}
	w.answer = func(time.Duration) time.Duration { return -1 }
	for at := s; at < 1000*s; at += 2 * s {
		w.stalls = append(w.stalls, span{at, at + 300*ms})
	}
	rapid.Check(t, func(t *rapid.T) {
		w := *w
		w.t = t
		// 300 ms each 2 s, counted as up to 400 ms, for 30 s and for what they
		// add; and the time to answer, with its hiccups, for each check right
		// behind one.
		at := w.live(1000 * s)
		if most := 38*s + time.Duration(w.amid)*19*s; at < 30*s || at > most {
			t.Fatalf("expired at %v, not within 30s to %v", at, most)
		}
	})
}
