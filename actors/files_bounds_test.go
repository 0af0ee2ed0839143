package actors

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/wire"
)

// guards N17, G6: what files leave in the file manager after all have gone.
func TestFileManagerForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := fileWorld(t)
		for range 3 {
			fileScenario(w)
			w.wantNoFiles()
		}
	})
}

// guards G6: notices that wait for a disk which does not answer are bounded, for
// one user and for all; the newest of a user count.
func TestNoticesThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := fileWorld(t)
		store.gate = make(chan struct{})
		tell := func(user string, i int) {
			w.sys.hold() // as a notification does
			w.sys.files.tell(unnoticed{users: []string{user}, frame: fmt.Appendf(nil, "%s %d", user, i)})
		}
		const users = 70
		for i := range filestore.MaxNotices + 5 {
			for u := range users {
				tell(fmt.Sprint("user ", u), i)
			}
		}
		w.settle()
		if n := w.sys.files.keeping; n != maxKeeping {
			t.Errorf("%d notices wait, want %d", n, maxKeeping)
		}
		close(store.gate)
		store.mu.Lock()
		store.gate = nil
		store.mu.Unlock()
		w.settle()
		for u := range users {
			got, err := store.Notices(fmt.Sprint("user ", u))
			if err != nil || len(got) > filestore.MaxNotices || len(got) < 900 {
				t.Errorf("%d notices of user %d, %v", len(got), u, err)
			}
		}
		w.wantNoFiles()
		// One user alone.
		store.mu.Lock()
		store.gate = make(chan struct{})
		store.mu.Unlock()
		for i := range 3*filestore.MaxNotices + 1 {
			tell("ann", i)
		}
		w.settle()
		close(store.gate)
		store.mu.Lock()
		store.gate = nil
		store.mu.Unlock()
		w.settle()
		got, err := store.Notices("ann")
		if err != nil || len(got) != filestore.MaxNotices || string(got[len(got)-1].Body) != "ann 3000" {
			t.Errorf("%d notices, %v", len(got), err)
		}
		w.wantNoFiles()
	})
}

// guards P7, G6: a client that does not read its notices is cut at a bound.
func TestNoticesThatAreNotReadAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := fileWorld(t)
		bob := w.join("bob")
		bob.pause()
		c := w.actorOf(bob.id)
		frame := frameOf(&wire.FileNotice{
			Event: wire.FileCompleted, File: wire.File{Owner: "ann", Name: "x", SHA256: make([]byte, 32)},
		})
		before := func() int { w.settle(); return len(c.ofFiles().news) }
		for range maxNews {
			c.tell(fileNotice{"bob", frame})
		}
		if n := before(); n == 0 || w.terminationOf(bob.id) != nil {
			t.Errorf("%d notices wait; it was cut too early", n)
		}
		for range maxNews {
			c.tell(fileNotice{"bob", frame})
		}
		w.settle()
		w.wantEnd(bob.id, wire.ReasonSlowConsumer)
		bob.resume()
	})
}

// The notices of one user are not told to the next on the same connection.
func TestNoticesOfAnotherUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := fileWorld(t)
		bob := w.join("bob")
		c := w.actorOf(bob.id)
		c.tell(fileNotice{"ann", []byte("not yours")})
		c.tell(keptNotices{user: "ann", frames: [][]byte{[]byte("nor this")}, upTo: 1})
		bob.send(&wire.Ping{Time: 1})
		want[*wire.Pong](bob)
		if n := len(bob.messages()); n != 0 || bob.ended() != nil {
			t.Errorf("%d messages, %v", n, bob.ended())
		}
	})
}

// The way out of a transfer when even its end panics: those who wait are told,
// and nothing stays open.
func TestAbandonedTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := fileWorld(t)
		ann := w.join("ann")
		ann.send(putMessage(2, "x", []byte("data"), "bob"))
		number := want[*wire.PutOK](ann).Transfer
		all := slices.Collect(maps.Values(w.sys.files.transfers)) // idle
		for _, x := range all {
			if !x.abandoned() {
				t.Error("it does not stop")
			}
			x.stop()
		}
		w.settle()
		if a := want[*wire.Abort](ann); a.Transfer != number || a.Code != wire.CodeInternal {
			t.Errorf("ann was told %+v", a)
		}
		if left := store.Partials(); len(left) != 0 {
			t.Errorf("left: %+v", left)
		}
		w.wantNoFiles()
	})
}

// guards P3, P8: the one timer of the file manager serves each grace in
// time, and the retention meanwhile.
func TestGracesAreServedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, store := fileWorld(t)
		for i := range 20 {
			p := w.join("ann")
			p.send(putMessage(2, fmt.Sprint(i), []byte("data"), "bob"))
			p.close()
			w.pass(700 * time.Millisecond)
			// Those of the last ten seconds wait, no others.
			if n, most := len(store.Partials()), min(i+1, int(fileGrace/(700*time.Millisecond))); n != most {
				t.Errorf("after %d interruptions %d partials wait, want %d", i+1, n, most)
			}
		}
		w.pass(fileGrace)
		w.wantNoFiles()
	})
}

// guards G5, G6: the longest notice that there can be is one that the store
// keeps, and fits the smallest frame that a client may ask for.
func TestLongestNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := fileWorld(t)
		long := func(n int) string { return strings.Repeat("x", n) }
		meta := filestore.Meta{
			ID: filestore.ID(bytes.Repeat([]byte{0xff}, 16)), Owner: long(wire.MaxUser),
			Name: long(wire.MaxFileName), Type: long(wire.MaxMedia), Size: math.MaxInt64,
			Created: math.MaxInt64, Committed: math.MaxInt64, Expires: math.MaxInt64,
		}
		for range wire.MaxRecipients {
			meta.Recipients = append(meta.Recipients, long(wire.MaxUser))
		}
		frame := w.sys.files.notice(&meta, wire.FileAborted, wire.CodeWindowExceeded, long(wire.MaxUser))
		if n := len(frame); n == 0 || n > filestore.MaxNotice || n > wire.MinMaxFrame {
			t.Errorf("%d bytes; the store keeps %d, and a frame has %d", n, filestore.MaxNotice, wire.MinMaxFrame)
		}
	})
}
