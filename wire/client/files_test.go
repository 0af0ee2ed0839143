package client

import (
	"context"
	"errors"
	"testing"

	"example.com/rollcall/wire"
)

func TestFiles(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		type page struct {
			files []wire.File
			next  string
		}
		got := later(func() (page, error) {
			files, next, err := c.Files(context.Background(), "here", 1000)
			return page{files, next}, err
		})
		m := expect[*wire.Files](p)
		if m.Cursor != "here" || m.Limit != wire.MaxFiles {
			t.Errorf("%+v", m)
		}
		p.send(&wire.FileList{Request: m.Request, Files: []wire.File{described(nil)}, Next: "there"})
		if r := <-got; r.err != nil || len(r.v.files) != 1 || r.v.next != "there" {
			t.Errorf("%+v", r)
		}
		if _, _, err := c.Files(t.Context(), "", -1); err == nil {
			t.Error("a page of less than no files")
		}

		all := later(func() (n int, err error) {
			for _, err = range c.AllFiles(context.Background()) {
				if err == nil {
					n++
				}
			}
			return n, err
		})
		for _, next := range []string{"1", "2", ""} { // an empty page in the middle
			m := expect[*wire.Files](p)
			list := &wire.FileList{Request: m.Request, Next: next}
			if next != "2" {
				list.Files = []wire.File{described(nil), described(nil)}
			}
			p.send(list)
		}
		if r := <-all; r.err != nil || r.v != 4 {
			t.Errorf("%+v", r)
		}

		all = later(func() (n int, err error) {
			for _, err = range c.AllFiles(context.Background()) {
				n++
			}
			return n, err
		})
		for range 2 {
			p.send(&wire.FileList{Request: expect[*wire.Files](p).Request, Next: "round and round"})
		}
		wantErr(t, (<-all).err, errProtocol)

		all = later(func() (n int, err error) {
			for range c.AllFiles(context.Background()) {
				n++
				break
			}
			return n, nil
		})
		p.send(&wire.FileList{Request: expect[*wire.Files](p).Request, Next: "x", Files: []wire.File{described(nil)}})
		if r := <-all; r.v != 1 {
			t.Errorf("%+v", r)
		}
		p.quiet()
		closeBoth(c, p)
	})
}

func TestRemove(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		remove := func() <-chan result[int] {
			return later(func() (int, error) { return 0, c.Remove(context.Background(), testFileID) })
		}
		got := remove()
		m := expect[*wire.Remove](p)
		p.send(&wire.OK{Request: m.Request})
		wantErr(t, (<-got).err, nil)
		got = remove()
		p.send(&wire.Error{Request: expect[*wire.Remove](p).Request, Code: wire.CodeNotAllowed})
		wantErr(t, (<-got).err, wire.CodeNotAllowed)
		if err := c.Remove(t.Context(), nil); !errors.Is(err, wire.ErrField) {
			t.Error(err)
		}
		closeBoth(c, p)
	})
}

// Notices come in order, and among the messages.
func TestFileNotices(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		var came []string
		done := make(chan bool)
		o := s.fileOptions()
		o.OnFileNotice = func(m wire.FileNotice) { came = append(came, m.Event.String()+" "+m.File.Name) }
		o.OnDeliver = func(m Message) {
			came = append(came, string(m.Body))
			close(done)
		}
		c, p := s.connect(o)
		for _, event := range []wire.FileEvent{wire.FileOffered, wire.FileInterrupted, wire.FileResumed, wire.FileCompleted, 99} {
			p.send(&wire.FileNotice{Event: event, File: described(nil)})
		}
		p.send(&wire.Deliver{ID: 1, From: "bob", Body: []byte("there you are")})
		<-done
		want := []string{
			"offered ../a", "interrupted ../a", "resumed ../a", "completed ../a", "event_99 ../a", "there you are",
		}
		if len(came) != len(want) {
			t.Fatalf("%q", came)
		}
		for i := range want {
			if came[i] != want[i] {
				t.Errorf("%q, want %q", came[i], want[i])
			}
		}
		closeBoth(c, p)
	})
}
