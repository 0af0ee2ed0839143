package supervisor_test

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/anthdm/hollywood/actor"
	"github.com/sirupsen/logrus"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// logbook is a logger of a test that keeps its lines.
type logbook struct {
	*logrus.Logger

	mu    sync.Mutex
	lines []*logrus.Entry
	throw bool
}

func newLogbook() *logbook {
	b := &logbook{Logger: logrus.New()}
	b.SetOutput(io.Discard)
	b.SetLevel(logrus.DebugLevel)
	b.AddHook(b)
	return b
}

// Levels and Fire make it a hook of its own logger.
func (*logbook) Levels() []logrus.Level { return logrus.AllLevels }

func (b *logbook) Fire(e *logrus.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, e)
	if b.throw {
		panic("the logger panics")
	}
	return nil
}

func (b *logbook) count(message string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.lines {
		if e.Message == message {
			n++
		}
	}
	return n
}

// kinds names the types of events.
func kinds(events []supervisor.Event) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = fmt.Sprintf("%T", e)
	}
	return out
}

// oneVisit is what one user who comes and goes leads to.
var oneVisit = []string{"actors.Established", "actors.UserOnline", "actors.Terminated", "actors.SessionEnded", "actors.UserOffline"}

// TestThrowingCallbacks: one subscriber that panics stops neither itself nor
// another nor the server. Guards N10.
func TestThrowingCallbacks(t *testing.T) {
	for _, throwing := range []string{"callback", "logger", "both"} {
		t.Run(throwing, func(t *testing.T) {
			log := newLogbook()
			cfg := supervisor.Config{Logger: log}
			log.throw = throwing != "callback"
			panics := uint64(len(oneVisit))
			if throwing != "logger" {
				cfg.OnEvent = func(supervisor.Event) { panic("the callback panics") }
			}
			if throwing == "both" {
				panics *= 2
			}
			inBubble(t, cfg, func(w *world) {
				sub := w.s.Subscribe(100)
				w.join("alice").cut()
				w.settle()
				sub.Stop()
				var seen []supervisor.Event
				for e := range sub.All() {
					seen = append(seen, e)
				}
				w.same("events", kinds(seen), oneVisit...)
				if n := w.s.Counters().HandlerPanics; n != panics {
					t.Errorf("%d panics were counted", n)
				}
				if n := log.count("a callback panicked"); n != int(panics) {
					t.Errorf("%d lines of log tell of them", n)
				}
				w.alive(w.join("bob"))
			})
		})
	}
}

// TestThrowingFilter: a filter that panics on the registry actor panics in its
// caller, and nowhere else. Guards N10.
func TestThrowingFilter(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		w.join("alice").cut()
		w.join("bob").cut()
		w.settle()
		func() {
			defer func() {
				if v := recover(); v != "in the filter" {
					t.Errorf("the panic came out as %v", v)
				}
			}()
			_, _ = w.s.Terminations(ctx, 0, 0, func(*supervisor.Termination) bool { panic("in the filter") })
			t.Error("it did not panic")
		}()
		w.alive(w.join("carol"))
	})
}

// TestLog: what an operator reads of one visit, and of one that ends badly.
func TestLog(t *testing.T) {
	log := newLogbook()
	inBubble(t, supervisor.Config{Logger: log}, func(w *world) {
		w.join("alice").cut()
		w.dial().raw([]byte("GET / HTTP/1.1\r\n\r\n"))
		w.settle()
	})
	for message, n := range map[string]int{
		"connection established": 1, "user online": 1, "user offline": 1,
		"connection terminated": 1, "handshake not finished": 1,
	} {
		if got := log.count(message); got != n {
			t.Errorf("%d lines say %q, want %d", got, message, n)
		}
	}
}

// TestSlowSubscriber: it loses the oldest events, is told how many, and holds
// nobody up. Guards N17, G6.
func TestSlowSubscriber(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		const room = 10
		sub := w.s.Subscribe(room)
		for i := range 25 {
			w.join(fmt.Sprint("user ", i)).cut()
			w.settle()
		}
		sub.Stop()
		var seen []supervisor.Event
		for e := range sub.All() {
			seen = append(seen, e)
		}
		if lost, ok := seen[0].(supervisor.EventsLost); !ok || lost.Count != uint64(25*len(oneVisit)-room) {
			t.Errorf("the first event is %+v", seen[0])
		}
		if len(seen) != 1+room {
			t.Fatalf("%d events were kept", len(seen))
		}
		if last, ok := seen[room].(supervisor.UserOffline); !ok || last.User != "user 24" {
			t.Errorf("the last event is %+v", seen[room])
		}
	})
}

// TestSubscriptionEnds: an iterator ends with its subscription, with the
// supervisor, or when its reader has enough; what came before is handed out.
func TestSubscriptionEnds(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		whole, stopped, early := w.s.Subscribe(100), w.s.Subscribe(100), w.s.Subscribe(100)
		read := func(sub *supervisor.Subscription, most int) <-chan []string {
			out := make(chan []string, 1)
			go func() {
				var seen []supervisor.Event
				for e := range sub.All() {
					if seen = append(seen, e); len(seen) == most {
						break
					}
				}
				out <- kinds(seen)
			}()
			return out
		}
		all, part, some := read(whole, 1000), read(stopped, 1000), read(early, 2)
		w.join("alice").cut()
		w.settle()
		stopped.Stop()
		stopped.Stop() // twice does no harm
		early.Stop()
		w.same("the stopped one", <-part, oneVisit...)
		w.same("the early one", <-some, oneVisit[:2]...)
		w.join("bob").cut()
		w.settle()
		w.down = true
		if err := w.s.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		w.same("the whole one", <-all, append(oneVisit, oneVisit...)...)
		for range w.s.Subscribe(1).All() {
			t.Error("an event after the shutdown")
		}
	})
}

// collector is an embedder's own actor.
type collector struct{ got []any }

func (c *collector) Receive(x *actor.Context) {
	if e, ok := x.Message().(supervisor.Event); ok {
		c.got = append(c.got, e)
	}
}

// TestActorSubscription: an actor gets every event as a message of its own type,
// until it unsubscribes, and its end harms nobody. Guards H9.
func TestActorSubscription(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		c, dead := new(collector), new(collector)
		pid := w.s.Engine().Spawn(func() actor.Receiver { return c }, "collector")
		gone := w.s.Engine().Spawn(func() actor.Receiver { return dead }, "dead")
		w.s.SubscribeActor(pid)
		w.s.SubscribeActor(gone)
		<-w.s.Engine().Poison(gone).Done()
		p := w.join("alice")
		p.cut()
		w.settle()
		if len(c.got) != len(oneVisit) || len(dead.got) != 0 {
			t.Fatalf("%d events came, %d to the dead", len(c.got), len(dead.got))
		}
		if end, ok := c.got[2].(supervisor.Terminated); !ok || end.Connection != p.id || end.Reason != wire.ReasonEOF {
			t.Errorf("the third is %+v", c.got[2])
		}
		w.s.UnsubscribeActor(pid)
		w.join("bob").cut()
		w.settle()
		if len(c.got) != len(oneVisit) {
			t.Errorf("%d events after it unsubscribed", len(c.got)-len(oneVisit))
		}
		<-w.s.Engine().Poison(pid).Done()
		synctest.Wait()
	})
}
