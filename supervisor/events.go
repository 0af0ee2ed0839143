package supervisor

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/anthdm/hollywood/actor"
)

// dispatcher hands the herald's events to all subscribers. It never blocks: an
// actor's inbox takes what comes, and a subscription drops what it has no room
// for.
type dispatcher struct {
	// static after construction
	engine *actor.Engine
	buffer int
	report func(panicked any) // told of a callback's panic; may be nil

	// atomic
	panics atomic.Uint64 // of callbacks

	// owned by whoever holds mu
	mu     sync.RWMutex
	pids   []*actor.PID
	subs   []*Subscription
	closed bool

	callbacks sync.WaitGroup
}

func (d *dispatcher) init(engine *actor.Engine, buffer int, report func(panicked any)) {
	d.engine, d.buffer, d.report = engine, buffer, report
}

// publish runs on the herald actor.
func (d *dispatcher) publish(e Event) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, pid := range d.pids {
		d.engine.Send(pid, e)
	}
	for _, s := range d.subs {
		s.push(e)
	}
}

func (d *dispatcher) subscribe(buffer int) *Subscription {
	s := &Subscription{ring: ring{room: max(buffer, 1)}, from: d}
	s.more.L = &s.mu
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		s.closed = true
		return s
	}
	d.subs = append(d.subs, s)
	return s
}

// callback runs f for each event on a goroutine of its own.
func (d *dispatcher) callback(f func(Event)) {
	s := d.subscribe(d.buffer)
	d.callbacks.Go(func() {
		for e := range s.All() {
			d.call(f, e)
		}
	})
}

// call runs f for one event. A panic in it stays in it (N10): it is counted and
// reported, and f gets the events that follow.
func (d *dispatcher) call(f func(Event), e Event) {
	defer func() {
		if v := recover(); v != nil {
			d.panics.Add(1)
			defer func() { _ = recover() }() // the logger may be what panics
			if d.report != nil {
				d.report(v)
			}
		}
	}()
	f(e)
}

// close ends all subscriptions when they have handed out what they hold, and
// waits for the callbacks, but no longer than ctx.
func (d *dispatcher) close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	subs := d.subs
	d.subs, d.pids = nil, nil
	d.mu.Unlock()
	for _, s := range subs {
		s.end()
	}
	done := make(chan struct{})
	go func() {
		d.callbacks.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SubscribeActor sends all events from now on to an actor of the program's, as
// messages of the event types, with no loss: its inbox must keep up.
func (s *Supervisor) SubscribeActor(pid *actor.PID) {
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	if !s.events.closed {
		s.events.pids = append(s.events.pids, pid)
	}
}

// UnsubscribeActor ends SubscribeActor.
func (s *Supervisor) UnsubscribeActor(pid *actor.PID) {
	s.events.mu.Lock()
	defer s.events.mu.Unlock()
	kept := s.events.pids[:0:0]
	for _, p := range s.events.pids {
		if !p.Equals(pid) {
			kept = append(kept, p)
		}
	}
	s.events.pids = kept
}

// Subscribe returns a subscription to all events from now on that holds at most
// buffer of them; when it is full the oldest are dropped, and an EventsLost says
// how many. Call its Stop when it is no longer read.
func (s *Supervisor) Subscribe(buffer int) *Subscription { return s.events.subscribe(buffer) }

// Subscription is a bounded queue of events with one reader.
type Subscription struct {
	// static after construction
	from *dispatcher

	// owned by whoever holds mu
	mu     sync.Mutex
	more   sync.Cond
	ring   ring
	lost   uint64
	closed bool
}

func (s *Subscription) push(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if s.ring.push(e) {
		s.lost++
	}
	s.more.Signal()
}

// next waits for an event.
func (s *Subscription) next() (Event, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.ring.n == 0 && !s.closed {
		s.more.Wait()
	}
	if s.lost > 0 {
		e := EventsLost{Count: s.lost}
		s.lost = 0
		return e, true
	}
	return s.ring.pop()
}

// All returns an iterator over the events, in order. It waits for more, and
// ends after Stop or when the supervisor has shut down and all events are read.
// It has one reader at a time.
func (s *Subscription) All() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			e, ok := s.next()
			if !ok || !yield(e) {
				return
			}
		}
	}
}

// Stop ends the subscription; what it still holds can be read.
func (s *Subscription) Stop() {
	s.from.mu.Lock()
	kept := s.from.subs[:0:0]
	for _, other := range s.from.subs {
		if other != s {
			kept = append(kept, other)
		}
	}
	s.from.subs = kept
	s.from.mu.Unlock()
	s.end()
}

func (s *Subscription) end() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.more.Broadcast()
}
