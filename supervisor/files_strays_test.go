package supervisor_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestChunksThatAreWrong: out of order, beyond the end, too long, for a transfer
// of another's, for none, and after the end.
func TestChunksThatAreWrong(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, eve, bob := d.join("ann"), d.join("eve"), d.join("bob")
		data := textOf("wrong", 200<<10)
		begin := func() *sending {
			t.Helper()
			s := ann.offer(putOf("x", data, "cid"), data)
			s.feed(1000)
			return s
		}
		chunk := func(s *sending, offset uint64, n int) {
			t.Helper()
			ann.send(&wire.Chunk{Transfer: s.ok.Transfer, Offset: offset, Data: make([]byte, n)})
		}
		for _, c := range []struct {
			offset uint64
			n      int
			want   wire.Code
		}{
			{0, 10, wire.CodeBadRequest}, {999, 10, wire.CodeBadRequest}, {1001, 10, wire.CodeBadRequest},
			{1 << 62, 10, wire.CodeBadRequest}, {1000, 61 << 10, wire.CodeBadRequest}, // longer than put_ok says
		} {
			s := begin()
			chunk(s, c.offset, c.n)
			s.wantEnd(c.want, "")
			chunk(s, 1000, 10) // late: nothing more is said of it
			ann.send(&wire.Credit{Transfer: s.ok.Transfer, Limit: 10}, &wire.Done{Transfer: s.ok.Transfer},
				&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeCancelled})
			ann.quietAbout(s.ok.Transfer)
		}
		s := begin()
		for _, p := range []*peer{eve, bob} {
			p.send(&wire.Chunk{Transfer: s.ok.Transfer, Offset: 1000, Data: []byte("evil")})
			wantAbort(p, p.about(s.ok.Transfer), wire.CodeNotFound, "")
			p.send(&wire.Credit{Transfer: s.ok.Transfer, Limit: 10}, &wire.Done{Transfer: s.ok.Transfer},
				&wire.Abort{Transfer: s.ok.Transfer, Code: wire.CodeCancelled})
			p.quietAbout(s.ok.Transfer)
		}
		ann.send(&wire.Credit{Transfer: s.ok.Transfer, Limit: 1 << 40}, &wire.Done{Transfer: s.ok.Transfer}) // not the receiver's
		if _, ok := s.finish().(*wire.Done); !ok {
			t.Error("somebody else has aborted it")
		}
		eve.send(&wire.Chunk{Transfer: 1 << 50, Data: []byte("x")})
		wantAbort(eve, eve.about(1<<50), wire.CodeNotFound, "")
		// Before a login.
		nobody := d.dial().hello("nobody")
		nobody.send(&wire.Chunk{Transfer: s.ok.Transfer, Data: []byte("x")})
		wantAbort(nobody, nobody.about(s.ok.Transfer), wire.CodeNotFound, "")
		nobody.send(&wire.Abort{Transfer: 1, Code: wire.CodeDeclined}, &wire.Accept{Transfer: 7, Limit: 1})
		wantAbort(nobody, nobody.about(7), wire.CodeNotLoggedIn, "")
		nobody.refused(putOf("x", nil, "bob"), wire.CodeNotLoggedIn)
		nobody.refused(&wire.Files{}, wire.CodeNotLoggedIn)
		// Of the receiving side of a get.
		id := ann.upload(putOf("get", data, "cid"), data)
		r := ann.fetch(id, nil)
		ann.send(&wire.Chunk{Transfer: r.number, Data: []byte("x")})
		wantAbort(ann, r.end(), wire.CodeBadRequest, "")
		ok := ann.ask(&wire.Get{File: id, Limit: 10}).(*wire.GetOK)
		ann.send(&wire.Done{Transfer: ok.Transfer}) // before the end
		m := ann.about(ok.Transfer)
		if _, isChunk := m.(*wire.Chunk); isChunk {
			m = ann.about(ok.Transfer)
		}
		wantAbort(ann, m, wire.CodeBadRequest, "")
	})
}

