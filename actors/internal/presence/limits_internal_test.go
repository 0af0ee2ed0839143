package presence

import (
	"errors"
	"fmt"
	"testing"
)

// guards G6: the named watches of all watchers together are bounded.
func TestTooManyWatches(t *testing.T) {
	b := New(1, 0)
	b.maxWatches = 5
	if _, err := b.WatchUsers(1, []string{"a", "b", "c"}, Mark{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WatchUsers(2, []string{"a", "b", "d"}, Mark{}); !errors.Is(err, ErrTooMany) {
		t.Fatalf("got %v", err)
	}
	if c := b.Counts(); c.Watches != 3 || c.Watchers != 1 || c.Names != 3 {
		t.Errorf("%+v", c)
	}
	b.Drop(1)
	if _, err := b.WatchUsers(2, []string{"a", "b", "d"}, Mark{}); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// guards N17: the lists of a crowd that has left are given back.
func TestRoomIsGivenBack(t *testing.T) {
	b := New(1, 0)
	for i := range uint64(5000) {
		b.Set(fmt.Sprint(i), true, 0, 0)
		if _, err := b.WatchUsers(i, []string{"star"}, Mark{}); err != nil {
			t.Fatal(err)
		}
	}
	star := b.audiences["star"]
	b.WatchAll(9999, Mark{})
	for i := range uint64(4990) {
		b.Set(fmt.Sprint(i), false, 0, 0)
		b.Drop(i)
	}
	b.Flush()
	if cap(b.online) > 1024 || cap(star.watchers) > 64 {
		t.Errorf("room for %d users and %d watchers, for ten of each", cap(b.online), cap(star.watchers))
	}
	if b.base.frames != nil {
		t.Error("a snapshot of the crowd is kept")
	}
}
