package filestore

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
	"time"
)

// stores are the two that there are.
func stores(t *testing.T, o Options, test func(*testing.T, Store)) {
	t.Run("memory", func(t *testing.T) {
		s := must[Store](t)(NewMemory(o))
		defer s.Close()
		test(t, s)
	})
	t.Run("disk", func(t *testing.T) { test(t, openDir(t, t.TempDir(), o)) })
}

func TestPutGetListDelete(t *testing.T) {
	stores(t, Options{Retention: time.Hour}, func(t *testing.T, s Store) {
		content := contentOf(1, 100_000)
		p := must[Partial](t)(s.Begin(offerOf(content)))
		for chunk := range slices.Chunk(content, 999) {
			if n := must[int](t)(p.Write(chunk)); n != len(chunk) {
				t.Fatalf("wrote %d of %d", n, len(chunk))
			}
		}
		id := p.Meta().ID
		if _, err := s.Open(id); !errors.Is(err, ErrNotFound) {
			t.Fatalf("an arriving file can be opened: %v", err)
		}
		if len(visible(t, s)) != 0 {
			t.Fatal("an arriving file is listed")
		}
		m := must[Meta](t)(p.Commit(5000))
		if m.Committed != 5000 || m.Expires != 5000+time.Hour.Milliseconds() || m.Owner != "alice" {
			t.Fatalf("committed as %+v", m)
		}
		if _, err := p.Write(nil); !errors.Is(err, ErrClosed) {
			t.Fatalf("a write after the commit: %v", err)
		}
		if !bytes.Equal(read(t, s, id), content) {
			t.Fatal("another content")
		}
		if got := must[Meta](t)(s.Stat(id)); got.Name != m.Name || got.Expires != m.Expires || !slices.Equal(got.Recipients, m.Recipients) {
			t.Fatalf("Stat gives %+v, Commit gave %+v", got, m)
		}
		f := must[File](t)(s.Open(id))
		ok(t, s.Delete(id))
		if got := must[[]byte](t)(io.ReadAll(io.NewSectionReader(f, 0, m.Size))); !bytes.Equal(got, content) {
			t.Fatal("a deleted file that is open has lost its content")
		}
		ok(t, f.Close())
		if err := s.Delete(id); !errors.Is(err, ErrNotFound) {
			t.Fatalf("deleted twice: %v", err)
		}
		if _, err := s.Stat(id); !errors.Is(err, ErrNotFound) {
			t.Fatalf("deleted and still there: %v", err)
		}
		if u := s.Usage(); u != (Usage{}) {
			t.Fatalf("an empty store has the usage %+v", u)
		}
	})
}

func TestZeroBytes(t *testing.T) {
	stores(t, Options{}, func(t *testing.T, s Store) {
		m := put(t, s, offerOf(nil), nil)
		if got := read(t, s, m.ID); len(got) != 0 {
			t.Fatalf("%d bytes", len(got))
		}
		p := must[Partial](t)(s.Begin(offerOf(nil)))
		if _, err := p.Write([]byte{1}); !errors.Is(err, ErrBeyondEnd) {
			t.Fatalf("a byte into a file of none: %v", err)
		}
		ok(t, p.Suspend())
		p = must[Partial](t)(s.Resume(p.Meta().ID))
		must[Meta](t)(p.Commit(1))
		checkFiles(t, s)
	})
}

// TestLies: sizes and hashes that are not those of the content. guards G5
func TestLies(t *testing.T) {
	stores(t, Options{}, func(t *testing.T, s Store) {
		content := contentOf(1, 1000)
		p := must[Partial](t)(s.Begin(offerOf(content)))
		must[int](t)(p.Write(content[:999]))
		if _, err := p.Commit(1); !errors.Is(err, ErrSize) {
			t.Fatalf("a commit before the end: %v", err)
		}
		if n, err := p.Write([]byte{1, 2}); n != 0 || !errors.Is(err, ErrBeyondEnd) {
			t.Fatalf("a write over the end: %d, %v", n, err)
		}
		must[int](t)(p.Write(content[999:])) // neither has done any harm
		must[Meta](t)(p.Commit(1))

		m := offerOf(content)
		m.SHA256[31]++
		p = must[Partial](t)(s.Begin(m))
		must[int](t)(p.Write(content))
		if _, err := p.Commit(1); !errors.Is(err, ErrChecksum) {
			t.Fatalf("a hash that lies: %v", err)
		}
		if err := p.Discard(); err != nil {
			t.Fatal(err)
		}
		if got := s.Partials(); len(got) != 0 {
			t.Fatalf("a hash that lies leaves %+v", got)
		}
		if files := checkFiles(t, s); len(files) != 1 {
			t.Fatalf("there are %d files", len(files))
		}
	})
}

