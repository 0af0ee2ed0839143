package presence_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/wire"
)

// world is a board, the truth, and clients that watch.
type world struct {
	board   *presence.Board
	truth   *truth
	epoch   uint64
	budget  int
	users   []string
	last    uint64 // watcher ID
	clients map[uint64]*client
	slow    map[uint64]*presence.Collapsed
	gone    []*client // disconnected, with what they know
}

func newWorld(t *rapid.T) *world {
	w := &world{
		truth:   new(truth),
		epoch:   rapid.Uint64Range(1, 1<<62).Draw(t, "epoch"),
		budget:  rapid.SampledFrom([]int{wire.MinMaxFrame, presence.DefaultFrame}).Draw(t, "budget"),
		clients: map[uint64]*client{},
		slow:    map[uint64]*presence.Collapsed{},
	}
	pad := rapid.SampledFrom([]int{0, 110}).Draw(t, "pad")
	for i := range rapid.SampledFrom([]int{3, 40, 300}).Draw(t, "users") {
		w.users = append(w.users, fmt.Sprintf("u%d%s", i, strings.Repeat("x", pad)))
	}
	w.board = presence.New(w.epoch, rapid.SampledFrom([]int{1, 200, 1000}).Draw(t, "history"))
	w.board.LimitFrames(w.budget)
	return w
}

func (w *world) set(t *rapid.T, user string, online bool) {
	at := int64(1_700_000_000_000 + len(w.truth.changes))
	before := w.truth.at(uint64(len(w.truth.changes)), func(u string) bool { return u == user })
	c, changed := w.board.Set(user, online, wire.ReasonEOF, at)
	if changed == (before[user] == online) {
		t.Fatalf("%s was online=%v; set to %v it has changed=%v", user, before[user], online, changed)
	}
	if !changed {
		return
	}
	w.truth.changes = append(w.truth.changes, c)
	want := wire.Change{Version: uint64(len(w.truth.changes)), User: user, Online: online, At: at}
	if !online {
		want.Reason = wire.ReasonEOF
	}
	if c != want || w.board.Version() != want.Version {
		t.Fatalf("%+v at version %d, want %+v", c, w.board.Version(), want)
	}
	if since, ok := w.board.Online(user); ok != online || (ok && since != at) {
		t.Fatalf("%s is online since %d, %v", user, since, ok)
	}
}

// deliver brings frames to a client, or to what collapses them for it.
func (w *world) deliver(t *rapid.T, id uint64, frames []*presence.Frame) {
	slow := w.slow[id]
	if slow == nil {
		w.clients[id].receive(t, frames)
		return
	}
	for _, f := range frames {
		if _, err := f.Encode(); err != nil {
			t.Fatal(err)
		}
		slow.Merge(f.Delta())
	}
}

func (w *world) flush(t *rapid.T) {
	pending := w.board.Pending()
	batch := w.board.Flush()
	if w.board.Pending() != 0 || batch.To != w.board.Version() || batch.To-batch.From != uint64(pending) {
		t.Fatalf("flushed from %d to %d, with %d pending", batch.From, batch.To, pending)
	}
	for _, id := range batch.Everyone {
		w.deliver(t, id, batch.Shared)
	}
	for _, p := range batch.Named {
		w.deliver(t, p.Watcher, p.Frames)
	}
	for id, c := range w.clients {
		if w.slow[id] == nil {
			c.current(t)
		}
	}
}

// answer brings the answer to a watch.
func (w *world) answer(t *rapid.T, id uint64, a presence.Answer) {
	c := w.clients[id]
	delete(w.slow, id) // it starts again from here
	if snapshot := a.Frames[0].Snapshot() != nil; snapshot != a.Snapshot {
		t.Fatalf("snapshot=%v, but the first frame says %v", a.Snapshot, snapshot)
	}
	c.receive(t, a.Frames)
	if c.have != a.Version || a.Version != w.board.Version() {
		t.Fatalf("it has %d, was promised %d, the board is at %d", c.have, a.Version, w.board.Version())
	}
}

// watch makes a new or a returning client watch for the first time.
func (w *world) watch(t *rapid.T) {
	c := newClient(w.truth, w.epoch, w.budget)
	if len(w.gone) > 0 && rapid.Bool().Draw(t, "returns") {
		i := rapid.IntRange(0, len(w.gone)-1).Draw(t, "which")
		c = w.gone[i]
		w.gone = slices.Delete(w.gone, i, i+1)
	} else if rapid.Bool().Draw(t, "everyone") {
		c.all = true
	} else {
		for _, u := range w.some(t) {
			c.names[u] = true
		}
	}
	w.last++
	w.clients[w.last] = c
	mark := c.mark()
	stale := c.known && rapid.IntRange(0, 4).Draw(t, "stale mark") == 0
	if stale {
		mark.Epoch++ // another life of the server
	}
	var a presence.Answer
	var err error
	if c.all {
		a = w.board.WatchAll(w.last, mark)
	} else {
		a, err = w.board.WatchUsers(w.last, sorted(c.names), mark)
	}
	if err != nil {
		t.Fatal(err)
	}
	if stale && !a.Snapshot {
		t.Fatal("a mark of another epoch was honoured")
	}
	w.answer(t, w.last, a)
}

