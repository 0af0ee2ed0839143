package supervisor_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// trap panics in one actor, at one of its messages of one type.
type trap struct {
	mu     sync.Mutex
	seen   map[string]int // messages, by actor and type
	target string
	at     int
	panics int
}

func (x *trap) hooks() *supervisor.Hooks {
	return &supervisor.Hooks{BeforeReceive: func(actorID string, msg any) {
		x.mu.Lock()
		defer x.mu.Unlock()
		kind := strings.Split(strings.TrimPrefix(actorID, "rollcall/"), "/")[0] // connections are alike
		key := fmt.Sprintf("%s %T", kind, msg)
		x.seen[key]++
		if x.panics == 0 && key == x.target && x.seen[key] == x.at {
			x.panics++
			panic("sprung at " + key)
		}
	}}
}

// everyday is a script in which every kind of message occurs. It must go through
// whatever fails in it, and end.
func everyday(w *world) {
	_ = supervisor.Handle(w.s, "app", func(_ context.Context, _ supervisor.Caller, _ []byte) error { return nil })
	_ = supervisor.HandleRequest(w.s, "echo", echo)
	greet := func(user string) *peer {
		p := w.dial()
		p.view = newView()
		p.view.slow = true // a panic may cost a watcher its connection, not its order
		_ = p.put(
			&wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: user},
			&wire.Login{Request: 1, User: user})
		w.settle()
		_ = p.put(&wire.Watch{Request: 2, Everyone: true})
		w.settle()
		return p
	}
	a, b, d := greet("alice"), greet("bob"), greet("dave")
	for _, p := range []*peer{a, b} {
		_ = p.put(
			&wire.Send{ID: 3, To: "bob", Body: []byte("hi")},
			&wire.App{Kind: "app"},
			&wire.Request{Request: 4, Kind: "echo"},
			&wire.Ping{Time: 1})
		w.settle()
	}
	_, _ = w.s.Push(ctx, "alice", "news", nil)
	_, _ = w.s.PushAll(ctx, "news", nil)
	_, _ = w.s.Counts(ctx)
	_, _ = w.s.User(ctx, "alice")
	w.settle()
	_ = b.put(&wire.Unwatch{Request: 5})
	_ = b.put(&wire.Logout{Request: 6})
	d.cut()
	w.after(20 * time.Second) // pings
	_ = a.put(&wire.Bye{Reason: wire.ReasonBye})
	greet("erin")
	silent := w.dial()
	w.after(12 * time.Second)
	silent.cut()
	w.after(time.Second)
}

// TestPanicAnywhere: wherever a panic strikes, in whatever actor at whatever
// message, it is caught and counted; every connection still has exactly one
// termination, and when all have left, every map is empty and every user is
// offline. Guards H1, H5, S1, S2, S4, G2.
func TestPanicAnywhere(t *testing.T) {
	calm := &trap{seen: map[string]int{}}
	run := func(t *testing.T, x *trap) {
		inBubble(t, supervisor.Config{
			Authenticate: func(context.Context, supervisor.LoginAttempt) error { return nil }, Grace: 2 * time.Second, Hooks: x.hooks()}, func(w *world) {
			everyday(w)
			w.count = func() int { // what still fails in the checks counts, too
				x.mu.Lock()
				defer x.mu.Unlock()
				return x.panics
			}
		})
	}
	run(t, calm)
	targets := slices.Sorted(maps.Keys(calm.seen))
	if len(targets) < 25 {
		t.Fatalf("only %d kinds of messages: %v", len(targets), targets)
	}
	for _, target := range targets {
		if strings.HasPrefix(target, "herald") {
			continue // what it is robbed of, its subscribers lack
		}
		// The first, one in the middle and the last.
		places := slices.Compact([]int{1, (calm.seen[target] + 1) / 2, calm.seen[target]})
		if strings.HasSuffix(target, "Query") {
			places = places[:1] // the later ones are the checks'
		}
		for _, at := range places {
			t.Run(fmt.Sprint(target, " ", at), func(t *testing.T) {
				x := &trap{seen: map[string]int{}, target: target, at: at}
				run(t, x)
			})
		}
	}
}
