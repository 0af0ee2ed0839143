package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestTooManyConnections: past the bound a transport is told so and closed. It
// never was a connection: there is nothing to terminate. Guards G6, N13.
func TestTooManyConnections(t *testing.T) {
	inBubble(t, supervisor.Config{MaxConnections: 2}, func(w *world) {
		a, silent := w.join("alice"), w.dial()
		refused := w.dialFrom(addr(77), supervisor.ErrFull)
		if bye, err := refused.bye(); bye == nil || bye.Reason != wire.ReasonTooMany || !errors.Is(err, io.EOF) {
			t.Errorf("the client read %+v, then %v", bye, err)
		}
		if !refused.link.server.closed() {
			t.Error("N13: the server has not closed the transport")
		}
		if n := w.s.Counters(); n.Refused != 1 || n.Accepted != 2 || n.Live != 2 {
			t.Errorf("%d refused, %d accepted, %d live", n.Refused, n.Accepted, n.Live)
		}
		if c := w.counts(); c.Connections != 1 || c.Handshaking != 1 {
			t.Errorf("the maps have %+v", c)
		}
		silent.cut() // a place is free again
		w.settle()
		w.alive(a, w.join("bob"))
	})
}

// TestLogout: the session ends, the connection goes on, and may log in again.
func TestLogout(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		a, watcher := w.watcher("alice"), w.watcher("watcher")
		logout := func() wire.Message {
			r := a.next()
			a.send(&wire.Logout{Request: r})
			return a.answer(r)
		}
		if m, ok := logout().(*wire.OK); !ok {
			t.Fatalf("the logout was answered by %T", m)
		}
		w.settle()
		w.same("alice", watcher.told("alice"), "logout")
		w.alive(a)
		if m, ok := logout().(*wire.Error); !ok || m.Code != wire.CodeNotLoggedIn {
			t.Errorf("the second logout was answered by %+v", m)
		}
		if c := w.counts(); c.Sessions != 1 || c.Watchers != 1 {
			t.Errorf("a logged out client has a session or watches: %+v", c)
		}
		a.login("carol")
		w.settle()
		w.same("carol", watcher.told("carol"), "+")
		a.cut()
		w.settle()
		w.same("carol", watcher.told("carol"), "+", "eof")
		w.same("alice", watcher.told("alice"), "logout")
		if last := w.ended(a, wire.ReasonEOF); last.User != "carol" {
			t.Errorf("the termination names %q", last.User)
		}
	})
}

