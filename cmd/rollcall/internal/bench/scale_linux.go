package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// Scale is a measurement without sockets: the server's own actors, in this
// process, with transports in memory.
type Scale struct {
	Count    int           // connections, each with a user
	Interval time.Duration // of heartbeats
	Duration time.Duration // how long they are watched
	Leavers  int           // who vanish at once
	GC       int           // GOGC; 0: as it is
	Leave    int64         // bytes of the machine's memory that stay available: filling ends there
	Progress func(format string, args ...any)
}

// crowded is the crowd of a Scale.
type crowded struct {
	answers chan pinged // those that were pinged
	pings   atomic.Uint64
	logged  atomic.Int64 // logins that were answered
	told    atomic.Int64 // up to which version the watcher was told
}

// pinged is one who has to answer.
type pinged struct {
	m    *memory
	echo uint64
}

// memory is a transport in memory whose other side is this file: it drops what
// it is sent, and answers pings. Its 24 bytes are all that a client costs.
type memory struct {
	of *crowded
	to supervisor.Fed
}

func (m *memory) Feed(to supervisor.Fed) { m.to = to }

func (m *memory) TryWrite(frames [][]byte) (n int64, err error) {
	for _, f := range frames {
		n += int64(len(f))
		for b := f; len(b) > 0; {
			t, body, size, err := cut(b)
			if err != nil || size == 0 {
				break
			}
			switch t {
			case wire.TypePing:
				m.of.pings.Add(1)
				select {
				case m.of.answers <- pinged{m, numbers(body)[1]}:
				default: // the next one will do
				}
			case wire.TypeLoginOK:
				m.of.logged.Add(1)
			case wire.TypeDelta: // there is one watcher
				m.of.told.Store(int64(numbers(body)[3])) //nolint:gosec // a count
			case wire.TypeSnapshot:
				m.of.told.Store(int64(numbers(body)[2])) //nolint:gosec // a count
			}
			b = b[size:]
		}
	}
	return n, nil
}

func (*memory) Read([]byte) (int, error)         { return 0, net.ErrClosed }
func (*memory) Write(b []byte) (int, error)      { return len(b), nil }
func (*memory) Close() error                     { return nil }
func (*memory) LocalAddr() net.Addr              { return nil }
func (*memory) RemoteAddr() net.Addr             { return nil }
func (*memory) SetDeadline(time.Time) error      { return nil }
func (*memory) SetReadDeadline(time.Time) error  { return nil }
func (*memory) SetWriteDeadline(time.Time) error { return nil }

func (s Scale) note(format string, args ...any) {
	if s.Progress != nil {
		s.Progress(format, args...)
	}
}

