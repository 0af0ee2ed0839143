package roster

import (
	"runtime"
	"testing"
)

const million = 1 << 20

func filled(n int) *List[*int] {
	l := &List[*int]{}
	v := new(int)
	for range n {
		l.Add(v)
	}
	return l
}

// A list of a million, from which one leaves for each that comes.
func BenchmarkAddRemove(b *testing.B) {
	for name, next := range map[string]func(at Seq) Seq{
		"oldest":    func(at Seq) Seq { return at },
		"scattered": func(at Seq) Seq { return (at * 7919) % million },
	} {
		b.Run(name, func(b *testing.B) {
			l := filled(million)
			v := new(int)
			b.ReportAllocs()
			var at Seq
			for b.Loop() {
				at++
				l.Remove(next(at))
				l.Add(v)
			}
		})
	}
}

func BenchmarkPageOf100(b *testing.B) {
	l := filled(million)
	b.ReportAllocs()
	var cursor Seq
	for b.Loop() {
		var more bool
		if _, cursor, more = l.After(cursor, 100); !more {
			cursor = 0
		}
	}
}

//revive:disable:call-to-gc what is in use is known after a collection only
func BenchmarkBytesPerEntry(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		l := filled(million)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/million, "B/entry")
		runtime.KeepAlive(l)
	}
}

//revive:enable:call-to-gc
