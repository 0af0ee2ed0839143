package actors

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/anthdm/hollywood/actor"
)

// probe is a receiver that does what the test says, and notes what it was asked.
type probe struct {
	guard
	mu    sync.Mutex
	log   []string
	does  func(msg any)
	turns func()
	mends func()
	quits func() bool
	ends  int
}

func newProbe(t *testing.T, id string, hooks *Hooks) *probe {
	t.Helper()
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		t.Fatal(err)
	}
	p := &probe{}
	p.init(&family{engine: engine, name: id, hooks: hooks}, 0, p)
	return p
}

func (p *probe) note(format string, args ...any) {
	p.mu.Lock()
	p.log = append(p.log, fmt.Sprintf(format, args...))
	p.mu.Unlock()
}

// told returns what was noted since the last call.
func (p *probe) told() string {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := strings.Join(p.log, " ")
	p.log = nil
	return s
}

func (p *probe) receive(msg any) {
	p.note("%v", msg)
	if p.does != nil {
		p.does(msg)
	}
	if msg == "stop" {
		p.stop()
	}
}

func (p *probe) turn() {
	p.note("turn")
	if p.turns != nil {
		p.turns()
	}
}

func (p *probe) recovered(msg, value any, stack []byte) {
	p.note("recovered(%v,%v)", msg, value)
	if !strings.Contains(string(stack), "panic") {
		p.note("no stack")
	}
	if p.mends != nil {
		p.mends()
	}
}

func (p *probe) gone() { p.ends++ }

func (p *probe) abandoned() bool {
	p.note("abandoned")
	return p.quits != nil && p.quits()
}

// tellAll makes the messages one batch: the actor starts when all are there.
func (p *probe) tellAll(msgs ...any) {
	for _, m := range msgs {
		p.tell(m)
	}
	p.spawn()
}

func boom() { panic("boom") }

func onBad(f func()) func(any) {
	return func(msg any) {
		if msg == "bad" {
			f()
		}
	}
}

// guards H1, H5, S2: a panic costs the message that made it, and nothing else:
// not the process, not the actor, not the messages behind it or their order.
func TestGuardSurvivesPanics(t *testing.T) {
	tests := []struct {
		name  string
		set   func(*probe)
		batch []any
		want  string
	}{
		{"none", func(*probe) {}, []any{1, 2}, "1 2 turn"},
		{"receive", func(p *probe) { p.does = onBad(boom) }, []any{1, "bad", 2},
			"1 bad recovered(bad,boom) 2 turn"},
		{"two in a row", func(p *probe) { p.does = onBad(boom) }, []any{"bad", "bad", 2},
			"bad recovered(bad,boom) bad recovered(bad,boom) 2 turn"},
		{"turn", func(p *probe) { p.turns = boom }, []any{1},
			"1 turn recovered(<nil>,boom)"},
		{"recovered", func(p *probe) { p.does, p.mends = onBad(boom), boom }, []any{1, "bad", 2},
			"1 bad recovered(bad,boom) abandoned 2 turn"},
		{"recovered of a turn", func(p *probe) { p.turns, p.mends = boom, boom }, []any{1},
			"1 turn recovered(<nil>,boom) abandoned"},
		{"abandoned says stop", func(p *probe) {
			p.does, p.mends, p.quits = onBad(boom), boom, func() bool { return true }
		}, []any{1, "bad", 2}, "1 bad recovered(bad,boom) abandoned"},
		{"abandoned", func(p *probe) {
			p.does, p.mends, p.quits = onBad(boom), boom, func() bool { panic("again") }
		}, []any{1, "bad", 2}, "1 bad recovered(bad,boom) abandoned"},
		{"nil", func(p *probe) { p.does = onBad(func() { panic(nil) }) }, []any{"bad", 2},
			"bad recovered(bad,panic called with nil argument) 2 turn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newProbe(t, "test/probe", nil)
				tt.set(p)
				p.tellAll(tt.batch...)
				if got := p.told(); got != tt.want {
					t.Errorf("%s; want %s", got, tt.want)
				}
				stopped := strings.HasPrefix(tt.name, "abandoned")
				p.turns, p.mends, p.quits = nil, nil, nil
				p.tell("more")
				if want := "more turn"; !stopped && p.told() != want {
					t.Error("it is dead")
				} else if stopped && p.told() != "" {
					t.Error("it lives on")
				}
				if (p.ends == 1) != stopped {
					t.Errorf("ended %d times", p.ends)
				}
			})
		})
	}
}

