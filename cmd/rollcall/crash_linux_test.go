package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// crashes is how often the server is killed, and how large the fleet is:
// ROLLCALL_TEST_CRASHES times with two thousand clients, or what does not hold the
// other tests up.
func crashes(t *testing.T) (rounds, fleet int, grace time.Duration) {
	t.Helper()
	text := os.Getenv("ROLLCALL_TEST_CRASHES")
	if text == "" {
		return 2, 200, 4 * time.Second
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("ROLLCALL_TEST_CRASHES is %q", text)
	}
	return n, 2000, 8 * time.Second
}

// ledger is a watcher that notes, for each user, what it was told of it.
type ledger struct {
	name string

	mu    sync.Mutex
	told  map[string][]client.Event
	epoch uint64
	order error // the first version that went backwards within an epoch
	state []string
}

func newLedger(t *testing.T, server, name string) *ledger {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &ledger{name: name, told: make(map[string][]client.Event)}
	c, err := client.Dial(ctx, server, client.Options{
		User: name, Interval: time.Minute, Timeout: 10 * time.Minute,
		// Back well within the grace: the default of 10 s is for graces as long as the server's default.
		Backoff: client.Backoff{Max: time.Second},
		OnState: func(s client.State) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.state = append(l.state, fmt.Sprintf("%s %v %v", time.Now().Format("05.000"), s.Phase, s.Err))
		},
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	watch, err := c.Watch(ctx)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		version := uint64(0)
		for e := range watch.Events() {
			l.mu.Lock()
			if e.Epoch == l.epoch && e.Version < version && l.order == nil {
				l.order = fmt.Errorf("version %d after %d", e.Version, version)
			}
			l.epoch, version = e.Epoch, e.Version
			if e.User != "" {
				l.told[e.User] = append(l.told[e.User], e)
			}
			l.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = c.Close()
		<-done
	})
	return l
}

// story is what the watcher was told of a user, in words.
func (l *ledger) story(user string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var words []string
	for _, e := range l.told[user] {
		switch {
		case e.Kind == client.Online:
			words = append(words, "online")
		case e.Reason == wire.ReasonEOF || e.Reason == wire.ReasonReset:
			words = append(words, "cut")
		default:
			words = append(words, e.Reason.String())
		}
	}
	return strings.Join(words, " ")
}

// states are the last of the watcher's own.
func (l *ledger) states() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.state[max(0, len(l.state)-20):], "\n")
}

// fleet are live clients in the test's own process.
type fleet struct {
	t      *testing.T
	server string
	names  []string

	mu    sync.Mutex
	conns []*raw
}

// come logs users in, 64 at a time. A server that is killed meanwhile is no
// error.
func (f *fleet) come(users []string, killed bool) {
	f.t.Helper()
	var wg sync.WaitGroup
	next := make(chan string)
	for range 64 {
		wg.Go(func() {
			for user := range next {
				r, err := rawLogin(context.Background(), f.server, user, 0)
				if err != nil {
					if !killed {
						f.t.Errorf("%s: %v", user, err)
					}
					continue
				}
				f.mu.Lock()
				f.conns = append(f.conns, r)
				f.mu.Unlock()
			}
		})
	}
	for _, u := range users {
		next <- u
	}
	close(next)
	wg.Wait()
}

// go lets go of all connections.
func (f *fleet) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.conns {
		r.close()
	}
	f.conns = nil
}

// crashWorld is a server that is killed and started again, its watchers, and its
// fleets.
type crashWorld struct {
	*world
	t       *testing.T
	data    string
	grace   time.Duration
	ledgers []*ledger
	random  *rand.Rand
}

func (w *crashWorld) again() {
	w.t.Helper()
	w.process = spawn(w.t, nil, binary, w.args()...)
	w.process.see("listening on " + w.server)
}

func (w *crashWorld) args() []string {
	return []string{
		"serve", "--listen", w.server, "--admin", w.admin, "--data", w.data, "--log-level", "error",
		"--heartbeat", "5m", "--timeout", "10m", "--grace-restart", w.grace.String(),
	}
}

// onRoll waits until the roll on the disk holds all of users.
func (w *crashWorld) onRoll(users []string) {
	w.t.Helper()
	until(w.t, "all are on the roll", func() bool {
		view, err := record.OpenReadOnly(filepath.Join(w.data, recordDir))
		if err != nil {
			return false
		}
		defer func() { _ = view.Close() }()
		held := make(map[string]bool, len(view.Left.Users))
		for _, u := range view.Left.Users {
			held[u.User] = true
		}
		return !slices.ContainsFunc(users, func(u string) bool { return !held[u] })
	})
}

