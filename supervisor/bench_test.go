package supervisor_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// BenchmarkNotice measures the time from the close of a client's socket until a
// watcher on another socket has read that its user is offline.
func BenchmarkNotice(b *testing.B) {
	r := serve(b, supervisor.Config{FlushInterval: time.Nanosecond})
	watcher := r.join(b, "watcher").watch()
	want[*wire.Snapshot](watcher)
	var total, most time.Duration
	for b.Loop() {
		nc, err := net.Dial("tcp", r.addr)
		if err != nil {
			b.Fatal(err)
		}
		p := newPeer(b, nc)
		p.hello("device").login("leaver")
		want[*wire.Delta](watcher) // online
		begun := time.Now()
		p.cut()
		want[*wire.Delta](watcher) // offline
		d := time.Since(begun)
		total += d
		most = max(most, d)
		<-p.done
	}
	b.ReportMetric(float64(total.Nanoseconds())/float64(b.N), "ns/notice")
	b.ReportMetric(float64(most.Nanoseconds()), "ns/slowest")
}

// BenchmarkLogin measures connecting, shaking hands, logging in and going, one
// after another and side by side.
func BenchmarkLogin(b *testing.B) {
	visit := func(b *testing.B, r *realServer, user string) {
		nc, err := net.Dial("tcp", r.addr)
		if err != nil {
			b.Error(err)
			return
		}
		p := newPeer(b, nc)
		if err := p.put(&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: "device"}, &wire.Login{Request: 1, User: user}); err != nil {
			b.Error(err)
		}
		if _, err := p.find(func(m wire.Message) bool { return answers(m) == 1 }); err != nil {
			b.Error(err)
		}
		p.cut()
		<-p.done
	}
	b.Run("serial", func(b *testing.B) {
		r := serve(b, supervisor.Config{})
		for b.Loop() {
			visit(b, r, "alice")
		}
	})
	b.Run("parallel", func(b *testing.B) {
		r := serve(b, supervisor.Config{})
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				visit(b, r, "alice")
			}
		})
	})
}

// BenchmarkMessage measures one message from user to user until the sender has
// its ack, for several sizes, and then in a pipeline.
func BenchmarkMessage(b *testing.B) {
	for _, size := range []int{16, 1 << 10, 60 << 10} {
		b.Run(fmt.Sprint("round trip/", size), func(b *testing.B) {
			r := serve(b, supervisor.Config{})
			alice, bob := r.join(b, "alice"), r.join(b, "bob")
			body := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				request := alice.next()
				alice.send(&wire.Send{ID: request, To: "bob", Body: body})
				want[*wire.Deliver](bob)
				alice.answer(request)
			}
		})
	}
	b.Run("pipeline", func(b *testing.B) {
		r := serve(b, supervisor.Config{})
		alice, bob := r.join(b, "alice"), r.join(b, "bob")
		const window = 64
		last := uint64(0)
		for b.Loop() {
			last++
			alice.send(&wire.Send{ID: last, To: "bob", Body: make([]byte, 100), NoAck: true})
			if last > window {
				want[*wire.Deliver](bob)
			}
		}
	})
}

// BenchmarkRequest measures one request to a handler of the program's.
func BenchmarkRequest(b *testing.B) {
	r := serve(b, supervisor.Config{})
	if err := supervisor.HandleRequest(r.s, "echo", echo); err != nil {
		b.Fatal(err)
	}
	p := r.join(b, "alice")
	for b.Loop() {
		request := p.next()
		p.send(&wire.Request{Request: request, Kind: "echo", Body: []byte("x")})
		p.answer(request)
	}
}

// BenchmarkFanOut measures one user who comes and goes until all watchers have
// been told of both.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := serve(b, supervisor.Config{FlushInterval: time.Nanosecond})
			watchers := make([]*peer, n)
			for i := range watchers {
				watchers[i] = r.join(b, fmt.Sprint("watcher ", i)).watch("subject")
				want[*wire.Snapshot](watchers[i])
			}
			p := r.dial(b).hello("device")
			for b.Loop() {
				p.login("subject")
				request := p.next()
				p.send(&wire.Logout{Request: request})
				p.answer(request)
				for _, w := range watchers {
					for told := 0; told < 2; {
						told += len(want[*wire.Delta](w).Changes)
					}
				}
			}
		})
	}
}