// Run fills the server, watches it, and lets some vanish.
func (s Scale) Run(ctx context.Context) ([]Value, error) {
	if s.GC > 0 {
		defer debug.SetGCPercent(debug.SetGCPercent(s.GC))
	}
	sup, err := supervisor.New(supervisor.Config{
		Interval: s.Interval, Timeout: 2 * s.Interval, MaxConnections: s.Count + 1,
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		_ = sup.Shutdown(over)
	}()
	c := &crowded{answers: make(chan pinged, 1<<20)}
	pumping, stop := context.WithCancel(ctx)
	var pumps sync.WaitGroup
	defer pumps.Wait()
	defer stop()
	for range runtime.GOMAXPROCS(0) {
		pumps.Go(func() { c.pump(pumping) })
	}
	debug.FreeOSMemory()
	before, cpu, begun := memoryNow(), busy(os.Getpid()), time.Now()
	all, err := c.fill(ctx, sup, s)
	if err != nil {
		return nil, err
	}
	took, cpu := time.Since(begun), busy(os.Getpid())-cpu
	count := float64(len(all))
	s.note("%d are in after %v", len(all), took.Round(time.Millisecond))
	watcher := &memory{of: c}
	if err := c.watch(sup, watcher, len(all)); err != nil {
		return nil, err
	}
	full := memoryNow()
	debug.FreeOSMemory()
	after := memoryNow()
	values := []Value{
		{"connections, logged in", "", count},
		{"come in", "/s", count / took.Seconds()},
		{"processor time of it, each", "µs", 1e6 * cpu.Seconds() / count},
		{"live heap each", "B", (after.heap - before.heap) / count},
		{"resident memory each", "B", (after.rss - before.rss) / count},
		{"… when the last had come in", "B", (full.rss - before.rss) / count},
	}
	s.note("%.0f B each; watching for %v", (after.heap-before.heap)/count, s.Duration)
	cpu, pings, begun := busy(os.Getpid()), c.pings.Load(), time.Now()
	if err := sleep(ctx, s.Duration); err != nil {
		return nil, err
	}
	span := time.Since(begun)
	counts, err := sup.Counts(ctx)
	if err != nil {
		return nil, err
	}
	values = append(values,
		Value{"connections still there", "", float64(counts.Connections - 1)},
		Value{"pings", "/s", float64(c.pings.Load()-pings) / span.Seconds()},
		Value{"CPU, both sides", "% of a core", 100 * float64(busy(os.Getpid())-cpu) / float64(span)},
	)
	gc, quiet, begun := gcBusy(), pauses(), time.Now()
	runtime.GC() //revive:disable-line:call-to-gc what is measured is a collection
	values = append(values,
		Value{"a collection of all, meanwhile", "ms", 1000 * time.Since(begun).Seconds()},
		Value{"… its processor time", "ms", 1000 * (gcBusy() - gc)},
		Value{"… its longest pause", "ms, bucket", 1000 * pauses().longestSince(quiet)},
		Value{"longest pause of any collection", "ms, bucket", 1000 * pauses().longestSince(paused{})},
	)
	if s.Leavers > 0 {
		leave, err := s.leave(ctx, sup, all, c)
		if err != nil {
			return nil, err
		}
		values = append(values, leave...)
	}
	runtime.KeepAlive(all)
	return values, nil
}

// pump answers pings.
func (c *crowded) pump(ctx context.Context) {
	var pong []byte
	for {
		select {
		case p := <-c.answers:
			pong = appendPong(pong[:0], p.echo)
			p.m.to.Came(pong)
		case <-ctx.Done():
			return
		}
	}
}

// await waits until done.
func (c *crowded) await(done func() bool) error {
	for end := time.Now().Add(patience); !done(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			return errSilent
		}
	}
	return nil
}

// watch makes m a watcher of everyone, who knows of the first n.
func (c *crowded) watch(sup *supervisor.Supervisor, m *memory, n int) error {
	before := c.logged.Load()
	if err := sup.ServeConn(m); err != nil {
		return err
	}
	m.to.Came(visit{user: "watcher"}.greeting())
	if err := c.await(func() bool { return c.logged.Load() > before }); err != nil {
		return err
	}
	version := uint64(n + 1) //nolint:gosec // positive
	m.to.Came(must(&wire.Watch{Request: watchRequest, Everyone: true, Epoch: sup.Epoch(), Version: version}))
	return c.await(func() bool { return c.told.Load() >= int64(version) }) //nolint:gosec // a count
}

const (
	// fillBatch is how many clients one feeder makes in one piece.
	fillBatch = 4096
	// fillAhead is how many logins may be under way.
	fillAhead = 2 * fillBatch
)

