package main

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/wire/client"
)

// BenchmarkRoundTrip measures the round trip of pings and of messages, on a
// server that is a process of its own: with nothing else, and while four puts
// run flat out on the same connection or on others (N21).
//
// Client and server share the machine. When the puts use all of its processors,
// most of what is measured beside them is the time until the system gives a
// processor to the server and to the one who pings: with both before all others
// (chrt -f), what is left is what the server itself makes a ping wait.
func BenchmarkRoundTrip(b *testing.B) {
	w := serveProcess(b, "--data", filepath.Join(b.TempDir(), "data"), "--log-level", "error")
	const size = 64 << 20
	files := []string{fileOf(b, "1", size), fileOf(b, "2", size), fileOf(b, "3", size), fileOf(b, "4", size)}
	for _, load := range []string{"idle", "same connection", "other connections"} {
		c := w.dial(b, "pinger")
		busy := c
		if load == "other connections" {
			busy = w.dial(b, "sender")
		}
		stop := func() float64 { return 0 }
		if load != "idle" {
			stop = putForEver(b, busy, files)
		}
		for _, kind := range []string{"ping", "message"} {
			b.Run(load+"/"+kind, func(b *testing.B) {
				var times []time.Duration
				for b.Loop() {
					began := time.Now()
					var err error
					if kind == "ping" {
						_, err = c.Ping(b.Context())
					} else {
						_, err = c.Send(b.Context(), "pinger", []byte("hello"))
					}
					if err != nil {
						b.Fatal(err)
					}
					times = append(times, time.Since(began))
				}
				slices.Sort(times)
				for name, at := range map[string]int{"p50-µs": len(times) / 2, "p99-µs": len(times) * 99 / 100} {
					b.ReportMetric(float64(times[at].Nanoseconds())/1e3, name)
				}
			})
		}
		if rate := stop(); rate > 0 {
			b.Logf("%s: the four puts together ran at %.0f MiB/s", load, rate/(1<<20))
		}
		_ = c.Close()
		_ = busy.Close()
	}
}

// putForEver puts the files, each again and again and side by side, until it is
// stopped; it returns how many bytes a second went over the connection.
func putForEver(b *testing.B, c *client.Client, files []string) (stop func() float64) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	var mu sync.Mutex
	var sent int64
	began := time.Now()
	for _, path := range files {
		file, options := opened(b, path)
		running.Go(func() {
			for ctx.Err() == nil {
				res, err := c.Put(ctx, file, file.size, options)
				mu.Lock()
				sent += res.Sent
				mu.Unlock()
				if err == nil {
					err = c.Remove(ctx, res.File)
				}
				if err != nil && ctx.Err() == nil {
					b.Error(err)
					return
				}
			}
		})
	}
	return func() float64 {
		cancel()
		running.Wait()
		return float64(sent) / time.Since(began).Seconds()
	}
}

// sized is an open file.
type sized struct {
	*os.File
	size int64
}

// opened opens a file for puts that need not hash it.
func opened(b *testing.B, path string) (sized, client.PutOptions) {
	b.Helper()
	f, err := os.Open(path) //nolint:gosec // our own
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	at, err := f.Stat()
	if err != nil {
		b.Fatal(err)
	}
	hash, err := hex.DecodeString(hashOf(b, path))
	if err != nil {
		b.Fatal(err)
	}
	return sized{f, at.Size()}, client.PutOptions{Name: filepath.Base(path), To: []string{"nobody"}, SHA256: hash}
}
