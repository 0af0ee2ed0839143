package session_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("user%07d", i)
	}
	return all
}

func BenchmarkConnections(b *testing.B) {
	users := names(10_000)
	book := session.New(session.Config{})
	for i, u := range users {
		book.Admit(uint64(i))
		_, _ = book.Login(0, 0, uint64(i), u, 0)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if len(book.Connections(users[i%len(users)])) != 1 {
			b.Fatal("not found")
		}
		i++
	}
}

// One life of a session: admitted, logged in, ended.
func BenchmarkLoginAndEnd(b *testing.B) {
	for _, grace := range []time.Duration{0, time.Minute} {
		b.Run(fmt.Sprintf("grace=%v", grace), func(b *testing.B) {
			users := names(10_000)
			book := session.New(session.Config{Grace: grace})
			b.ReportAllocs()
			conn, now := uint64(0), time.Duration(0)
			for b.Loop() {
				conn++
				now += time.Millisecond
				book.Admit(conn)
				_, _ = book.Login(now, 0, conn, users[conn%10_000], 0)
				book.End(now, 0, conn, wire.ReasonEOF)
				book.Expire(now)
			}
		})
	}
}

// What doc.go says of memory, names left out.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	users := names(n)
	kinds := map[string]func(book *session.Book, i int){
		"anonymous": func(*session.Book, int) {},
		"user":      func(book *session.Book, i int) { _, _ = book.Login(0, 0, uint64(i), users[i], 0) },
		"session":   func(book *session.Book, i int) { _, _ = book.Login(0, 0, uint64(i), users[i/10*10], 0) },
		"held": func(book *session.Book, i int) {
			_, _ = book.Login(0, 0, uint64(i), users[i], 0)
			book.End(0, 0, uint64(i), wire.ReasonEOF)
		},
	}
	for name, kind := range kinds {
		b.Run(name, func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				book := session.New(session.Config{Grace: time.Second})
				for i := range n {
					book.Admit(uint64(i))
					kind(book, i)
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(book)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/each")
		})
	}
}
