package supervisor_test

import (
	"testing"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
)

// mentions counts the records that name a user.
func (w *world) mentions(user string) (n int) {
	for r := range w.s.Departures(ctx, supervisor.RecordQuery{User: user}) {
		switch r.(type) {
		case *record.Departure, *record.SessionEnd, *record.Announcement:
			n++
		}
	}
	return n
}

// TestForget: what is kept of a user goes, also what has not been written yet;
// others stay; somebody who is online stays on the roll.
func TestForget(t *testing.T) {
	roll := record.NewMemoryRoll()
	inBubble(t, supervisor.Config{Roll: roll}, func(w *world) {
		alice, phone := w.join("alice"), w.join("alice")
		w.join("bob").cut()
		w.after(time.Second)
		phone.cut() // not written yet
		w.settle()
		n, err := w.s.Forget(ctx, "alice")
		if err != nil || n != 3 { // she came; the phone went: a departure and a session
			t.Errorf("%d records, %v", n, err)
		}
		if left := w.mentions("alice"); left != 0 {
			t.Errorf("%d records are left", left)
		}
		if left := w.mentions("bob"); left != 4 {
			t.Errorf("%d records of bob", left)
		}
		page, err := w.s.Terminations(ctx, 0, 0, nil)
		if err != nil || len(page.Terminations) != 1 || page.Terminations[0].User != "bob" {
			t.Errorf("%+v, %v", page, err)
		}
		w.after(time.Second)
		if users := roll.Next().Left().Users; len(users) != 1 || users[0].User != "alice" {
			t.Errorf("the roll has %+v", users)
		}
		alice.cut()
		w.after(time.Second)
		if users := roll.Next().Left().Users; len(users) != 0 {
			t.Errorf("the roll has %+v", users)
		}
		if n, err := w.s.Forget(ctx, "nobody"); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		// Gone, and the roll does not know it yet.
		w.join("carol")
		w.after(time.Second)
		w.peers[len(w.peers)-1].cut()
		w.settle()
		if n, err := w.s.Forget(ctx, "carol"); n != 4 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if users := roll.Next().Left().Users; len(users) != 0 {
			t.Errorf("the roll has %+v", users)
		}
	})
}

// TestNoJournal: a server that keeps none has no records, and works.
func TestNoJournal(t *testing.T) {
	inBubble(t, supervisor.Config{Journal: supervisor.NoJournal}, func(w *world) {
		w.join("alice").cut()
		w.settle()
		if n := w.mentions("alice"); n != 0 {
			t.Errorf("%d records", n)
		}
		if n, err := w.s.Forget(ctx, "alice"); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// TestDeparturesByDefault: an embedder who says nothing has the newest in memory.
func TestDeparturesByDefault(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		p := w.join("alice")
		p.cut()
		w.settle()
		s, err := record.ParseSubject("alice")
		if err != nil {
			t.Fatal(err)
		}
		found, err := w.s.Why(ctx, s, supervisor.RecordLimit{})
		if err != nil || len(found) != 1 || found[0].Connection != p.id {
			t.Errorf("%+v, %v", found, err)
		}
	})
}
