package supervisor_test

import (
	"strings"
	"testing"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// begun is a put of 300 KiB from ann to bob of which the server has a third.
func (d *depot) begun(ann *peer) (*sending, []byte) {
	d.t.Helper()
	data := textOf("begun", 300<<10)
	s := ann.offer(putOf("begun", data, "bob"), data)
	s.feed(100 << 10)
	d.settle()
	return s, data
}

// TestResume: the same put on a new connection sends only the rest, and the
// recipient is told of every step. Guards G5.
func TestResume(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		number := s.ok.Transfer
		s.p.cut()
		d.heard(bob, "offered begun", "interrupted begun")
		d.after(59 * time.Second)
		again := d.join("ann").offer(s.put, data)
		if again.ok.Offset != 100<<10 || again.ok.Transfer == number {
			t.Errorf("goes on with %+v after number %d", again.ok, number)
		}
		d.after(10 * time.Minute) // no grace runs any more
		if end, ok := again.finish().(*wire.Done); !ok || again.sent != 200<<10 {
			t.Errorf("%d bytes were sent again, the end is %+v", again.sent, end)
		}
		d.heard(bob, "offered begun", "interrupted begun", "resumed begun", "completed begun")
		d.wantOutcomes("committed begun")
	})
}

// TestResumeNeedsTheSamePut: whoever says something else begins something else.
func TestResumeNeedsTheSamePut(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		s, data := d.begun(d.join("ann"))
		s.p.cut()
		d.settle()
		ann, eve := d.join("ann"), d.join("eve")
		others := []*wire.Put{
			putOf("begun2", data, "bob"), putOf("begun", data, "eve"), putOf("begun", data, "bob", "eve"),
			putOf("begun", data[1:], "bob"), relayOf("begun", data, "eve"), putOf("begun", data, "bob"),
		}
		others[5].Everyone = true
		for _, m := range others {
			other := ann.offer(m, data)
			if other.ok.Offset != 0 {
				t.Errorf("%+v goes on at %d", m, other.ok.Offset)
			}
			ann.send(&wire.Abort{Transfer: other.ok.Transfer, Code: wire.CodeCancelled})
		}
		if not := eve.offer(s.put, data); not.ok.Offset != 0 {
			t.Errorf("eve goes on with ann's put at %d", not.ok.Offset)
		}
		if same := ann.offer(s.put, data); same.ok.Offset != 100<<10 {
			t.Errorf("the same put goes on at %d", same.ok.Offset)
		}
	})
}

// TestResumeWhileTheOldConnectionHangs: the same client comes back before the
// server has noticed that it was gone. What the old connection still sends for
// the transfer changes nothing (N11).
func TestResumeWhileTheOldConnectionHangs(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		s.p.silence()
		other := d.dial().hello("another device").login("ann").offer(s.put, data)
		if other.ok.Offset != 0 {
			t.Errorf("another client goes on with it at %d", other.ok.Offset)
		}
		other.finish()
		again := d.dial().hello("ann's device").login("ann").offer(s.put, data)
		if again.ok.Offset != 100<<10 {
			t.Fatalf("goes on at %d", again.ok.Offset)
		}
		s.wantEnd(wire.CodeInterrupted, "")
		s.feed(50 << 10) // late
		s.p.send(&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeCancelled})
		d.settle()
		again.finish()
		s.p.cut()
		d.heard(bob, "offered begun", "offered begun", "completed begun", "interrupted begun", "resumed begun", "completed begun")
	})
}

// TestTakeoverDuringAWrite: the offset that a client is told is durable, also when
// it comes back while the disk is at work for it. Guards G5.
func TestTakeoverDuringAWrite(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		d.join("bob")
		ann := d.join("ann")
		data := textOf("begun", 300<<10)
		s := ann.offer(putOf("begun", data, "bob"), data)
		release := d.disk.block("Write", "begun")
		s.feed(100 << 10)
		d.settle()
		again := d.dial().hello("ann's device").login("ann")
		m := *s.put
		m.Request = 500
		if err := again.put(&m); err != nil {
			t.Fatal(err)
		}
		d.settle()
		before := d.disk.called("Sync", "begun")
		release()
		ok := again.fileAnswer(500).(*wire.PutOK)
		if ok.Offset != 100<<10 || d.disk.called("Sync", "begun") != before+1 {
			t.Errorf("goes on at %d, after %d syncs", ok.Offset, d.disk.called("Sync", "begun")-before)
		}
	})
}

// TestOlderConnectionDoesNotTakeOver: the same put on a connection that is older
// than the one which runs it is another transfer (S3).
func TestOlderConnectionDoesNotTakeOver(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		older := d.join("ann")
		s, data := d.begun(d.join("ann"))
		if o := older.offer(s.put, data); o.ok.Offset != 0 {
			t.Errorf("the older connection takes it over at %d", o.ok.Offset)
		}
		s.finish()
	})
}

