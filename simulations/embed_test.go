package simulations

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
)

// clumsy is an embedding program with a defect: it counts what a client says by its
// user, and forgets the count at a user's third message, if that is a 2.
func clumsy() *Embed {
	var mu sync.Mutex
	said, kept := map[string]int{}, map[string]int{}
	return &Embed{
		Setup: func(s *supervisor.Supervisor) error {
			return supervisor.Handle(s, "say", func(_ context.Context, from supervisor.Caller, n int) error {
				mu.Lock()
				defer mu.Unlock()
				said[from.User]++
				if kept[from.User]++; kept[from.User] == 3 && n == 2 {
					kept[from.User] = 0
				}
				return nil
			})
		},
		Check: func(context.Context, *supervisor.Supervisor, bool) error {
			mu.Lock()
			defer mu.Unlock()
			for user := range said {
				if said[user] != kept[user] {
					return errors.New("a user's count is lost")
				}
			}
			return nil
		},
	}
}

// An embedder's defect is found, made smaller, saved, loaded, and found again: each
// run begins with a state of its own.
func TestShrinkForEmbedders(t *testing.T) {
	p := plan(t, "office", 5)
	for i := range 40 {
		p.Ops = append(p.Ops, Op{At: time.Duration(i+1) * 10 * time.Second, Kind: "app", Client: i % 4, Text: "say", Body: fmt.Sprint(i % 7)})
	}
	o := Options{Embed: clumsy}
	r, err := Run(p, o)
	if err != nil || r.Failure == nil || r.Failure.Guarantee != "embedder" {
		t.Fatalf("%v, %v", r.Failure, err)
	}
	small, f, runs := Shrink(t.Context(), p, r.Failure, 300, o)
	t.Logf("from %d operations to %d in %d runs: %v", len(p.Ops), len(small.Ops), runs, small.Ops)
	if len(small.Ops) > 6 || f.Guarantee != "embedder" {
		t.Errorf("%v, %v", small.Ops, f)
	}
	again := failsAgain(t, small, f, o)
	if x, err := Run(again, Options{}); x.Failure != nil || err != nil {
		t.Errorf("without the embedding program: %v, %v", x.Failure, err)
	}
}
