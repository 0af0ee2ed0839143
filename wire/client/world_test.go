package client

import (
	"context"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"example.com/rollcall/wire"
)

// world is a model of a server beside the real watch state of a client, whose
// connection is played by hand: nothing runs, everything is drawn.
type world struct {
	t *rapid.T

	// The server: plain, and by other means than the client.
	epoch   uint64
	version uint64
	online  map[string]bool
	history []wire.Change
	truth   map[mark]map[string]bool // who was online at each version of each epoch

	// The server's side of the connection.
	cn        *conn
	first     bool
	everyone  bool
	names     map[string]bool
	sent      uint64         // the version that has been told
	toClient  []wire.Message // on their way
	toServer  *wire.Splitter
	lastDelta *wire.Delta
	lost      bool

	c       *Client
	readers []*reader

	// exact: nobody is slow and all names fit one message, so that not one
	// change may be missing.
	exact bool
}

// reader is a consumer of a watch.
type reader struct {
	w       *Watch
	listed  bool
	online  map[string]bool
	epoch   uint64
	version uint64
}

var worldUsers = []string{"ann", "bob", "cid", "dee"}

func newWorld(t *rapid.T) *world {
	o := Options{MaxUsers: 100}
	w := &world{
		t: t, epoch: 1, online: make(map[string]bool), truth: make(map[mark]map[string]bool),
		c: newClient(context.Background(), "", o), exact: rapid.Bool().Draw(t, "exact"),
	}
	w.remember()
	w.connect()
	return w
}

func (w *world) connect() {
	w.c.pauseWatches()
	w.cn = newConn(nil, w.c.base)
	w.cn.greeted = true
	// Frames so small that few names fit a message.
	frame := 1000
	if !w.exact {
		frame = rapid.SampledFrom([]int{8, 14, 1000}).Draw(w.t, "frame")
	}
	w.cn.welcome.MaxFrame = uint64(watchHead + frame)
	w.first, w.everyone, w.names = true, false, make(map[string]bool)
	w.toClient, w.lastDelta = nil, nil
	w.toServer = wire.NewSplitter(wire.MaxMaxFrame, 4<<10)
	w.c.resumeWatches(w.cn)
}

// remember notes the truth as of now.
func (w *world) remember() { w.truth[mark{w.epoch, w.version}] = maps.Clone(w.online) }

// seenBy is what a consumer should know at a version.
func (w *world) seenBy(r *reader, at mark) map[string]bool {
	truth, ok := w.truth[at]
	if !ok {
		w.t.Fatalf("there never was a version %v", at)
	}
	truth = maps.Clone(truth)
	if len(r.w.users) > 0 {
		maps.DeleteFunc(truth, func(u string, _ bool) bool { return !slices.Contains(r.w.users, u) })
	}
	return truth
}

func (w *world) watches(user string) bool { return w.everyone || w.names[user] }

func (w *world) send(m wire.Message) { w.toClient = append(w.toClient, m) }

func (w *world) snapshot() {
	var on []wire.Online
	for u := range w.online {
		if w.watches(u) {
			on = append(on, wire.Online{User: u})
		}
	}
	size := rapid.IntRange(1, 4).Draw(w.t, "part")
	if len(on) > size && rapid.Bool().Draw(w.t, "give up") {
		w.send(&wire.Snapshot{Epoch: w.epoch, Version: w.version, More: true, Online: on[1 : size+1]})
	}
	for part := uint64(0); ; part++ {
		n := min(size, len(on))
		w.send(&wire.Snapshot{
			Epoch: w.epoch, Version: w.version, Part: part, More: n < len(on), Online: on[:n],
		})
		if on = on[n:]; len(on) == 0 {
			break
		}
	}
	// What is not flushed yet may be told once more: deltas may overlap.
	w.sent = rapid.Uint64Range(min(w.sent, w.version), w.version).Draw(w.t, "sent")
}