// TestNoGrace: with grace 0 the partial is gone at once, and the recipient is
// told. Guards P8, N1: the end is in the middle of a frame.
func TestNoGrace(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: -1}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		s.p.raw([]byte{0, 0, 200, 0, byte(wire.TypeChunk), 0xa3, 1})
		s.p.cut()
		d.settle()
		d.inspect()
		d.heard(bob, "offered begun", "interrupted begun", "aborted begun expired ann")
		d.heard(d.join("bob"))
		d.wantOutcomes("aborted begun expired ann")
		if again := d.join("ann").offer(s.put, data); again.ok.Offset != 0 {
			t.Errorf("goes on at %d", again.ok.Offset)
		}
	})
}

// TestGraceRunsOut: at the end of the grace, not before it, the partial is gone.
func TestGraceRunsOut(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: 10 * time.Second}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		s.p.cut()
		d.settle()
		bob.cut()
		d.after(9 * time.Second)
		if len(d.kept.Partials()) != 1 {
			t.Error("the partial is gone before the grace is over")
		}
		d.after(2 * time.Second)
		d.inspect()
		d.heard(d.join("bob"), "aborted begun expired ann")
		d.wantOutcomes("aborted begun expired ann")
		if again := d.join("ann").offer(s.put, data); again.ok.Offset != 0 {
			t.Errorf("goes on at %d", again.ok.Offset)
		}
	})
}

// TestInterruptedTwice: each interruption has a grace of its own.
func TestInterruptedTwice(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: 10 * time.Second}, func(d *depot) {
		s, data := d.begun(d.join("ann"))
		for i := range 5 {
			s.p.cut()
			d.after(8 * time.Second)
			s = d.join("ann").offer(s.put, data)
			if want := 100<<10 + i*10; s.ok.Offset != uint64(want) {
				t.Fatalf("goes on at %d, want %d", s.ok.Offset, want)
			}
			s.feed(10)
			d.settle()
		}
		s.finish()
	})
}

// TestPause: a client that interrupts its transfer itself goes on with it, on
// the same connection as well.
func TestPause(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		s.p.send(&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeInterrupted})
		d.settle()
		s.p.quietAbout(s.ok.Transfer) // an abort is not answered
		again := s.p.offer(s.put, data)
		if again.ok.Offset != 100<<10 || again.ok.Transfer == s.ok.Transfer {
			t.Errorf("goes on with %+v after %+v", again.ok, s.ok)
		}
		s.feed(10) // late
		again.finish()
		s.p.quietAbout(s.ok.Transfer)
		d.heard(bob, "offered begun", "interrupted begun", "resumed begun", "completed begun")
	})
}

// TestLogoutInterrupts: a logout ends a user's transfers on a connection that
// goes on; the next user of the connection gets nothing of them.
func TestLogoutInterrupts(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		logout := func(p *peer) {
			t.Helper()
			r := p.next()
			p.send(&wire.Logout{Request: r})
			if _, ok := p.answer(r).(*wire.OK); !ok {
				t.Fatal("the logout failed")
			}
		}
		logout(s.p)
		s.wantEnd(wire.CodeInterrupted, "")
		s.p.refused(putOf("x", nil, "bob"), wire.CodeNotLoggedIn)
		s.p.login("eve")
		if o := s.p.offer(s.put, data); o.ok.Offset != 0 {
			t.Errorf("eve goes on with it at %d", o.ok.Offset)
		}
		logout(s.p)
		s.p.login("ann")
		again := s.p.offer(s.put, data)
		if again.ok.Offset != 100<<10 {
			t.Errorf("goes on at %d", again.ok.Offset)
		}
		again.finish()
		d.heard(bob, "offered begun", "interrupted begun", "offered begun", "interrupted begun", "resumed begun", "completed begun")
	})
}

// TestLostAnswer: a put that was completed while its owner was away is not sent
// twice.
func TestLostAnswer(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		bob := d.join("bob")
		s, data := d.begun(d.join("ann"))
		release := d.disk.block("Commit", "begun")
		s.feed(len(data))
		d.settle()
		s.p.cut()
		d.settle()
		release()
		d.settle()
		again := d.join("ann").offer(s.put, data)
		done, ok := again.finish().(*wire.Done)
		if !ok || again.sent != 0 || len(d.stored()) != 1 || done.File.String() != d.stored()[0].ID.String() {
			t.Errorf("%d bytes were sent again; %d files; %+v", again.sent, len(d.stored()), done)
		}
		d.heard(bob, "offered begun", "interrupted begun", "completed begun")
		// It is told once: the same put is another file then.
		third := d.join("ann").offer(s.put, data)
		if third.ok.Offset != 0 {
			t.Errorf("it is told twice")
		}
		third.p.cut()
	})
}

