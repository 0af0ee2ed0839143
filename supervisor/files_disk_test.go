package supervisor_test

import (
	"errors"
	"fmt"
	"testing"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// diskCases are the ways in which a call fails, with what a client is told.
var diskCases = []struct {
	name string
	how  fault
	code wire.Code
}{
	{"fails", fault{err: fmt.Errorf("write /secret/path: %w", filestore.ErrDisk)}, wire.CodeStorageFailed},
	{"is read-only", fault{err: filestore.ErrReadOnly}, wire.CodeStorageFailed},
	{"is full", fault{err: filestore.ErrStorageFull}, wire.CodeStorageFull},
	{"is beyond a quota", fault{err: filestore.ErrQuotaBytes}, wire.CodeQuotaExceeded},
	{"is unknown", fault{err: errors.New("what is this")}, wire.CodeStorageFailed},
	{"panics", fault{panic: "a defect of a store"}, wire.CodeInternal},
}

// TestDiskFaultsOfAPut: whichever call fails, and how: the sender is told the
// reason, nothing is left of the file, its recipient is told if it had heard of
// it, and another put goes on unharmed. Guards G5.
func TestDiskFaultsOfAPut(t *testing.T) {
	for _, c := range diskCases {
		for _, call := range []string{"Begin", "Write", "Commit"} {
			t.Run(call+" "+c.name, func(t *testing.T) {
				inDepot(t, supervisor.Config{}, func(d *depot) {
					ann, bob := d.join("ann"), d.join("bob")
					data := textOf("fault", 300<<10)
					other := ann.offer(putOf("other", data, "cid"), data)
					other.feed(100 << 10)
					d.disk.fail(call, "fault", c.how)
					if call == "Begin" {
						ann.refused(putOf("fault", data, "bob"), c.code)
						d.heard(bob) // there never was anything
					} else {
						s := ann.offer(putOf("fault", data, "bob"), data)
						wantAbort(ann, s.finish(), c.code, "")
						d.heard(bob, "offered fault", "aborted fault "+c.code.String())
					}
					d.settle()
					if left := d.kept.Partials(); len(left) != 1 || left[0].Meta.Name != "other" {
						t.Errorf("left: %+v", left)
					}
					d.disk.heal()
					if _, ok := other.finish().(*wire.Done); !ok {
						t.Error("the other put was aborted")
					}
					ann.upload(putOf("fault", data, "bob"), data)
				})
			})
		}
	}
}

// TestDiskTextsStayHere: what a client is told has no word of the server's.
func TestDiskTextsStayHere(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		for _, c := range diskCases {
			d.disk.fail("Begin", "x", c.how)
			e, ok := ann.ask(putOf("x", nil, "bob")).(*wire.Error)
			if !ok || len(e.Text) > 40 || e.Text == "" || errors.Is(c.how.err, errors.New(e.Text)) {
				t.Errorf("%s: %+v", c.name, e)
			}
		}
	})
}

// TestDiskFaultsOfAResume: a put that cannot go on is told so, and begins from
// the start where nothing is left of it.
func TestDiskFaultsOfAResume(t *testing.T) {
	for _, c := range []struct {
		call  string
		err   error
		code  wire.Code
		fresh bool
	}{
		{"Sync", filestore.ErrDisk, wire.CodeStorageFailed, false},
		{"Sync", filestore.ErrStorageFull, wire.CodeStorageFull, false},
		{"Resume", filestore.ErrDisk, wire.CodeStorageFailed, false},
		{"Resume", filestore.ErrBusy, wire.CodeStorageFailed, false},
		{"Resume", filestore.ErrChecksum, wire.CodeNone, true},
		{"Resume", filestore.ErrNotFound, wire.CodeNone, true},
	} {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			s, data := d.begun(d.join("ann"))
			s.p.cut()
			d.settle()
			if c.call == "Resume" {
				d.parts = 1
				d.restart()
				d.parts = 0
				if c.fresh { // as the store says
					if err := d.kept.Drop(d.kept.Partials()[0].Meta.ID); err != nil {
						t.Fatal(err)
					}
				}
			}
			d.disk.fail(c.call, "begun", fault{err: c.err})
			ann := d.join("ann")
			switch m := ann.ask(s.put).(type) {
			case *wire.PutOK:
				if !c.fresh || m.Offset != 0 {
					t.Errorf("%s %v: it goes on at %d", c.call, c.err, m.Offset)
				}
				again := &sending{p: ann, put: s.put, ok: *m, data: data, limit: m.Limit}
				again.finish()
			case *wire.Error:
				if m.Code != c.code {
					t.Errorf("%s %v: %s, want %s", c.call, c.err, m.Code, c.code)
				}
				d.settle()
				d.inspect()
			}
		})
	}
}

