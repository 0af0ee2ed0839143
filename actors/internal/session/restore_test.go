package session_test

import (
	"testing"
	"time"

	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

// TestRestore: users of a life that was lost are held until the deadline, with
// the reason node_lost and the time when they were last known. Guards G7.
func TestRestore(t *testing.T) {
	b := session.New(session.Config{MaxHeld: 3})
	for i, u := range []string{"c", "a", "b"} {
		if !b.Restore(u, int64(i), int64(100+i), time.Minute) {
			t.Fatalf("%s was not taken", u)
		}
	}
	if b.Restore("a", 7, 7, time.Hour) {
		t.Error("a was taken twice")
	}
	if b.Restore("d", 7, 7, time.Hour) {
		t.Error("d was taken past the bound")
	}
	if c := b.Counts(); c.Held != 3 || c.Users != 0 {
		t.Errorf("%+v", c)
	}
	b.Admit(1)
	l, err := b.Login(time.Second, 5000, 1, "b", 0)
	if err != nil || l.CameOnline || l.Resumed {
		t.Errorf("b's return: %+v, %v", l, err)
	}
	if u, _ := b.Of("b"); u.Since != 2 || u.Held {
		t.Errorf("%+v", u)
	}
	if all := b.Expire(time.Minute - 1); len(all) > 0 {
		t.Errorf("too early: %+v", all)
	}
	first := b.ExpireSome(time.Minute, 1)
	rest := b.ExpireSome(time.Minute, 1)
	for i, all := range [][]session.Departure{first, rest} {
		want := session.Departure{
			User: []string{"a", "c"}[i], WentOffline: true, Until: time.Minute, Reason: wire.ReasonNodeLost,
			At: []int64{101, 100}[i],
		}
		if len(all) != 1 || all[0] != want {
			t.Errorf("%+v, want %+v", all, want)
		}
	}
	if _, more := b.Next(); more {
		t.Error("somebody is still held")
	}
}

// TestExpireAll ends every grace, at the end of a life.
func TestExpireAll(t *testing.T) {
	b := session.New(session.Config{Grace: time.Hour})
	b.Restore("lost", 1, 1, time.Minute)
	b.Admit(1)
	if _, err := b.Login(0, 0, 1, "held", 0); err != nil {
		t.Fatal(err)
	}
	b.End(0, 0, 1, wire.ReasonEOF)
	all := b.ExpireAll()
	if len(all) != 2 || all[0].User != "lost" || all[1].User != "held" || all[1].Conn != 1 || all[1].Reason != wire.ReasonEOF {
		t.Errorf("%+v", all)
	}
}
