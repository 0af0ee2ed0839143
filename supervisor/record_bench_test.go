package supervisor_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// recorded makes two servers, one that records nothing and one that keeps its roll
// and its journal on the disk.
func recorded(b *testing.B) (servers [2]*realServer) {
	b.Helper()
	d, err := disk.Open(filepath.Join(b.TempDir(), "record"))
	if err != nil {
		b.Fatal(err)
	}
	roll, err := record.OpenRoll(d, record.RollOptions{})
	if err != nil {
		b.Fatal(err)
	}
	journal, err := record.OpenJournal(d, record.JournalOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { // after the servers have shut down
		_ = roll.Close()
		_ = journal.Close()
		_ = d.Close()
	})
	for i, cfg := range []supervisor.Config{
		{Journal: supervisor.NoJournal}, {Roll: roll, Journal: journal},
	} {
		s, err := supervisor.New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve(context.Background(), l) }()
		b.Cleanup(func() {
			if err := s.Shutdown(context.Background()); err != nil {
				b.Error(err)
			}
			<-served
		})
		servers[i] = &realServer{t: b, s: s, addr: l.Addr().String()}
	}
	return servers
}

// compare runs blocks on the two servers by turns, in the order that cancels what
// drifts (ABBA), and reports the medians of what each operation took, in wall
// time and in the CPU time of the whole process. A block ends with all that was
// recorded on the disk; the wait for it is part of the CPU time alone.
func compare(b *testing.B, operations int, block func(r *realServer) time.Duration) {
	servers := recorded(b)
	var wall, cpu [2][]float64
	one := func(i int) {
		before := cpuTime(b)
		took := block(servers[i])
		// What has happened is written before this is answered; of the future
		// nothing has to be read.
		for range servers[i].s.Departures(ctx, supervisor.RecordQuery{Since: time.Now().Add(time.Hour)}) {
			break
		}
		wall[i] = append(wall[i], float64(took.Nanoseconds())/float64(operations))
		cpu[i] = append(cpu[i], float64((cpuTime(b)-before).Nanoseconds())/float64(operations))
	}
	one(0) // to warm up
	one(1)
	wall, cpu = [2][]float64{}, [2][]float64{}
	for b.Loop() {
		for _, i := range []int{0, 1, 1, 0} {
			one(i)
		}
	}
	median := func(x []float64) float64 {
		slices.Sort(x)
		return (x[len(x)/2] + x[(len(x)-1)/2]) / 2
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(wall[0]), "ns-without")
	b.ReportMetric(median(wall[1]), "ns-with")
	b.ReportMetric(100*(median(wall[1])/median(wall[0])-1), "%wall")
	b.ReportMetric(median(cpu[0]), "cpu-without")
	b.ReportMetric(median(cpu[1]), "cpu-with")
	b.ReportMetric(100*(median(cpu[1])/median(cpu[0])-1), "%cpu")
}

// BenchmarkRecord measures what the roll and the journal on the disk cost, beside
// a server that keeps neither.
func BenchmarkRecord(b *testing.B) {
	b.Run("login", func(b *testing.B) { compare(b, 2000, func(r *realServer) time.Duration { return r.visits(b, 2000) }) })
	b.Run("message", func(b *testing.B) {
		compare(b, 20_000, func(r *realServer) time.Duration { return r.messages(b, 20_000) })
	})
	b.Run("notice", func(b *testing.B) { compare(b, 300, func(r *realServer) time.Duration { return r.notices(b, 300) }) })
	b.Run("storm", func(b *testing.B) {
		compare(b, 10_000, func(r *realServer) time.Duration { return r.storm(b, 10_000) })
	})
}

// visits connects, logs in and goes, from 16 lanes.
func (r *realServer) visits(b *testing.B, n int) time.Duration {
	begun := time.Now()
	var wg sync.WaitGroup
	for lane := range 16 {
		wg.Go(func() {
			for i := lane; i < n; i += 16 {
				nc, err := net.Dial("tcp", r.addr)
				if err != nil {
					b.Error(err)
					return
				}
				p := newPeer(b, nc)
				_ = p.put(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "device"}, &wire.Login{Request: 1, User: fmt.Sprint("visitor ", i)})
				if _, err := p.find(func(m wire.Message) bool { return answers(m) == 1 }); err != nil {
					b.Error(err)
				}
				p.cut()
				<-p.done
			}
		})
	}
	wg.Wait()
	return time.Since(begun)
}

// messages sends from user to user, in a pipeline.
func (r *realServer) messages(b *testing.B, n int) time.Duration {
	alice, bob := r.visitor(b, "alice"), r.visitor(b, "bob")
	begun := time.Now()
	const window = 64
	for i := range n + window {
		if i < n {
			alice.send(&wire.Send{ID: uint64(i + 1), To: "bob", Body: make([]byte, 100), NoAck: true}) //nolint:gosec // positive
		}
		if i >= window {
			want[*wire.Deliver](bob)
		}
	}
	took := time.Since(begun)
	for _, p := range []*peer{alice, bob} {
		p.cut()
		<-p.done
	}
	return took
}

// wantChange waits for a delta that tells of something.
func wantChange(p *peer) {
	for {
		if d := want[*wire.Delta](p); len(d.Changes) > 0 {
			return
		}
	}
}

// notices returns the sum of the times from a close to its notice at a watcher.
func (r *realServer) notices(b *testing.B, n int) (sum time.Duration) {
	watcher := r.visitor(b, "watcher").watch("leaver")
	want[*wire.Snapshot](watcher)
	var each []time.Duration
	for range n {
		p := r.visitor(b, "leaver")
		wantChange(watcher) // online
		begun := time.Now()
		p.cut()
		wantChange(watcher) // offline
		each = append(each, time.Since(begun))
		<-p.done
	}
	watcher.cut()
	<-watcher.done
	slices.Sort(each)
	return each[n/2] * time.Duration(n) // the median: one that was held up tells nothing
}

func (r *realServer) visitor(b *testing.B, user string) *peer {
	nc, err := net.Dial("tcp", r.addr)
	if err != nil {
		b.Fatal(err)
	}
	return newPeer(b, nc).hello("device").login(user)
}

// storm ends many sessions at once, and returns how long it takes until a watcher
// has been told of all.
func (r *realServer) storm(b *testing.B, n int) time.Duration {
	watcher := r.visitor(b, "watcher")
	links := make([]*link, n)
	peers := make([]*peer, n)
	for i := range links {
		links[i] = newLink(addr(i), serverAddr)
		peers[i] = newPeer(b, links[i].client)
		if err := r.s.ServeConn(links[i].server); err != nil {
			b.Fatal(err)
		}
		peers[i].hello("device").login(fmt.Sprint("user ", i))
	}
	watcher.watch()
	want[*wire.Snapshot](watcher)
	begun := time.Now()
	for _, p := range peers {
		p.cut()
	}
	for told := 0; told < n; {
		watcher.look(func(v *view) { told = n + 1 - len(v.online) })
		time.Sleep(time.Millisecond)
	}
	took := time.Since(begun)
	for _, p := range append(peers, watcher) {
		p.cut()
		<-p.done
	}
	return took
}