// TestDiskFaultsOfAShutdown: what cannot be suspended is aborted, and told in
// the next life.
func TestDiskFaultsOfAShutdown(t *testing.T) {
	for _, c := range diskCases {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			d.begun(d.join("ann"))
			d.disk.fail("Suspend", "begun", c.how)
			d.restart()
			d.inspect()
			d.heard(d.join("bob"), "aborted begun "+c.code.String())
		})
	}
}

// TestDiskFaultsOfADiscard: a partial that the disk does not let go ends its
// transfer all the same.
func TestDiskFaultsOfADiscard(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: -1}, func(d *depot) {
		s, data := d.begun(d.join("ann"))
		d.disk.fail("Discard", "begun", fault{err: filestore.ErrDisk})
		s.p.cut()
		d.wantOutcomes("aborted begun expired ann")
		d.disk.heal()
		if _, ok := d.join("ann").offer(s.put, data).finish().(*wire.Done); !ok {
			t.Error("the same put was aborted")
		}
	})
}

// TestDiskFaultsOfAGet: the reader is told, and may try again.
func TestDiskFaultsOfAGet(t *testing.T) {
	for _, c := range diskCases {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			ann, eve := d.join("ann"), d.join("eve")
			data := textOf("get", 900<<10)
			id := ann.upload(putOf("get", data, "bob"), data)
			d.disk.fail("Open", "get", c.how)
			ann.refused(&wire.Get{File: id}, c.code)
			eve.refused(&wire.Get{File: id}, wire.CodeNotFound) // no word of the file
			how := c.how
			how.skip = 6
			d.disk.heal()
			d.disk.fail("ReadAt", "get", how)
			r := ann.fetch(id, nil)
			wantAbort(ann, r.receive(len(data)), c.code, "")
			if len(r.got) > 7*60<<10 {
				t.Errorf("%d bytes came from a disk that has failed", len(r.got))
			}
			d.disk.heal()
			ann.fetch(id, r.got).whole(data)
		})
	}
}

// TestDiskFaultsOfRequests: list and remove.
func TestDiskFaultsOfRequests(t *testing.T) {
	for _, c := range diskCases {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			ann := d.join("ann")
			id := ann.upload(putOf("x", nil, "bob"), nil)
			d.disk.fail("List", "", c.how)
			ann.refused(&wire.Files{}, c.code)
			d.disk.fail("Delete", "x", c.how)
			ann.refused(&wire.Remove{File: id}, c.code)
			d.disk.heal()
			ann.fetch(id, nil).whole(nil)
			if _, ok := ann.ask(&wire.Remove{File: id}).(*wire.OK); !ok {
				t.Error("it was not removed")
			}
		})
	}
}

// TestDiskFaultsOfNotices: a notice that cannot be kept is lost, and nothing else.
func TestDiskFaultsOfNotices(t *testing.T) {
	for _, c := range diskCases {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			ann := d.join("ann")
			d.disk.fail("AddNotice", "bob", c.how)
			ann.upload(putOf("lost", nil, "bob"), nil)
			d.settle()
			d.disk.heal()
			ann.upload(putOf("kept", nil, "bob"), nil)
			d.settle()
			d.disk.fail("Notices", "bob", c.how)
			bob := d.join("bob")
			d.heard(bob)
			d.disk.heal()
			bob.cut()
			d.settle()
			d.disk.fail("DropNotices", "bob", c.how)
			for range 2 { // told again, for it could not be noted that it was told
				bob = d.join("bob")
				d.heard(bob, "completed kept")
				bob.cut()
				d.settle()
			}
			d.disk.heal()
			d.heard(d.join("bob"), "completed kept")
			d.heard(d.join("bob"))
		})
	}
}
