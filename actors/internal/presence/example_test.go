package presence_test

import (
	"fmt"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// One watcher of everyone, one of bob: what each of them is sent.
func Example() {
	b := presence.New(1, 0)
	b.Set("alice", true, wire.ReasonNone, 0)

	b.Flush()

	answer := b.WatchAll(10, presence.Mark{})
	for _, f := range answer.Frames {
		fmt.Println("10 is answered:", f.Snapshot().Version, f.Snapshot().Online)
	}
	_, _ = b.WatchUsers(20, []string{"bob"}, presence.Mark{})

	b.Set("bob", true, wire.ReasonNone, 0)
	b.Set("alice", false, wire.ReasonEOF, 0)
	batch := b.Flush()
	for _, f := range batch.Shared {
		bytes, _ := f.Encode() // once, for all of them
		fmt.Println("to", batch.Everyone, "the same", len(bytes), "bytes:", len(f.Delta().Changes), "changes")
	}
	for _, p := range batch.Named {
		fmt.Println("to", p.Watcher, "its own:", p.Frames[0].Delta().Changes[0].User)
	}
	// Output:
	// 10 is answered: 1 [{alice 0}]
	// to [10] the same 36 bytes: 2 changes
	// to 20 its own: bob
}

// A watcher that comes back tells what it has, and is led on from there.
func ExampleBoard_WatchAll_resume() {
	b := presence.New(1, 0)
	b.Set("alice", true, wire.ReasonNone, 0)
	b.Set("bob", true, wire.ReasonNone, 0)

	answer := b.WatchAll(11, presence.Mark{Epoch: 1, Version: 1})
	d := answer.Frames[0].Delta()
	fmt.Println("from", d.From, "to", d.To, d.Changes[0].User)
	// Output:
	// from 1 to 2 bob
}

// A slow watcher's connection keeps the newest state instead of a queue.
func ExampleCollapsed() {
	var c presence.Collapsed
	c.Merge(&wire.Delta{Epoch: 1, From: 0, To: 1, Changes: []wire.Change{{Version: 1, User: "alice", Online: true}}})
	c.Merge(&wire.Delta{Epoch: 1, From: 1, To: 2, Changes: []wire.Change{{Version: 2, User: "alice", Reason: wire.ReasonBye}}})
	for _, d := range c.Take() {
		fmt.Println("from", d.From, "to", d.To, len(d.Changes), "change:", d.Changes[0].User, d.Changes[0].Reason)
	}
	// Output:
	// from 0 to 2 1 change: alice bye
}
