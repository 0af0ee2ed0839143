package actors

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/wire"
)

// deed is one thing that happens to one of a few connections.
type deed struct {
	what   string
	peer   int
	settle bool // what follows comes when all this is over, and not at the same time
}

var deeds = []string{
	"dial", "dial", "dial at the same address", "hello", "hello", "login", "login", "watch", "send", "half a frame",
	"bye", "close", "half close", "reset", "bad frame", "large frame", "second hello", "kick", "kick user",
	"stop reading", "go mute", "write fails", "panic", "panic at the registry", "panic at the users", "cut", "wait", "wait long",
}

func drawDeeds(t *rapid.T) []deed {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) deed {
		return deed{rapid.SampledFrom(deeds).Draw(t, "what"), rapid.IntRange(0, 3).Draw(t, "peer"), rapid.Bool().Draw(t, "settle")}
	}), 1, 60).Draw(t, "deeds")
}

// do does it. Errors are part of the play.
func (w *world) do(d deed, peers []*peer) {
	p := peers[d.peer]
	if p == nil || d.what == "dial" || d.what == "dial at the same address" {
		address := fmt.Sprintf("10.0.0.1:%d", 5000+d.peer)
		if d.what == "dial" {
			address = fmt.Sprintf("10.0.0.2:%d", ports.Add(1))
		}
		peers[d.peer] = w.dialFrom(address)
		return
	}
	user := []string{"ann", "bob"}[d.peer%2]
	switch d.what {
	case "hello", "second hello":
		_ = p.try(hello("laptop of " + user))
	case "login":
		_ = p.try(&wire.Login{Request: 1, User: user})
	case "watch":
		_ = p.try(&wire.Watch{Request: 2, Everyone: d.settle, Users: []string{"ann", "bob"}})
	case "send":
		_ = p.try(&wire.Send{ID: 3, To: "ann", Body: make([]byte, 2000)})
	case "half a frame":
		_, _ = p.link.client.Write(header(10, wire.TypePing))
	case "bye":
		_ = p.try(&wire.Bye{Reason: wire.ReasonBye})
	case "close":
		_ = p.link.client.Close()
	case "half close":
		_ = p.link.client.CloseWrite()
	case "reset":
		p.link.reset()
	case "bad frame":
		_, _ = p.link.client.Write(append(header(2, wire.TypePing), 0xff))
	case "large frame":
		_, _ = p.link.client.Write(header(1<<31, wire.TypePing))
	case "kick":
		go func() { _ = w.sys.Kick(context.Background(), p.id, "out") }()
	case "kick user":
		go func() { _, _ = w.sys.KickUser(context.Background(), user, "out") }()
	case "stop reading":
		p.link.server.out.change(func(s *stream) { s.room = 0 })
	case "go mute":
		p.silence()
	case "write fails":
		p.link.server.out.change(func(s *stream) { s.broken = context.Canceled })
	case "panic":
		w.bombs(&bomb{kind: "connection", n: 1 + d.peer, charges: 1, seen: map[string]bool{}})
	case "panic at the registry":
		w.bombs(&bomb{kind: "registry", n: 1 + d.peer, charges: 1 + d.peer%2, seen: map[string]bool{}})
	case "panic at the users":
		w.bombs(&bomb{kind: "users", n: 1 + d.peer, charges: 1 + d.peer%2, seen: map[string]bool{}})
	case "cut":
		_ = p.link.server.Close() // below our feet
	case "wait":
		time.Sleep(3 * time.Second)
	case "wait long":
		time.Sleep(20 * time.Second)
	}
}

func (w *world) bombs(b *bomb) { w.onMessage(b.before) }

// guards G2, N6, N11, S1, S4: in every order of whatever can happen to some
// connections of the same clients, at once or one after the other, each
// connection has exactly one Terminated and one termination at the user manager
// (the world counts), and in the end nobody is left or online.
func TestEachConnectionEndsOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		all := drawDeeds(rt)
		policy := rapid.SampledFrom([]Policy{Many, Replace, Refuse}).Draw(rt, "policy")
		grace := rapid.SampledFrom([]time.Duration{0, 5 * time.Second}).Draw(rt, "grace")
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, func(s *Settings) { s.Policy, s.Grace, s.QueueBytes = policy, grace, 8<<10 })
			peers := make([]*peer, 4)
			for _, d := range all {
				w.do(d, peers)
				if d.settle {
					w.settle()
				}
			}
			w.onMessage(nil)
			w.settle()
			w.checkAlive()
			w.silenceAll()
			w.pass(2 * time.Minute)
			w.wantNobody()
			w.closeAll()
		})
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}

// checkAlive compares the three books while everybody is quiet: who is in the
// maps, whom the user manager knows, who is online.
func (w *world) checkAlive() {
	w.t.Helper()
	if w.sys.Counters().Panics > 0 {
		w.pass(6 * time.Second) // a sweep, and a grace
	}
	maps := onRegistry(w, func(r *registry) (ids []uint64) {
		page, _, _ := r.dir.Page(0, 1000)
		for _, c := range page {
			ids = append(ids, c.id)
		}
		return ids
	})
	slices.Sort(maps)
	type books struct {
		conns         []uint64
		online, users int
	}
	b := onUsers(w, func(u *userManager) (b books) {
		for id := range u.conns {
			b.conns = append(b.conns, id)
		}
		n := u.book.Counts()
		b.online, b.users = u.board.Counts().Online, n.Users+n.Held
		return b
	})
	slices.Sort(b.conns)
	if !slices.Equal(maps, b.conns) || b.online != b.users {
		w.t.Errorf("in the maps %v, at the user manager %v; %d users, %d online", maps, b.conns, b.users, b.online)
	}
}

// silenceAll makes every client mute, so that the heartbeat ends them.
func (w *world) silenceAll() {
	w.mu.Lock()
	peers := slices.Clone(w.peers)
	w.mu.Unlock()
	for _, p := range peers {
		p.silence()
	}
}

func (w *world) closeAll() {
	w.mu.Lock()
	peers := slices.Clone(w.peers)
	w.mu.Unlock()
	for _, p := range peers {
		p.close()
	}
}
