package heartbeat

import (
	"math"
	"testing"
	"time"
	"unsafe"
)

// thirty are the default times: ping at 15 s, end at 30 s, slack 937.5 ms.
var thirty = Times{15 * s, 30 * s}

// step is one check of a script.
type step struct {
	at    time.Duration
	signs Signs
	want  Action
	next  time.Duration
}

func heard(at time.Duration) Signs { return Signs{LastHeard: at} }

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		times Times
		steps []step
	}{
		// guards G4: expired at the deadline, not a nanosecond before.
		{"silence", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{30*s - 1, heard(0), Wait, 30 * s},
			{30 * s, heard(0), Expire, 30*s + 1},
		}},
		// guards G4: a timer that is late by less than the slack is no stall.
		{"the timer's granule", thirty, []step{
			{15*s + 900*ms, heard(0), Ping, 30 * s},
			{30*s + 900*ms, heard(0), Expire, 30*s + 900*ms + 1},
		}},
		// guards H8: a stream of bytes costs one check an interval.
		{"lazy", thirty, []step{
			{15 * s, heard(14 * s), Wait, 29 * s},
			{29 * s, heard(29 * s), Wait, 44 * s},
			{44 * s, heard(29*s + 1), Wait, 44*s + 1},
			{44*s + 1, heard(29*s + 1), Ping, 59*s + 1},
		}},
		// guards N2: any bytes are life, and nothing else is: without them the
		// pings that go out save nobody.
		{"an answer saves", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{30 * s, heard(15*s + ms), Wait, 30*s + ms},
			{30*s + ms, heard(15*s + ms), Ping, 45*s + ms},
			{45*s + ms, heard(15*s + ms), Expire, 45*s + ms + 1},
		}},
		{"a ping each interval", Times{10 * s, 35 * s}, []step{
			{10 * s, heard(0), Ping, 20 * s},
			{20 * s, heard(0), Ping, 30 * s},
			{25 * s, heard(0), Wait, 30 * s},
			{30 * s, heard(0), Ping, 35 * s},
			{35 * s, heard(0), Expire, 35*s + 1},
		}},
		// guards P4: a check that comes late asks again and expires nobody.
		{"late by more than the slack", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{31 * s, heard(0), Ping, 46 * s},
			{46 * s, heard(0), Expire, 46*s + 1},
		}},
		// guards P4: stalled for an hour, twice.
		{"late again and again", thirty, []step{
			{time.Hour, heard(0), Ping, time.Hour + 15*s},
			{2 * time.Hour, heard(0), Ping, 2*time.Hour + 15*s},
			{2*time.Hour + 15*s, heard(2*time.Hour + ms), Wait, 2*time.Hour + 15*s + ms},
		}},
		// guards P4: late, but the peer was heard lately: no ping is wasted.
		{"late and lively", thirty, []step{
			{20 * s, heard(19 * s), Wait, 34 * s},
		}},
		// guards P4: lateness is counted from what the last check asked for, not
		// from what an earlier one did.
		{"re-armed by an early check", thirty, []step{
			{14 * s, heard(13 * s), Wait, 28 * s},
			{28 * s, heard(13 * s), Ping, 43 * s},
			{43 * s, heard(13 * s), Expire, 43*s + 1},
		}},
		// guards P4: the stall monitor says that a stall is going on, though the
		// check itself is on time.
		{"a stall is going on", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{30 * s, Signs{Stalled: true}, Ping, 45 * s},
			{45 * s, heard(0), Expire, 45*s + 1},
		}},
		// guards P4: a stall that ended before the deadline.
		{"a stall is over", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{30 * s, Signs{StallEnd: 29 * s}, Ping, 44 * s},
			{44 * s, Signs{StallEnd: 29 * s}, Expire, 44*s + 1},
		}},
		// guards P4: the same, measured: no more is excused than was lost.
		{"a stall is over and measured", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{30 * s, Signs{StallEnd: 29 * s, StallTotal: 2 * s}, Ping, 32 * s},
			{32 * s, Signs{StallEnd: 29 * s, StallTotal: 2 * s}, Expire, 32*s + 1},
		}},
		// guards G4: stalls from before the peer was heard excuse nothing.
		{"old stalls", thirty, []step{
			{15 * s, Signs{LastHeard: 10 * s, StallEnd: 9 * s, StallTotal: 8 * s}, Wait, 25 * s},
			{25 * s, Signs{LastHeard: 10 * s, StallEnd: 9 * s, StallTotal: 8 * s}, Ping, 40 * s},
			{40 * s, Signs{LastHeard: 10 * s, StallEnd: 39 * s, StallTotal: 9 * s}, Ping, 41 * s},
			{41 * s, Signs{LastHeard: 10 * s, StallEnd: 39 * s, StallTotal: 9 * s}, Expire, 41*s + 1},
		}},
		// guards N21: the reader is held back, so the silence is ours; pings go
		// on, since the peer has its own deadline; then it has time to answer.
		{"the reader is held", thirty, []step{
			{15 * s, Signs{ReaderHeld: true}, Ping, 30 * s},
			{30 * s, Signs{ReaderHeld: true}, Ping, 45 * s},
			{45 * s, Signs{ReaderHeld: true}, Ping, 60 * s},
			{60 * s, heard(0), Ping, 75 * s}, // let go, nobody knows when
			{75 * s, heard(0), Expire, 75*s + 1},
		}},
		// guards N21: the caller knows when the reader was let go.
		{"the reader is let go", thirty, []step{
			{15 * s, Signs{ReaderHeld: true}, Ping, 30 * s},
			{30 * s, Signs{ReaderFreed: 16 * s}, Ping, 31 * s},
			{31 * s, Signs{ReaderFreed: 16 * s}, Expire, 31*s + 1},
		}},
		// guards N21: held and let go between two checks.
		{"a hold that no check has seen", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{30 * s, Signs{ReaderFreed: 30*s - ms}, Ping, 45*s - ms},
			{45*s - ms, Signs{LastHeard: 30 * s, ReaderFreed: 30*s - ms}, Wait, 45 * s},
		}},
		// guards P4: a stall right behind a hold adds to it.
		{"a stall behind a hold", thirty, []step{
			{15 * s, Signs{ReaderHeld: true}, Ping, 30 * s},
			{30 * s, Signs{ReaderHeld: true}, Ping, 45 * s},
			{45 * s, Signs{ReaderFreed: 31 * s, StallEnd: 44 * s, StallTotal: 13 * s}, Ping, 59 * s},
		}},
		// guards G4: what was lost to stalls before the hold ended is not counted
		// once more behind it.
		{"stalls in a hold", thirty, []step{
			{15 * s, Signs{ReaderHeld: true}, Ping, 30 * s},
			{30 * s, Signs{ReaderFreed: 20 * s, StallEnd: 19 * s, StallTotal: 3 * s}, Ping, 35 * s},
			{35 * s, Signs{ReaderFreed: 20 * s, StallEnd: 34 * s, StallTotal: 4 * s}, Ping, 36 * s},
			{36 * s, Signs{ReaderFreed: 20 * s, StallEnd: 34 * s, StallTotal: 4 * s}, Expire, 36*s + 1},
		}},
		{"expired for good", thirty, []step{
			{15 * s, heard(0), Ping, 30 * s},
			{30 * s, heard(0), Expire, 30*s + 1},
			{40 * s, heard(39 * s), Expire, 40*s + 1},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := New(0, c.times, 0)
			for i, st := range c.steps {
				got, next := m.Check(st.at, st.signs, 0)
				if got != st.want || next != st.next {
					t.Fatalf("check %d at %v: %v, next %v; want %v, next %v",
						i, st.at, got, next, st.want, st.next)
				}
				if m.Next() != next {
					t.Fatalf("check %d: Next is %v, not %v", i, m.Next(), next)
				}
			}
		})
	}
}

