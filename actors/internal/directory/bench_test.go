package directory

import (
	"fmt"
	"runtime"
	"testing"

	"example.com/rollcall/actors/internal/roster"
)

// made returns n different clients, as their own texts take memory of their own in
// the server too.
func made(n int) []*member {
	all := make([]*member, n)
	for i := range all {
		all[i] = &member{Entry: Entry{Key: Key{
			ID:         uint64(i + 1),
			Identifier: fmt.Sprintf("client-%09d", i),
			Endpoint:   Endpoint{fmt.Sprintf("10.%d.%d.%d:%d", i>>16&255, i>>8&255, i&255, 1024+i%60000), "192.0.2.1:7465"},
		}}}
	}
	return all
}

// Bytes a connection, its two texts and the 32 of its place left out: they are the
// caller's.
//
//revive:disable:call-to-gc what is in use is known after a collection only
func BenchmarkBytesPerEntry(b *testing.B) {
	const n = 1 << 20
	entries := made(n)
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		d := &Directory[*member]{}
		for _, e := range entries {
			d.Add(e)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/entry")
		runtime.KeepAlive(d)
	}
	runtime.KeepAlive(entries)
}

//revive:enable:call-to-gc

// One comes and one goes, of half a million.
func BenchmarkAddRemove(b *testing.B) {
	const n = 1 << 20
	entries := made(n)
	d := &Directory[*member]{}
	for _, e := range entries[:n/2] {
		d.Add(e)
	}
	next := uint64(n / 2)
	b.ReportAllocs()
	for b.Loop() {
		e := entries[next%n]
		next++
		e.ID = next
		if _, err := d.Add(e); err != nil {
			b.Fatal(err)
		}
		if !d.Remove(entries[(next-1-n/2)%n]) {
			b.Fatal("not there")
		}
	}
}

// A hundred thousand connections of one identifier: each still comes and goes in
// the same time.
func BenchmarkOneIdentifier(b *testing.B) {
	entries := made(100_000)
	d := &Directory[*member]{}
	for _, e := range entries {
		e.Identifier = "everyone"
		d.Add(e)
	}
	b.ReportAllocs()
	id := uint64(len(entries))
	for b.Loop() {
		e := entries[id%uint64(len(entries))] // the oldest
		d.Remove(e)
		id++
		e.ID = id
		if _, err := d.Add(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckPageOf1000(b *testing.B) {
	d := &Directory[*member]{}
	for _, e := range made(1 << 20) {
		d.Add(e)
	}
	b.ReportAllocs()
	var cursor roster.Seq
	for b.Loop() {
		next, more, err := d.CheckPage(cursor, 1000)
		if err != nil {
			b.Fatal(err)
		}
		if cursor = next; !more {
			cursor = 0
		}
	}
}
