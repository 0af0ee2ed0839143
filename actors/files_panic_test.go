package actors

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// fileScenario makes files go and fail in every way. Peers whose connection has
// been ended by a panic are of no account.
func fileScenario(w *world) {
	join := func(user string) *peer {
		p := w.dial()
		_ = p.try(hello(user), &wire.Login{Request: 1, User: user})
		w.settle()
		return p
	}
	half := func(p *peer, m *wire.Put, data []byte, n int) uint64 {
		_ = p.try(m)
		w.settle()
		ok, isOK := find[*wire.PutOK](p)
		if !isOK {
			return 0
		}
		if n > 0 {
			_ = p.try(&wire.Chunk{Transfer: ok.Transfer, Offset: ok.Offset, Data: data[ok.Offset:n]})
		}
		w.settle()
		return ok.Transfer
	}
	data := []byte(strings.Repeat("file ", 1000))
	ann, bob := join("ann"), join("bob")
	half(ann, putMessage(10, "whole", data, "bob", "cid"), data, len(data))
	done, _ := find[*wire.Done](ann)
	_ = bob.try(&wire.Files{Request: 11})
	w.settle()
	if list, ok := find[*wire.FileList](bob); ok && len(list.Files) > 0 {
		_ = bob.try(&wire.Get{Request: 12, File: list.Files[0].ID, Limit: 1 << 20})
		w.settle()
		if ok, isOK := find[*wire.GetOK](bob); isOK {
			_ = bob.try(&wire.Credit{Transfer: ok.Transfer, Limit: 1 << 20}, &wire.Done{Transfer: ok.Transfer})
		}
	}
	relay := putMessage(13, "relay", data, "bob")
	relay.Relay = true
	for range 3 { // one is declined, one goes through, one breaks
		_ = ann.try(relay)
		relay.Request++
	}
	w.settle()
	for i := range 3 {
		o, ok := find[*wire.Offer](bob)
		switch {
		case !ok:
		case i == 0:
			_ = bob.try(&wire.Abort{Transfer: o.Transfer, Code: wire.CodeDeclined})
		default:
			_ = bob.try(&wire.Accept{Transfer: o.Transfer, Limit: 1 << 20})
			w.settle()
			_ = ann.try(&wire.Chunk{Transfer: o.Transfer, Data: data[:len(data)/i]})
			w.settle()
			_ = bob.try(&wire.Credit{Transfer: o.Transfer, Offset: 10, Limit: 1 << 20}, &wire.Done{Transfer: o.Transfer})
		}
		w.settle()
	}
	half(ann, putMessage(20, "broken", data, "bob", "cid"), data, 100)
	half(ann, putMessage(21, "lost", data, "bob", "cid"), data, 100)
	ann.close()
	ann = join("ann")
	half(ann, putMessage(22, "broken", data, "bob", "cid"), data, len(data))
	n := half(ann, putMessage(23, "paused", data, "bob"), data, 100)
	_ = ann.try(&wire.Abort{Transfer: max(n, 1), Code: wire.CodeInterrupted})
	w.settle()
	_ = bob.try(&wire.Logout{Request: 24}, &wire.Login{Request: 25, User: "bob"})
	if done != nil {
		_ = ann.try(&wire.Remove{Request: 26, File: done.File})
	}
	w.pass(2 * fileGrace)
	join("cid").close()
	ann.close()
	bob.close()
	w.pass(2 * fileGrace)
}

// fileBomb panics before the n-th message of an actor of files, and before the
// next ones at the same actor while it has charges.
type fileBomb struct {
	mu      sync.Mutex
	kind    string
	n       int
	charges int
	id      string
	at      []string
}

func (b *fileBomb) before(id string, msg any) {
	if kind := strings.Split(strings.TrimPrefix(id, "test/"), "/")[0]; kind != b.kind {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n--; b.n == 0 {
		b.id = id
	}
	if b.id == id && b.charges > 0 {
		b.charges--
		b.at = append(b.at, fmt.Sprintf("%T", msg))
		panic("injected")
	}
}

// guards H1, S1, G2, G5: a panic before any one message of the file manager or
// of a transfer, and two in a row, are survived: when all have gone, neither the
// books nor the store hold anything partial, nobody is waited for, and a later
// put goes well.
func TestEveryMessageOfFilesMayPanic(t *testing.T) {
	for _, kind := range []string{"files", "transfer", "users"} {
		for charges := 1; charges <= 2; charges++ {
			t.Run(fmt.Sprintf("%s, %d", kind, charges), func(t *testing.T) {
				for n := 1; ; n++ {
					b := &fileBomb{kind: kind, n: n, charges: charges}
					synctest.Test(t, func(t *testing.T) { surviveWithFiles(t, b) })
					if len(b.at) == 0 {
						if n < 30 {
							t.Errorf("only %d messages", n-1)
						}
						break
					}
					if t.Failed() {
						t.Fatalf("%s %d: %v", kind, n, b.at)
					}
				}
			})
		}
	}
}

func surviveWithFiles(t *testing.T, b *fileBomb) {
	ends := newEndings()
	w, _ := fileWorld(t)
	w.onMessage(func(id string, msg any) {
		ends.count(msg)
		b.before(id, msg)
	})
	fileScenario(w)
	w.onMessage(ends.note)
	w.wantNoFiles()
	ann := w.join("ann")
	ann.send(putMessage(2, "after", nil, "bob"))
	want[*wire.PutOK](ann)
	want[*wire.Done](ann)
	ann.close()
	w.pass(fileGrace + time.Second)
	w.wantNoFiles()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	ends.check(t, w)
}

// endings counts the terminations that reach the file manager.
type endings struct {
	mu sync.Mutex
	of map[uint64]int
}

func newEndings() *endings { return &endings{of: map[uint64]int{}} }

func (e *endings) note(_ string, msg any) { e.count(msg) }

func (e *endings) count(msg any) {
	if m, ok := msg.(filesTerminated); ok {
		e.mu.Lock()
		e.of[m.c.id]++
		e.mu.Unlock()
	}
}

// check wants one for each connection that there ever was.
func (e *endings) check(t *testing.T, w *world) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for id := uint64(1); id <= w.sys.nextID.Load(); id++ {
		if e.of[id] != 1 {
			t.Errorf("G2: the file manager was told %d times of the end of connection %d", e.of[id], id)
		}
	}
}

// guards G2: the file manager gets one termination of each connection, whatever
// ends it, and when the registry panics over it as well.
func TestFileManagerHearsEachEndOnce(t *testing.T) {
	for _, panics := range []int{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			ends := newEndings()
			w, _ := fileWorld(t)
			n := panics
			var mu sync.Mutex
			w.onMessage(func(id string, msg any) {
				ends.count(msg)
				if _, ok := msg.(ended); ok {
					mu.Lock()
					defer mu.Unlock()
					if n > 0 {
						n--
						panic("injected at " + id)
					}
				}
			})
			w.dial()                             // silent
			w.dial().close()                     // no handshake
			w.dial().greet("x").close()          // no login
			w.join("ann").close()                // eof
			w.join("bob").link.reset()           // reset
			w.join("cid").silence()              // heartbeat
			w.join("dan").raw([]byte{0, 0, 0})   // cut short by the shutdown
			w.join("eve").raw([]byte("garbage")) // protocol error
			_ = w.sys.Kick(context.Background(), w.join("fay").id, "")
			w.pass(2 * time.Minute)
			w.join("gus")
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if err := w.shutdown(ctx); err != nil {
				t.Errorf("shutdown: %v", err)
			}
			ends.check(t, w)
		})
	}
}