// delta tells everything after from; a slow client gets the newest of each user.
func (w *world) delta(from uint64) {
	var changes []wire.Change
	for _, c := range w.history {
		if c.Version > from && w.watches(c.User) {
			changes = append(changes, c)
		}
	}
	middle := from
	if len(changes) > 1 && rapid.Bool().Draw(w.t, "split") {
		half := len(changes) / 2
		middle = changes[half-1].Version
		w.send(&wire.Delta{Epoch: w.epoch, From: from, To: middle, Changes: w.collapse(changes[:half])})
		changes = changes[half:]
	}
	w.lastDelta = &wire.Delta{Epoch: w.epoch, From: middle, To: w.version, Changes: w.collapse(changes)}
	w.send(w.lastDelta)
	w.sent = w.version
}

// collapse leaves out what a later change of the same delta outdates, sometimes.
func (w *world) collapse(changes []wire.Change) []wire.Change {
	if w.exact || !rapid.Bool().Draw(w.t, "collapse") {
		return changes
	}
	newest := make(map[string]uint64)
	for _, c := range changes {
		newest[c.User] = c.Version
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c wire.Change) bool { return newest[c.User] != c.Version })
}

// serve handles the client's messages.
func (w *world) serve() {
	batch, _ := w.cn.out.take(nil)
	w.toServer.Filled(copy(w.toServer.Space(), batch))
	for {
		f, ok, err := w.toServer.Next()
		if err != nil {
			w.t.Fatal(err)
		}
		if !ok {
			return
		}
		m, err := wire.Decode(f.Type, f.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		switch m := m.(type) {
		case *wire.Watch:
			w.agree(m.Request)
			adds := m.Everyone && !w.everyone
			w.everyone = w.everyone || m.Everyone
			for _, u := range m.Users {
				adds = adds || !w.names[u]
				w.names[u] = true
			}
			bridge := (w.first || !adds) && m.Epoch == w.epoch && rapid.Bool().Draw(w.t, "bridge")
			w.first = false
			if bridge {
				w.delta(m.Version)
			} else {
				w.snapshot()
			}
		case *wire.Unwatch:
			w.send(&wire.OK{Request: m.Request})
			if len(m.Users) == 0 {
				w.everyone = false
				clear(w.names)
			}
			for _, u := range m.Users {
				delete(w.names, u)
			}
		default:
			w.t.Fatalf("the client sent %T", m)
		}
		if f.Type == wire.TypeWatch && len(w.names) == 0 && !w.everyone {
			w.t.Fatal("a watch of nobody")
		}
	}
}

// agree sends an OK, which may overtake the last part of a snapshot.
func (w *world) agree(request uint64) {
	last := len(w.toClient) - 1
	w.send(&wire.OK{Request: request})
	if last < 0 {
		return
	}
	if s, ok := w.toClient[last].(*wire.Snapshot); ok && s.Part > 0 && rapid.Bool().Draw(w.t, "overtake") {
		w.toClient[last], w.toClient[last+1] = w.toClient[last+1], w.toClient[last]
	}
}

// receive hands the client the next message on its way.
func (w *world) receive() {
	if len(w.toClient) == 0 {
		return
	}
	m := w.toClient[0]
	w.toClient = w.toClient[1:]
	if end := w.c.handle(w.cn, m); end != nil {
		w.t.Logf("the client gave the connection up: %v", end)
		w.connect()
	}
}

// read lets a consumer take one event, if one waits.
func (w *world) read(r *reader) bool {
	e, ok := r.w.next()
	if !ok {
		return false
	}
	if (e.Kind == Snapshot) == r.listed {
		w.t.Fatalf("event %v, listed before: %v", e.Kind, r.listed)
	}
	if e.Epoch < r.epoch || e.Epoch == r.epoch && e.Version < r.version {
		w.t.Fatalf("backwards: %d of %d after %d of %d", e.Version, e.Epoch, r.version, r.epoch)
	}
	at := mark{e.Epoch, e.Version}
	if bridged := r.listed && (e.Epoch != r.epoch || e.At.IsZero()); w.exact && r.listed && !bridged {
		if before := w.seenBy(r, mark{e.Epoch, e.Version - 1}); !maps.Equal(r.online, before) {
			w.t.Fatalf("before %v: knows %v, the truth is %v", at, r.online, before)
		}
	}
	r.epoch, r.version = e.Epoch, e.Version
	switch e.Kind {
	case Snapshot:
		r.listed = true
		for _, o := range e.Online {
			r.online[o.User] = true
		}
		if truth := w.seenBy(r, at); !maps.Equal(r.online, truth) {
			w.t.Fatalf("a snapshot of %v at %v, the truth is %v", r.online, at, truth)
		}
	case Online, Offline:
		if r.online[e.User] == (e.Kind == Online) {
			w.t.Fatalf("%v of %s is no change", e.Kind, e.User)
		}
		if len(r.w.users) > 0 && !slices.Contains(r.w.users, e.User) {
			w.t.Fatalf("told of %s, whom it does not watch", e.User)
		}
		if w.seenBy(r, at)[e.User] != (e.Kind == Online) {
			w.t.Fatalf("at %v %s was not %v", at, e.User, e.Kind)
		}
		if e.Kind == Online {
			r.online[e.User] = true
		} else {
			delete(r.online, e.User)
		}
	}
	return true
}

func (w *world) set(user string, online bool) {
	if w.online[user] == online {
		return
	}
	w.version++
	c := wire.Change{Version: w.version, User: user, Online: online, At: int64(w.version)} //nolint:gosec // small
	if online {
		w.online[user] = true
	} else {
		delete(w.online, user)
		c.Reason = wire.ReasonEOF
	}
	w.history = append(w.history, c)
	w.remember()
}

func (w *world) restart() {
	w.epoch++
	w.version = rapid.Uint64Range(0, 3).Draw(w.t, "version")
	w.sent, w.history = w.version, nil
	w.online = make(map[string]bool)
	for _, u := range worldUsers {
		if rapid.Bool().Draw(w.t, u) {
			w.online[u] = true
		}
	}
	w.remember()
	w.connect()
}

func (w *world) watch() {
	var users []string
	if rapid.IntRange(0, 2).Draw(w.t, "everyone") > 0 {
		users = rapid.SliceOfNDistinct(rapid.SampledFrom(worldUsers), 1, 3, rapid.ID).Draw(w.t, "names")
	}
	r := &reader{w: newWatch(w.c, users), online: make(map[string]bool)}
	if !w.exact {
		r.w.backlog = newBacklog(2)
	}
	r.w.begin()
	w.readers = append(w.readers, r)
}

func (w *world) stop() {
	if len(w.readers) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.readers)-1).Draw(w.t, "which")
	w.readers[i].w.end(nil)
	w.c.settle()
	w.readers = slices.Delete(w.readers, i, i+1)
}