// TestNotYours: who may not have a file is answered as if there were none.
func TestNotYours(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob, eve := d.join("ann"), d.join("bob"), d.join("eve")
		data := textOf("secret", 1000)
		id := ann.upload(putOf("secret", data, "bob"), data)
		none := make(wire.FileID, wire.FileIDSize)
		for _, file := range []wire.FileID{id, none} {
			get, isErr := eve.ask(&wire.Get{File: file}).(*wire.Error)
			rm, isErr2 := eve.ask(&wire.Remove{File: file}).(*wire.Error)
			if !isErr || !isErr2 || get.Code != wire.CodeNotFound || rm.Code != wire.CodeNotFound || get.Text != rm.Text {
				t.Errorf("eve learns of %s: %+v, %+v", file, get, rm)
			}
		}
		bob.refused(&wire.Remove{File: id}, wire.CodeNotAllowed)
		if l := eve.ask(&wire.Files{}).(*wire.FileList); len(l.Files) != 0 {
			t.Errorf("eve's list: %+v", l.Files)
		}
		bob.refused(&wire.Get{File: id, Offset: 1001, Limit: 1001}, wire.CodeBadRequest)
		// A file that is under way cannot be had: by nobody, under no ID.
		s := ann.offer(putOf("half", data, "bob"), data)
		s.feed(10)
		d.settle()
		half := wire.FileID(d.kept.Partials()[0].Meta.ID[:])
		bob.refused(&wire.Get{File: half}, wire.CodeNotFound)
		ann.refused(&wire.Remove{File: half}, wire.CodeNotFound)
		s.finish()
	})
}

// TestRemove: a file that its owner takes out is gone for all, at once; gets of
// it that are under way end.
func TestRemove(t *testing.T) {
	inDepot(t, supervisor.Config{}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		data, keep := textOf("removed", 2<<20), textOf("keep", 2<<20)
		id, other := ann.upload(putOf("removed", data, "bob"), data), ann.upload(putOf("keep", keep, "bob"), keep)
		bob.ids = 100
		r, own, safe := bob.fetch(id, nil), ann.fetch(id, nil), bob.fetch(other, nil)
		r.receive(100 << 10)
		if _, ok := ann.ask(&wire.Remove{File: id}).(*wire.OK); !ok {
			t.Fatal("it was not removed")
		}
		wantAbort(bob, r.end(), wire.CodeRemoved, "ann")
		wantAbort(ann, own.end(), wire.CodeRemoved, "")
		safe.whole(keep)
		bob.refused(&wire.Get{File: id}, wire.CodeNotFound)
		ann.refused(&wire.Remove{File: id}, wire.CodeNotFound)
		d.heard(bob, "offered removed", "completed removed", "offered keep", "completed keep", "removed removed")
	})
}

// TestRetention: a file whose time is over is gone, and all are told: its owner,
// too.
func TestRetention(t *testing.T) {
	inDirectory(t, supervisor.Config{}, filestore.Options{Retention: time.Hour}, func(d *depot) {
		ann, bob := d.join("ann"), d.join("bob")
		id := ann.upload(putOf("old", nil, "bob", "cid"), nil)
		d.after(59 * time.Minute)
		bob.fetch(id, nil).whole(nil)
		// Nobody gets it from the very moment on, though it is removed with the next look.
		late := ann.upload(putOf("late", nil, "bob"), nil)
		d.after(time.Minute)
		bob.refused(&wire.Get{File: id}, wire.CodeNotFound)
		ann.refused(&wire.Remove{File: id}, wire.CodeNotFound)
		if l, ok := bob.ask(&wire.Files{}).(*wire.FileList); !ok || len(l.Files) != 1 || l.Files[0].ID.String() != late.String() {
			t.Errorf("listed: %+v", l)
		}
		ann.ask(&wire.Remove{File: late})
		d.after(time.Minute)
		bob.refused(&wire.Get{File: id}, wire.CodeNotFound)
		d.heard(bob, "offered old", "completed old", "offered late", "completed late", "removed late", "expired old")
		d.heard(ann, "expired old")
		d.heard(d.join("cid"), "expired old") // what was kept has expired as well
	})
}

