package supervisor_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestPut: a file is stored, its recipient is told, and fetches it; the others
// are not told, and get nothing. Guards G5.
func TestPut(t *testing.T) {
	for _, size := range []int{0, 1, 1000, 60 << 10, 60<<10 + 1, 3<<20 + 17} {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			ann, bob, eve := d.join("ann"), d.join("bob"), d.join("eve")
			data := textOf("notes", size)
			m := putOf("notes.txt", data, "bob")
			m.Media = "text/plain"
			id := ann.upload(m, data)
			d.heard(bob, "offered notes.txt", "completed notes.txt")
			d.heard(eve)
			d.heard(ann)
			n := has[*wire.FileNotice](bob)
			for _, x := range n {
				if !bytes.Equal(x.File.ID, id) || x.File.Owner != "ann" || x.File.Size != uint64(size) || x.File.Media != "text/plain" {
					t.Errorf("bob is told %s of %+v", x.Event, x.File)
				}
			}
			if n[0].File.Stored != 0 || n[1].File.Stored == 0 {
				t.Errorf("stored at %d when offered, %d when completed", n[0].File.Stored, n[1].File.Stored)
			}
			bob.fetch(id, nil).whole(data)
			bob.fetch(id, data[:size/2]).whole(data)
			bob.fetch(id, data).whole(data)
			ann.fetch(id, nil).whole(data)
			eve.refused(&wire.Get{File: id}, wire.CodeNotFound)
			d.wantOutcomes("committed notes.txt")
			if c := d.s.Counters(); c.FilesStored != 1 || c.FilesFetched != 4 || c.FilesAborted != 0 {
				t.Errorf("%d stored, %d fetched, %d aborted", c.FilesStored, c.FilesFetched, c.FilesAborted)
			}
		})
	}
}

// TestPutOnDisk is the same with a real directory.
func TestPutOnDisk(t *testing.T) {
	inDirectory(t, supervisor.Config{}, filestore.Options{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data := textOf("disk", 300<<10)
		id := ann.upload(putOf("../../etc/passwd", data, "bob"), data)
		bob.fetch(id, nil).whole(data)
		s := ann.offer(putOf("half", data, "bob"), data)
		s.feed(100 << 10)
		d.settle()
		ann.cut()
		d.settle()
		again := d.join("ann").offer(putOf("half", data, "bob"), data)
		if again.ok.Offset != 100<<10 {
			t.Errorf("goes on at %d", again.ok.Offset)
		}
		again.finish()
		d.heard(bob, "offered ../../etc/passwd", "completed ../../etc/passwd",
			"offered half", "interrupted half", "resumed half", "completed half")
	})
}

// TestPutForEveryone: all who are online are told once, those who come later
// find it in the list, and those named are told when they come.
func TestPutForEveryone(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob, cid := d.join("ann"), d.join("bob"), d.join("cid")
		phone := d.dial().hello("bob's phone").login("bob")
		data := textOf("all", 1000)
		m := putOf("all.txt", data, "bob", "dan", "bob")
		m.Everyone = true
		id := ann.upload(m, data)
		for _, p := range []*peer{bob, phone, cid} {
			d.heard(p, "offered all.txt", "completed all.txt")
		}
		d.heard(d.join("dan"), "completed all.txt")
		eve := d.join("eve")
		d.heard(eve)
		list := eve.ask(&wire.Files{}).(*wire.FileList)
		if len(list.Files) != 1 || !bytes.Equal(list.Files[0].ID, id) || list.Files[0].To != nil || !list.Files[0].Everyone {
			t.Errorf("eve's list is %+v", list.Files)
		}
		eve.fetch(id, nil).whole(data)
	})
}

