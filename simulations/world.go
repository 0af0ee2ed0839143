package simulations

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
)

// World is one run: the server, its clients, the network between them, and what
// befalls them.
type World struct {
	// static after construction
	seed    uint64
	plan    Plan
	base    time.Time
	gate    *gate
	order   *rand.Rand // who goes on next
	embed   *Embed     // of this run: the embedding program's part; may be nil
	watched *Progress  // what is told of it meanwhile; may be nil

	tickets ticketPool
	wallOff atomic.Int64

	diskFailed atomic.Int64
	diskLast   atomic.Int64 // when it last did, in virtual time

	fileNames int // guarded by mu: makes names of files different

	// guarded by mu; the driver holds it while something is due
	mu        sync.Mutex
	agenda    agenda
	net       network
	life      *life
	lives     int
	booting   bool // a life is being built
	storage   storage
	clients   []*fleetClient
	watchers  []*fleetClient // those of them who watch everyone
	model     *model
	trace     *trace
	tally     tally
	failure   *Failure
	follow    *host    // whose life is told; nil: nobody's
	followed  string   // that client's user
	moments   []Moment // of that life
	stage     stage
	loose     bool // there is no gate: what the server tells its program may lag behind what it does
	corrupted bool // a link has changed bytes: numbers of messages are not what was sent
	alone     bool // no other run lives in this process: goroutines can be counted
	still     bool // everything was healed and had its time: checks of such a run begin to count

	// owned by the driver
	quick     []*ticket // scratch of pick
	steps     uint64
	panics    []panicOrder
	dirty     bool
	spawned   sync.WaitGroup
	looked    time.Duration // when all was looked at last
	brokenOff bool          // from outside
}

// stage is how far a run has come.
type stage uint8

const (
	living   stage = iota // operations and faults
	healing               // everything is whole again; all must converge
	stopping              // the server shuts down
	over
)

func (w *World) lock()   { w.mu.Lock() }
func (w *World) unlock() { w.mu.Unlock() }

func (w *World) now() time.Duration              { return time.Since(w.base) }
func (w *World) since(t time.Time) time.Duration { return t.Sub(w.base) }
func (w *World) at(t time.Duration, note string, do func()) *due {
	d := w.agenda.add(max(t, w.now()), note, do)
	if w.gate.off.Load() {
		w.gate.poke()
	}
	return d
}

// Options are how a run is watched.
type Options struct {
	Trace  io.Writer // gets one line for each thing that happens, and ends the run when it fails; may be nil
	NoGate bool      // the scheduler's order instead of the seed's, for the race detector
	Follow int       // whose life is told, counted from 1; 0: nobody's
	// Embed makes the embedding program's handlers, actors and checks; nil: there
	// are none. It is called once at the start of each run, so that what they share
	// is new each time: see [Embed].
	Embed func() *Embed

	Progress *Progress // tells how far the run is, and can break it off; may be nil
}

// ErrTrace is wrapped by the error of a run whose trace could not be written.
var ErrTrace = errors.New("simulations: writing the trace")

// Run lives through a plan. The error wraps ErrBubble when the run itself broke, and
// ErrTrace when Options.Trace has failed, which breaks the run off; what a check has
// found is in the result.
func Run(p Plan, o Options) (Result, error) {
	var r Result
	alone := running.Add(1) == 1
	defer running.Add(-1)
	var unwritten error
	err := inBubble(func() { r, unwritten = runInBubble(p, o, alone) })
	if err != nil {
		if r.Failure == nil {
			r.Failure = &Failure{Seed: p.Seed, Scenario: p.Scenario, Guarantee: breakage(err), Seen: firstLine(err.Error()), Expected: "an orderly end, with no goroutine left"}
		}
		return r, err
	}
	if unwritten != nil {
		return r, fmt.Errorf("%w: %w", ErrTrace, unwritten)
	}
	return r, nil
}

// running counts the runs of this process.
var running atomic.Int64

// breakage names the check that a broken run has failed.
func breakage(err error) string {
	if strings.Contains(err.Error(), "deadlock") {
		return "leak" // a goroutine that waits for ever
	}
	return "run"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func runInBubble(p Plan, o Options, alone bool) (r Result, unwritten error) {
	w := &World{
		seed: p.Seed, plan: p, base: time.Now(), gate: newGate(), order: stream(p.Seed, "order"),
		watched: o.Progress, trace: newTrace(o.Trace),
	}
	if o.Embed != nil {
		w.embed = o.Embed()
	}
	w.net.w = w
	w.gate.off.Store(o.NoGate)
	w.loose, w.alone = o.NoGate, alone
	w.model = newModel(w)
	w.tally = newTally()
	w.storage = newStorage()
	w.lock()
	w.boot()
	w.populate()
	if o.Follow > 0 && o.Follow <= len(w.clients) {
		c := w.clients[o.Follow-1]
		w.follow, w.followed = &c.host, c.plan.User
	}
	for i := range p.Ops {
		op := &p.Ops[i]
		w.at(op.At, op.Kind, func() { w.do(op) })
	}
	w.at(p.Duration, "heal", w.heal)
	w.unlock()
	w.drive()
	r = w.finish()
	return r, w.trace.err
}

// drive is the loop of the run.
func (w *World) drive() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		synctest.Wait()
		w.listen()
		if w.failure != nil || w.stage == over || !w.progress() {
			return
		}
		if w.grantOne() {
			continue
		}
		if w.doDue() {
			continue
		}
		if !w.gate.off.Load() {
			w.quiescent()
			if w.failure != nil {
				return
			}
		}
		w.sleep(timer)
	}
}

