package actors

import (
	"slices"
	"sync"
	"testing"

	"github.com/anthdm/hollywood/actor"
)

// member is an actor that says whom it is, and what it has got, when it is run.
type member struct {
	guard
	crew crew
	do   func(msg any)
}

func (m *member) receive(msg any)                { m.do(msg) }
func (*member) turn()                            {}
func (*member) recovered(_, value any, _ []byte) { panic(value) }
func (*member) gone()                            {}
func (*member) abandoned() bool                  { return true }

// begin starts the actor here, so that it is idle then.
func (m *member) begin() {
	if m.box.open() {
		m.run()
	}
}

// teller is a member with a crew.
type teller struct{ member }

func (t *teller) woken() *crew { return &t.crew }

func testEngine(t *testing.T) *actor.Engine {
	t.Helper()
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func newMember(engine *actor.Engine, name string, do func(any)) *member {
	m := &member{do: do}
	m.init(&family{engine: engine, name: name}, 0, m)
	m.begin()
	return m
}

func newTeller(engine *actor.Engine, do func(*teller, any)) *teller {
	t := new(teller)
	t.do = func(msg any) { do(t, msg) }
	t.init(&family{engine: engine, name: "teller"}, 0, t)
	t.begin()
	return t
}

// Everybody who is told through a crew is run, with everything in the order of
// telling, also by an actor that stops in that turn.
func TestCrewRunsAll(t *testing.T) {
	const members, each = 5*crewSize + 3, 10
	engine := testEngine(t)
	var heard sync.WaitGroup
	heard.Add(members * each)
	all := make([]*member, members)
	got := make([][]any, members) // each by its member alone, until heard
	for i := range all {
		all[i] = newMember(engine, itoa(uint64(i)), func(msg any) {
			got[i] = append(got[i], msg)
			heard.Done()
		})
	}
	newTeller(engine, func(t *teller, _ any) {
		for n := range each {
			for i, m := range all {
				if (i+n)%3 == 0 {
					t.crew.tellLast(&m.guard, n)
				} else {
					t.crew.tell(&m.guard, n)
				}
			}
		}
		t.stop()
	}).tell(tick{})
	heard.Wait()
	for i, g := range got {
		if len(g) != each || !slices.IsSortedFunc(g, func(a, b any) int { return a.(int) - b.(int) }) {
			t.Errorf("member %d: %v", i, g)
		}
	}
}

// Nobody waits for an actor that always has something to do.
func TestCrewOfABusyActor(t *testing.T) {
	engine := testEngine(t)
	reached := make(chan struct{})
	m := newMember(engine, "member", func(any) { close(reached) })
	ended := make(chan struct{})
	told := false
	newTeller(engine, func(t *teller, _ any) {
		if !told {
			told = true
			t.crew.tellLast(&m.guard, tick{})
		}
		select {
		case <-reached:
			close(ended)
		default:
			t.tell(tick{}) // the next turn
		}
	}).tell(tick{})
	<-ended
}

// Who can wait is run behind the others.
func TestCrewOrder(t *testing.T) {
	engine := testEngine(t)
	order := make(chan string, 3)
	late := newMember(engine, "late", func(any) { order <- "late" })
	soon := newMember(engine, "soon", func(any) { order <- "soon" })
	other := newMember(engine, "other", func(any) { order <- "other" })
	newTeller(engine, func(t *teller, _ any) {
		t.crew.tellLast(&late.guard, tick{})
		t.crew.tell(&soon.guard, tick{})
		t.crew.tell(&other.guard, tick{})
	}).tellHere(tick{})
	if got := [3]string{<-order, <-order, <-order}; got != [3]string{"soon", "other", "late"} {
		t.Error(got)
	}
}
