package supervisor_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// blockedCases bring one call of the store to a halt: they return how the file
// that it holds up goes on when the disk answers.
var blockedCases = []struct {
	call string
	of   string // whose call
	halt func(d *depot) (resume func())
}{
	{"Begin", "stuck", func(d *depot) func() {
		ann := d.join("ann")
		m := putOf("stuck", nil, "cid")
		m.Request = 100
		ann.send(m)
		return func() {
			if ok, is := ann.fileAnswer(100).(*wire.PutOK); !is || code(ann.about(ok.Transfer)) != wire.CodeNone {
				d.t.Error("the put failed")
			}
		}
	}},
	{"Write", "stuck", func(d *depot) func() {
		data := textOf("stuck", 100<<10)
		s := d.join("ann").offer(putOf("stuck", data, "cid"), data)
		s.feed(len(data))
		return func() { s.finish() }
	}},
	{"Commit", "stuck", func(d *depot) func() {
		s := d.join("ann").offer(putOf("stuck", nil, "cid"), nil)
		return func() { s.finish() }
	}},
	{"Sync", "stuck", func(d *depot) func() {
		data := textOf("stuck", 100<<10)
		s := d.join("ann").offer(putOf("stuck", data, "cid"), data)
		s.p.cut()
		d.settle()
		ann := d.join("ann")
		m := *s.put
		m.Request = 100
		ann.send(&m)
		return func() {
			s.p, s.ok = ann, *ann.fileAnswer(100).(*wire.PutOK)
			s.finish()
		}
	}},
	{"Discard", "stuck", func(d *depot) func() {
		ann := d.join("ann")
		data := textOf("stuck", 100<<10)
		s := ann.offer(putOf("stuck", data, "cid"), data)
		ann.send(&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeCancelled})
		return func() { d.settle() }
	}},
	{"Open", "there", func(d *depot) func() {
		ann := d.join("ann")
		ann.send(&wire.Get{Request: 100, File: wire.FileID(d.stored()[0].ID[:]), Limit: 1 << 20})
		return func() {
			if _, ok := ann.fileAnswer(100).(*wire.GetOK); !ok {
				d.t.Error("the get failed")
			}
		}
	}},
	{"ReadAt", "there", func(d *depot) func() {
		r := d.join("ann").fetch(wire.FileID(d.stored()[0].ID[:]), nil)
		return func() { r.whole(textOf("there", 1000)) }
	}},
	{"Delete", "there", func(d *depot) func() {
		p := d.dial().hello("zoe's other device").login("zoe")
		p.send(&wire.Remove{Request: 100, File: wire.FileID(d.stored()[0].ID[:])})
		return func() {
			if _, ok := p.fileAnswer(100).(*wire.OK); !ok {
				d.t.Error("the remove failed")
			}
		}
	}},
	{"List", "", func(d *depot) func() {
		p := d.join("ann")
		p.send(&wire.Files{Request: 100})
		return func() {
			if _, ok := p.fileAnswer(100).(*wire.FileList); !ok {
				d.t.Error("the list failed")
			}
		}
	}},
	{"AddNotice", "cid", func(d *depot) func() {
		d.join("ann").upload(putOf("noticed", nil, "cid"), nil)
		cid := d.join("cid") // waits for what is being kept
		return func() {
			d.settle()
			// The last word is what counts: the one before it may have been kept first.
			if got := slices.DeleteFunc(cid.notices(), func(n string) bool { return n == "offered noticed" }); !slices.Equal(got, []string{"completed noticed"}) {
				d.t.Errorf("cid was told %q", got)
			}
		}
	}},
	{"Notices", "cid", func(d *depot) func() {
		cid := d.join("cid")
		d.settle()
		d.join("ann").upload(putOf("noticed", nil, "cid"), nil)
		d.settle()
		return func() { d.heard(cid, "offered noticed", "completed noticed") }
	}},
	{"DropNotices", "cid", func(d *depot) func() {
		d.join("ann").upload(putOf("noticed", nil, "cid"), nil)
		d.settle()
		cid := d.join("cid")
		return func() { d.heard(cid, "completed noticed") }
	}},
	{"Expire", "", func(d *depot) func() {
		d.after(90 * time.Second)
		return func() {}
	}},
	{"Drop", "", func(d *depot) func() {
		s, _ := d.begun(d.join("ann"))
		s.p.cut()
		d.settle()
		d.parts = 1
		d.restart()
		d.parts = 0
		d.after(2 * time.Minute)
		return func() {}
	}},
}