// A hook that panics is a receiver that panics.
func TestGuardCoversHooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, "test/probe", &Hooks{BeforeReceive: func(id string, msg any) {
			if id != "test/probe" {
				t.Errorf("the hook was told of %q", id)
			}
			onBad(boom)(msg)
		}})
		p.tellAll(1, "bad", 2)
		if got, want := p.told(), "1 recovered(bad,boom) 2 turn"; got != want {
			t.Errorf("%s; want %s", got, want)
		}
	})
}

// guards H2: an actor stops once, by its own decision, in the middle of a batch
// too; what waits behind it and what comes later is dropped, and a poison pill
// does nothing.
func TestGuardStopsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, "test/probe", nil)
		p.does = func(msg any) {
			if msg == "stop" {
				p.stop() // and the probe does it once more
			}
		}
		p.spawn()
		if !p.PID().Equals(p.of.engine.Registry.GetPID("test", "probe")) {
			t.Fatal("the engine does not know it")
		}
		// Both pills reach the receiver as messages that mean nothing to it.
		pill := p.of.engine.Poison(p.PID())
		p.of.engine.Stop(p.PID())
		p.told()
		if pill.Err() != nil || p.ends != 0 {
			t.Error("a pill has stopped it")
		}
		p.Shutdown()
		p.tell(1)
		if got, want := p.told(), "1 turn"; got != want {
			t.Errorf("%s; want %s", got, want)
		}
		p.tell("stop")
		p.tell(2)
		if got := p.told(); strings.Contains(got, "turn") || !strings.HasPrefix(got, "stop") {
			t.Errorf("behind the stop came: %s", got)
		}
		p.tell(3)
		p.Send(p.PID(), 4, nil)
		if got := p.told(); got != "" || p.ends != 1 {
			t.Errorf("after the stop came %q, ended %d times", got, p.ends)
		}
		if p.of.engine.Registry.GetPID("test", "probe") != nil {
			t.Error("the engine still knows it")
		}
	})
}

// A stop in a batch ends the batch.
func TestGuardStopsWithinABatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, "test/probe", nil)
		p.tellAll(1, "stop", 2, "stop")
		if got, want := p.told(), "1 stop"; got != want || p.ends != 1 {
			t.Errorf("%s, ended %d times; want %s", got, p.ends, want)
		}
	})
}

// guards H7: an idle actor's mailbox holds no room, and it grows without losing
// or turning round anything.
func TestGuardInboxGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, "test/probe", nil)
		gate, next := make(chan struct{}), 0
		p.does = func(msg any) {
			if msg == "wait" {
				<-gate
				return
			}
			if msg != next {
				t.Errorf("%v came instead of %d", msg, next)
			}
			next++
		}
		p.spawn()
		p.tell("wait")
		synctest.Wait()
		const n = 10_000 // more than hollywood takes at a time
		for i := range n {
			p.tell(i)
		}
		close(gate)
		synctest.Wait()
		if next != n {
			t.Errorf("%d of %d came", next, n)
		}
		if p.box.first != nil || p.box.more != nil {
			t.Error("an idle mailbox holds something")
		}
	})
}

// Messages that come through the engine are like those that come straight.
func TestGuardTakesEngineMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProbe(t, "test/probe", nil)
		p.spawn()
		p.of.engine.Send(p.PID(), "hello")
		if got, want := p.told(), "hello turn"; got != want {
			t.Errorf("%s; want %s", got, want)
		}
	})
}

// BenchmarkGuard measures what the guard adds to a message: no allocation
// (H1).
func BenchmarkGuard(b *testing.B) {
	g := &guard{of: new(family), to: quiet{}}
	batch := []any{tick{}}
	b.ReportAllocs()
	for b.Loop() {
		g.batch(batch)
	}
}

type quiet struct{}

func (quiet) receive(any)                  {}
func (quiet) turn()                        {}
func (quiet) gone()                        {}
func (quiet) recovered(_, _ any, _ []byte) {}
func (quiet) abandoned() bool              { return false }
