package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// giveBack returns memory to the system when the server has become quiet: after a
// crowd has come in or gone, as much again as is in use would stay with the
// process until the next collection, which a quiet server does not need for a
// long time.
func giveBack(ctx context.Context) {
	ticker := time.NewTicker(quietFor)
	defer ticker.Stop()
	if os.Getenv("GOGC") == "" { // nobody has chosen
		before := debug.SetGCPercent(percentFor(0, 0))
		defer debug.SetGCPercent(before)
	}
	var w releaser
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		h := readHeap()
		if percent := percentFor(h.live+h.roots, h.allocated-w.before.allocated); percent != w.percent && os.Getenv("GOGC") == "" {
			w.percent = percent
			debug.SetGCPercent(percent)
		}
		if w.due(h, time.Now()) {
			debug.FreeOSMemory()
		}
	}
}

const (
	// quietFor is how long a server has to be quiet.
	quietFor = time.Second
	// releasePause is the least time between two releases: each costs a collection.
	releasePause = 30 * time.Second
	// releaseWorth is what a release has to bring, beside a quarter of what lives.
	releaseWorth = 2 << 20
)

// busyHeap is how much may be allocated between two collections, at the least: a
// small heap would be collected a hundred times a second under load. Where more is
// allocated than busyTimes that within quietFor, it is twice or four times as much.
const (
	busyHeap  = 32 << 20
	busyTimes = 4
)

// percentFor returns Go's setting (GOGC) for so much live memory, stacks and globals
// included, of a server that has allocated so much within quietFor.
func percentFor(live, grown uint64) int {
	const least = 4 << 20 // below that, Go counts as if it were that
	room := uint64(busyHeap)
	for room < 4*busyHeap && grown > busyTimes*room {
		room *= 2
	}
	return int(max(100, 100*room/max(live, least))) //nolint:gosec // at most 3200
}

// heap is what is known of the memory at one moment, in bytes.
type heap struct {
	allocated uint64 // ever
	live      uint64 // as of the last collection
	roots     uint64 // stacks and globals, as of then
	idle      uint64 // could be returned: free, or garbage
}

func readHeap() heap {
	samples := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"},
		{Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"},
	}
	metrics.Read(samples)
	var v [6]uint64
	for i, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			v[i] = s.Value.Uint64()
		}
	}
	return heap{allocated: v[0], live: v[1], idle: max(v[2], v[1]) - v[1] + v[3], roots: v[4] + v[5]}
}

// releaser decides when memory is given back.
type releaser struct {
	before  heap
	last    time.Time
	percent int
}

// due is asked once in quietFor.
func (r *releaser) due(h heap, now time.Time) bool {
	grown := h.allocated - r.before.allocated
	r.before = h
	switch {
	case grown > h.live/16+releaseWorth/4: // busy
		return false
	case h.idle < h.live/4+releaseWorth:
		return false
	case now.Sub(r.last) < releasePause:
		return false
	}
	r.last = now
	return true
}