// TestResumeMeetsCommit: an owner who comes back while the file is being
// committed is told how that ended, and sends nothing again.
func TestResumeMeetsCommit(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		s, data := d.begun(d.join("ann"))
		release := d.disk.block("Commit", "begun")
		s.feed(len(data))
		d.settle()
		s.p.cut()
		d.settle()
		ann := d.join("ann")
		m := *s.put
		m.Request = ann.next()
		ann.send(&m)
		d.settle()
		release()
		again := &sending{p: ann, put: &m, data: data}
		ok, isOK := ann.fileAnswer(m.Request).(*wire.PutOK)
		if !isOK {
			t.Fatal("the put was refused")
		}
		again.ok, again.at, again.limit = *ok, ok.Offset, ok.Limit
		if _, ok := again.finish().(*wire.Done); !ok || again.sent != 0 || len(d.stored()) != 1 {
			t.Errorf("%d bytes were sent again; %d files", again.sent, len(d.stored()))
		}
	})
}

// TestNextLife: the puts that a shutdown has suspended are the next life's, on a
// real disk. The same put goes on; what is not claimed in time is swept, counted,
// and told. Guards G5, P8.
func TestNextLife(t *testing.T) {
	inDirectory(t, supervisor.Config{FileGrace: 20 * time.Second}, filestore.Options{}, func(d *depot) {
		s, data := d.begun(d.join("ann"))
		lost := d.join("eve").offer(putOf("lost", data, "bob"), data)
		lost.feed(50 << 10)
		waits := d.join("cid").offer(putOf("waits", data, "bob"), data)
		waits.feed(10 << 10)
		d.settle()
		waits.p.cut() // its grace runs already
		d.settle()
		d.parts = 3
		d.restart()
		if n := len(d.kept.Partials()); n != 3 {
			t.Fatalf("%d partials are left", n)
		}
		d.heardOf(d.join("bob"), "interrupted begun", "interrupted lost", "interrupted waits")
		d.after(15 * time.Second)
		again := d.join("ann").offer(s.put, data)
		if again.ok.Offset != 100<<10 {
			t.Errorf("goes on at %d", again.ok.Offset)
		}
		again.finish()
		d.after(6 * time.Second)
		if n := d.s.Counters().PartialsSwept; n != 2 {
			t.Errorf("%d partials were swept", n)
		}
		d.parts = 0
		d.inspect()
		d.settle()
		if got := d.outcomes(); len(got) != 3 || got[0] != "committed begun" {
			t.Errorf("the outcomes are %q", got)
		}
	})
}

// TestNextLifeWithoutGrace: nothing is kept for the next life, and recipients
// who are offline are told there.
func TestNextLifeWithoutGrace(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: -1}, func(d *depot) {
		d.begun(d.join("ann"))
		d.restart()
		d.inspect()
		d.heard(d.join("bob"), "aborted begun shutting_down")
	})
}

// TestCrashedLife: what a server that was killed has left is adopted: here a
// store whose last user went without a word.
func TestCrashedLife(t *testing.T) {
	dir := t.TempDir()
	data := textOf("crash", 100<<10)
	m := putOf("crash", data, "bob")
	store, _, err := filestore.Open(dir, filestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	meta := filestore.Meta{Owner: "ann", Recipients: []string{"bob"}, Name: "crash", Size: int64(len(data)), SHA256: [32]byte(m.SHA256)}
	p, err := store.Begin(meta)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = p.Write(data[:50<<10])
	if _, err := p.Sync(); err != nil {
		t.Fatal(err)
	}
	_ = store.Close()
	inDepotOf(t, supervisor.Config{}, func(t *testing.T) filestore.Store {
		store, swept, err := filestore.Open(dir, filestore.Options{})
		if err != nil || swept.Partials != 1 {
			t.Fatal(swept, err)
		}
		return store
	}, func(d *depot) {
		s := d.join("ann").offer(m, data)
		if s.ok.Offset != 50<<10 {
			t.Errorf("goes on at %d", s.ok.Offset)
		}
		s.finish()
		d.heard(d.join("bob"), "completed crash")
	})
}

// TestTooManyLeftovers: partials that there is no room for are removed, not
// forgotten. Guards P8.
func TestTooManyLeftovers(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		for i := range 4 {
			s := d.join("ann").offer(putOf(numbered(i), textOf("x", 100), "bob"), nil)
			s.p.cut()
		}
		d.settle()
		d.parts = 4
		d.cfg.TransfersPerUser = 2
		d.restart()
		d.settle()
		d.parts = 2
		d.inspect()
		bob, events := d.join("bob"), map[string]int{}
		d.settle()
		for _, n := range bob.notices() {
			events[strings.Fields(n)[0]]++
		}
		if events["aborted"] != 2 || events["interrupted"] != 2 || len(events) != 2 {
			t.Errorf("bob was told %v", bob.notices())
		}
		d.parts = 0
	})
}
