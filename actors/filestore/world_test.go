package filestore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/rollcall/actors/disk"
)

// contentOf gives n bytes that depend on the seed.
func contentOf(seed uint64, n int) []byte {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	b := make([]byte, n)
	r := rand.NewChaCha8(key)
	r.Read(b)
	return b
}

// offerOf describes content that alice offers to bob.
func offerOf(content []byte) Meta {
	return Meta{
		Owner: "alice", Recipients: []string{"bob"}, Name: "report.pdf", Type: "application/pdf",
		Size: int64(len(content)), SHA256: sha256.Sum256(content), Created: 1,
	}
}

// offerAs is offerOf with an ID that the test chooses.
func offerAs(n byte, content []byte) Meta {
	m := offerOf(content)
	m.ID = idOf(n)
	return m
}

func idOf(n byte) ID { return ID{15: n} }

// must fails the test on an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openDir opens a store in a directory and closes it when the test ends.
func openDir(t testing.TB, dir string, o Options) Store {
	t.Helper()
	s, _, err := Open(dir, o)
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// openOn opens a store over a disk of the test.
func openOn(t testing.TB, d disk.FS, o Options) *store {
	t.Helper()
	s, _, err := openStore(d, o)
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// put stores content and gives its Meta.
func put(t testing.TB, s Store, m Meta, content []byte) Meta {
	t.Helper()
	p := must[Partial](t)(s.Begin(m))
	must[int](t)(p.Write(content))
	return must[Meta](t)(p.Commit(1000))
}

// read gives the content of a visible file.
func read(t testing.TB, s Store, id ID) []byte {
	t.Helper()
	f := must[File](t)(s.Open(id))
	defer f.Close()
	return must[[]byte](t)(io.ReadAll(io.NewSectionReader(f, 0, f.Meta().Size+1)))
}

// visible lists all files, a page of three at a time.
func visible(t testing.TB, s Store) []Meta {
	t.Helper()
	var all []Meta
	for cursor := ""; ; {
		page, next, err := s.List(nil, cursor, 3)
		ok(t, err)
		all = append(all, page...)
		if next == "" {
			return all
		}
		cursor = next
	}
}

// checkFiles checks that every visible file matches its hash, and that the usage
// is what the lists say.
func checkFiles(t testing.TB, s Store) map[ID]Meta {
	t.Helper()
	var want Usage
	files := make(map[ID]Meta)
	for _, m := range visible(t, s) {
		if sha256.Sum256(read(t, s, m.ID)) != m.SHA256 {
			t.Fatalf("the file %s is visible and does not match its hash", m.ID)
		}
		if _, twice := files[m.ID]; twice {
			t.Fatalf("the file %s is listed twice", m.ID)
		}
		files[m.ID] = m
		want.Files++
		want.Bytes += m.Size
	}
	for _, p := range s.Partials() {
		want.Partials++
		want.Reserved += p.Meta.Size
	}
	got := s.Usage()
	want.Garbage, want.GarbageBytes = got.Garbage, got.GarbageBytes
	if got != want {
		t.Fatalf("usage is %+v, the lists say %+v", got, want)
	}
	return files
}

// pathsOf gives every path on a disk, in order of depth.
func pathsOf(t testing.TB, d disk.FS) map[string]bool {
	t.Helper()
	paths := make(map[string]bool)
	var walk func(string)
	walk = func(dir string) {
		for _, e := range must[[]disk.Entry](t)(d.List(dir)) {
			name := dir + "/" + e.Name
			if dir == "." {
				name = e.Name
			}
			paths[name] = true
			if e.Dir {
				walk(name)
			}
		}
	}
	walk(".")
	return paths
}

// checkNoOrphan checks that a disk holds what the store has in its lists, and
// nothing else (P8).
func checkNoOrphan(t testing.TB, d disk.FS, s Store, noticesOf ...string) {
	t.Helper()
	want := map[string]bool{
		nameVersion: true, nameEpoch: true, nameLock: true,
		dirFiles: true, dirPartial: true, dirTrash: true, dirNotices: true,
	}
	add := func(dir string) {
		want[dir], want[dir+"/"+nameData], want[dir+"/"+nameMeta] = true, true, true
	}
	for _, m := range visible(t, s) {
		add(filePath(m.ID))
	}
	for _, p := range s.Partials() {
		add(partialPath(p.Meta.ID))
	}
	for _, user := range noticesOf {
		want[noticePath(keyOf(user))] = true
	}
	for path := range pathsOf(t, d) {
		if !want[path] {
			t.Errorf("an orphan is left on the disk: %s", path)
		}
	}
}

// clock is a clock that the test sets.
type clock struct{ ms int64 }

func (c *clock) now() time.Time { return time.UnixMilli(c.ms) }

// bodies gives the bodies of notices.
func bodies(notices []Notice) string {
	var b bytes.Buffer
	for _, n := range notices {
		b.Write(n.Body)
		b.WriteByte(' ')
	}
	return b.String()
}
