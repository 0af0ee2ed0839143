package actors

import (
	"fmt"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/wire"
)

// sink is a Feeder that counts what it is sent.
type sink struct {
	net.Conn
	to    Fed
	bytes atomic.Int64
	n     atomic.Int64
}

func (s *sink) Feed(to Fed) { s.to = to }

func (s *sink) TryWrite(frames [][]byte) (int64, error) {
	n := int64(0)
	for _, f := range frames {
		n += int64(len(f))
	}
	s.bytes.Add(n)
	s.n.Add(int64(len(frames)))
	return n, nil
}

func (*sink) LocalAddr() net.Addr  { return nil }
func (*sink) RemoteAddr() net.Addr { return nil }
func (*sink) Close() error         { return nil }

// benchSystem is a system without the hooks of a simulation.
func benchSystem(b *testing.B) *System {
	b.Helper()
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		b.Fatal(err)
	}
	set := testSettings()
	set.MaxConnections, set.FlushInterval = 1<<20, 1
	set.Heartbeat.Default = Times{Interval: time.Hour, Timeout: 2 * time.Hour} // nobody here answers pings
	set.OnEvent = func(Event) {}
	s, err := Start(engine, set)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Shutdown(b.Context()) })
	return s
}

func (s *System) benchJoin(b *testing.B, user string) *sink {
	b.Helper()
	k := new(sink)
	if err := s.Accept(k); err != nil {
		b.Fatal(err)
	}
	k.to.Came(frames(hello(user), &wire.Login{Request: 1, User: user}))
	k.await(2)
	return k
}

// await spins until so many frames have come.
func (s *sink) await(n int64) {
	for s.n.Load() < n {
		runtime.Gosched()
	}
}

// BenchmarkPing: from the bytes of a ping to those of its pong.
func BenchmarkPing(b *testing.B) {
	k := benchSystem(b).benchJoin(b, "ann")
	ping := frames(&wire.Ping{Time: 1 << 40})
	want := k.n.Load()
	b.ReportAllocs()
	for b.Loop() {
		k.to.Came(ping)
		want++
		k.await(want)
	}
}

// BenchmarkPathMessage: from the bytes of a message to those at its recipient,
// one at a time and in batches.
func BenchmarkPathMessage(b *testing.B) {
	for _, batch := range []int{1, 16} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			s := benchSystem(b)
			ann, bob := s.benchJoin(b, "ann"), s.benchJoin(b, "bob")
			var all []byte
			for range batch {
				all = append(all, frames(&wire.Send{ID: 1, To: "bob", Body: make([]byte, 128), NoAck: true})...)
			}
			want := bob.n.Load()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%batch != 0 {
					continue // each turn of the loop is one message
				}
				ann.to.Came(all)
				want += int64(batch)
				bob.await(want)
			}
		})
	}
}

// BenchmarkPathFanOut: one user comes or goes, and all watchers are told.
func BenchmarkPathFanOut(b *testing.B) {
	const watchers = 1000
	s := benchSystem(b)
	all := make([]*sink, watchers)
	subject := s.benchJoin(b, "subject")
	for i := range all {
		all[i] = s.benchJoin(b, fmt.Sprint("watcher ", i))
	}
	for _, w := range all {
		had := w.n.Load()
		w.to.Came(frames(&wire.Watch{Request: 2, Users: []string{"subject"}}))
		w.await(had + 2)
	}
	told := make([]int64, watchers)
	for i, w := range all {
		told[i] = w.n.Load()
	}
	in, out := frames(&wire.Login{Request: 3, User: "subject"}), frames(&wire.Logout{Request: 4})
	online := true
	b.ReportAllocs()
	for b.Loop() {
		if online = !online; online {
			subject.to.Came(in)
		} else {
			subject.to.Came(out)
		}
		for i, w := range all {
			told[i]++
			w.await(told[i])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/watchers, "ns/notice")
}

// BenchmarkHop: one message to an idle actor, until it is handled.
func BenchmarkHop(b *testing.B) {
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		b.Fatal(err)
	}
	k := new(counting)
	k.init(&family{engine: engine, name: "hop"}, 0, k)
	k.spawn()
	b.Run("woken", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			want := k.n.Load() + 1
			k.tell(tick{})
			for k.n.Load() < want {
				runtime.Gosched()
			}
		}
	})
	b.Run("here", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k.tellHere(tick{})
		}
	})
}

type counting struct {
	guard
	n atomic.Int64
}

func (k *counting) receive(any)                  { k.n.Add(1) }
func (k *counting) turn()                        {}
func (k *counting) gone()                        {}
func (k *counting) recovered(_, _ any, _ []byte) {}
func (k *counting) abandoned() bool              { return true }
