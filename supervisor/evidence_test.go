package supervisor_test

import (
	"slices"
	"testing"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestEvidence: a termination tells when bytes last came and went, who closed
// first, how pings fared, who took its place and who else was there. Guards P6.
func TestEvidence(t *testing.T) {
	journal := record.NewMemoryJournal(0)
	inBubble(t, supervisor.Config{Policy: supervisor.Replace, Journal: journal}, func(w *world) {
		other := w.dial().hello("alice's device") // the same client, not logged in
		begun := time.Now()
		p := w.join("alice")
		w.after(time.Hour)
		newer := w.join("alice") // replaces p
		w.settle()
		e := w.ended(p, wire.ReasonReplaced)
		if e.Rival != newer.id || e.RivalRemote != newer.nc.LocalAddr().String() || e.First != record.SideServer {
			t.Errorf("rival %d at %s, first %d", e.Rival, e.RivalRemote, e.First)
		}
		if e.Others != 2 { // other, and the newer one
			t.Errorf("%d others", e.Others)
		}
		if e.PingsAnswered != e.PingsSent || e.PingsSent < 200 || len(e.RTTs) != record.MaxRTTs {
			t.Errorf("%d pings, %d answered, round trips %v", e.PingsSent, e.PingsAnswered, e.RTTs)
		}
		if e.LastIn.Before(begun.Add(time.Hour-30*time.Second)) || e.LastOut.Before(begun.Add(time.Hour-30*time.Second)) || e.LastOut.After(e.Ended) {
			t.Errorf("last in %v, last out %v", e.LastIn, e.LastOut)
		}
		newer.cut()
		w.settle()
		if e := w.ended(newer, wire.ReasonEOF); e.First != record.SideClient || e.Rival != 0 || e.Others != 1 {
			t.Errorf("%+v", e)
		}
		w.alive(other)

		// The session's end comes with it, and before the user is offline.
		ends := events[supervisor.SessionEnded](w.rec)
		if len(ends) != 2 || ends[0].Connection != p.id || ends[0].Reason != wire.ReasonReplaced || ends[0].Left != 1 || ends[0].Offline ||
			ends[1].Connection != newer.id || !ends[1].Offline || ends[1].Left != 0 || ends[0].Session == ends[1].Session {
			t.Errorf("%+v", ends)
		}
		offline := events[supervisor.UserOffline](w.rec)
		if len(offline) != 1 || offline[0].Connection != newer.id || offline[0].Watchers != 0 || !offline[0].LastAlive.IsZero() {
			t.Errorf("%+v", offline)
		}
		// And all of it is in the journal, the newest first.
		var kinds []string
		for r, err := range w.s.Departures(ctx, supervisor.RecordQuery{User: "alice"}) {
			if err != nil {
				t.Fatal(err)
			}
			switch r := r.(type) {
			case *record.Departure:
				kinds = append(kinds, "departure "+r.Reason.String())
				if r.Connection == p.id && (len(r.RTTs) != record.MaxRTTs || r.Rival != newer.id || r.LastIn == 0) {
					t.Errorf("%+v", r)
				}
			case *record.SessionEnd:
				kinds = append(kinds, "session "+r.Reason.String())
			case *record.Announcement:
				kinds = append(kinds, map[bool]string{true: "online", false: "offline"}[r.Online])
			}
		}
		if len(kinds) == 6 { // a departure and its session's end come from two actors, in either order (S5)
			slices.Sort(kinds[1:3])
			slices.Sort(kinds[3:5])
		}
		if want := []string{"offline", "departure eof", "session eof", "departure replaced", "session replaced", "online"}; !slices.Equal(kinds, want) {
			t.Errorf("the journal has %q, want %q", kinds, want)
		}
	})
}

// TestHeldSession: the end of the last session tells until when a grace holds its
// user.
func TestHeldSession(t *testing.T) {
	inBubble(t, supervisor.Config{Grace: time.Minute}, func(w *world) {
		p := w.join("alice")
		p.cut()
		w.settle()
		ends := events[supervisor.SessionEnded](w.rec)
		if len(ends) != 1 || ends[0].Offline || !ends[0].HeldUntil.Equal(ends[0].At.Add(time.Minute)) {
			t.Errorf("%+v", ends)
		}
		w.after(time.Minute)
		if e := events[supervisor.UserOffline](w.rec); len(e) != 1 || e[0].Connection != p.id {
			t.Errorf("%+v", e)
		}
	})
}

// TestRefusalsOnRecord: a flood of refused transports does not push everything
// else out of the journal. Guards G6.
func TestRefusalsOnRecord(t *testing.T) {
	journal := record.NewMemoryJournal(0)
	inBubble(t, supervisor.Config{MaxConnections: 1, Journal: journal}, func(w *world) {
		w.join("alice")
		for i := range 100 {
			w.dialFrom(addr(1000+i), supervisor.ErrFull).cut()
			w.after(100 * time.Millisecond)
		}
		n := 0
		for r := range w.s.Departures(ctx, supervisor.RecordQuery{}) {
			if d, ok := r.(*record.Departure); ok && d.Reason == wire.ReasonTooMany {
				n++
			}
		}
		if n < 9 || n > 12 {
			t.Errorf("%d of 100 refusals in 10 s are on record", n)
		}
	})
}