func sorted(set map[string]bool) []string {
	var all []string
	for u := range set {
		all = append(all, u)
	}
	slices.Sort(all)
	return all
}

func (w *world) some(t *rapid.T) []string {
	return rapid.SliceOfN(rapid.SampledFrom(w.users), 1, 30).Draw(t, "names")
}

// pick returns one of the clients.
func (w *world) pick(t *rapid.T) (uint64, *client) {
	if len(w.clients) == 0 {
		t.Skip("nobody watches")
	}
	var ids []uint64
	for id := range w.clients {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := rapid.SampledFrom(ids).Draw(t, "client")
	return id, w.clients[id]
}

// guards P1, P7, S5: whatever watchers do, each of them that obeys the protocol
// sees, at every version that it reaches, exactly what was true then; sees every
// change once, unless it was slow; and never sees a gap.
func TestWatchersSeeTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				w.set(t, rapid.SampledFrom(w.users).Draw(t, "user"), rapid.Bool().Draw(t, "online"))
			},
			"storm": func(t *rapid.T) {
				user := rapid.IntRange(0, len(w.users)-1).Draw(t, "from user")
				for i := range rapid.IntRange(1, 500).Draw(t, "changes") {
					u := w.users[(user+i)%len(w.users)]
					_, online := w.board.Online(u)
					w.set(t, u, !online)
				}
			},
			"flush":  w.flush,
			"watch":  w.watch,
			"watch2": w.watch,
			"watch more": func(t *rapid.T) {
				id, c := w.pick(t)
				names, mark := w.some(t), c.mark()
				if !c.all {
					for _, u := range names {
						c.names[u] = true
					}
				}
				a, err := w.board.WatchUsers(id, names, mark)
				if err != nil {
					t.Fatal(err)
				}
				w.answer(t, id, a)
			},
			"watch everyone": func(t *rapid.T) {
				id, c := w.pick(t)
				mark := c.mark()
				c.all, c.names = true, map[string]bool{}
				w.answer(t, id, w.board.WatchAll(id, mark))
			},
			"unwatch": func(t *rapid.T) {
				id, c := w.pick(t)
				if w.slow[id] != nil {
					t.Skip("what was gathered is of names that are gone")
				}
				names := w.some(t)
				w.board.Unwatch(id, names)
				for _, u := range names {
					if delete(c.names, u); !c.all {
						delete(c.online, u)
					}
				}
				if everyone, n := w.board.Watches(id); everyone != c.all || n != len(c.names) {
					t.Fatalf("it watches %v, %d names; want %v, %d", everyone, n, c.all, len(c.names))
				}
			},
			"unwatch all": func(t *rapid.T) {
				id, c := w.pick(t)
				w.board.Unwatch(id, nil)
				c.all, c.names, c.online = false, map[string]bool{}, map[string]bool{}
				delete(w.slow, id)
			},
			"leave": func(t *rapid.T) {
				id, c := w.pick(t)
				w.board.Drop(id)
				w.board.Drop(id)
				delete(w.clients, id)
				delete(w.slow, id) // what was gathered is lost on the way
				w.gone = append(w.gone, c)
			},
			"slow down": func(t *rapid.T) {
				id, _ := w.pick(t)
				if w.slow[id] == nil {
					w.slow[id] = presence.NewCollapsed(rapid.SampledFrom([]int{0, 2, 50}).Draw(t, "bound"), w.budget)
				}
			},
			"catch up": func(t *rapid.T) { w.catchUp(t) },
			"":         func(t *rapid.T) { w.count(t) },
		})
		w.flush(t)
		for len(w.slow) > 0 {
			w.catchUp(t)
		}
		for _, c := range w.clients {
			c.check(t)
			c.current(t)
		}
	})
}

// catchUp lets a slow client read again.
func (w *world) catchUp(t *rapid.T) {
	for id := range w.clients {
		slow := w.slow[id]
		if slow == nil {
			continue
		}
		delete(w.slow, id)
		if slow.Overflowed() {
			a, ok := w.board.Refresh(id)
			if everyone, names := w.board.Watches(id); ok != (everyone || names > 0) {
				t.Fatalf("refreshed %v", ok)
			}
			if ok {
				w.answer(t, id, a)
			}
			continue
		}
		c := w.clients[id]
		for _, d := range slow.Take() {
			b, err := wire.Append(nil, &d)
			if err != nil || len(b) > c.budget {
				t.Fatalf("a delta of %d bytes: %v", len(b), err)
			}
			c.delta(t, &d, false)
		}
		if !slow.Empty() {
			t.Fatal("something is left")
		}
		c.check(t)
	}
}

// count checks the board's sizes against the clients.
func (w *world) count(t *rapid.T) {
	got := w.board.Counts()
	names := map[string]bool{}
	want := presence.Counts{History: got.History}
	for _, c := range w.clients {
		if c.all || len(c.names) > 0 {
			want.Watchers++
		}
		if c.all {
			want.Everyone++
		}
		want.Watches += len(c.names)
		for u := range c.names {
			names[u] = true
		}
	}
	want.Names = len(names)
	want.Online = len(w.truth.at(uint64(len(w.truth.changes)), func(string) bool { return true }))
	if got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
}