// TestOfflineRecipients: who is offline is told of ends at the next login,
// exactly once, in order, on one session.
func TestOfflineRecipients(t *testing.T) {
	inDepot(t, supervisor.Config{FileGrace: -1}, func(d *depot) {
		ann := d.join("ann")
		var ids []wire.FileID
		for i := range 3 {
			data := textOf(numbered(i), 100)
			ids = append(ids, ann.upload(putOf(numbered(i), data, "bob"), data))
		}
		ann.ask(&wire.Remove{File: ids[1]})
		data := textOf("gone", 1000)
		s := ann.offer(putOf("gone", data, "bob"), data)
		ann.send(&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeCancelled})
		d.settle()
		want := []string{"completed file 0", "completed file 1", "completed file 2", "removed file 1", "aborted gone cancelled ann"}
		bob := d.join("bob")
		d.heard(bob, want...)
		d.heard(d.dial().hello("bob's phone").login("bob")) // they were told
		bob.cut()
		d.settle()
		d.heard(d.join("bob"))
		if n, err := d.kept.Notices("bob"); err != nil || len(n) != 0 {
			t.Errorf("%d notices are kept, %v", len(n), err)
		}
	})
}

// TestUntoldNotices: what a connection has not been sent is told to the next.
func TestUntoldNotices(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		var want []string
		for i := range 40 {
			ann.upload(putOf(numbered(i), nil, "bob"), nil)
			want = append(want, "completed "+numbered(i))
		}
		d.settle()
		bob := d.dial().hello("bob").narrow() // 512 bytes fit
		bob.freeze()
		bob.send(&wire.Login{Request: bob.next(), User: "bob"})
		d.settle()
		bob.cut()
		d.settle()
		d.heard(d.join("bob"), want...)
		d.heard(d.join("bob"))
	})
}

// TestManyNotices: a user who was long away is told all that is kept, and is not
// a slow consumer for it, however small its queue. Guards P7.
func TestManyNotices(t *testing.T) {
	inDepot(t, supervisor.Config{QueueBytes: 8 << 10}, func(d *depot) {
		ann := d.join("ann")
		for i := range filestore.MaxNotices + 50 {
			ann.upload(putOf(numbered(i), nil, "bob"), nil)
		}
		d.settle()
		bob := d.join("bob")
		d.settle()
		got := bob.notices()
		if len(got) != filestore.MaxNotices || got[0] != "completed file 50" {
			t.Errorf("%d notices, the first %q", len(got), got[0])
		}
		d.alive(bob)
	})
}

// TestArrivalDuringPut: who logs in while a file is under way is told of it,
// then of its fate.
func TestArrivalDuringPut(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann := d.join("ann")
		data := textOf("way", 1000)
		s := ann.offer(putOf("way", data, "bob"), data)
		s.feed(10)
		d.settle()
		bob := d.join("bob")
		d.heard(bob, "offered way")
		ann.cut()
		d.settle()
		phone := d.dial().hello("bob's phone").login("bob")
		d.heard(phone, "interrupted way")
		d.after(2 * time.Minute)
		d.heard(phone, "interrupted way", "aborted way expired ann")
		d.heard(bob, "offered way", "interrupted way", "aborted way expired ann")
	})
}

// TestSameFileTwice: the same file sent twice at once, from one connection and
// from two clients, and another file of the same name, are different files.
// Guards N26.
func TestSameFileTwice(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, tab, bob := d.join("ann"), d.dial().hello("ann's tablet").login("ann"), d.join("bob")
		data, other := textOf("same", 200<<10), textOf("other", 200<<10)
		all := []*sending{
			ann.offer(putOf("same", data, "cid"), data),
			ann.offer(putOf("same", data, "cid"), data),
			tab.offer(putOf("same", data, "cid"), data),
			bob.offer(putOf("same", other, "cid"), other),
		}
		for range 20 {
			for _, s := range all {
				s.feed(10 << 10)
			}
		}
		var ids []string
		for _, s := range all {
			done, ok := s.finish().(*wire.Done)
			if !ok {
				t.Fatal("a put was aborted")
			}
			ids = append(ids, done.File.String())
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 4 || len(d.stored()) != 4 {
			t.Errorf("%d files, IDs %q", len(d.stored()), ids)
		}
		d.heard(d.join("cid"), "completed same", "completed same", "completed same", "completed same")
	})
}
