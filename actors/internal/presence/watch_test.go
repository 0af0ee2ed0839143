package presence_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

const epoch = 7

// toggle makes n changes of users who come and go in turn.
func toggle(b *presence.Board, r *truth, n, users int) {
	for range n {
		u := fmt.Sprintf("u%03d", len(r.changes)%users)
		_, online := b.Online(u)
		c, _ := b.Set(u, !online, wire.ReasonBye, int64(len(r.changes)))
		r.changes = append(r.changes, c)
	}
}

// guards N17: every mark is answered: by deltas alone as far back as the history goes, by a
// snapshot beyond it; and either leads to the truth. While versions pass, the
// history is trimmed many times over.
func TestResumeFromEveryMark(t *testing.T) {
	for _, keep := range []int{1, 300, 1000} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			b, r := presence.New(epoch, keep), new(truth)
			id, bridged, snapshots := uint64(0), 0, 0
			resume := func(version uint64, all bool) {
				id++
				c := newClient(r, epoch, presence.DefaultFrame)
				c.all, c.names = all, map[string]bool{"u003": true, "u017": true}
				c.known, c.have, c.online = true, version, r.at(version, c.watches)
				mark := presence.Mark{Epoch: epoch, Version: version}
				var a presence.Answer
				if all {
					a = b.WatchAll(id, mark)
				} else {
					a, _ = b.WatchUsers(id, []string{"u017", "u003"}, mark)
				}
				c.receive(t, a.Frames)
				c.current(t)
				if a.Snapshot {
					snapshots++
				} else {
					bridged++
				}
				if back := b.Version() - version; a.Snapshot && back < uint64(keep) {
					t.Fatalf("a mark %d versions back was not honoured", back)
				}
				b.Drop(id)
			}
			for step := range 40 {
				toggle(b, r, 61, 50)
				if step%3 == 0 {
					b.Flush()
				}
				v := b.Version()
				for _, back := range []uint64{0, 1, 60, 61, 127, 128, 129, 256, 300, 999, 1200} {
					if back <= v {
						resume(v-back, true)
						resume(v-back, false)
					}
				}
			}
			b.Flush()
			if edge := b.Version() - uint64(b.Counts().History); edge > 1 {
				for _, all := range []bool{true, false} {
					resume(edge-2, all)
					resume(edge-1, all)
					resume(edge, all)
				}
			}
			for v := uint64(0); v <= b.Version(); v += 3 {
				resume(v, v%2 == 0)
			}
			if n := b.Counts().History; n < keep || n > 2*keep+128 {
				t.Errorf("the history has %d changes, to keep %d", n, keep)
			}
			if bridged == 0 || snapshots == 0 {
				t.Errorf("%d bridged, %d snapshots", bridged, snapshots)
			}
		})
	}
}

// A mark from before a watcher's set grew says nothing of the users that were
// added: it is not honoured. One from after it is.
func TestMarksOfASetThatGrew(t *testing.T) {
	b, r := presence.New(epoch, 100), new(truth)
	toggle(b, r, 10, 5)
	at := func(v uint64) presence.Mark { return presence.Mark{Epoch: epoch, Version: v} }
	users := func(mark presence.Mark, names ...string) bool {
		a, err := b.WatchUsers(1, names, mark)
		if err != nil {
			t.Fatal(err)
		}
		return a.Snapshot
	}
	all := func(mark presence.Mark) bool { return b.WatchAll(1, mark).Snapshot }
	steps := []struct {
		name string
		got  func() bool
		want bool // a snapshot
	}{
		{"the first watch, resumed", func() bool { return users(at(4), "u001") }, false},
		{"a name more", func() bool { return users(at(10), "u001", "u002") }, true},
		{"the same names, after a gap", func() bool { return users(at(10), "u001", "u002") }, false},
		{"the same names, from before the second", func() bool { return users(at(9), "u002", "u001") }, true},
		{"no mark", func() bool { return users(presence.Mark{}, "u001") }, true},
		{"the future", func() bool { return users(at(11), "u001") }, true},
		{"another epoch", func() bool { return users(presence.Mark{Epoch: epoch + 1, Version: 10}, "u001") }, true},
		{"everyone, with a mark of the names", func() bool { return all(at(10)) }, true},
		{"everyone, after a gap", func() bool { return all(at(10)) }, false},
		{"everyone, from before", func() bool { return all(at(9)) }, true},
		{"a name of everyone", func() bool { return users(at(10), "u004") }, false},
		{"names, after everything was taken back", func() bool {
			b.Unwatch(1, nil)
			return users(at(10), "u001")
		}, true},
		{"everyone, after everything was taken back", func() bool {
			b.Unwatch(1, nil)
			return all(at(10))
		}, true},
		{"a new connection", func() bool {
			b.Drop(1)
			return users(at(1), "u001")
		}, false},
	}
	for _, s := range steps {
		if got := s.got(); got != s.want {
			t.Errorf("%s: snapshot=%v", s.name, got)
		}
	}
}