// lose drops a delta on its way: no server does that, and a client has to mend it.
func (w *world) lose() {
	i := slices.IndexFunc(w.toClient, func(m wire.Message) bool { _, ok := m.(*wire.Delta); return ok })
	if i >= 0 {
		w.toClient = slices.Delete(w.toClient, i, i+1)
		w.lost = true
	}
}

// rest lets everything arrive.
func (w *world) rest() {
	for range 100 {
		w.serve()
		if (w.everyone || len(w.names) > 0) && w.sent < w.version {
			w.delta(w.sent)
		}
		if len(w.toClient) == 0 {
			return
		}
		for len(w.toClient) > 0 {
			w.receive()
		}
	}
	w.t.Fatal("no rest")
}

// check brings everything to rest and compares.
func (w *world) check() {
	w.rest()
	if w.lost { // that shows at the next delta
		w.set("zed", !w.online["zed"])
		w.rest()
	}
	for _, r := range w.readers {
		for w.read(r) {
		}
		want := w.seenBy(r, mark{w.epoch, w.version})
		if !r.listed || !maps.Equal(r.online, want) {
			w.t.Fatalf("a watch of %v: listed %v, knows %v, the truth is %v", r.w.users, r.listed, r.online, want)
		}
	}
	if len(w.readers) == 0 && (w.everyone || len(w.names) > 0) {
		w.t.Fatalf("nobody watches, but the server tells of everyone %v, %v", w.everyone, w.names)
	}
	if len(w.readers) == 0 && len(w.c.presence.online)+len(w.c.presence.seen) > 0 {
		w.t.Fatal("nobody watches, but the client remembers")
	}
}