// A caller that was never told of a sign of life still has a connection that was
// heard when it was made.
func TestNewCountsAsHeard(t *testing.T) {
	m := New(100*s, thirty, 0)
	if got := m.Deadline(Signs{}); got != 130*s {
		t.Errorf("deadline %v, want 130s", got)
	}
	if m.Next() != 115*s {
		t.Errorf("first check at %v, want 115s", m.Next())
	}
	if got, next := m.Check(115*s, Signs{}, 0); got != Ping || next != 130*s {
		t.Errorf("%v, next %v; want ping, 130s", got, next)
	}
}

func TestImpossibleTimesAreMended(t *testing.T) {
	for _, times := range []Times{{}, {-1, -1}, {math.MaxInt64, 10}, {5, 0}} {
		m := New(0, times, 0.5)
		got := m.Times()
		if got.Interval < 1 || got.Timeout < 2 || got.Interval > got.Timeout/2 {
			t.Errorf("%v became %v", times, got)
		}
	}
}

func TestJitterIsClamped(t *testing.T) {
	eighth := thirty.Interval / 8
	for _, c := range []struct {
		jitter   float64
		from, to time.Duration
	}{
		{0, 15 * s, 15 * s},
		{-1, 15 * s, 15 * s},
		{math.NaN(), 15 * s, 15 * s},
		{math.Inf(-1), 15 * s, 15 * s},
		{0.5, 15*s - eighth/2, 15*s - eighth/2},
		{1, 15*s - eighth + 1, 15*s - eighth + ms},
		{math.Inf(1), 15*s - eighth + 1, 15*s - eighth + ms},
	} {
		m := New(0, thirty, c.jitter)
		if got := m.Next(); got < c.from || got > c.to {
			t.Errorf("jitter %v: first ping at %v, want %v to %v", c.jitter, got, c.from, c.to)
		}
	}
	// The longest interval that Validate allows does not overflow.
	m := New(0, Times{longest / 2, longest}, 1)
	if got := m.Next(); got < longest/2-longest/16 || got > longest/2-longest/16+time.Minute {
		t.Errorf("first ping of a month at %v", got)
	}
}

