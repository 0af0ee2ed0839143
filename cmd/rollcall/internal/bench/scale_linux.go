package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
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
	Progress func(format string, args ...any)
}

// crowded is the crowd of a Scale.
type crowded struct {
	answers chan *memory // those that were pinged
	pings   atomic.Uint64
}

// memory is a transport in memory whose other side is this file: it drops what
// it is sent, and answers pings.
type memory struct {
	of   *crowded
	to   supervisor.Fed
	said atomic.Bool   // it was welcomed and logged in
	told *atomic.Int64 // of a watcher: up to which version it was told; nil: it watches nobody
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
				case m.of.answers <- m:
				default: // the next one will do
				}
			case wire.TypeLoginOK:
				m.said.Store(true)
			case wire.TypeDelta:
				if m.told != nil {
					m.told.Store(int64(numbers(body)[3])) //nolint:gosec // a count
				}
			case wire.TypeSnapshot:
				if m.told != nil {
					m.told.Store(int64(numbers(body)[2])) //nolint:gosec // a count
				}
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
	c := &crowded{answers: make(chan *memory, 1<<20)}
	pumping, stop := context.WithCancel(ctx)
	var pumps sync.WaitGroup
	defer pumps.Wait()
	defer stop()
	for range runtime.GOMAXPROCS(0) {
		pumps.Go(func() { c.pump(pumping) })
	}
	debug.FreeOSMemory()
	before := memoryNow()
	all, took, err := c.fill(ctx, sup, s)
	if err != nil {
		return nil, err
	}
	s.note("all are in after %v", took.Round(time.Millisecond))
	var told atomic.Int64
	watcher := &memory{of: c, told: &told}
	if err := c.enter(sup, watcher, "watcher"); err != nil {
		return nil, err
	}
	watcher.to.Came(must(&wire.Watch{Request: watchRequest, Everyone: true, Epoch: sup.Epoch(), Version: uint64(s.Count + 1)})) //nolint:gosec // positive
	debug.FreeOSMemory()
	after := memoryNow()
	values := []Value{
		{"connections, logged in", "", float64(s.Count)},
		{"come in", "/s", float64(s.Count) / took.Seconds()},
		{"live heap each", "B", (after.heap - before.heap) / float64(s.Count)},
		{"resident memory each", "B", (after.rss - before.rss) / float64(s.Count)},
	}
	s.note("%.0f B each; watching for %v", (after.heap-before.heap)/float64(s.Count), s.Duration)
	cpu, pinged, gc, begun := busy(os.Getpid()), c.pings.Load(), gcBusy(), time.Now()
	pausesReset := pauses()
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
		Value{"pings", "/s", float64(c.pings.Load()-pinged) / span.Seconds()},
		Value{"CPU, both sides", "% of a core", 100 * float64(busy(os.Getpid())-cpu) / float64(span)},
		Value{"of it for collections", "% of a core", 100 * (gcBusy() - gc) / span.Seconds()},
		Value{"longest pause of a collection", "ms, bucket", 1000 * pauses().longestSince(pausesReset)},
	)
	if s.Leavers > 0 {
		leave, err := s.leave(ctx, sup, all, &told)
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
	pong := must(&wire.Pong{Echo: 1})
	for {
		select {
		case m := <-c.answers:
			m.to.Came(pong)
		case <-ctx.Done():
			return
		}
	}
}

func (c *crowded) enter(sup *supervisor.Supervisor, m *memory, user string) error {
	if err := sup.ServeConn(m); err != nil {
		return err
	}
	m.to.Came(visit{user: user}.greeting())
	for end := time.Now().Add(patience); !m.said.Load(); {
		runtime.Gosched()
		if time.Now().After(end) {
			return errSilent
		}
	}
	return nil
}

// fill lets everybody in, a batch at a time.
func (c *crowded) fill(ctx context.Context, sup *supervisor.Supervisor, s Scale) ([]*memory, time.Duration, error) {
	begun := time.Now()
	all := make([]*memory, s.Count)
	const batch = 10_000
	for first := 0; first < s.Count; first += batch {
		last := min(first+batch, s.Count)
		for i := first; i < last; i++ {
			all[i] = &memory{of: c}
			if err := sup.ServeConn(all[i]); err != nil {
				return nil, 0, err
			}
			all[i].to.Came(visit{user: "user-" + strconv.Itoa(i)}.greeting())
		}
		for i := first; i < last; i++ {
			for end := time.Now().Add(patience); !all[i].said.Load(); time.Sleep(100 * time.Microsecond) {
				if time.Now().After(end) {
					return nil, 0, fmt.Errorf("user %d: %w", i, errSilent)
				}
			}
		}
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		if (last/batch)%10 == 0 {
			s.note("%d are in; %.1f GiB resident", last, memoryNow().rss/(1<<30))
		}
	}
	return all, time.Since(begun), nil
}

// leave lets some vanish at once, and waits until the watcher knows of all.
func (s Scale) leave(ctx context.Context, sup *supervisor.Supervisor, all []*memory, told *atomic.Int64) ([]Value, error) {
	version := told.Load()
	if version == 0 {
		version = int64(s.Count + 1)
	}
	begun := time.Now()
	n := min(s.Leavers, len(all))
	step := len(all) / n
	for i := range n {
		all[i*step].to.Ended(io.EOF)
	}
	handed := time.Since(begun)
	for end := begun.Add(patience); told.Load() < version+int64(n); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			c, _ := sup.Counts(ctx)
			return nil, fmt.Errorf("told of %d of %d who left, %d are there: %w", told.Load()-version, n, c.Connections, errSilent)
		}
	}
	return []Value{
		{fmt.Sprintf("%d vanish: the watcher knows of all", n), "ms", time.Since(begun).Seconds() * 1000},
		{"of it until the last end was handed over", "ms", handed.Seconds() * 1000},
	}, nil
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
		if p.counts[i] > before.counts[i] {
			return p.buckets[min(i+1, len(p.buckets)-1)]
		}
	}
	return 0
}
