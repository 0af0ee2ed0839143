package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// gauge measures what a server does for presence, from its making to values.
type gauge struct {
	t      *target
	ctx    context.Context //nolint:containedctx // lives as long as one measurement
	begun  time.Time
	server time.Duration
	writes float64
	counts presenceCounts
}

// presenceCounts are of a server's own counters.
type presenceCounts struct {
	Writes  float64 `json:"writes"`
	Flushes float64 `json:"presence_flushes"`
}

func (t *target) gauge(ctx context.Context) *gauge {
	resetPeak(t.pid)
	return &gauge{
		t: t, ctx: ctx, begun: time.Now(), server: busy(t.pid),
		writes: processFigure(t.pid, "io", "syscw"), counts: t.counts(ctx),
	}
}

// values are the figures, and those of what the load was told meanwhile. The
// time ends with the last of it.
func (g *gauge) values(name string, told received) []Value {
	spent := busy(g.t.pid) - g.server
	now := g.t.counts(g.ctx)
	v := []Value{
		{name + ": changes told", "", float64(told.changes)},
		{name + ": until all know", "ms", told.last.Sub(g.begun).Seconds() * 1000},
	}
	if told.changes > 0 {
		v = append(v, Value{name + ": bytes a change told", "B", float64(told.deltaBytes) / float64(told.changes)})
	}
	if told.entries > 0 {
		v = append(v,
			Value{name + ": users told in snapshots", "", float64(told.entries)},
			Value{name + ": bytes a user in a snapshot", "B", float64(told.snapshotBytes) / float64(told.entries)})
	}
	v = append(v, Value{name + ": bytes about presence", "MB", float64(told.deltaBytes+told.snapshotBytes) / 1e6})
	if g.t.pid != 0 {
		v = append(v,
			Value{name + ": server's write system calls", "", processFigure(g.t.pid, "io", "syscw") - g.writes},
			Value{name + ": server's CPU", "ms", float64(spent) / float64(time.Millisecond)},
			Value{name + ": server's peak resident memory", "MB", processFigure(g.t.pid, "status", "VmHWM") / 1e3})
	}
	if g.t.vars != "" {
		v = append(v,
			Value{name + ": server's writes to clients", "", now.Writes - g.counts.Writes},
			Value{name + ": flushes", "", now.Flushes - g.counts.Flushes})
	}
	return v
}

// counts reads the server's own counters; they are zero where there are none.
func (t *target) counts(ctx context.Context) presenceCounts {
	var vars struct {
		Counters presenceCounts `json:"counters"`
	}
	if t.vars == "" {
		return vars.Counters
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.vars, nil)
	if err != nil {
		return vars.Counters
	}
	req.Close = true // nothing of the client's is left behind
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return vars.Counters
	}
	defer func() { _ = resp.Body.Close() }()
	_ = json.NewDecoder(resp.Body).Decode(&vars)
	return vars.Counters
}

// processFigure is a number in a file of /proc with "name: number" in each line;
// zero where it cannot be had.
func processFigure(pid int, file, name string) float64 {
	if pid == 0 {
		return 0
	}
	n, _ := kernelFigure(fmt.Sprintf("/proc/%d/%s", pid, file), name)
	return n
}

// kernelFigure is a number in such a file.
func kernelFigure(path, name string) (n float64, ok bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if key, value, _ := strings.Cut(line, ":"); key == name {
			words := strings.Fields(value)
			if len(words) == 0 {
				return 0, false
			}
			n, err := strconv.ParseFloat(words[0], 64)
			return n, err == nil
		}
	}
	return 0, false
}

// resetPeak makes a process's peak of memory what it takes now.
func resetPeak(pid int) {
	if pid != 0 {
		_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	}
}