func TestPong(t *testing.T) {
	m := New(0, thirty, 0)
	state := func() [3]uint32 { return [3]uint32{m.Sent(), m.Answered(), m.Missed()} }
	expect := func(what string, want [3]uint32, rtt time.Duration) {
		t.Helper()
		if state() != want || m.RTT() != rtt {
			t.Fatalf("%s: sent, answered, missed %v, RTT %v; want %v, %v", what, state(), m.RTT(), want, rtt)
		}
	}
	m.Pong(5*s, 4*s)
	expect("a pong that nobody asked for", [3]uint32{}, 0)

	m.Check(15*s, Signs{}, 0)
	expect("one ping", [3]uint32{1, 0, 1}, 0)
	m.Pong(16*s, 17*s)
	m.Pong(16*s, -1)
	m.Pong(16*s, math.MinInt64)
	m.Pong(16*s, math.MaxInt64)
	expect("echoes that cannot be", [3]uint32{1, 0, 1}, 0)
	m.Pong(15*s+20*ms, 15*s)
	expect("the answer", [3]uint32{1, 1, 0}, 20*ms)
	m.Pong(29*s, 15*s)
	expect("the answer once more", [3]uint32{1, 1, 0}, 20*ms)

	// guards N2: a pong moves no deadline, the bytes that carried it do.
	if got := m.Deadline(Signs{}); got != 30*s {
		t.Errorf("deadline %v after pongs, want 30s", got)
	}

	m.Check(30*s, heard(15*s+20*ms), 0)
	m.Check(30*s+20*ms, heard(15*s+20*ms), 0)
	expect("the second ping", [3]uint32{2, 1, 1}, 20*ms)
	m.Check(45*s, heard(31*s), 0)
	expect("heard, if not by a pong", [3]uint32{2, 1, 0}, 20*ms)
}

func TestMonitorIsSmall(t *testing.T) {
	if got := unsafe.Sizeof(Monitor{}); got > 80 {
		t.Errorf("a Monitor has %d bytes, more than 80: ten million connections have one each", got)
	}
}

func TestActionString(t *testing.T) {
	for a, want := range map[Action]string{Wait: "wait", Ping: "ping", Expire: "expire", 9: "unknown"} {
		if a.String() != want {
			t.Errorf("%d is %q, want %q", a, a.String(), want)
		}
	}
}

// A client that answers, and says nothing else, is looked at once for each ping; and no
// ping is later than the interval.
func TestOneCheckAPing(t *testing.T) {
	m := New(0, thirty, 0.5)
	signs, checks, last := heard(0), 0, time.Duration(0)
	for i := range 1000 {
		now := m.Next()
		checks++
		if action, _ := m.Check(now, signs, 0.1+0.9*float64(i%100)/100); action == Ping {
			if silent := now - signs.LastHeard; silent > 15*s || silent < 15*s-15*s/8 {
				t.Fatalf("pinged after %v", silent)
			}
			signs, last = heard(now+20*ms), now
			m.Pong(now+20*ms, now)
		}
	}
	if pings := int(m.Sent()); pings != checks || last < 13*time.Duration(checks)*s {
		t.Errorf("%d pings, %d checks", pings, checks)
	}
}

// Connections of one moment are not pinged in one moment, in no round: each
// check draws anew.
func TestNoHerd(t *testing.T) {
	m := New(0, thirty, 0)
	_, next := m.Check(15*s, heard(15*s), 0.5)
	if want := 30*s - 15*s/16; next != want {
		t.Errorf("second round at %v, want %v", next, want)
	}
	_, next = m.Check(next, heard(0), 0.75)
	if want := 30*s - 15*s/16; next <= want || next >= want+15*s {
		t.Errorf("third round at %v", next)
	}
	// A check that nobody asked for draws nothing, or the shortest of many
	// draws would win.
	before := m.Next()
	if _, next := m.Check(before-s, heard(0), 0.99); next != before {
		t.Errorf("asked for %v, and then for %v", before, next)
	}
}