// TestShutdownTellsEveryone: every client, in whatever state, is told, and
// everything is gone when Shutdown returns.
func TestShutdownTellsEveryone(t *testing.T) {
	inBubble(t, supervisor.Config{Grace: time.Hour}, func(w *world) {
		var all []*peer
		for i := range 20 {
			all = append(all, w.watcher(fmt.Sprintf("user %02d", i)))
		}
		all = append(all, w.dial().hello("anonymous"), w.dial())
		frozen := w.join("frozen")
		frozen.freeze()
		w.settle()
		begun := time.Now()
		w.down = true
		if err := w.s.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begun); d > time.Second {
			t.Errorf("it took %v, more than the linger", d)
		}
		if n := w.s.Counters(); n.Live != 0 || n.Terminations["server_shutdown"] != 23 {
			t.Errorf("%d live, terminations %v", n.Live, n.Terminations)
		}
		for _, p := range all {
			if bye, err := p.bye(); bye == nil || bye.Reason != wire.ReasonServerShutdown || !errors.Is(err, io.EOF) {
				t.Errorf("%s read %+v, then %v", p.user, bye, err)
			}
		}
		// No grace holds back what the server itself has decided.
		var gone []string
		for _, e := range events[supervisor.UserOffline](w.rec) {
			if e.Reason != wire.ReasonServerShutdown {
				t.Errorf("%s went offline with %s", e.User, e.Reason)
			}
			gone = append(gone, e.User)
		}
		if slices.Sort(gone); len(slices.Compact(gone)) != 21 {
			t.Errorf("%d users went offline", len(gone))
		}
		frozen.thaw()
		late := w.dialFrom(addr(4000), supervisor.ErrShutdown)
		if bye, _ := late.bye(); bye == nil || bye.Reason != wire.ReasonServerShutdown {
			t.Errorf("a late client read %+v", bye)
		}
		for name, err := range map[string]error{
			"counts":       second(w.s.Counts(ctx)),
			"connection":   second(w.s.Connection(ctx, 1)),
			"connections":  second(w.s.Connections(ctx, 0, 0)),
			"terminations": second(w.s.Terminations(ctx, 0, 0, nil)),
			"users":        second(w.s.Users(ctx, 0, 0)),
			"push":         second(w.s.Push(ctx, "user 00", "news", nil)),
			"kick":         w.s.Kick(ctx, 1, ""),
		} {
			if !errors.Is(err, supervisor.ErrShutdown) {
				t.Errorf("%s after the shutdown: %v", name, err)
			}
		}
		if err := w.s.Shutdown(ctx); err != nil {
			t.Errorf("the second shutdown: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestShutdownForced: when the context ends first, clients are cut off, and
// handlers by their contexts; nothing is left all the same.
func TestShutdownForced(t *testing.T) {
	inBubble(t, supervisor.Config{Linger: time.Minute, WriteTimeout: time.Hour}, func(w *world) {
		if err := supervisor.Handle(w.s, "wait", func(ctx context.Context, _ supervisor.Caller, _ []byte) error {
			<-ctx.Done()
			return ctx.Err()
		}); err != nil {
			t.Fatal(err)
		}
		busy, frozen := w.join("busy"), w.join("frozen")
		busy.send(&wire.App{Kind: "wait"})
		frozen.freeze()
		w.settle()
		if _, err := w.s.PushAll(ctx, "bulk", make([]byte, 60<<10)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.PushAll(ctx, "bulk", make([]byte, 60<<10)); err != nil {
			t.Fatal(err)
		}
		w.settle()
		begun := time.Now()
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		w.down = true
		if err := w.s.Shutdown(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the shutdown returned %v", err)
		}
		if d := time.Since(begun); d != 3*time.Second {
			t.Errorf("it took %v", d)
		}
		frozen.thaw()
	})
}

// TestPeerThatNeverClosesIsClosed: a client that is told to go and neither
// reads nor closes is closed after the linger. Guards N13.
func TestPeerThatNeverClosesIsClosed(t *testing.T) {
	inBubble(t, supervisor.Config{Linger: 3 * time.Second}, func(w *world) {
		p := w.join("stubborn")
		p.freeze()
		if err := w.s.Kick(ctx, p.id, ""); err != nil {
			t.Fatal(err)
		}
		w.after(3*time.Second - 1)
		if p.link.server.closed() {
			t.Error("it was closed before the linger was over")
		}
		if n := w.s.Counters().Live; n != 1 {
			t.Errorf("%d live during the linger", n)
		}
		w.after(1)
		if !p.link.server.closed() {
			t.Error("N13: it was not closed after the linger")
		}
		if n := w.s.Counters().Live; n != 0 {
			t.Errorf("%d live after the linger", n)
		}
		p.thaw()
	})
}

// TestFlood: a client that keeps sending after its goodbye was said is not
// listened to, and cannot hold the connection open.
func TestFlood(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		p, friend := w.join("flood"), w.join("friend")
		if err := w.s.Kick(ctx, p.id, ""); err != nil {
			t.Fatal(err)
		}
		w.settle()
		for i := range 100 {
			_ = p.put(&wire.Send{ID: uint64(i + 1), To: "friend"})
		}
		w.settle()
		if got := has[*wire.Deliver](friend); len(got) != 0 {
			t.Errorf("%d messages were delivered after the goodbye", len(got))
		}
		w.after(time.Second)
		if !p.link.server.closed() {
			t.Error("N13: the connection is held open")
		}
		w.ended(p, wire.ReasonKicked)
	})
}