// fill lets everybody in, from as many feeders as there are processors, as long as
// enough memory is left.
func (c *crowded) fill(ctx context.Context, sup *supervisor.Supervisor, s Scale) ([]*memory, error) {
	batches := make(chan int)
	var failed atomic.Pointer[error]
	pieces := make([][]memory, (s.Count+fillBatch-1)/fillBatch)
	var feeders sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		feeders.Go(func() {
			for k := range batches {
				pieces[k] = make([]memory, min(fillBatch, s.Count-k*fillBatch))
				if err := c.feed(sup, pieces[k], k*fillBatch); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	var err error
	given := 0
	for k := range pieces {
		given = min((k+1)*fillBatch, s.Count)
		batches <- k
		if err = c.await(func() bool { return int64(given)-c.logged.Load() <= fillAhead || failed.Load() != nil }); err != nil {
			break
		}
		if err = ctx.Err(); err != nil || failed.Load() != nil {
			break
		}
		if k%25 == 0 {
			if left := available(); left < s.Leave {
				s.note("%d are in, and %.1f GiB of memory are left: no more", given, float64(left)/(1<<30))
				break
			}
		}
		if k%250 == 249 {
			s.note("%d are in; %.1f GiB resident", given, memoryNow().rss/(1<<30))
		}
	}
	close(batches)
	feeders.Wait()
	if f := failed.Load(); f != nil {
		err = *f
	}
	if err == nil {
		err = c.await(func() bool { return c.logged.Load() >= int64(given) })
	}
	if err != nil {
		return nil, fmt.Errorf("%d of %d logged in: %w", c.logged.Load(), given, err)
	}
	all := make([]*memory, 0, given)
	for _, p := range pieces {
		for i := range p {
			all = append(all, &p[i])
		}
	}
	return all, nil
}

// feed lets the clients of one piece in. Their greetings differ in their numbers
// alone.
func (c *crowded) feed(sup *supervisor.Supervisor, all []memory, first int) error {
	const digits = "000000000"
	greeting := visit{user: "user-" + digits}.greeting()
	for i := range all {
		m := &all[i]
		m.of = c
		if err := sup.ServeConn(m); err != nil {
			return err
		}
		number := fmt.Appendf(nil, "%09d", first+i)
		for at, b := 0, greeting; ; {
			k := bytes.Index(b[at:], []byte("user-"))
			if k < 0 {
				break
			}
			at += k + len("user-")
			copy(b[at:at+len(digits)], number)
		}
		m.to.Came(greeting)
	}
	return nil
}

// leave lets some vanish at once, and waits until the watcher knows of all.
func (s Scale) leave(ctx context.Context, sup *supervisor.Supervisor, all []*memory, c *crowded) ([]Value, error) {
	version := c.told.Load()
	cpu, begun := busy(os.Getpid()), time.Now()
	n := min(s.Leavers, len(all))
	step := len(all) / n
	var hands sync.WaitGroup
	for h := range runtime.GOMAXPROCS(0) {
		hands.Go(func() {
			for i := h; i < n; i += runtime.GOMAXPROCS(0) {
				all[i*step].to.Ended(io.EOF)
			}
		})
	}
	hands.Wait()
	handed := time.Since(begun)
	if err := c.await(func() bool { return c.told.Load() >= version+int64(n) }); err != nil {
		x, _ := sup.Counts(ctx)
		return nil, fmt.Errorf("told of %d of %d who left, %d are there: %w", c.told.Load()-version, n, x.Connections, err)
	}
	what := fmt.Sprintf("%d vanish: ", n)
	return []Value{
		{what + "the watcher knows of all", "ms", time.Since(begun).Seconds() * 1000},
		{"… of it until the last end was handed over", "ms", handed.Seconds() * 1000},
		{"… processor time", "ms", 1000 * (busy(os.Getpid()) - cpu).Seconds()},
	}, nil
}

// available is how much memory the machine can still give.
func available() int64 {
	kib, ok := kernelFigure("/proc/meminfo", "MemAvailable")
	if !ok {
		return math.MaxInt64
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

// gcBusy is how many seconds of processor time collections have taken, idle
// processors' included.
func gcBusy() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64()
}

// paused are the pauses of collections so far.
type paused struct {
	counts  []uint64
	buckets []float64
}

func pauses() paused {
	s := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(s)
	h := s[0].Value.Float64Histogram()
	return paused{append([]uint64(nil), h.Counts...), h.Buckets}
}

// longestSince returns the upper end of the highest bucket that has grown.
func (p paused) longestSince(before paused) float64 {
	for i := len(p.counts) - 1; i >= 0; i-- {
		if p.counts[i] > 0 && (before.counts == nil || p.counts[i] > before.counts[i]) {
			return p.buckets[min(i+1, len(p.buckets)-1)]
		}
	}
	return 0
}