// TestList: a user sees what it may get, page by page, each page in one frame,
// and nobody sees who else a file is for.
func TestList(t *testing.T) {
	for _, frame := range []int{0, wire.MinMaxFrame} {
		inDepot(t, supervisor.Config{MaxFrame: frame}, func(d *depot) {
			ann, bob := d.join("ann"), d.join("bob")
			var want []string
			many := []string{"bob"}
			for i := range 31 {
				many = append(many, strings.Repeat("u", 40)+numbered(i))
			}
			for i := range 150 {
				to := []string{"bob"}
				switch {
				case i%3 == 0:
					to = many
				case i%3 == 1:
					to = []string{"cid"}
				}
				name := numbered(i) + strings.Repeat("n", 150)
				ann.upload(putOf(name, nil, to...), nil)
				if i%3 != 1 {
					want = append(want, name)
				}
				d.after(time.Millisecond) // the list is in the order of time
			}
			read := func(p *peer, limit uint64) (names []string, to int) {
				t.Helper()
				for cursor := ""; ; {
					l, ok := p.ask(&wire.Files{Cursor: cursor, Limit: limit}).(*wire.FileList)
					if !ok {
						t.Fatal("no list")
					}
					frame, err := wire.Append(nil, l)
					if most := d.cfg.MaxFrame; err != nil || most > 0 && len(frame) > most || len(frame) > wire.DefaultMaxFrame {
						t.Fatalf("a page of %d bytes, %v", len(frame), err)
					}
					if limit > 0 && len(l.Files) > int(limit) {
						t.Errorf("%d files on a page of %d", len(l.Files), limit)
					}
					for _, f := range l.Files {
						names, to = append(names, f.Name), to+len(f.To)
					}
					if cursor = l.Next; cursor == "" {
						return names, to
					}
				}
			}
			for _, limit := range []uint64{0, 1, 7, wire.MaxFiles} {
				names, to := read(bob, limit)
				if strings.Join(names, ",") != strings.Join(want, ",") || to != 0 {
					t.Errorf("limit %d: %d files of %d, %d recipients", limit, len(names), len(want), to)
				}
			}
			if names, to := read(ann, 0); len(names) != 150 || to == 0 {
				t.Errorf("the owner sees %d files for %d", len(names), to)
			}
			bob.refused(&wire.Files{Cursor: "not ours"}, wire.CodeBadRequest)
			file := ann.ask(&wire.Files{Limit: 1}).(*wire.FileList).Files[0]
			if r := bob.fetch(file.ID, nil); r.file.To != nil {
				t.Errorf("bob is told that it is for %q", r.file.To)
			}
			if r := ann.fetch(file.ID, nil); len(r.file.To) == 0 || !bytes.Equal(r.file.ID, file.ID) {
				t.Errorf("ann is told of %+v", r.file)
			}
		})
	}
}

// TestNoFiles: a server without a store says so.
func TestNoFiles(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		ann := w.join("ann")
		ann.refused(putOf("x", nil, "bob"), wire.CodeUnsupported)
		ann.refused(&wire.Get{File: make(wire.FileID, wire.FileIDSize)}, wire.CodeUnsupported)
		ann.refused(&wire.Files{}, wire.CodeUnsupported)
		ann.refused(&wire.Remove{File: make(wire.FileID, wire.FileIDSize)}, wire.CodeUnsupported)
		ann.send(&wire.Accept{Transfer: 1, Limit: 1}, &wire.Chunk{Transfer: 2, Data: []byte("x")}, &wire.Abort{Transfer: 3, Code: wire.CodeDeclined})
		wantAbort(ann, ann.about(1), wire.CodeUnsupported, "")
		wantAbort(ann, ann.about(2), wire.CodeNotFound, "")
		r := ann.next()
		ann.send(&wire.Logout{Request: r})
		ann.answer(r)
		w.alive(ann)
	})
}