// What was handed out never changes, whatever happens to the board: others may
// hold it, and may encode it late.
func TestWhatWasHandedOutStays(t *testing.T) {
	b, r := presence.New(epoch, 10), new(truth)
	b.LimitFrames(wire.MinMaxFrame)
	toggle(b, r, 550, 600) // a snapshot of three parts
	b.Flush()
	var out []*presence.Frame
	var was []string
	hold := func(frames []*presence.Frame) {
		for _, f := range frames {
			out = append(out, f)
			was = append(was, fmt.Sprintf("%+v", f.Message()))
		}
	}
	var lists [][]*presence.Frame
	var copies [][]*presence.Frame
	for i := range uint64(200) {
		toggle(b, r, 7, 600)
		a := b.WatchAll(i, presence.Mark{})
		lists, copies = append(lists, a.Frames), append(copies, slices.Clone(a.Frames))
		hold(a.Frames)
		a, _ = b.WatchUsers(1000+i, []string{"u001", "u002", "u003"}, presence.Mark{Epoch: epoch, Version: b.Version() - 3})
		hold(a.Frames)
		if i%5 == 0 {
			batch := b.Flush()
			hold(batch.Shared)
			for _, p := range batch.Named {
				hold(p.Frames)
			}
		}
	}
	for i, f := range out {
		if now := fmt.Sprintf("%+v", f.Message()); now != was[i] {
			t.Fatalf("frame %d was %s and is now %s", i, was[i], now)
		}
	}
	for i := range lists {
		if !slices.Equal(lists[i], copies[i]) {
			t.Fatalf("the frames of answer %d were exchanged", i)
		}
	}
}

// guards G6: frames keep both limits, that of entries and that of bytes.
func TestFramesKeepTheLimits(t *testing.T) {
	for _, tt := range []struct {
		width, frame int
	}{{0, presence.DefaultFrame}, {3, presence.DefaultFrame}, {3, wire.MinMaxFrame}, {128, presence.DefaultFrame}, {128, wire.MinMaxFrame}} {
		b, r := presence.New(1<<63, 10), new(truth)
		b.LimitFrames(tt.frame)
		c := newClient(r, 1<<63, tt.frame)
		c.all = true
		c.receive(t, b.WatchAll(1, presence.Mark{}).Frames)
		for i := range 3000 {
			user, online := fmt.Sprintf("%0*x", tt.width, i), true
			if tt.width == 0 { // one user of the shortest name
				user, online = "a", i%2 == 0
			}
			ch, _ := b.Set(user, online, wire.ReasonEOF, -1<<62)
			r.changes = append(r.changes, ch)
		}
		c.receive(t, b.Flush().Shared)
		c.current(t)
		again := newClient(r, 1<<63, tt.frame)
		again.all = true
		a := b.WatchAll(2, presence.Mark{})
		again.receive(t, a.Frames)
		if want := min(tt.width, 3); !a.Snapshot || len(a.Frames) < want {
			t.Errorf("%d frames, snapshot=%v", len(a.Frames), a.Snapshot)
		}
	}
}

// A user who is named breaks the limits of wire only by a defect elsewhere. It
// costs its own frame, and never the actor.
func TestAnInvalidUserCostsItsFrameOnly(t *testing.T) {
	b := presence.New(epoch, 0)
	b.WatchAll(1, presence.Mark{})
	long := string(make([]byte, 100_000))
	for _, u := range []string{"alice", long, "bob"} {
		b.Set(u, true, wire.ReasonNone, 0)
	}
	for _, frames := range [][]*presence.Frame{b.Flush().Shared, b.WatchAll(2, presence.Mark{}).Frames} {
		bad := 0
		for _, f := range frames {
			if _, err := f.Encode(); errors.Is(err, wire.ErrField) {
				bad++
			} else if err != nil {
				t.Error(err)
			}
		}
		if len(frames) != 3 || bad != 1 {
			t.Errorf("%d frames, %d bad", len(frames), bad)
		}
	}
}

// guards G6: a watch past the bound of names is refused whole.
func TestTooManyNames(t *testing.T) {
	b := presence.New(epoch, 0)
	names := make([]string, presence.MaxNames)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	if _, err := b.WatchUsers(1, append(names, "one more"), presence.Mark{}); !errors.Is(err, presence.ErrTooMany) {
		t.Fatalf("got %v", err)
	}
	if got := b.Counts(); got != (presence.Counts{}) {
		t.Errorf("something was taken: %+v", got)
	}
	if _, err := b.WatchUsers(1, append(names, names...), presence.Mark{}); err != nil {
		t.Fatalf("at the bound: %v", err)
	}
	if _, err := b.WatchUsers(1, []string{"one more"}, presence.Mark{}); !errors.Is(err, presence.ErrTooMany) {
		t.Fatalf("got %v", err)
	}
	b.Unwatch(1, names[:1])
	if _, err := b.WatchUsers(1, []string{"one more"}, presence.Mark{}); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if _, n := b.Watches(1); n != presence.MaxNames {
		t.Errorf("%d names", n)
	}
}
