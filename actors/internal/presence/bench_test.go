package presence_test

import (
	"fmt"
	"runtime"
	"testing"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("user%07d", i)
	}
	return all
}

func crowd(users []string) *presence.Board {
	b := presence.New(epoch, 0)
	for i, u := range users {
		b.Set(u, true, wire.ReasonNone, int64(i))
		if b.Pending() == presence.MaxPending {
			b.Flush()
		}
	}
	b.Flush()
	return b
}

func encode(b *testing.B, frames []*presence.Frame) (bytes int) {
	for _, f := range frames {
		e, err := f.Encode()
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(e)
	}
	return bytes
}

// One change, flushed to 10,000 watchers: of everyone, who share a frame, or of
// the one user by name, each with a frame of its own.
func BenchmarkSetAndFlush(b *testing.B) {
	const n = 10_000
	users := names(n)
	for _, everyone := range []bool{true, false} {
		b.Run(fmt.Sprintf("everyone=%v", everyone), func(b *testing.B) {
			board := crowd(users)
			for i := range uint64(n) {
				if everyone {
					board.WatchAll(i, presence.Mark{})
				} else {
					_, _ = board.WatchUsers(i, users[:1], presence.Mark{})
				}
			}
			b.ReportAllocs()
			online := true
			for b.Loop() {
				online = !online
				board.Set(users[0], online, wire.ReasonEOF, 0)
				batch := board.Flush()
				encode(b, batch.Shared)
				for _, p := range batch.Named {
					encode(b, p.Frames)
				}
			}
		})
	}
}

// 10,000 users who watch a hundred of them each all leave at once, and come
// back: 20,000 changes in two flushes.
func BenchmarkStorm(b *testing.B) {
	const n = 10_000
	users := names(n)
	board := crowd(users)
	for i := range uint64(n) {
		some := make([]string, 100)
		for j := range some {
			some[j] = users[(int(i)*7+j*97)%n]
		}
		_, _ = board.WatchUsers(i, some, presence.Mark{})
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, online := range []bool{false, true} {
			for _, u := range users {
				board.Set(u, online, wire.ReasonEOF, 0)
			}
			board.Flush()
		}
	}
}

// The snapshot of everyone: made anew, and for one newcomer of many, each of
// whom is a change.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		users := names(n)
		b.Run(fmt.Sprintf("anew/users=%d", n), func(b *testing.B) {
			board := crowd(users)
			b.ReportAllocs()
			bytes := 0
			for b.Loop() {
				b.StopTimer()
				for range 2*n/4 + 1000 { // until the cached one is too old
					board.Set("flapping", board.Version()%2 == 0, wire.ReasonEOF, 0)
				}
				board.Flush()
				b.StartTimer()
				bytes = encode(b, board.WatchAll(1, presence.Mark{}).Frames)
				board.Drop(1)
			}
			b.ReportMetric(float64(bytes)/float64(n), "wireB/user")
		})
		b.Run(fmt.Sprintf("newcomer/users=%d", n), func(b *testing.B) {
			board := crowd(users)
			b.ReportAllocs()
			id := uint64(0)
			for b.Loop() {
				id++
				board.Set(users[id%uint64(n)], id/uint64(n)%2 == 1, wire.ReasonEOF, 0)
				encode(b, board.WatchAll(id, presence.Mark{}).Frames)
				board.Drop(id)
				if board.Pending() == 500 {
					board.Flush()
				}
			}
		})
	}
}

// What doc.go says of memory, names left out.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	users := names(n)
	measure := func(name string, count int, setup, fill func(board *presence.Board)) {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				board := presence.New(epoch, 1)
				setup(board)
				board.Flush()
				runtime.GC()
				runtime.ReadMemStats(&before)
				fill(board)
				board.Flush()
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(board)
			}
			b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/float64(count), "B/each")
		})
	}
	nothing := func(*presence.Board) {}
	watch := func(id uint64, some []string) func(*presence.Board) {
		return func(board *presence.Board) { _, _ = board.WatchUsers(id, some, presence.Mark{}) }
	}
	measure("user", n, nothing, func(board *presence.Board) {
		for _, u := range users {
			board.Set(u, true, wire.ReasonNone, 0)
		}
	})
	measure("watcher", n, nothing, func(board *presence.Board) {
		for i := range uint64(n) {
			board.WatchAll(i, presence.Mark{})
		}
	})
	measure("name", presence.MaxNames, nothing, watch(1, users[:presence.MaxNames]))
	measure("watch", presence.MaxNames*50, watch(1, users[:presence.MaxNames]), func(board *presence.Board) {
		for i := range uint64(50) {
			watch(i+2, users[:presence.MaxNames])(board)
		}
	})
}
