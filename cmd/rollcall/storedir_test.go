package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// storeDir is the data directory of a server, as a test sees it from outside.
type storeDir string

// partials returns the sizes of what is not whole.
func (d storeDir) partials() []int64 { return d.sizes("partial") }

func (d storeDir) sizes(at string) (sizes []int64) {
	names, _ := filepath.Glob(filepath.Join(string(d), at, "*"))
	for _, name := range names {
		var n int64
		if data, err := os.Stat(filepath.Join(name, "data")); err == nil {
			n = data.Size()
		}
		sizes = append(sizes, n)
	}
	return sizes
}

// until waits for something that another process does. It is polled, for nothing
// outside of that process tells of it.
func until(t testing.TB, what string, come func() bool) {
	t.Helper()
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); !come(); {
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("%s: it does not come about", what)
		}
	}
}