func TestSuspendAndResume(t *testing.T) {
	stores(t, Options{}, func(t *testing.T, s Store) {
		content := contentOf(1, 300_000)
		p := must[Partial](t)(s.Begin(offerOf(content)))
		id := p.Meta().ID
		must[int](t)(p.Write(content[:100_000]))
		if _, err := s.Resume(id); !errors.Is(err, ErrBusy) {
			t.Fatalf("resumed while open: %v", err)
		}
		if err := s.Drop(id); !errors.Is(err, ErrBusy) {
			t.Fatalf("dropped while open: %v", err)
		}
		if n := must[int64](t)(p.Sync()); n != 100_000 {
			t.Fatalf("%d bytes are durable", n)
		}
		must[int](t)(p.Write(content[100_000:150_000]))
		ok(t, p.Suspend())
		if err := p.Suspend(); !errors.Is(err, ErrClosed) {
			t.Fatalf("suspended twice: %v", err)
		}
		ok(t, p.Discard()) // comes too late and does nothing
		info := s.Partials()
		if len(info) != 1 || info[0].Durable != 150_000 || info[0].Open || info[0].Meta.ID != id {
			t.Fatalf("suspended: %+v", info)
		}
		p = must[Partial](t)(s.Resume(id))
		if p.Offset() != 150_000 {
			t.Fatalf("resumes at %d", p.Offset())
		}
		must[int](t)(p.Write(content[150_000:]))
		must[Meta](t)(p.Commit(1))
		checkFiles(t, s)
		ok(t, s.Drop(id)) // it is no partial any more
		if _, err := s.Resume(id); !errors.Is(err, ErrNotFound) {
			t.Fatalf("resumed after the commit: %v", err)
		}
	})
}

func TestExpire(t *testing.T) {
	stores(t, Options{Retention: 10 * time.Second}, func(t *testing.T, s Store) {
		content := contentOf(1, 10)
		long := put(t, s, offerOf(content), content) // committed at 1,000 ms
		m := offerOf(content)
		m.Expires = 2000
		short := put(t, s, m, content)
		m.Expires = 99_000
		wish := put(t, s, m, content)
		if wish.Expires != 11_000 {
			t.Fatalf("a wish beyond the retention ends at %d", wish.Expires)
		}
		if gone := s.Expire(1999); len(gone) != 0 {
			t.Fatalf("too early: %+v", gone)
		}
		if gone := s.Expire(2000); len(gone) != 1 || gone[0].ID != short.ID {
			t.Fatalf("at 2,000: %+v", gone)
		}
		if gone := s.Expire(11_000); len(gone) != 2 || gone[0].ID != long.ID && gone[1].ID != long.ID {
			t.Fatalf("at 11,000: %+v", gone)
		}
		if u := s.Usage(); u != (Usage{}) {
			t.Fatalf("all has expired: %+v", u)
		}
	})
	stores(t, Options{Retention: -1}, func(t *testing.T, s Store) {
		if m := put(t, s, offerOf(nil), nil); m.Expires != 0 {
			t.Fatalf("for ever ends at %d", m.Expires)
		}
		if gone := s.Expire(1 << 62); len(gone) != 0 {
			t.Fatalf("for ever: %+v", gone)
		}
	})
}

func TestListPages(t *testing.T) {
	stores(t, Options{NoSync: true}, func(t *testing.T, s Store) {
		var want []ID
		for i := range 700 {
			m := offerAs(0, nil)
			m.ID = ID{0: byte(i % 7), 14: byte(i >> 8), 15: byte(i)}
			if i%50 == 0 {
				m.Owner = "carol"
			}
			p := must[Partial](t)(s.Begin(m))
			must[Meta](t)(p.Commit(int64(1000 - i/10)))
			want = append(want, m.ID)
		}
		all := visible(t, s)
		if len(all) != len(want) || !slices.IsSortedFunc(all, func(a, b Meta) int {
			if a.before(b.Committed, b.ID) {
				return -1
			}
			return 1
		}) {
			t.Fatalf("%d files, or out of order", len(all))
		}
		carols := func(m *Meta) bool { return m.Owner == "carol" }
		page, next, err := s.List(carols, "", 10)
		ok(t, err)
		rest, end, err := s.List(carols, next, 10)
		ok(t, err)
		if len(page) != 10 || len(rest) != 4 || next == "" || end != "" {
			t.Fatalf("pages of %d (next %q) and %d (next %q)", len(page), next, len(rest), end)
		}
		page[0].Recipients[0] = "mallory"
		if got := must[Meta](t)(s.Stat(page[0].ID)); got.Recipients[0] != "bob" {
			t.Fatal("who changes what List gave changes the store")
		}
		for _, cursor := range []string{"x", "00", next + "00", "../../etc/passwd", "ff" + next[2:]} {
			if _, _, err := s.List(nil, cursor, 1); !errors.Is(err, ErrCursor) {
				t.Errorf("the cursor %q: %v", cursor, err)
			}
		}
	})
}

func TestClosed(t *testing.T) {
	stores(t, Options{}, func(t *testing.T, s Store) {
		p := must[Partial](t)(s.Begin(offerOf(contentOf(1, 10))))
		ok(t, s.Close())
		ok(t, s.Close())
		_, begun := s.Begin(offerOf(nil))
		_, resumed := s.Resume(p.Meta().ID)
		_, opened := s.Open(p.Meta().ID)
		_, stated := s.Stat(p.Meta().ID)
		_, _, listed := s.List(nil, "", 0)
		_, written := p.Write(nil)
		_, synced := p.Sync()
		_, committed := p.Commit(1)
		_, noticed := s.Notices("bob")
		for i, err := range []error{
			begun, resumed, opened, stated, listed, written, synced, committed, noticed, p.Suspend(),
			s.Drop(idOf(1)), s.Delete(idOf(1)), s.AddNotice("bob", nil), s.DropNotices("bob", 1),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("call %d on a closed store: %v", i, err)
			}
		}
		if gone := s.Expire(1); gone != nil {
			t.Errorf("a closed store expires %v", gone)
		}
	})
}
