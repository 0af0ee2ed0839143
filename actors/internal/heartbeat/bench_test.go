package heartbeat

import (
	"testing"
	"time"
	"unsafe"
)

// A check of a connection that was heard meanwhile, which is nearly every one.
func BenchmarkCheckBusy(b *testing.B) {
	m := New(0, thirty, 0.3)
	b.ReportAllocs()
	b.ReportMetric(float64(unsafe.Sizeof(m)), "B/entry")
	for b.Loop() {
		now := m.Next()
		if a, _ := m.Check(now, Signs{LastHeard: now - ms}, 0.3); a == Expire {
			b.Fatal(a)
		}
	}
}

// A check of a connection that is idle and answers its pings.
func BenchmarkCheckIdle(b *testing.B) {
	m := New(0, thirty, 0.3)
	var heard time.Duration
	b.ReportAllocs()
	for b.Loop() {
		now := m.Next()
		a, _ := m.Check(now, Signs{LastHeard: heard}, 0.3)
		switch a {
		case Ping:
			heard = now + ms
			m.Pong(heard, now)
		case Expire:
			b.Fatal(a)
		}
	}
}

func BenchmarkBeat(b *testing.B) {
	m := NewStallMonitor(100 * ms)
	var now time.Duration
	b.ReportAllocs()
	for b.Loop() {
		now += 100 * ms
		m.Beat(now)
	}
}
