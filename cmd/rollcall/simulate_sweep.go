package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/rollcall/simulations"
)

// sweepResult is what many runs were.
type sweepResult struct {
	Scenario string                 `json:"scenario"`
	First    uint64                 `json:"first"`
	Seeds    int                    `json:"seeds"` // how many were lived
	Failures []*simulations.Failure `json:"failures"`
	Lived    time.Duration          `json:"lived_ns"`
	Took     time.Duration          `json:"took_ns"`
	Steps    uint64                 `json:"steps"`
	Clients  int                    `json:"clients,omitempty"` // of one run
	Memory   uint64                 `json:"memory,omitempty"`  // in bytes, that one run took
	Trace    string                 `json:"trace,omitempty"`
	Kept     string                 `json:"kept,omitempty"`    // the file of the failure that was made smaller
	Smaller  int                    `json:"smaller,omitempty"` // how many operations are left in it
	Timeline string                 `json:"timeline,omitempty"`
	Idle     []string               `json:"idle,omitempty"` // faults that never mattered
	Tally    simulations.Tally      `json:"tally"`
	// Missing are faults that were asked for by name and never injected.
	Missing []string `json:"missing,omitempty"`
	// Told is the failure that a replayed file tells of; nil: none.
	Told *toldFailure `json:"told,omitempty"`

	report    string                   // the file of the report; empty: none
	brokenOff bool                     // the one run was
	repeat    func(seed uint64) string // the command that lives a run again
}

// sweep runs seeds in processes of their own: a panic in a goroutine ends a
// process, and a lock that is never released would stand still for ever.
type sweep struct {
	f       *simulateFlags
	program string
	env     []string
	cancel  context.CancelFunc
	out     *printer
	live    bool // tells its progress
	began   time.Time

	mu     sync.Mutex
	result sweepResult
	told   time.Time
}

func (p *program) simulateSweep(ctx context.Context, f *simulateFlags) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &sweep{f: f, program: program, cancel: cancel, out: p.printer(p.err), live: !f.asJSON, env: append(os.Environ(), "GOMAXPROCS=1")}
	s.result = sweepResult{Scenario: f.scenario, First: f.seed, Failures: []*simulations.Failure{}, Tally: simulations.NewTally()}
	s.began = time.Now()
	s.told = s.began
	n := min(f.parallel, f.seeds)
	errs := make(chan error, n)
	for i := range n {
		seeds := (f.seeds - i + n - 1) / n
		go func() { errs <- s.worker(run, f.seed+uint64(i), seeds, n) }() //nolint:gosec // positive
	}
	for range n {
		if e := <-errs; e != nil && err == nil && run.Err() == nil {
			err = e
			cancel()
		}
	}
	if err != nil && ctx.Err() == nil {
		return err
	}
	s.result.Took = time.Since(s.began)
	var plan simulations.Plan
	if len(s.result.Failures) > 0 {
		plan, err = simulations.NewPlan(f.scenario, f.params(s.result.Failures[0].Seed))
		if err != nil {
			return err
		}
	}
	if err := p.simulateEnd(ctx, f, &s.result, plan); err != nil {
		return err
	}
	return context.Cause(ctx) // nil, unless it was interrupted: then what was lived was told
}

// left is what is left of the budget, 0 if there is none.
func (s *sweep) left() time.Duration {
	if s.f.budget == 0 {
		return 0
	}
	return max(s.f.budget-time.Since(s.began), 1)
}

// worker lives so many seeds, in one process after another if it has to.
func (s *sweep) worker(ctx context.Context, first uint64, seeds, stride int) error {
	for seeds > 0 && ctx.Err() == nil {
		lived, at, why, err := s.process(ctx, first, seeds, stride)
		if err != nil {
			return err
		}
		if why == "" || ctx.Err() != nil {
			return nil
		}
		s.failed(&simulations.Failure{
			Seed: at, Scenario: s.f.scenario, Guarantee: "process", Expected: "a run that comes to its end", Seen: why,
		})
		first += uint64(lived+1) * uint64(stride) //nolint:gosec // positive
		seeds -= lived + 1
	}
	return nil
}

// process lives seeds in one process, and tells how many it lived to the end,
// and why it did not come further.
func (s *sweep) process(ctx context.Context, first uint64, seeds, stride int) (lived int, at uint64, why string, err error) {
	f := s.f
	args := []string{
		"simulate", "--worker", "--scenario", f.scenario, "--seed", strconv.FormatUint(first, 10),
		"--seeds", strconv.Itoa(seeds), "--stride", strconv.Itoa(stride), "--clients", strconv.Itoa(f.clients),
		"--budget", s.left().String(), "--duration", f.duration.String(), "--faults", f.faults, "--density", fmt.Sprint(f.density),
	}
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Env = s.env
	// Asked to quit, it tells where its goroutines stand before it goes.
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
	cmd.WaitDelay = quitWithin
	var words bytes.Buffer
	cmd.Stderr = &words
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return 0, first, "", err
	}
	if err := cmd.Start(); err != nil {
		return 0, first, "", err
	}
	var late atomic.Bool
	watchdog := time.AfterFunc(f.patience, func() { late.Store(true); kill() })
	defer watchdog.Stop()
	at = first
	lines := bufio.NewReaderSize(stdout, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		watchdog.Reset(f.patience)
		var l workerLine
		if json.Unmarshal(line, &l) != nil {
			continue
		}
		switch {
		case l.Begin != nil:
			at = *l.Begin
		case l.Result != nil:
			lived++
			s.add(l.Result)
		case l.Tally != nil:
			s.mu.Lock()
			s.result.Tally.Add(*l.Tally)
			s.mu.Unlock()
		}
	}
	err = cmd.Wait()
	switch {
	case late.Load():
		why = fmt.Sprintf("it took more than %v of real time; its goroutines: %s", f.patience, head(words.String(), 16<<10))
	case err != nil && lived < seeds:
		why = fmt.Sprintf("%v: %s", err, tail(words.String(), 2000))
	}
	return lived, at, why, nil
}

// quitWithin is how long a process that is asked to quit may take for it.
const quitWithin = 5 * time.Second

func head(s string, n int) string { return s[:min(len(s), n)] }
func tail(s string, n int) string { return s[max(len(s)-n, 0):] }

// add takes in one run.
func (s *sweep) add(r *simulations.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Seeds++
	s.result.Lived += r.Lived
	s.result.Steps += r.Steps
	if r.Failure != nil {
		s.fail(r.Failure)
	}
	if s.live && time.Since(s.told) > tellEvery {
		s.told = time.Now()
		s.out.line("%d of %d seeds, %.1f virtual hours, %s", s.result.Seeds, s.f.seeds, s.result.Lived.Hours(), count(len(s.result.Failures), "failure"))
	}
}

func (s *sweep) failed(f *simulations.Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Seeds++
	s.fail(f)
}

func (s *sweep) fail(f *simulations.Failure) {
	s.result.Failures = append(s.result.Failures, f)
	if s.live {
		s.out.line("seed %d failed %s", f.Seed, f.Guarantee)
	}
	if !s.f.keepGoing {
		s.cancel()
	}
}