// listen takes in what the server has told its program.
func (w *World) listen() {
	w.lock()
	defer w.unlock()
	if w.life == nil || w.life.dead.Load() {
		return
	}
	for _, e := range w.life.drained() {
		w.dirty = true
		w.model.event(w.life, e)
	}
}

func (w *World) grantOne() bool {
	t := w.pick()
	if t == nil {
		return false
	}
	w.lock()
	w.trace.add(w.now(), t.key, t.what)
	w.maybePanic(t)
	w.unlock()
	w.steps++
	w.gate.grant(t)
	return true
}

// pick lets the seed choose. Goroutines of a plan's slow kind go last. It returns
// nil when nobody can go on.
func (w *World) pick() *ticket {
	ready, first := w.gate.ready()
	switch len(ready) {
	case 0:
		return nil
	case 1:
		return ready[0]
	}
	if first > 0 {
		if i := slices.IndexFunc(ready, (*ticket).goesFirst); i >= 0 {
			return ready[i]
		}
	}
	if slow := w.plan.Slow; slow != "" {
		quick := w.quick[:0]
		for _, t := range ready {
			if !strings.Contains(t.key, slow) {
				quick = append(quick, t)
			}
		}
		if w.quick = quick; len(quick) > 0 {
			ready = quick
		}
	}
	return ready[w.order.IntN(len(ready))]
}

// doDue does all that is due by now.
func (w *World) doDue() bool {
	did := false
	for {
		w.lock()
		d := w.agenda.pop(w.now())
		if d == nil {
			w.unlock()
			return did
		}
		did = true
		if d.note != "" {
			w.trace.add(w.now(), "world", d.note)
		}
		d.do()
		w.unlock()
		if w.failure != nil {
			return true
		}
	}
}

// sleep lets time go on to what comes next.
func (w *World) sleep(timer *time.Timer) {
	w.lock()
	next, ok := w.agenda.next()
	w.unlock()
	if !ok {
		next = w.now() + time.Hour
	}
	timer.Reset(max(next-w.now(), 0))
	if !w.gate.sleep() {
		return
	}
	select {
	case <-w.gate.wake:
	case <-timer.C:
	}
	w.gate.awake()
}

// fail notes the first check that has failed.
func (w *World) fail(guarantee, expected, seen string, args ...any) {
	if w.failure != nil || (w.loose && !w.still) {
		return
	}
	w.failure = &Failure{
		Seed: w.seed, Scenario: w.plan.Scenario, At: w.now(), Guarantee: guarantee, Expected: expected,
		Seen: fmt.Sprintf(seen, args...),
	}
	w.trace.tell(w.now(), guarantee, "FAILED: "+w.failure.Seen)
	w.failure.Last = w.trace.latest()
}

// finish ends everything and makes the result.
func (w *World) finish() Result {
	w.lock()
	w.tally.Effects["disk failed"] += int(w.diskFailed.Load())
	r := Result{
		Seed: w.seed, Scenario: w.plan.Scenario, Lived: w.now(), Steps: w.steps, Trace: w.trace.Sum(), Failure: w.failure,
		Tally: w.tally, Life: w.moments, BrokenOff: w.brokenOff,
	}
	w.abolish()
	w.unlock()
	w.spawned.Wait()
	return r
}

// abolish lets everything that is left of a run end by itself, unseen.
func (w *World) abolish() {
	w.gate.off.Store(true)
	for _, c := range w.clients {
		c.abolish()
	}
	if l := w.life; l != nil {
		w.kill(l)
	}
	w.gate.releaseAll()
}

// kill makes a life of the server one that nobody sees: a crash. What is left
// of it ends in the background; nothing that it does leaves it any more.
func (w *World) kill(l *life) {
	if l.dead.Swap(true) {
		return
	}
	close(l.died)
	l.held.Store(false)
	l.listener.closed = true
	for _, k := range w.net.links {
		if k != nil && k.life == l && k.srv != nil {
			w.agenda.drop(k.srv.limit)
			w.agenda.drop(k.srv.expiry)
			k.up.tell()
			k.down.wakeWriter()
		}
	}
	if l.listener.waits {
		l.listener.waits = false
		l.listener.t.pass <- struct{}{}
	}
	w.gate.release(&l.host)
	w.spawned.Add(1)
	go func() {
		defer w.spawned.Done()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = l.s.Shutdown(ctx)
		<-l.served
		l.retire()
	}()
}

// query asks the server something between two moments. It reports false when
// the server cannot be asked now.
func (w *World) query(f func(ctx context.Context, s *supervisor.Supervisor)) bool {
	l := w.life
	if l == nil || l.dead.Load() || l.held.Load() {
		return false
	}
	l.ask(func(ctx context.Context) { f(ctx, l.s) })
	return true
}

// go1 runs what waits for the server on a goroutine of its own.
func (w *World) go1(f func()) {
	w.spawned.Add(1)
	go func() {
		defer w.spawned.Done()
		f()
	}()
}
