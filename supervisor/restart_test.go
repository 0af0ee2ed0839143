package supervisor_test

import (
	"slices"
	"testing"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// beat is how old a sign of life may be: a second, two intervals of the recorder.
const beat = 1500 * time.Millisecond

// TestRestart: after a crash, who is back within the grace was never shown
// offline, and who is not goes offline once, with node_lost and the time when it
// was last known alive. Guards G7, P2.
func TestRestart(t *testing.T) {
	inLives(t, supervisor.Config{}, func(l *lives) {
		l.watcher("eye")
		for _, u := range []string{"dora", "carol", "bob", "alice"} {
			l.join(u)
		}
		first := l.s.Epoch()
		died := l.crash(3 * time.Second)
		began := time.Now().Add(-time.Second) // of the world's own
		if l.s.Epoch() <= first {
			t.Errorf("epoch %d follows %d", l.s.Epoch(), first)
		}
		restored := events[supervisor.Restored](l.rec)
		if len(restored) != 1 || len(restored[0].Users) != 5 || restored[0].Before != first {
			t.Fatalf("restored: %+v", restored)
		}
		if _, ok := l.rec.all[0].(supervisor.Restored); !ok {
			t.Errorf("the first event is a %T", l.rec.all[0])
		}
		for i, u := range []string{"alice", "bob", "carol", "dora", "eye"} {
			if have := restored[0].Users[i].User; have != u {
				t.Errorf("in place %d is %s", i, have)
			}
		}
		l.near("last alive", restored[0].LastAlive, died, beat)

		// An old-epoch watcher gets the new epoch's snapshot, in which nobody is
		// missing, and then the deltas.
		eye, went, came := l.back("eye")
		if len(went)+len(came) > 0 {
			t.Errorf("%q went and %q came", went, came)
		}
		l.join("alice")
		l.after(restartGrace / 2)
		l.join("bob")
		l.settle()
		if log := eye.log(); len(log) > 0 {
			t.Errorf("within the grace the watcher was told %+v", log)
		}
		l.after(restartGrace)
		log := eye.log()
		if len(log) != 2 || log[0].User != "carol" || log[1].User != "dora" {
			t.Fatalf("the watcher was told %+v", log)
		}
		for _, c := range log {
			if c.Online || c.Reason != wire.ReasonNodeLost {
				t.Errorf("it was told %+v", c)
			}
			l.near("the change of "+c.User, time.UnixMilli(c.At), died, beat)
		}
		offline := events[supervisor.UserOffline](l.rec)
		if len(offline) != 2 {
			t.Fatalf("offline: %+v", offline)
		}
		for _, e := range offline {
			if e.Reason != wire.ReasonNodeLost || e.Watchers != 1 || e.Connection != 0 {
				t.Errorf("offline: %+v", e)
			}
			l.near("last alive of "+e.User, e.LastAlive, died, beat)
			if left := e.At.Sub(began); left < restartGrace || left > restartGrace+10*time.Millisecond {
				t.Errorf("%s was told of after %v", e.User, left)
			}
		}
		l.same("online", l.online(), "alice", "bob", "eye")
		if n := l.s.Counters().Restored; n != 5 {
			t.Errorf("%d restored", n)
		}
		l.announced("carol", wire.ReasonNodeLost, offline[0].LastAlive)
	})
}

// announced wants the journal to hold that the user's loss was told.
func (l *lives) announced(user string, reason wire.Reason, alive time.Time) {
	l.t.Helper()
	for r, err := range l.s.Departures(ctx, supervisor.RecordQuery{User: user}) {
		if a, ok := r.(*record.Announcement); err == nil && ok && a.User == user && !a.Online && a.Reason == reason {
			if a.LastAlive != alive.UnixMilli() || a.Watchers != 1 || a.Epoch != l.s.Epoch() {
				l.t.Errorf("the journal has %+v", a)
			}
			return
		}
	}
	l.t.Errorf("the journal has no announcement of %s", user)
}

// TestSecondCrashWithinTheGrace: it loses and repeats nothing, and the time when
// somebody was last known alive stays that of the first. Guards G7.
func TestSecondCrashWithinTheGrace(t *testing.T) {
	inLives(t, supervisor.Config{}, func(l *lives) {
		l.watcher("eye")
		l.join("back at once")
		l.join("back late")
		l.join("never")
		first := l.crash(time.Second)
		l.back("eye")
		l.join("back at once")
		l.after(restartGrace / 2)
		second := l.crash(time.Second)
		eye, went, came := l.back("eye")
		if len(went)+len(came) > 0 {
			t.Errorf("%q went and %q came", went, came)
		}
		// Its grace would have been over in the life before.
		l.after(restartGrace / 2)
		l.join("back late")
		l.after(restartGrace)
		log := eye.log()
		if len(log) != 2 || log[0].User != "back at once" || log[1].User != "never" {
			t.Fatalf("the watcher was told %+v", log)
		}
		l.near("the second", time.UnixMilli(log[0].At), second, beat)
		l.near("the first", time.UnixMilli(log[1].At), first, beat)
		// And a third life knows of nobody whom the second has told of.
		l.crash(time.Second)
		for _, e := range events[supervisor.Restored](l.rec) {
			for _, u := range e.Users {
				if u.User == "never" || u.User == "back at once" {
					t.Errorf("%s comes back", u.User)
				}
			}
		}
		l.after(2 * restartGrace)
		if n := len(events[supervisor.UserOffline](l.rec)); n != 2 {
			t.Errorf("%d went offline, not eye and who was back late", n)
		}
	})
}

// TestWatcherAfterTheGrace: who comes later sees who is there, and nothing of
// those who were lost.
func TestWatcherAfterTheGrace(t *testing.T) {
	inLives(t, supervisor.Config{}, func(l *lives) {
		l.watcher("eye")
		l.join("alice")
		l.crash(time.Second)
		l.after(2 * restartGrace)
		eye, went, _ := l.back("eye")
		l.same("vanished", went, "alice")
		if log := eye.log(); len(log) > 0 {
			t.Errorf("it was told %+v", log)
		}
		late := l.watcher("late")
		l.settle()
		late.look(func(v *view) { l.same("the late one sees", v.users(), "eye", "late") })
	})
}

// TestCleanShutdownEmptiesTheRoll: clients were told goodbye, and nobody is
// announced by the next life.
func TestCleanShutdownEmptiesTheRoll(t *testing.T) {
	inLives(t, supervisor.Config{Grace: time.Minute}, func(l *lives) {
		l.join("alice")
		l.join("held by a grace").cut()
		l.settle()
		if err := l.s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		l.roll = l.roll.Next()
		if left := l.roll.Left(); !left.Clean || len(left.Users) > 0 {
			t.Errorf("it has left %+v", left)
		}
		offline := events[supervisor.UserOffline](l.rec)
		if len(offline) != 2 {
			t.Errorf("%d went offline", len(offline))
		}
		l.begin()
		if e := events[supervisor.Restored](l.rec); len(e) > 0 {
			t.Errorf("restored: %+v", e)
		}
		l.after(2 * restartGrace)
		if e := events[supervisor.UserOffline](l.rec); len(e) > 0 {
			t.Errorf("offline: %+v", e)
		}
	})
}

// TestNoRestartGrace: with none, those who were lost are told of at once.
func TestNoRestartGrace(t *testing.T) {
	inLives(t, supervisor.Config{GraceRestart: -1}, func(l *lives) {
		l.watcher("eye")
		l.join("alice")
		l.crash(time.Second)
		if e := events[supervisor.UserOffline](l.rec); len(e) != 2 || e[0].Reason != wire.ReasonNodeLost {
			t.Errorf("offline: %+v", e)
		}
		_, went, _ := l.back("eye")
		l.same("vanished", went, "alice")
	})
}

// TestRestoredUsersAreHeld: for everybody who asks they are online, without a
// session.
func TestRestoredUsersAreHeld(t *testing.T) {
	inLives(t, supervisor.Config{Policy: supervisor.Refuse}, func(l *lives) {
		l.join("alice")
		since := time.Now()
		l.crash(time.Second)
		u, err := l.s.User(ctx, "alice")
		if err != nil || !u.Held || u.Reason != wire.ReasonNodeLost || len(u.Sessions) > 0 ||
			u.HeldFor <= restartGrace-2*time.Second || u.HeldFor > restartGrace {
			t.Errorf("%+v, %v", u, err)
		}
		l.near("since", u.Since, since, time.Second)
		if c := l.counts(); c.Users != 0 || c.Held != 1 || c.Sessions != 0 {
			t.Errorf("%+v", c)
		}
		friend := l.join("friend")
		r := friend.next()
		friend.send(&wire.Send{ID: r, To: "alice"})
		if e, ok := friend.answer(r).(*wire.Error); !ok || e.Code != wire.CodeUserOffline {
			t.Errorf("a message to her was answered by %+v", e)
		}
		// The policy does not take her for one who is there. A token of the life
		// before proves nothing, and harms nothing.
		back := l.dial().hello("device")
		ok, good := back.tryLogin("alice", "", make([]byte, 24)).(*wire.LoginOK)
		if !good || ok.Resumed {
			t.Errorf("her login was answered by %+v", ok)
		}
		back.user = "alice"
		u, err = l.s.User(ctx, "alice")
		if err != nil || u.Held || len(u.Sessions) != 1 {
			t.Errorf("%+v, %v", u, err)
		}
		l.near("since", u.Since, since, time.Second)
	})
}

// TestEpochFollowsTheRoll: also when the clock went back.
func TestEpochFollowsTheRoll(t *testing.T) {
	inLives(t, supervisor.Config{Epoch: 1 << 50}, func(l *lives) {
		l.join("alice")
		for want := uint64(1<<50 + 1); want < 1<<50+4; want++ {
			l.crash(time.Second)
			if l.s.Epoch() != want {
				t.Errorf("epoch %d, want %d", l.s.Epoch(), want)
			}
		}
	})
}

// TestGraceAndRestart: a user whom an ordinary grace held when the server was
// lost has the restart's grace, and comes back into it or not.
func TestGraceAndRestart(t *testing.T) {
	inLives(t, supervisor.Config{Grace: 5 * time.Second}, func(l *lives) {
		l.watcher("eye")
		l.join("alice").cut()
		l.join("bob").cut()
		l.crash(time.Second)
		eye, went, _ := l.back("eye")
		l.same("vanished", went)
		alice := l.join("alice")
		l.after(2 * restartGrace)
		l.same("alice", eye.told("alice"))
		l.same("bob", eye.told("bob"), "node_lost")
		alice.cut()
		l.after(6 * time.Second)
		l.same("alice", eye.told("alice"), "eof")
	})
}

// TestManyRestored: 100,000 are taken over and told of as lost, each once, to a
// watcher that reads. Guards G6.
func TestManyRestored(t *testing.T) {
	const many = 100_000
	roll := record.NewMemoryRoll()
	all := names("user %06d", many)
	var users []record.RollUser
	for _, u := range all {
		users = append(users, record.RollUser{User: u, Sessions: 1, Since: 1})
	}
	if err := roll.Write(record.Batch{Epoch: 1, At: 1000, Online: users}); err != nil {
		t.Fatal(err)
	}
	inBubble(t, supervisor.Config{Roll: roll.Next(), GraceRestart: restartGrace, EventBuffer: 2 * many}, func(w *world) {
		eye := w.watcher("eye")
		w.after(2 * restartGrace)
		if n := len(events[supervisor.UserOffline](w.rec)); n != many {
			t.Errorf("%d went offline", n)
		}
		var told []string
		for _, c := range eye.log() {
			if c.Reason != wire.ReasonNodeLost || c.At != 1000 {
				t.Fatalf("the watcher was told %+v", c)
			}
			told = append(told, c.User)
		}
		if !slices.Equal(told, all) {
			t.Errorf("the watcher was told of %d by deltas, not each once in the order of names", len(told))
		}
		if n := len(events[supervisor.RecordFailing](w.rec)); n > 0 {
			t.Error("the roll could not be written")
		}
	})
}