// all waits until every watcher was told a story of every user.
func (w *crashWorld) all(users []string, story string) {
	w.t.Helper()
	for late := time.Now().Add(patience); ; {
		wrong := ""
		for _, l := range w.ledgers {
			for _, u := range users {
				if have := l.story(u); have != story {
					wrong = fmt.Sprintf("%s was told %q of %s, not %q\n%s", l.name, have, u, story, l.states())
					break
				}
			}
		}
		if wrong == "" {
			return
		}
		if time.Now().After(late) {
			w.t.Fatal(wrong)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// moment lets a random time pass, below most.
func (w *crashWorld) moment(most time.Duration) {
	<-time.After(time.Duration(w.random.Int64N(int64(most))))
}

// The server is killed at random moments, with a fleet online, and started again.
// Half of it returns at once, a quarter after half of the grace, a quarter never:
// nobody who returns was ever shown offline, and each of those who do not is told
// of once, to each watcher, with node_lost. In every other round the server is
// killed once more, within the grace.
//
// guards G7, P2
func TestCrash(t *testing.T) {
	rounds, n, grace := crashes(t)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any
	t.Logf("seed %d", seed)
	w := &crashWorld{
		t: t, data: filepath.Join(t.TempDir(), "data"), grace: grace,
		random: rand.New(rand.NewPCG(seed, 0)), //nolint:gosec // a test
		world:  &world{serving: &serving{shell: newShell(t)}},
	}
	w.server, w.admin = "127.0.0.1:0", "127.0.0.1:0"
	w.process = spawn(t, nil, binary, w.args()...)
	w.server, w.admin = addresses(t, w.process.see("listening on "))
	for i := range 3 {
		w.ledgers = append(w.ledgers, newLedger(t, w.server, fmt.Sprintf("watcher-%d", i)))
	}
	for round := range rounds {
		w.round(round, n)
		if t.Failed() {
			return
		}
	}
	for _, l := range w.ledgers {
		l.mu.Lock()
		if l.order != nil {
			t.Errorf("%s: %v", l.name, l.order)
		}
		l.mu.Unlock()
	}
}

func (w *crashWorld) round(round, n int) {
	t := w.t
	f := &fleet{t: t, server: w.server}
	for i := range n {
		f.names = append(f.names, fmt.Sprintf("r%02d-%04d", round, i))
	}
	half, quarter, never := f.names[:n/2], f.names[n/2:3*n/4], f.names[3*n/4:]
	began := time.Now()
	f.come(f.names, false)
	w.all(f.names, "online")
	w.onRoll(f.names)
	durable := time.Since(began)

	// Others come and go, so that the roll is being written at that moment.
	churn := &fleet{t: t, server: w.server}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 50 {
			churn.come([]string{fmt.Sprintf("churn-%d", i%10)}, true)
			if i%3 == 0 {
				churn.leave()
			}
		}
		churn.leave()
	}()
	w.moment(300 * time.Millisecond)
	killed := time.Now()
	w.kill(t)
	<-done
	f.leave()
	w.again()
	begun := time.Now()
	f.come(half, false)
	if round%2 == 1 { // once more, within the grace
		w.onRoll(half) // what was not known to the disk is no promise
		w.moment(w.grace / 4)
		w.kill(t)
		f.leave()
		w.again()
		begun = time.Now()
		f.come(half, false)
	}
	<-time.After(time.Until(begun.Add(w.grace / 2)))
	f.come(quarter, false)
	if late := time.Since(begun); late > w.grace-w.grace/8 {
		t.Logf("the machine is too slow for this grace: %v of %v", late, w.grace)
	}
	w.all(never, "online node_lost")
	returned := slices.Concat(half, quarter)
	for _, l := range w.ledgers {
		for _, u := range returned {
			if story := l.story(u); story != "online" {
				t.Errorf("%s was told %q of %s, who came back in time", l.name, story, u)
			}
		}
		l.mu.Lock()
		for _, u := range never {
			if at := l.told[u][1].At; at.After(killed) || at.Before(killed.Add(-2*time.Second)) {
				t.Errorf("%s was told that %s was last known at %v; the kill was at %v", l.name, u, at, killed)
				break
			}
		}
		l.mu.Unlock()
	}
	f.leave()
	w.all(returned, "online cut")
	w.all(never, "online node_lost")
	t.Logf("round %d: %d clients; on the roll of the disk %v after the first of them came", round, n, durable.Round(time.Millisecond))
}

// A server that stood still shows in the accounts of those whom it affected: a
// client that went away meanwhile, and one whose answer came late.
//
// guards P4, P6
func TestStallShowsInAccounts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	w := serveProcess(t, "--data", dir, "--heartbeat", "500ms", "--timeout", "1s", "--log-level", "error")
	watcher := w.watch()
	r, err := rawLogin(t.Context(), w.server, "affected", 0) // it answers no ping
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	watcher.see(`"event":"online"`, `"user":"affected"`)
	w.process.freeze()
	<-time.After(3 * time.Second) // longer than the timeout
	w.process.thaw()
	watcher.see(`"event":"offline"`, `"user":"affected"`)
	s := newShell(t)
	s.env["ROLLCALL_ADMIN"] = w.admin
	text := s.want(exitOK, "why", "affected").out
	if !strings.Contains(text, "heartbeat_timeout") || !strings.Contains(text, "stood still") {
		t.Errorf("the account says:\n%s", text)
	}
	t.Log(text)
}
