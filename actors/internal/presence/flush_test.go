package presence_test

import (
	"fmt"
	"slices"
	"testing"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// A change costs the watchers of its user, and nobody else; and those of
// everyone share one frame, encoded once.
func TestWhoIsTold(t *testing.T) {
	b := presence.New(epoch, 0)
	b.WatchAll(1, presence.Mark{})
	b.WatchAll(2, presence.Mark{})
	for id, names := range map[uint64][]string{3: {"alice"}, 4: {"bob"}, 5: {"alice", "bob"}} {
		if _, err := b.WatchUsers(id, names, presence.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	if empty := b.Flush(); empty.From != empty.To || empty.Shared != nil || empty.Everyone != nil || empty.Named != nil {
		t.Errorf("nothing has changed: %+v", empty)
	}
	b.Set("alice", true, wire.ReasonNone, 5)
	batch := b.Flush()
	told := slices.Clone(batch.Everyone)
	for _, p := range batch.Named {
		told = append(told, p.Watcher)
	}
	slices.Sort(told)
	if !slices.Equal(told, []uint64{1, 2, 3, 5}) {
		t.Errorf("told were %v", told)
	}
	if len(batch.Shared) != 1 {
		t.Fatalf("%d frames", len(batch.Shared))
	}
	first, _ := batch.Shared[0].Encode()
	again, _ := batch.Shared[0].Encode()
	if len(first) == 0 || &first[0] != &again[0] {
		t.Error("encoded twice")
	}

	b.Set("carol", true, wire.ReasonNone, 6)
	b.Drop(1)
	b.Unwatch(2, nil)
	if batch = b.Flush(); len(batch.Everyone) != 0 || batch.Shared != nil || batch.Named != nil {
		t.Errorf("nobody watches carol: %+v", batch)
	}
}

// Deltas of a watcher of named users have holes between their changes, but none
// between the deltas.
func TestDeltasJoinUp(t *testing.T) {
	b := presence.New(epoch, 0)
	if _, err := b.WatchUsers(1, []string{"alice"}, presence.Mark{}); err != nil {
		t.Fatal(err)
	}
	to, flushes := uint64(0), 0
	flush := func() {
		for _, p := range b.Flush().Named {
			for _, f := range p.Frames {
				d := f.Delta()
				if d.From != to || d.To <= to {
					t.Fatalf("a delta from %d to %d after one to %d", d.From, d.To, to)
				}
				to = d.To
				flushes++
			}
		}
	}
	for i := range 20 {
		b.Set("alice", i%2 == 0, wire.ReasonBye, 0)
		b.Set("bob", i%2 == 0, wire.ReasonBye, 0)
		if i%3 == 0 {
			flush()
			b.Set("carol", i%2 == 0, wire.ReasonBye, 0)
			flush() // nothing for this watcher
		}
	}
	flush()
	if flushes != 8 {
		t.Errorf("told %d times", flushes)
	}
}

// Watchers of the same users share their frames too, while they have been told
// the same before.
func TestNeighboursShare(t *testing.T) {
	b := presence.New(epoch, 0)
	for id := range uint64(10) {
		if _, err := b.WatchUsers(id, []string{"alice", "bob"}, presence.Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	b.Set("carol", true, wire.ReasonNone, 0)
	if _, err := b.WatchUsers(10, []string{"alice", "bob"}, presence.Mark{}); err != nil {
		t.Fatal(err) // it has another version
	}
	frames := func() map[*presence.Frame]bool {
		seen := map[*presence.Frame]bool{}
		for _, p := range b.Flush().Named {
			for _, f := range p.Frames {
				seen[f] = true
			}
		}
		return seen
	}
	for i, want := range []int{2, 1, 1} {
		b.Set("alice", i%2 == 0, wire.ReasonBye, 0)
		b.Set("bob", i%2 == 0, wire.ReasonBye, 0)
		if got := len(frames()); got != want {
			t.Errorf("flush %d: %d frames", i, got)
		}
	}
	for id := range uint64(11) {
		b.Unwatch(id, []string{[]string{"alice", "bob"}[id%2]})
	}
	b.Set("alice", false, wire.ReasonBye, 0)
	b.Set("bob", false, wire.ReasonBye, 0)
	if got := len(frames()); got != 2 {
		t.Errorf("of two users: %d frames", got)
	}
}

// Newcomers that arrive in a storm, each a change of its own, share one snapshot
// and the frames of what followed: each encodes less than two cells of changes.
func TestNewcomersShare(t *testing.T) {
	b := presence.New(epoch, 0)
	for i := range 4000 {
		b.Set(fmt.Sprintf("old%d", i), true, wire.ReasonNone, 0)
	}
	b.Flush()
	seen := map[*presence.Frame]bool{}
	rounds := 0
	for i := range uint64(1500) {
		b.Set(fmt.Sprintf("new%d", i), true, wire.ReasonNone, 0)
		snapshots, changes := 0, 0
		frames := b.WatchAll(i, presence.Mark{}).Frames
		if n := following(frames); n > (4000+1500)/4 {
			t.Fatalf("newcomer %d: %d changes follow the snapshot", i, n)
		}
		for _, f := range frames {
			if seen[f] {
				continue
			}
			seen[f] = true
			if s := f.Snapshot(); s != nil {
				snapshots++
			} else {
				changes += len(f.Delta().Changes)
			}
		}
		if snapshots > 0 {
			rounds++
		}
		if changes > 2*128 {
			t.Fatalf("newcomer %d: %d changes in new deltas", i, changes)
		}
	}
	if rounds != 2 { // 4000 users, and once more a quarter later
		t.Errorf("the snapshot was made %d times", rounds)
	}
}

// following counts the changes in the deltas.
func following(frames []*presence.Frame) (changes int) {
	for _, f := range frames {
		if d := f.Delta(); d != nil {
			changes += len(d.Changes)
		}
	}
	return changes
}
