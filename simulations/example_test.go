package simulations_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/simulations"
	"example.com/rollcall/supervisor"
)

// An embedding program puts its own handler into the world: a counter that every
// client may raise. Clients vanish, reset, and come back meanwhile, and its own
// check is made whenever nothing moves.
func Example() {
	plan, err := simulations.NewPlan("office", simulations.Params{Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 50 {
		plan.Ops = append(plan.Ops, simulations.Op{
			At: time.Duration(i+3) * 10 * time.Second, Kind: "request", Client: i % 8, Text: "raise", Body: `{"by":3}`,
		})
	}
	var raised map[string]uint64
	embed := func() *simulations.Embed { // called for each run: all is new
		var mu sync.Mutex
		raised = map[string]uint64{}
		return &simulations.Embed{
			Setup: func(s *supervisor.Supervisor) error {
				type raise struct {
					By uint64 `cbor:"by"`
				}
				return supervisor.HandleRequest(s, "raise", func(_ context.Context, from supervisor.Caller, r raise) (uint64, error) {
					mu.Lock()
					defer mu.Unlock()
					raised[from.User] += r.By
					return raised[from.User], nil
				})
			},
			Check: func(context.Context, *supervisor.Supervisor, bool) error {
				mu.Lock()
				defer mu.Unlock()
				for user, n := range raised {
					if n%3 != 0 {
						return fmt.Errorf("%s has %d", user, n)
					}
				}
				return nil
			},
		}
	}
	result, err := simulations.Run(plan, simulations.Options{Embed: embed})
	fmt.Println(err, result.Failure, len(raised) > 0, result.Lived > plan.Duration)
	// Output: <nil> <nil> true true
}

// board is an actor of an embedding program: it notes whose end it is told of by
// the supervisor's events, and what it is told by clients.
type board struct {
	mu    sync.Mutex
	ended map[uint64]bool
	twice int
	notes int
}

// note is what clients tell it, by way of a handler.
type note struct{ text string }

// Receive implements hollywood's actor.Receiver.
func (b *board) Receive(c *actor.Context) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch m := c.Message().(type) {
	case supervisor.Terminated:
		if b.ended[m.Connection] {
			b.twice++
		}
		b.ended[m.Connection] = true
	case note:
		b.notes++
	}
}

// An embedding program's own actor lives on the supervisor's engine, is told of
// its events, and gets one-way messages from clients. The server is crashed and
// comes back meanwhile: each of its lives begins with an actor of its own.
func Example_actors() {
	plan, err := simulations.NewPlan("crash", simulations.Params{Seed: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 50 {
		plan.Ops = append(plan.Ops, simulations.Op{
			At: time.Duration(i+1) * 5 * time.Second, Kind: "app", Client: i % 8, Text: "note", Body: `"hello"`,
		})
	}
	lives, notes := 0, 0
	embed := func() *simulations.Embed {
		lives, notes = 0, 0
		var b *board // of the present life
		return &simulations.Embed{
			Setup: func(s *supervisor.Supervisor) error {
				mine := &board{ended: map[uint64]bool{}}
				b = mine
				lives++
				pid := s.Engine().SpawnFunc(mine.Receive, "board")
				s.SubscribeActor(pid)
				return supervisor.Handle(s, "note", func(_ context.Context, _ supervisor.Caller, text string) error {
					s.Engine().Send(pid, note{text})
					return nil
				})
			},
			Check: func(_ context.Context, _ *supervisor.Supervisor, _ bool) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				notes = max(notes, b.notes)
				if b.twice > 0 {
					return fmt.Errorf("%d connections ended twice", b.twice)
				}
				return nil
			},
		}
	}
	result, err := simulations.Run(plan, simulations.Options{Embed: embed})
	fmt.Println(err, result.Failure, lives > 1, notes > 0)
	// Output: <nil> <nil> true true
}
