package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	"example.com/rollcall/cmd/rollcall/internal/bench"
)

// empty checks that a directory has nothing in it.
func empty(t *testing.T, dir string) {
	t.Helper()
	if names, err := os.ReadDir(dir); err != nil || len(names) != 0 {
		t.Errorf("it leaves %v, %v", names, err)
	}
}

// Every way carries the file there and back, in every kind, and nothing is left.
func TestBenchFiles(t *testing.T) {
	dir := t.TempDir()
	p := spawn(t, nil, binary, "bench", "files", "--size", "300KiB", "--count", "3", "--runs", "2", "--dir", dir, "--json", "--quiet")
	if code := p.wait(); code != exitOK {
		t.Fatalf("code %d", code)
	}
	empty(t, dir)
	rates := make(map[string]int) // targets by figure
	for line := range strings.Lines(p.out.String()) {
		var r bench.Row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if r.Unit != "MiB/s" {
			continue
		}
		rates[r.Figure]++
		if r.Min <= 0 || r.Min > r.Median || r.Median > r.Max || (r.Target == bench.Rollcall) != (r.ToTCP > 0) || (r.ToTCP > 0) != (r.ToHTTP > 0) {
			t.Errorf("%+v", r)
		}
	}
	for _, figure := range []string{"put", "put, hash known", "get", "3 puts at once, hash known", "3 gets at once"} {
		for _, kind := range []string{", durable", ", not durable"} {
			if rates[figure+kind] != 3 {
				t.Errorf("%s%s: of %d targets", figure, kind, rates[figure+kind])
			}
		}
	}
}

// A bench that is interrupted leaves nothing behind, however large what it was at.
func TestInterruptedBenchFiles(t *testing.T) {
	dir := t.TempDir()
	p := spawn(t, nil, binary, "bench", "files", "--size", "8MiB", "--runs", "1000", "--dir", dir)
	p.errs.see(t, "bench", "run 2 of 1000")
	p.signal(syscall.SIGINT)
	if code := p.wait(); code != exitSignal+int(syscall.SIGINT) {
		t.Errorf("code %d", code)
	}
	empty(t, dir)
}

func TestBenchFilesRefuses(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{
		{"--size", "3", "--count", "4"}, {"--count", "0"}, {"--runs", "0"}, {"--size", "much"}, {"--dir", "/no/such/directory"},
	} {
		s.want(exitUsage, append([]string{"bench", "files", "--quiet"}, args...)...)
	}
}
