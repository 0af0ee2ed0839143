package filestore

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

// TestNamesAreData: whatever a client calls its file, that is what it is called,
// and nothing comes into being outside the store's own paths. guards N26
func TestNamesAreData(t *testing.T) {
	names := []struct {
		name  string
		legal bool
	}{
		{"../../etc/passwd", true}, {"/etc/passwd", true}, {"..", true}, {".", true}, {"/", true},
		{`..\..\windows\system32`, true}, {"C:\\boot.ini", true}, {"CON", true}, {"-rf", true}, {" ", true},
		{"naïve café 文件.txt", true}, {strings.Repeat("x", MaxName), true}, {"$(reboot)", true},
		{"", false}, {"a\x00b", false}, {"\x00", false}, {"a\nb", false}, {"a\x1b[2Jb", false}, {"a\x7f", false},
		{"a\u0085b", false}, {"\xff\xfe", false}, {strings.Repeat("x", MaxName+1), false},
		{strings.Repeat("x", 64<<10), false}, {strings.Repeat("é", 200), false},
	}
	above := t.TempDir()
	dir := filepath.Join(above, "data")
	s := openDir(t, dir, Options{NoSync: true})
	content := contentOf(1, 10)
	for _, n := range names {
		m := offerOf(content)
		m.Name = n.name
		p, err := s.Begin(m)
		if !n.legal {
			if !errors.Is(err, ErrName) || !errors.Is(err, ErrMeta) {
				t.Errorf("the name %.20q: %v", n.name, err)
			}
			continue
		}
		ok(t, err)
		must[int](t)(p.Write(content))
		if got := must[Meta](t)(p.Commit(1)); got.Name != n.name {
			t.Errorf("the name %q has become %q", n.name, got.Name)
		}
		ok(t, s.AddNotice(n.name[:min(len(n.name), MaxUser)], content))
	}
	checkFiles(t, s)
	ok(t, s.Close())
	ok(t, filepath.WalkDir(above, func(path string, _ os.DirEntry, err error) error {
		rel := strings.TrimPrefix(strings.TrimPrefix(path, above), "/data")
		if strings.Trim(rel, "0123456789abcdef/") != "" && !isOurs(rel) {
			t.Errorf("somebody made %s", path)
		}
		return err
	}))
	// The names come back as they were.
	s = openDir(t, dir, Options{})
	if got := len(checkFiles(t, s)); got != 13 {
		t.Errorf("%d names come back", got)
	}
}

func isOurs(rel string) bool {
	for _, own := range []string{dirFiles, dirPartial, dirTrash, dirNotices, nameMeta, nameData, nameVersion, nameLock, nameEpoch} {
		rel = strings.ReplaceAll(rel, own, "")
	}
	return strings.Trim(rel, "0123456789abcdef/") == ""
}

func TestHostileOffers(t *testing.T) {
	long := strings.Repeat("u", MaxUser+1)
	cases := []struct {
		what   string
		change func(*Meta)
		want   error
	}{
		{"a negative size", func(m *Meta) { m.Size = -1 }, ErrMeta},
		{"the least size", func(m *Meta) { m.Size = math.MinInt64 }, ErrMeta},
		{"2^63-1 bytes", func(m *Meta) { m.Size = math.MaxInt64 }, ErrTooLarge},
		{"a byte too much", func(m *Meta) { m.Size = 1001 }, ErrTooLarge},
		{"no owner", func(m *Meta) { m.Owner = "" }, ErrMeta},
		{"a long owner", func(m *Meta) { m.Owner = long }, ErrMeta},
		{"an owner with a NUL", func(m *Meta) { m.Owner = "a\x00" }, ErrMeta},
		{"a long recipient", func(m *Meta) { m.Recipients = []string{long} }, ErrMeta},
		{"a recipient without a name", func(m *Meta) { m.Recipients = []string{""} }, ErrMeta},
		{"too many recipients", func(m *Meta) { m.Recipients = make([]string, MaxRecipients+1) }, ErrMeta},
		{"a long type", func(m *Meta) { m.Type = strings.Repeat("t", MaxType+1) }, ErrMeta},
		{"a type with a line break", func(m *Meta) { m.Type = "text/plain\r\n" }, ErrMeta},
		{"a negative time", func(m *Meta) { m.Created = -1 }, ErrMeta},
		{"a negative end", func(m *Meta) { m.Expires = -1 }, ErrMeta},
	}
	stores(t, Options{MaxFile: 1000}, func(t *testing.T, s Store) {
		for _, c := range cases {
			m := offerOf(contentOf(1, 10))
			c.change(&m)
			if _, err := s.Begin(m); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.what, err)
			}
		}
		if u := s.Usage(); u != (Usage{}) {
			t.Fatalf("refusals leave %+v", u)
		}
	})
}

// TestOddTimesSurvive: whatever the clock says, a file that is committed is
// there after a restart.
func TestOddTimesSurvive(t *testing.T) {
	d := disk.NewMemory()
	s := openOn(t, d, Options{})
	for _, now := range []int64{math.MinInt64, -1, 0, math.MaxInt64} {
		m := must[Partial](t)(s.Begin(offerOf(nil)))
		if got := must[Meta](t)(m.Commit(now)); got.Expires < 0 || got.Committed < 0 {
			t.Fatalf("committed at %d: %+v", now, got)
		}
	}
	ok(t, s.Close())
	if files := checkFiles(t, openOn(t, d, Options{})); len(files) != 4 {
		t.Fatalf("%d of 4 files are left", len(files))
	}
}

