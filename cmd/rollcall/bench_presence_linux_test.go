package main

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/rollcall/cmd/rollcall/internal/bench"
)

// Everybody is told of everybody who comes and goes, and named users cost only
// those who name them: the figures that do not depend on the machine are right.
func TestBenchPresence(t *testing.T) {
	p := spawn(t, nil, binary, "bench", "presence", "--count", "40", "--names", "3", "--changes", "300", "--runs", "1", "--json", "--quiet")
	if code := p.wait(); code != exitOK {
		t.Fatalf("code %d", code)
	}
	got := make(map[string]map[string]float64) // by figure and target
	for line := range strings.Lines(p.out.String()) {
		var r bench.Row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if got[r.Figure] == nil {
			got[r.Figure] = make(map[string]float64)
		}
		got[r.Figure][r.Target] = r.Median
	}
	for _, target := range []string{bench.Rollcall, bench.FloorGo, bench.Epoll} {
		// A change may be repeated for those who have just begun to watch.
		if n := got["all watch all, half vanish: changes told"][target]; n < 20*20 {
			t.Errorf("%s told of %v who went", target, n)
		}
		for _, figure := range []string{"until all know", "server's write system calls", "server's peak resident memory", "bytes a change told"} {
			if n := got["all watch all, half vanish: "+figure][target]; n <= 0 {
				t.Errorf("%s: %s: %v", target, figure, n)
			}
		}
	}
	figure := func(name string) float64 { return got[name][bench.Rollcall] }
	if n := figure("all watch all, filling: changes told") + figure("all watch all, filling: users told in snapshots"); n < 40*40-1 {
		t.Errorf("of %v who came", n)
	}
	if n := figure("each names 3, filling: changes told") + figure("each names 3, filling: users told in snapshots"); n != 40*3 {
		t.Errorf("of %v named who came", n)
	}
	if n := figure("each names 3, half vanish: changes told"); n != 20*3 {
		t.Errorf("of %v named who went", n)
	}
	for _, name := range []string{"all watch all, half vanish: flushes", "all watch all, half vanish: server's writes to clients", "slow watcher: changes the other one was told"} {
		if figure(name) <= 0 || len(got[name]) != 1 {
			t.Errorf("%s: %v", name, got[name])
		}
	}
}

func TestBenchPresenceRefuses(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{{"--count", "1"}, {"--names", "-1"}, {"--changes", "-1"}, {"--runs", "0"}, {"--server", "nowhere"}} {
		s.want(exitUsage, append([]string{"bench", "presence", "--quiet"}, args...)...)
	}
}
