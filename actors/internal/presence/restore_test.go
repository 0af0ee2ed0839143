package presence_test

import (
	"testing"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// TestRestore: those restored are part of the state at version 0: in every
// snapshot, in no delta. Guards G7.
func TestRestore(t *testing.T) {
	b := presence.New(7, 0)
	b.Restore("alice", 3)
	b.Restore("alice", 4)
	b.Restore("bob", 5)
	if since, ok := b.Online("alice"); !ok || since != 3 || b.Version() != 0 || b.Pending() != 0 {
		t.Errorf("alice is online since %d, %t; version %d", since, ok, b.Version())
	}
	a := b.WatchAll(1, presence.Mark{Epoch: 6, Version: 900})
	s := a.Frames[0].Snapshot()
	if len(a.Frames) != 1 || s == nil || len(s.Online) != 2 || s.Epoch != 7 || s.Version != 0 {
		t.Fatalf("the watcher gets %+v", s)
	}
	if n := b.Watching("alice"); n != 1 {
		t.Errorf("%d watch alice", n)
	}
	if _, err := b.WatchUsers(2, []string{"alice"}, presence.Mark{}); err != nil {
		t.Fatal(err)
	}
	if n, m := b.Watching("alice"), b.Watching("bob"); n != 2 || m != 1 {
		t.Errorf("%d watch alice, %d bob", n, m)
	}
	c, changed := b.Set("alice", false, wire.ReasonNodeLost, 2)
	if !changed || c.Version != 1 || c.At != 2 {
		t.Errorf("%+v, %t", c, changed)
	}
	if batch := b.Flush(); batch.From != 0 || batch.To != 1 || len(batch.Everyone) != 1 || len(batch.Named) != 1 {
		t.Errorf("%+v", batch)
	}
	b.Restore("late", 1) // after the first change it does nothing
	if _, ok := b.Online("late"); ok {
		t.Error("late was restored")
	}
}
