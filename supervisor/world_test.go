package supervisor_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// world is one supervisor in a bubble with a clock of its own, and all that
// observes it. When a test is over, the world checks what every test must leave
// behind: G1, G2, G3, G6 and N13.
type world struct {
	t   *testing.T
	s   *supervisor.Supervisor
	cfg supervisor.Config
	rec *recorder

	links []*link
	peers []*peer

	faults int        // panics that the test causes in our actors
	count  func() int // the same, as of the end; may be nil
	began  time.Time
	down   bool // the test has shut the server down
}

var ctx = context.Background()

// inBubble runs f in a world of its own.
func inBubble(t *testing.T, cfg supervisor.Config, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, cfg)
		whole := false
		defer func() {
			if !whole { // a failed test must not leave its bubble blocked
				w.abandon()
			}
		}()
		f(w)
		w.finish()
		whole = true
	})
}

// abandon ends everything, by force.
func (w *world) abandon() {
	for _, l := range w.links {
		l.client.in.hold(false)
		l.server.in.hold(false)
		_ = l.client.Close()
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	_ = w.s.Shutdown(over)
}

func newWorld(t *testing.T, cfg supervisor.Config) *world {
	t.Helper()
	w := &world{t: t, rec: new(recorder)}
	own := cfg.OnEvent
	cfg.OnEvent = func(e supervisor.Event) {
		w.rec.record(e)
		if own != nil {
			own(e)
		}
	}
	if cfg.EventBuffer == 0 {
		cfg.EventBuffer = 1 << 20
	}
	s, err := supervisor.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.s, w.cfg, w.began = s, cfg, time.Now()
	time.Sleep(time.Second) // so that its first moments, and a time of zero, are over
	return w
}

// dial connects from an address that no other has had.
func (w *world) dial() *peer {
	w.t.Helper()
	return w.dialFrom(addr(len(w.links)), nil)
}

// dialFrom connects from a given address. wantErr is what the server must say.
func (w *world) dialFrom(from net.Addr, wantErr error) *peer {
	w.t.Helper()
	l := newLink(from, serverAddr)
	w.links = append(w.links, l)
	p := newPeer(w.t, l.client)
	p.link = l
	w.peers = append(w.peers, p)
	if err := w.s.ServeConn(l.server); !errors.Is(err, wantErr) {
		w.t.Fatalf("ServeConn returned %v, not %v", err, wantErr)
	}
	return p
}

// join connects and logs in; the identifier is that of the user's device.
func (w *world) join(user string) *peer {
	w.t.Helper()
	return w.dial().hello(user + "'s device").login(user)
}

// watcher joins and watches.
func (w *world) watcher(user string, users ...string) *peer {
	w.t.Helper()
	return w.join(user).watch(users...)
}

// settle waits until nothing moves and gathered changes have been told.
func (w *world) settle() {
	synctest.Wait()
	time.Sleep(10 * time.Millisecond) // two flush intervals of the bubble's time
	synctest.Wait()
}

// after lets a time pass in the bubble, and everything that it brings.
func (w *world) after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// counts returns the sizes of the maps.
func (w *world) counts() supervisor.Counts {
	w.t.Helper()
	c, err := w.s.Counts(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// online returns the users whom the server holds for online, in order.
func (w *world) online() []string {
	w.t.Helper()
	var names []string
	for cursor := uint64(0); ; {
		page, err := w.s.Users(ctx, cursor, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, u := range page.Users {
			names = append(names, u.User)
		}
		if cursor = page.Next; cursor == 0 {
			slices.Sort(names)
			return names
		}
	}
}

// isOnline reports whether the server holds a user for online.
func (w *world) isOnline(user string) bool { return slices.Contains(w.online(), user) }

// listed reports whether a connection is in the maps: in all, by G1, or in none.
func (w *world) listed(p *peer, identifier string) bool {
	w.t.Helper()
	_, err := w.s.Connection(ctx, p.id)
	byID := err == nil
	is := func(c supervisor.ConnectionInfo) bool { return c.ID == p.id }
	same, err1 := w.s.ByIdentifier(ctx, identifier)
	at, err2 := w.s.ByEndpoint(ctx, p.nc.LocalAddr().String())
	if err1 != nil || err2 != nil {
		w.t.Fatal(err1, err2)
	}
	if in := slices.ContainsFunc(same, is); in != byID || in != slices.ContainsFunc(at, is) {
		w.t.Errorf("G1: connection %d is listed %t, by identifier %t, by endpoint %t",
			p.id, byID, in, slices.ContainsFunc(at, is))
	}
	return byID
}

// ended returns the one termination of a connection, and wants its reason.
func (w *world) ended(p *peer, reason wire.Reason) supervisor.Termination {
	w.t.Helper()
	synctest.Wait()
	all := w.rec.terminations(p.id)
	if len(all) != 1 {
		w.t.Fatalf("G2: connection %d has %d terminations", p.id, len(all))
	}
	if all[0].Reason != reason {
		w.t.Errorf("connection %d ended with %s (%s %s), not with %s",
			p.id, all[0].Reason, all[0].Detail, all[0].Error, reason)
	}
	return all[0]
}

// alive wants a connection to be listed and open.
func (w *world) alive(peers ...*peer) {
	w.t.Helper()
	synctest.Wait()
	for _, p := range peers {
		if _, err := w.s.Connection(ctx, p.id); err != nil {
			w.t.Errorf("%s's connection %d: %v", p.user, p.id, err)
		}
	}
}

// same compares what was told.
func (w *world) same(what string, have []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(have, want) {
		w.t.Errorf("%s: %q, want %q", what, have, want)
	}
}

// finish ends what is left and looks at what the server has left behind.
func (w *world) finish() {
	w.t.Helper()
	for _, p := range w.peers {
		p.cut()
	}
	w.after(w.cfg.Grace + 30*time.Second) // graces, lingers and sweeps are over by then
	if !w.down {
		c := w.counts()
		if c.Connections+c.Identifiers+c.Handshaking+c.Users+c.Held+c.Sessions+c.Watchers != 0 {
			w.t.Errorf("G1, G6: the maps are not empty after all have left: %+v", c)
		}
		if err := w.s.Shutdown(ctx); err != nil {
			w.t.Errorf("shutdown: %v", err)
		}
	}
	for i, l := range w.links {
		if !l.server.closed() {
			w.t.Errorf("N13: the server has not closed transport %d", i)
		}
	}
	n := w.s.Counters()
	total := terminated(n)
	if n.Live != 0 || n.Accepted != total {
		w.t.Errorf("G2: %d live, %d accepted, %d terminated", n.Live, n.Accepted, total)
	}
	if w.count != nil {
		w.faults = w.count()
	}
	if n.Panics != uint64(w.faults) {
		w.t.Errorf("%d panics, the test caused %d: %+v", n.Panics, w.faults, events[supervisor.Fault](w.rec))
	}
	w.rec.check(w.t)
	for _, p := range w.peers {
		<-p.done
		if p.view != nil && p.view.problem != nil {
			w.t.Errorf("%s watches: %v", p.user, p.view.problem)
		}
	}
}

var _ io.Closer = (*end)(nil)
