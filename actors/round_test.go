package actors

import (
	"slices"
	"testing"
)

// roundOf returns a round of a system in which presence is told to few, or to many.
func roundOf(many bool) *round {
	r := &round{sys: new(System)}
	r.sys.manyTold.Store(many)
	return r
}

// What a round wakes is run at its end, on the same goroutine, in the order of
// waking, and so are those who are woken in turn.
func TestRoundEndsWithThoseItWoke(t *testing.T) {
	engine := testEngine(t)
	var order []string // of this goroutine
	last := newMember(engine, "last", func(any) { order = append(order, "last") })
	first := newTeller(engine, func(x *teller, _ any) {
		order = append(order, "first")
		x.crew.tell(&last.guard, tick{})
	})
	second := newMember(engine, "second", func(any) { order = append(order, "second") })
	r := roundOf(false)
	one := newMember(engine, "one", func(any) {
		order = append(order, "one")
		r.wake(&first.guard, tick{})
		r.wake(&second.guard, tick{})
		r.wake(&first.guard, tick{})
	})
	one.tellIn(r, tick{})
	if !slices.Equal(order, []string{"one"}) {
		t.Fatalf("before the end: %v", order)
	}
	if one.box.inRound {
		t.Error("the actor takes itself for one that is still run in the round")
	}
	r.end()
	r.end() // nothing is left
	if want := []string{"one", "first", "first", "last", "last", "second"}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
}

// Where the round must not run them itself, others do: while presence is told to
// many, for an actor that always has something to do, and when one wakes the next
// without an end. A poller's sockets wait for none of them.
func TestRoundHandsOver(t *testing.T) {
	engine := testEngine(t)
	t.Run("many are told", func(t *testing.T) {
		release, reached := make(chan struct{}), make(chan struct{})
		m := newMember(engine, "slow", func(any) { <-release; close(reached) })
		r := roundOf(true)
		r.wake(&m.guard, tick{})
		r.end()
		close(release) // after the end: the round did not wait for it
		<-reached
	})
	t.Run("a busy actor", func(t *testing.T) {
		release, reached := make(chan struct{}), make(chan struct{})
		var m *member
		turns := 0
		m = newMember(engine, "busy", func(any) {
			if turns++; turns == 1 {
				m.tell(tick{})
				return
			}
			<-release
			close(reached)
		})
		r := roundOf(false)
		r.wake(&m.guard, tick{})
		r.end()
		close(release)
		<-reached
	})
	t.Run("one wakes the next", func(t *testing.T) {
		release, reached := make(chan struct{}), make(chan struct{})
		hops := 0
		var pair [2]*teller
		for i := range pair {
			pair[i] = newTeller(engine, func(x *teller, _ any) {
				if hops++; hops <= roundHops {
					x.crew.tell(&pair[1-i].guard, tick{})
					return
				}
				<-release
				close(reached)
			})
		}
		r := roundOf(false)
		r.wake(&pair[0].guard, tick{})
		r.end()
		close(release)
		<-reached
	})
}

// Who is at work is told all the same, and runs it itself; so is who has stopped,
// for nothing.
func TestRoundTellsWhoIsAtWork(t *testing.T) {
	engine := testEngine(t)
	r := roundOf(false)
	began, release := make(chan struct{}), make(chan struct{})
	got := make(chan any, 2)
	m := newMember(engine, "at work", func(msg any) {
		got <- msg
		if msg == 1 {
			close(began)
			<-release
		}
	})
	m.tell(1)
	<-began
	m.tellIn(r, 2)
	close(release)
	if a, b := <-got, <-got; a != 1 || b != 2 {
		t.Errorf("got %v, then %v", a, b)
	}
	var gone *member
	gone = newMember(engine, "gone", func(any) { gone.stop() })
	gone.tellIn(r, tick{})
	gone.tellIn(r, tick{})
	r.wake(&gone.guard, tick{})
	r.end()
}
