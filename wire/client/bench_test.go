package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"runtime/debug"
	"testing"

	"example.com/rollcall/wire"
)

// answering is the least server that answers: a welcome, then an ack for each
// send.
func answering(nc net.Conn) {
	defer func() { _ = nc.Close() }()
	split := wire.NewSplitter(wire.MaxMaxFrame, 16<<10)
	var out []byte
	for {
		out = out[:0]
		for {
			f, ok, err := split.Next()
			if err != nil || !ok {
				break
			}
			switch m, _ := wire.Decode(f.Type, f.Body); m := m.(type) {
			case *wire.Hello:
				w := testWelcome
				out, _ = wire.Append(out, &w)
			case *wire.Send:
				out, _ = wire.Append(out, &wire.Ack{ID: m.ID, Sessions: 1})
			case *wire.Bye:
				return
			}
		}
		if _, err := nc.Write(out); err != nil {
			return
		}
		n, err := nc.Read(split.Space())
		if err != nil {
			return
		}
		split.Filled(n)
	}
}

func pipeTo(serve func(net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go serve(ours)
		return theirs, nil
	}
}

func BenchmarkSend(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			c, err := Dial(b.Context(), "", Options{DialContext: pipeTo(answering)})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			body := make([]byte, 100)
			b.ReportAllocs()
			b.SetParallelism(callers)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := c.Send(b.Context(), "bob", body); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkDelta is what one change of presence costs a client that watches
// everyone among a hundred thousand users, from the frame to the consumer.
func BenchmarkDelta(b *testing.B) {
	p := newPresence(DefaultMaxUsers)
	p.watch(nil)
	p.connected()
	p.next(1000)
	p.granted()
	for part := range uint64(100) {
		s := &wire.Snapshot{Epoch: 1, Version: 1, Part: part, More: part < 99}
		for i := range 1000 {
			s.Online = append(s.Online, wire.Online{User: fmt.Sprintf("user-%d-%d", part, i)})
		}
		if _, err := p.snapshot(s); err != nil {
			b.Fatal(err)
		}
	}
	log := newBacklog(eventQueue)
	b.ReportAllocs()
	v := uint64(1)
	for b.Loop() {
		v++
		news, err := p.delta(&wire.Delta{Epoch: 1, From: v - 1, To: v, Changes: []wire.Change{
			{Version: v, User: "user-50-50", Online: v%2 == 1},
		}})
		if err != nil || len(news) != 1 {
			b.Fatal(news, err)
		}
		log.push(Event{Kind: Online, User: news[0].user})
		log.pop()
		p.next(1000)
	}
}

// BenchmarkIdleClient reports the memory of a connected client that does nothing,
// its end of an in-memory pipe included.
func BenchmarkIdleClient(b *testing.B) {
	quiet := func(nc net.Conn) {
		answer := make([]byte, 0, 256)
		w := testWelcome
		answer, _ = wire.Append(answer, &w)
		_, _ = io.ReadFull(nc, make([]byte, 5))
		go func() {
			for b := make([]byte, 64); ; {
				if _, err := nc.Read(b); err != nil {
					return
				}
			}
		}()
		_, _ = nc.Write(answer)
	}
	const n = 1000
	for b.Loop() {
		before := memory()
		clients := make([]*Client, n)
		for i := range clients {
			c, err := Dial(b.Context(), "", Options{DialContext: pipeTo(quiet), NoReconnect: true})
			if err != nil {
				b.Fatal(err)
			}
			clients[i] = c
		}
		b.ReportMetric(float64(memory()-before)/n, "B/client")
		for _, c := range clients {
			_ = c.conn.nc.Close() // a goodbye from each would take its time
		}
		for _, c := range clients {
			_ = c.Close()
		}
	}
}

func memory() int64 {
	debug.FreeOSMemory() // collects first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse) //nolint:gosec // bytes of memory fit
}
