package presence_test

import (
	"reflect"
	"testing"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

func delta(from, to uint64, changes ...wire.Change) *wire.Delta {
	return &wire.Delta{Epoch: epoch, From: from, To: to, Changes: changes}
}

func change(version uint64, user string, online bool) wire.Change {
	return wire.Change{Version: version, User: user, Online: online}
}

// guards P7: a slow watcher gets the newest state, once, in order, and past the
// bound it is told so instead of being fed for ever.
func TestCollapsed(t *testing.T) {
	tests := []struct {
		name   string
		users  int
		merged []*wire.Delta
		want   []wire.Delta
		over   bool
	}{
		{name: "nothing"},
		{
			name:   "one",
			merged: []*wire.Delta{delta(3, 4, change(4, "a", true))},
			want:   []wire.Delta{*delta(3, 4, change(4, "a", true))},
		},
		{
			name:   "only the newest of each user",
			merged: []*wire.Delta{delta(0, 2, change(1, "a", true), change(2, "b", true)), delta(2, 3, change(3, "a", false))},
			want:   []wire.Delta{*delta(0, 3, change(2, "b", true), change(3, "a", false))},
		},
		{
			name:   "an overlap below what the watcher has",
			merged: []*wire.Delta{delta(5, 6, change(6, "a", true)), delta(4, 7, change(5, "b", true), change(6, "a", true), change(7, "c", true))},
			want:   []wire.Delta{*delta(5, 7, change(6, "a", true), change(7, "c", true))},
		},
		{
			name:   "a duplicate",
			merged: []*wire.Delta{delta(0, 5, change(5, "a", true)), delta(0, 3, change(3, "a", false))},
			want:   []wire.Delta{*delta(0, 5, change(5, "a", true))},
		},
		{
			name:   "no changes",
			merged: []*wire.Delta{delta(3, 3), delta(3, 9)},
			want:   []wire.Delta{{Epoch: epoch, From: 3, To: 9, Changes: []wire.Change{}}},
		},
		{
			name:   "a gap",
			merged: []*wire.Delta{delta(0, 1, change(1, "a", true)), delta(2, 3, change(3, "b", true))},
			over:   true,
		},
		{
			name:   "another epoch",
			merged: []*wire.Delta{delta(0, 1, change(1, "a", true)), {Epoch: epoch + 1, From: 1, To: 2}},
			over:   true,
		},
		{
			name:   "at the bound",
			users:  2,
			merged: []*wire.Delta{delta(0, 3, change(1, "a", true), change(2, "b", true), change(3, "a", false))},
			want:   []wire.Delta{*delta(0, 3, change(2, "b", true), change(3, "a", false))},
		},
		{
			name:   "past the bound, and it stays so",
			users:  2,
			merged: []*wire.Delta{delta(0, 3, change(1, "a", true), change(2, "b", true), change(3, "c", true)), delta(3, 4, change(4, "a", false))},
			over:   true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := presence.NewCollapsed(tt.users, 0)
			for _, d := range tt.merged {
				c.Merge(d)
			}
			if c.Overflowed() != tt.over || c.Empty() != (len(tt.merged) == 0) {
				t.Fatalf("overflowed=%v, empty=%v", c.Overflowed(), c.Empty())
			}
			if got := c.Take(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if c.Len() != 0 || c.Take() != nil || c.Overflowed() != tt.over {
				t.Errorf("after Take: %d users, overflowed=%v", c.Len(), c.Overflowed())
			}
			c.Reset()
			c.Merge(delta(8, 9, change(9, "z", true)))
			if got := c.Take(); len(got) != 1 || got[0].From != 8 || c.Overflowed() {
				t.Errorf("after Reset: %+v", got)
			}
		})
	}
}

// The zero value has the default bounds.
func TestCollapsedZero(t *testing.T) {
	var c presence.Collapsed
	for v := range uint64(presence.DefaultCollapsed) {
		c.Merge(delta(v, v+1, change(v+1, string(rune('a'+v)), true)))
	}
	if c.Overflowed() || c.Len() != presence.DefaultCollapsed {
		t.Fatalf("overflowed=%v with %d users", c.Overflowed(), c.Len())
	}
	v := uint64(presence.DefaultCollapsed)
	c.Merge(delta(v, v+1, change(v+1, "one more", true)))
	if !c.Overflowed() || c.Len() != 0 {
		t.Errorf("overflowed=%v with %d users", c.Overflowed(), c.Len())
	}
}
