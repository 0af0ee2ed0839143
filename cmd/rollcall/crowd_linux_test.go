package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/rollcall/supervisor/admin"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// crowdSize is how many sessions the load process holds: ten thousand, or what
// the machine's file descriptors allow, or a tenth of it with -short.
func crowdSize(t *testing.T) int {
	n := 10_000
	if testing.Short() {
		n = 1_000
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	const others = 100
	if room := int(min(limit.Max, 1<<20)) - others; n > room { //nolint:gosec // bounded
		t.Logf("%d sessions instead of %d: the limit of open files is %d", room, n, limit.Max)
		n = room
	}
	return n
}

// actCrowd is the load process: it holds the sessions until it is killed.
func actCrowd() int {
	n, err := strconv.Atoi(os.Getenv("ROLLCALL_CROWD"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitUsage
	}
	crowd := make([]*raw, n)
	errs := make(chan error, 1)
	const atOnce = 64
	var wg sync.WaitGroup
	for lane := range atOnce {
		wg.Go(func() {
			for i := lane; i < n; i += atOnce {
				var err error
				if crowd[i], err = rawLogin(context.Background(), os.Getenv("ROLLCALL_SERVER"), crowdName(i), 0); err != nil {
					select {
					case errs <- err:
					default:
					}
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		fmt.Fprintln(os.Stderr, err)
		return exitFailure
	default:
	}
	fmt.Println("the crowd is in")
	_, _ = os.Stdin.Read(make([]byte, 1)) // until it is killed
	runtime.KeepAlive(crowd)
	return exitOK
}

func crowdName(i int) string { return fmt.Sprintf("crowd-%05d", i) }

// Ten thousand sessions of one load process, killed at once: every watcher is
// told of each exactly once, every map is empty afterwards, nothing panicked and no
// goroutine is left. What it costs is logged.
func TestCrowdKilledAtOnce(t *testing.T) {
	n := crowdSize(t)
	w := serveProcess(t, "--heartbeat", "5m", "--timeout", "10m", "--log-level", "error")
	const watchers = 3
	tallies := make([]*tally, watchers)
	for i := range tallies {
		tallies[i] = newTally(t, w.server, fmt.Sprintf("watcher-%d", i), n)
	}
	before := w.vars(t)
	rssBefore := w.process.rss(t)

	stdin, hold, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hold.Close() }()
	load := newProcess(t, []string{
		actAs + "=crowd", "ROLLCALL_SERVER=" + w.server, "ROLLCALL_CROWD=" + strconv.Itoa(n),
	}, os.Args[0])
	load.cmd.Stdin = stdin
	begun := time.Now()
	load.start()
	load.see("the crowd is in")
	_ = stdin.Close()
	came := time.Since(begun)
	for _, y := range tallies {
		y.wait(t, y.online)
	}
	rss := w.process.rss(t)

	killed := time.Now()
	load.signal(syscall.SIGKILL)
	for _, y := range tallies {
		y.wait(t, y.offline)
	}
	last := time.Since(killed)

	after := w.settled(t, watchers)
	if c := after.Counts; c.Connections != watchers || c.Identifiers != watchers || c.Users != watchers || c.Sessions != watchers || c.Held != 0 {
		t.Errorf("the maps are not empty: %+v", c)
	}
	// An actor has a goroutine while it has something to do, such as to record it all.
	until(t, "as few goroutines as before", func() bool {
		return w.settled(t, watchers).Process.Goroutines <= before.Process.Goroutines
	})
	ends := after.Counters.Terminations
	if got := ends["eof"] + ends["reset"]; got != uint64(n) || len(ends) > 2 || after.Counters.Panics != 0 { //nolint:gosec // n > 0
		t.Errorf("terminations %v, panics %d", ends, after.Counters.Panics)
	}
	for _, y := range tallies {
		y.check(t, n)
	}
	t.Logf("%d sessions came in %v; %.1f KiB of resident memory each; the last notice came %v after the kill",
		n, came.Round(time.Millisecond), float64(rss-rssBefore)/float64(n)/1024, last.Round(time.Millisecond))
}

// settled waits until only the watchers' connections live.
func (w *world) settled(t *testing.T, live int64) admin.Vars {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		v := w.vars(t)
		if v.Counters.Live == live || time.Now().After(deadline) {
			return v
		}
	}
}

func (w *world) vars(t testing.TB) (v admin.Vars) {
	t.Helper()
	res, err := http.Get("http://" + w.admin + "/varz") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	defer http.DefaultClient.CloseIdleConnections()
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// rss is the process's resident memory, in bytes.
func (p *process) rss(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// tally is a watcher that counts what it is told of the crowd.
type tally struct {
	online, offline chan struct{} // closed when it was told of all

	mu     sync.Mutex
	states map[string]int // +1 for each online, +1000 for each offline
	order  error          // the first version that went backwards
}

func newTally(t *testing.T, server, name string, n int) *tally {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c, err := client.Dial(ctx, server, client.Options{User: name})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	watch, err := c.Watch(ctx)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	y := &tally{online: make(chan struct{}), offline: make(chan struct{}), states: make(map[string]int)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		y.run(watch.Events(), n)
	}()
	t.Cleanup(func() {
		cancel()
		_ = c.Close()
		<-done
	})
	return y
}

func (y *tally) run(events <-chan client.Event, n int) {
	var version uint64
	on, off := 0, 0
	for e := range events {
		y.mu.Lock()
		if e.Version < version && y.order == nil {
			y.order = fmt.Errorf("version %d after %d", e.Version, version)
		}
		version = e.Version
		if strings.HasPrefix(e.User, "crowd-") {
			switch {
			case e.Kind == client.Online:
				y.states[e.User]++
				if on++; on == n {
					close(y.online)
				}
			case e.Reason == wire.ReasonEOF || e.Reason == wire.ReasonReset:
				y.states[e.User] += 1000
				if off++; off == n {
					close(y.offline)
				}
			}
		}
		y.mu.Unlock()
	}
}

func (y *tally) wait(t *testing.T, all <-chan struct{}) {
	t.Helper()
	select {
	case <-all:
	case <-time.After(patience):
		y.mu.Lock()
		defer y.mu.Unlock()
		t.Fatalf("the watcher was told of %d users only", len(y.states))
	}
}

func (y *tally) check(t *testing.T, n int) {
	t.Helper()
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.order != nil {
		t.Error(y.order)
	}
	for i := range n {
		if got := y.states[crowdName(i)]; got != 1001 {
			t.Errorf("%s: told %d times of online, %d of offline", crowdName(i), got%1000, got/1000)
			return
		}
	}
}