func TestTakenIDs(t *testing.T) {
	d := faultdisk.Over(disk.NewMemory())
	s := openOn(t, d, Options{MaxBytes: 15, MaxFiles: 2})
	content := contentOf(1, 10)
	p := must[Partial](t)(s.Begin(offerAs(1, content)))
	if _, err := s.Begin(offerAs(1, content)); !errors.Is(err, ErrExists) {
		t.Fatalf("the ID of a partial: %v", err)
	}
	must[int](t)(p.Write(content))
	must[Meta](t)(p.Commit(1))
	if _, err := s.Begin(offerAs(1, content)); !errors.Is(err, ErrExists) {
		t.Fatalf("the ID of a file: %v", err)
	}
	d.Set(func(op faultdisk.Op, _ string) error {
		if op == "remove" {
			return faultdisk.ErrCrashed
		}
		return nil
	})
	ok(t, s.Delete(idOf(1)))
	d.Set(nil)
	if u := s.Usage(); u.Garbage != 1 || u.GarbageBytes != 10 || u.Files != 0 {
		t.Fatalf("deleted, but not removed: %+v", u)
	}
	if _, err := s.Begin(offerAs(1, content)); !errors.Is(err, ErrExists) {
		t.Fatalf("the ID of garbage: %v", err)
	}
	if _, err := s.Begin(offerAs(2, content)); !errors.Is(err, ErrQuotaBytes) {
		t.Fatalf("garbage does not count against the bytes: %v", err)
	}
	none := must[Partial](t)(s.Begin(offerAs(2, nil)))
	if _, err := s.Begin(offerAs(3, nil)); !errors.Is(err, ErrQuotaFiles) {
		t.Fatalf("garbage does not count against the files: %v", err)
	}
	ok(t, none.Discard())
	s.Expire(1)
	put(t, s, offerAs(1, content), content)
	ok(t, s.Delete(idOf(1)))
	ok(t, d.Mkdir(partialPath(idOf(2)))) // somebody has been there
	if _, err := s.Begin(offerAs(2, content)); !errors.Is(err, ErrExists) {
		t.Fatalf("a directory that is there: %v", err)
	}
	checkFiles(t, s)
}

// TestQuotas: each quota has its answer, gives way again, and many at once never
// pass it.
func TestQuotas(t *testing.T) {
	o := Options{MaxFile: 100, MaxUserBytes: 250, MaxUserFiles: 4, MaxBytes: 500, MaxFiles: 9}
	stores(t, o, func(t *testing.T, s Store) {
		begin := func(owner string, size int) (Partial, error) {
			m := offerOf(contentOf(1, size))
			m.Owner = owner
			return s.Begin(m)
		}
		a := must[Partial](t)(begin("alice", 100))
		must[Partial](t)(begin("alice", 100))
		if _, err := begin("alice", 51); !errors.Is(err, ErrQuotaUserBytes) || !errors.Is(err, ErrQuota) {
			t.Fatalf("a user's bytes: %v", err)
		}
		must[Partial](t)(begin("alice", 0))
		last := must[Partial](t)(begin("alice", 50))
		if _, err := begin("alice", 0); !errors.Is(err, ErrQuotaUserFiles) {
			t.Fatalf("a user's files: %v", err)
		}
		must[Partial](t)(begin("bob", 100))
		must[Partial](t)(begin("bob", 100))
		if _, err := begin("carol", 51); !errors.Is(err, ErrQuotaBytes) {
			t.Fatalf("bytes in all: %v", err)
		}
		for range 3 {
			must[Partial](t)(begin("carol", 0))
		}
		if _, err := begin("dave", 0); !errors.Is(err, ErrQuotaFiles) {
			t.Fatalf("files in all: %v", err)
		}
		if u := s.UserUsage("alice"); u != (Usage{Partials: 4, Reserved: 250}) {
			t.Fatalf("alice has %+v", u)
		}
		ok(t, a.Discard())
		must[Partial](t)(begin("alice", 100))
		must[int](t)(last.Write(contentOf(1, 50)))
		m := must[Meta](t)(last.Commit(1))
		if u := s.UserUsage("alice"); u != (Usage{Files: 1, Bytes: 50, Partials: 3, Reserved: 200}) {
			t.Fatalf("alice has %+v", u)
		}
		ok(t, s.Delete(m.ID))
		must[Partial](t)(begin("alice", 50))

		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { _, _ = begin("bob", 30) })
		}
		wg.Wait()
		if u := s.UserUsage("bob"); u.Reserved > 250 || u.Partials > 4 {
			t.Fatalf("many at once: %+v", u)
		}
		if u := s.Usage(); u.Reserved > 500 || u.Partials > 9 {
			t.Fatalf("many at once: %+v", u)
		}
	})
}

func TestOptionsSayAllErrors(t *testing.T) {
	_, err := NewMemory(Options{MaxFile: -1, MaxBytes: math.MaxInt64, MaxNoticeUsers: -5})
	for _, field := range []string{"MaxFile ", "MaxBytes ", "MaxNoticeUsers "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
}
