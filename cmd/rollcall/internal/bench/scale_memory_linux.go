package bench

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// expected is what a connection will take of memory, both sides, in bytes: what
	// was measured, and a tenth.
	expected = 1600
	// fullAt is the share of the limit that may live. Beyond that, collections follow
	// one upon the other, and take half of the processors.
	fullAt = 0.9
	// collectAt is the share of the limit at which filling waits for a collection. Go
	// would let those who come pay for it: some were kept for longer than a handshake may take.
	collectAt = 0.8
)

// memoryPlan is how much memory there is, and how Go's collector is set.
type memoryPlan struct {
	limit   int64 // of this process; math.MaxInt64: somebody else has set one
	percent int   // GOGC; -1: off; 0: as it is
}

// planMemory chooses how to collect, for a process that may have so much memory: not
// before that is used, for each collection costs half as much as the coming in of all who
// are there. Who has set either in the environment, or gc, has chosen.
func planMemory(gc int, chosen bool, room int64) memoryPlan {
	switch {
	case gc > 0:
		return memoryPlan{math.MaxInt64, gc}
	case chosen:
		return memoryPlan{math.MaxInt64, 0}
	default:
		return memoryPlan{room, -1}
	}
}

// room is how much memory this process may have.
func (s Scale) room() int64 { return available() - s.Leave + int64(memoryNow().rss) }

// begin sets the collector, and says when memory will plainly not suffice. What it
// returns sets it back.
func (p memoryPlan) begin(s Scale) (undo func()) {
	need := float64(s.Count) * expected
	if there := float64(available() - s.Leave); need > there {
		s.note("%d connections need some %.1f GiB, and %.1f are there beside the %.1f that stay free: some %.0f will fit",
			s.Count, need/(1<<30), max(there, 0)/(1<<30), float64(s.Leave)/(1<<30), max(there, 0)/expected)
	}
	percent, limit := p.percent, int64(math.MaxInt64)
	if percent != 0 {
		percent = debug.SetGCPercent(percent)
	}
	if p.limit != math.MaxInt64 {
		limit = debug.SetMemoryLimit(max(p.limit, 64<<20))
		if p.percent < 0 {
			s.note("no collections before %.1f GiB are in use", float64(p.limit)/(1<<30))
		}
	}
	return func() {
		if p.percent != 0 {
			debug.SetGCPercent(percent)
		}
		if p.limit != math.MaxInt64 {
			debug.SetMemoryLimit(limit)
		}
	}
}

// filling tells how far the filling has come, and whether there is room for more.
type filling struct {
	m     *scaled
	begun time.Time
	looks int
	noted time.Time
	given int // then
}

func newFilling(m *scaled) *filling { return &filling{m: m, begun: time.Now(), noted: time.Now()} }

// goesOn is asked after each piece.
func (f *filling) goesOn(given int) bool {
	if f.m.Within > 0 && time.Since(f.begun) > f.m.Within {
		f.m.note("%d are in after %v: no more", given, f.m.Within)
		return false
	}
	if f.looks++; f.looks%32 != 0 {
		return true
	}
	m, live := memoryNow(), gcNow().live
	if m.heap > collectAt*float64(f.m.plan.limit) && m.heap > live*1.1 {
		live = f.collect(given, m)
	}
	left := available()
	switch {
	case left < f.m.Leave/2:
		f.m.note("%d are in, and %.1f GiB of memory are left: no more", given, float64(left)/(1<<30))
		return false
	case live > fullAt*float64(f.m.plan.limit):
		f.m.note("%d are in, and %.1f GiB live, of %.1f: no more", given, live/(1<<30), float64(f.m.plan.limit)/(1<<30))
		return false
	}
	if now := time.Now(); now.Sub(f.noted) >= noteEvery {
		f.m.note("%d are in (%.0f %%), %.0f/s; %.1f GiB of heap, %.1f resident, %.1f left; %.0f collections",
			given, 100*float64(given)/float64(f.m.Count), float64(given-f.given)/now.Sub(f.noted).Seconds(),
			m.heap/(1<<30), m.rss/(1<<30), float64(left)/(1<<30), gcNow().cycles)
		f.noted, f.given = now, given
	}
	return true
}

// collect lets a collection have the processors, but for heartbeats, and returns what lives.
func (f *filling) collect(given int, m memoryUse) (live float64) {
	begun := time.Now()
	runtime.GC() //revive:disable-line:call-to-gc a measurement chooses its moments
	now := time.Now()
	live = gcNow().live
	f.m.note("%d are in (%.0f %%); of %.1f GiB of heap %.1f live, by a collection of %v",
		given, 100*float64(given)/float64(f.m.Count), m.heap/(1<<30), live/(1<<30), now.Sub(begun).Round(time.Millisecond))
	f.noted, f.given = now, given
	return live
}

// available is how much memory the machine can still give.
func available() int64 {
	kib, ok := kernelFigure("/proc/meminfo", "MemAvailable")
	if !ok {
		return math.MaxInt64 / 2
	}
	return int64(kib) << 10
}

type memoryUse struct{ heap, rss float64 }

func memoryNow() memoryUse {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	rss, _ := resident(os.Getpid())
	return memoryUse{float64(m.HeapAlloc), rss}
}

// collections are what collections have done so far.
type collections struct {
	busy      float64 // seconds of processor time, idle processors' included
	cycles    float64
	allocated float64 // bytes, ever
	live      float64 // bytes, as of the last one
	pauses    []uint64
	buckets   []float64
}

func gcNow() collections {
	s := []metrics.Sample{
		{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(s)
	h := s[4].Value.Float64Histogram()
	return collections{
		s[0].Value.Float64(), float64(s[1].Value.Uint64()), float64(s[2].Value.Uint64()), float64(s[3].Value.Uint64()),
		append([]uint64(nil), h.Counts...), h.Buckets,
	}
}

// longestSince returns the upper end of the highest bucket of pauses that has grown.
func (c collections) longestSince(before collections) float64 {
	for i := len(c.pauses) - 1; i >= 0; i-- {
		if c.pauses[i] > 0 && (before.pauses == nil || c.pauses[i] > before.pauses[i]) {
			return c.buckets[min(i+1, len(c.buckets)-1)]
		}
	}
	return 0
}
