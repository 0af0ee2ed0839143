package bench

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"example.com/rollcall/supervisor"
)

// Scale is a measurement without sockets: the server's own actors, in this
// process, with transports in memory.
type Scale struct {
	Count    int           // connections, each with a user
	Interval time.Duration // of heartbeats
	Duration time.Duration // how long they are watched
	Leavers  int           // who vanish at once
	Within   time.Duration // filling ends then, however many are in; 0: when all are
	GC       int           // GOGC; 0: as it suits, see memoryPlan
	Leave    int64         // bytes of the machine's memory that stay available: filling ends there
	Progress func(format string, args ...any)
}

func (s Scale) note(format string, args ...any) {
	if s.Progress != nil {
		s.Progress(format, args...)
	}
}

const (
	// noteEvery is how often filling and watching tell how far they have come.
	noteEvery = 5 * time.Second
	// politeUpTo is the largest server that says goodbye to everyone at the end. A
	// larger one ends with the process: its goodbyes would take longer than the rest.
	politeUpTo = 100_000
)

// Run fills the server, watches it, and lets some vanish. When ctx ends before
// that, or something goes wrong, it returns what it has found out with the error.
func (s Scale) Run(ctx context.Context) (values []Value, err error) {
	plan := planMemory(s.GC, os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "", s.room())
	undo := plan.begin(s)
	defer undo()
	sup, err := supervisor.New(supervisor.Config{
		Interval: s.Interval, Timeout: 2 * s.Interval, MaxConnections: s.Count + 1,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if s.Count <= politeUpTo {
			over, cancel := context.WithCancel(context.Background())
			cancel()
			_ = sup.Shutdown(over)
		}
	}()
	c := newCrowded()
	defer c.stop()
	m := &scaled{Scale: s, sup: sup, crowd: c, plan: plan}
	err = m.run(ctx)
	runtime.KeepAlive(m.all)
	return m.values, err
}

// scaled is a Scale under way.
type scaled struct {
	Scale
	sup    *supervisor.Supervisor
	crowd  *crowded
	plan   memoryPlan
	all    people
	values []Value
}

func (m *scaled) found(values ...Value) { m.values = append(m.values, values...) }

func (m *scaled) run(ctx context.Context) error {
	if err := m.comeIn(ctx); err != nil {
		return err
	}
	if err := m.stay(ctx); err != nil {
		return err
	}
	if m.Leavers == 0 || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return m.leave(ctx)
}

// comeIn lets everybody in, and measures what each takes.
func (m *scaled) comeIn(ctx context.Context) error {
	debug.FreeOSMemory()
	before, cpu, collecting, begun := memoryNow(), busy(os.Getpid()), gcNow(), time.Now()
	err := m.fill(ctx)
	took, spent := time.Since(begun), busy(os.Getpid())-cpu
	collected := gcNow()
	full := memoryNow()
	in := int(m.crowd.logged.Load())
	count := float64(max(in, 1))
	m.found(
		Value{"connections, logged in", "", float64(in)},
		Value{"come in", "/s", count / took.Seconds()},
		Value{"processor time of it, each", "µs", 1e6 * spent.Seconds() / count},
		Value{"… of it collections", "µs", 1e6 * (collected.busy - collecting.busy) / count},
		Value{"collections meanwhile", "", collected.cycles - collecting.cycles},
		Value{"longest pause of them", "ms, bucket", 1000 * collected.longestSince(collecting)},
		Value{"resident memory each, when the last had come in", "B", (full.rss - before.rss) / count},
	)
	if err != nil {
		return err
	}
	m.note("%d are in after %v", in, took.Round(time.Millisecond))
	m.ended()
	if err := m.crowd.watch(m.sup, in); err != nil {
		return err
	}
	m.collect()
	after := memoryNow()
	m.found(
		Value{"live heap each", "B", (after.heap - before.heap) / count},
		Value{"resident memory each, once given back", "B", (after.rss - before.rss) / count},
	)
	m.note("%.0f B of heap each; watching for %v", (after.heap-before.heap)/count, m.Duration)
	return context.Cause(ctx)
}

// ended tells of those whom the server has ended by itself, and why.
func (m *scaled) ended() {
	ends := m.sup.Counters().Terminations
	for _, why := range slices.Sorted(maps.Keys(ends)) {
		m.note("%d were ended: %s", ends[why], why)
	}
}

// stay watches everybody for a while.
func (m *scaled) stay(ctx context.Context) error {
	cpu, pings, collecting, begun := busy(os.Getpid()), m.crowd.pings.Load(), gcNow(), time.Now()
	lately, told := begun, pings
	var err error
	for end := begun.Add(m.Duration); err == nil && time.Now().Before(end); {
		if err = sleep(ctx, min(noteEvery, time.Until(end))); err == nil && time.Until(end) > 0 {
			n := m.crowd.pings.Load()
			m.note("%.0f heartbeats a second", float64(n-told)/time.Since(lately).Seconds())
			lately, told = time.Now(), n
		}
	}
	if err != nil {
		err = context.Cause(ctx)
	}
	span := time.Since(begun).Seconds()
	spent, beats, collected := (busy(os.Getpid()) - cpu).Seconds(), float64(m.crowd.pings.Load()-pings), gcNow()
	counts, gone := m.sup.Counts(context.WithoutCancel(ctx))
	if gone != nil {
		return gone
	}
	m.ended()
	m.found(
		Value{"connections still there", "", float64(counts.Connections - 1)},
		Value{"pings", "/s", beats / span},
		Value{"CPU, both sides", "% of a core", 100 * spent / span},
	)
	if beats > 0 {
		m.found(Value{"… a ping and its answer", "µs", 1e6 * spent / beats})
	}
	m.found(
		Value{"… of it collections", "% of a core", 100 * (collected.busy - collecting.busy) / span},
		Value{"memory allocated", "B/ping", (collected.allocated - collecting.allocated) / max(beats, 1)},
	)
	return err
}

// collect measures a collection of everything, while heartbeats go on, and gives the
// memory back that was needed for coming in.
func (m *scaled) collect() {
	before, begun := gcNow(), time.Now()
	debug.FreeOSMemory()
	took, after := time.Since(begun), gcNow()
	m.found(
		Value{"a collection of all, and memory given back", "ms", 1000 * took.Seconds()},
		Value{"… its processor time", "ms", 1000 * (after.busy - before.busy)},
		Value{"… its longest pause", "ms, bucket", 1000 * after.longestSince(before)},
	)
}

// leave lets some vanish at once, and waits until the watcher knows of all.
func (m *scaled) leave(ctx context.Context) error {
	n := min(m.Leavers, m.all.count)
	m.note("%d vanish", n)
	version := m.crowd.told.Load()
	cpu, pings, collecting, begun := busy(os.Getpid()), m.crowd.pings.Load(), gcNow(), time.Now()
	left := m.all.end(n, m.crowd.lost.all())
	handed := time.Since(begun)
	err := m.crowd.await(ctx, func() int64 { return left - (m.crowd.told.Load() - version) })
	took, spent, collected := time.Since(begun), busy(os.Getpid())-cpu, gcNow()
	if err != nil {
		return fmt.Errorf("told of %d of %d who left: %w", m.crowd.told.Load()-version, left, err)
	}
	what := fmt.Sprintf("%d vanish: ", left)
	m.found(
		Value{what + "the watcher knows of all", "ms", took.Seconds() * 1000},
		Value{"… of it until the last end was handed over", "ms", handed.Seconds() * 1000},
		Value{"… processor time, heartbeats and collections included", "ms", 1000 * spent.Seconds()},
		Value{"… of it collections", "ms", 1000 * (collected.busy - collecting.busy)},
		Value{"… heartbeats meanwhile", "", float64(m.crowd.pings.Load() - pings)},
	)
	return nil
}