// TestBlockedDisk: a call that does not return holds up its own file and nothing
// else: not other files of the same user, nor of others, nor messages, requests,
// heartbeats and logins; and when it returns, its file goes on. Guards N21.
func TestBlockedDisk(t *testing.T) {
	for _, c := range blockedCases {
		t.Run(c.call, func(t *testing.T) {
			inDepot(t, supervisor.Config{}, func(d *depot) {
				zoe := d.join("zoe")
				data := textOf("there", 1000)
				zoe.upload(putOf("there", data, "ann"), data)
				d.settle()
				release := d.disk.block(c.call, c.of)
				defer release()
				resume := c.halt(d)
				d.settle()
				for i := range 3 {
					bob, ann := d.join("bob"), d.dial().hello("ann's phone").login("ann")
					big := textOf("goes on", 2<<20)
					for _, p := range []*peer{bob, ann} {
						if c.call == "Expire" || c.call == "List" || c.call == "Drop" || i == 0 {
							id := p.upload(putOf(numbered(i), big, "dan"), big)
							p.fetch(id, nil).whole(big)
							p.ask(&wire.Remove{File: id})
						}
						p.send(&wire.Ping{Time: 1}, &wire.Send{ID: 200, To: "bob"})
						want[*wire.Pong](p)
						if _, ok := p.answer(200).(*wire.Ack); !ok {
							t.Error("no ack")
						}
					}
					d.after(40 * time.Second)
					d.alive(bob, ann)
				}
				release()
				resume()
			})
		})
	}
}

// TestShutdownWithABlockedDisk: a shutdown waits for the disk as long as it may,
// then it ends without; and what the disk still holds up ends by itself.
func TestShutdownWithABlockedDisk(t *testing.T) {
	for _, call := range []string{"Write", "Suspend"} {
		inDepot(t, supervisor.Config{}, func(d *depot) {
			s, _ := d.begun(d.join("ann"))
			release := d.disk.block(call, "begun")
			defer release()
			s.feed(10 << 10)
			d.settle()
			over, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			if err := d.s.Shutdown(over); err == nil {
				t.Error("the shutdown did not wait for the disk")
			}
			d.down = true
			release()
			d.after(time.Minute)
			d.parts = 1
			if left := d.kept.Partials(); len(left) != 1 || left[0].Open || left[0].Durable < 100<<10 {
				t.Errorf("left: %+v", left)
			}
		})
	}
}

// TestManyBlockedFiles: as many files as there may be wait for a disk that does
// not answer, in a bounded number of calls, and the server lives.
func TestManyBlockedFiles(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		release := d.disk.block("Begin", "")
		defer release()
		const users, each = 200, 8
		for i := range users {
			p := d.join(numbered(i))
			for k := range each {
				m := putOf(numbered(k), nil, "cid")
				m.Request = uint64(100 + k)
				p.send(m)
			}
		}
		d.settle()
		n := 0
		for k := range each {
			n += d.disk.called("Begin", numbered(k))
		}
		if n != 1024 {
			t.Errorf("G6: %d calls wait at one time", n)
		}
		d.join("bob").send(&wire.Ping{Time: 1})
		release()
		d.settle()
		if n := len(d.stored()); n != 1000 { // filestore.MaxList
			t.Errorf("%d files of %d are stored", n, users*each)
		}
		if u := d.kept.Usage(); u.Files != users*each {
			t.Errorf("%d files of %d are stored", u.Files, users*each)
		}
	})
}

var _ filestore.Store = (*faultyStore)(nil)
