package client

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/rollcall/wire"
)

func getFile(c *Client, path string, o GetOptions) <-chan result[GetResult] {
	return later(func() (GetResult, error) { return c.GetFile(context.Background(), testFileID, path, o) })
}

// partOf is where GetFile keeps its part.
func partOf(path string) string {
	return filepath.Join(filepath.Dir(path), partName(filepath.Base(path), testFileID.String()[:16]))
}

// wantDir wants exactly these files in a directory.
func wantDir(t *testing.T, dir string, want map[string][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if w, ok := want[e.Name()]; err != nil || !ok || !bytes.Equal(b, w) {
			t.Errorf("%s of %d bytes (%v) is not what should be there", e.Name(), len(b), err)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
}

// guards N26: the file appears whole, at the path of the caller's choice.
func TestGetFile(t *testing.T) {
	for _, size := range []int{0, 1000} {
		dir := t.TempDir()
		path := filepath.Join(dir, "b")
		bubble(t, func(t *testing.T, s *script) {
			c, p := s.connect(s.fileOptions())
			data := content(size)
			get := getFile(c, path, GetOptions{})
			p.offerGet(1, described(data), 0)
			if size > 0 {
				p.give(1, 0, data[:600], 600)
				expect[*wire.Credit](p)
				wantDir(t, dir, map[string][]byte{filepath.Base(partOf(path)): data[:600]})
				p.give(1, 600, data[600:], 600)
			}
			p.expectDone(1)
			wantGet(t, <-get, int64(size), 0)
			wantDir(t, dir, map[string][]byte{"b": data})
			closeBoth(c, p)
		})
	}
}

// What one call has left, the next goes on with.
func TestGetFileGoesOn(t *testing.T) {
	data := content(1000)
	for _, x := range []struct {
		name string
		part []byte // what lies there
		end  error  // how the server's first answer ends that, if not with the file
	}{
		{"from the part", data[:600], nil},
		{"from a whole part", data, nil},
		{"anew: the part is wrong", bytes.Repeat([]byte{7}, 600), wire.CodeChecksumMismatch},
		{"anew: the part is longer", bytes.Repeat([]byte{7}, 1001), wire.CodeBadRequest},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "b")
			if err := os.WriteFile(partOf(path), x.part, 0o600); err != nil {
				t.Fatal(err)
			}
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				get := getFile(c, path, GetOptions{})
				held, number := len(x.part), uint64(1)
				switch {
				case errors.Is(x.end, wire.CodeBadRequest):
					p.send(&wire.Error{Request: expect[*wire.Get](p).Request, Code: wire.CodeBadRequest})
				default:
					p.offerGet(1, described(data), uint64(held))
					p.give(1, held, data[held:], 600)
				}
				if x.end != nil {
					if errors.Is(x.end, wire.CodeChecksumMismatch) {
						p.expectAbort(1, wire.CodeChecksumMismatch)
					}
					held, number = 0, 2
					p.offerGet(2, described(data), 0)
					p.give(2, 0, data, 600)
				}
				p.expectDone(number)
				wantGet(t, <-get, int64(len(data)-held), int64(held))
				wantDir(t, dir, map[string][]byte{"b": data})
				closeBoth(c, p)
			})
		})
	}
}

// How a call ends decides what becomes of the part; the path never appears.
func TestGetFileThatFails(t *testing.T) {
	data := content(1000)
	for _, x := range []struct {
		name string
		end  func(p *peer)
		drop bool
		left bool
	}{
		{"wrong content", func(p *peer) { p.give(1, 500, data[:500], 500); p.expectAbort(1, wire.CodeChecksumMismatch) }, false, false},
		{"removed", func(p *peer) { p.send(&wire.Abort{Transfer: 1, Code: wire.CodeRemoved}) }, false, false},
		{"a failing disk", func(p *peer) { p.send(&wire.Abort{Transfer: 1, Code: wire.CodeStorageFailed}) }, false, true},
		{"asked to leave nothing", func(p *peer) { p.send(&wire.Abort{Transfer: 1, Code: wire.CodeStorageFailed}) }, true, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "b")
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				get := getFile(c, path, GetOptions{DropPart: x.drop})
				p.offerGet(1, described(data), 0)
				p.give(1, 0, data[:500], 500)
				expect[*wire.Credit](p)
				x.end(p)
				if err := (<-get).err; err == nil {
					t.Error("no error")
				}
				want := make(map[string][]byte)
				if x.left {
					want[filepath.Base(partOf(path))] = data[:500]
				}
				wantDir(t, dir, want)
				closeBoth(c, p)
			})
		})
	}
}

func TestGetFileIsCancelled(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	data := content(1000)
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		ctx, cancel := context.WithCancel(t.Context())
		get := later(func() (GetResult, error) { return c.GetFile(ctx, testFileID, path, GetOptions{}) })
		p.offerGet(1, described(data), 0)
		p.give(1, 0, data[:500], 500)
		expect[*wire.Credit](p)
		// Meanwhile nobody else may write the part.
		wantErr(t, (<-getFile(c, path, GetOptions{})).err, ErrPartBusy)
		cancel()
		p.expectAbort(1, wire.CodeCancelled)
		wantErr(t, (<-get).err, context.Canceled)
		wantDir(t, dir, map[string][]byte{filepath.Base(partOf(path)): data[:500]})

		get = getFile(c, path, GetOptions{})
		p.offerGet(2, described(data), 500)
		p.give(2, 500, data[500:], 500)
		p.expectDone(2)
		wantGet(t, <-get, 500, 500)
		wantDir(t, dir, map[string][]byte{"b": data})
		closeBoth(c, p)
	})
}

// A file that is there is replaced only if that is asked for, also one that
// appears while the file is received.
func TestGetFileReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	data := content(1000)
	mine := []byte("mine")
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		get := getFile(c, path, GetOptions{})
		p.offerGet(1, described(data), 0)
		if err := os.WriteFile(path, mine, 0o600); err != nil {
			t.Fatal(err)
		}
		p.give(1, 0, data, 1000)
		p.expectAbort(1, wire.CodeStorageFailed)
		wantErr(t, (<-get).err, fs.ErrExist)
		wantDir(t, dir, map[string][]byte{"b": mine, filepath.Base(partOf(path)): data})
		wantErr(t, (<-getFile(c, path, GetOptions{})).err, fs.ErrExist)
		p.quiet()

		get = getFile(c, path, GetOptions{Replace: true})
		p.offerGet(2, described(data), 1000)
		p.expectDone(2)
		wantGet(t, <-get, 0, 1000)
		wantDir(t, dir, map[string][]byte{"b": data})
		closeBoth(c, p)
	})
}

func TestGetFileToBadPaths(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/null", partOf(filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		for _, path := range []string{
			"", ".", "..", dir, dir + "/", filepath.Join(dir, "no", "b"), filepath.Join(dir, "link"), "a\x00b",
		} {
			if got := <-getFile(c, path, GetOptions{Replace: true}); got.err == nil {
				t.Errorf("%q was taken", path)
			}
		}
		if _, err := c.GetFile(t.Context(), nil, filepath.Join(dir, "b"), GetOptions{}); !errors.Is(err, wire.ErrField) {
			t.Error(err)
		}
		p.quiet()
		closeBoth(c, p)
	})
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestPartName(t *testing.T) {
	long := strings.Repeat("ä", 127) // 254 bytes
	for base, want := range map[string]string{
		"a":  "a.t.part",
		long: long[:248] + ".t.part",
	} {
		if got := partName(base, "t"); got != want || len(got) > maxBase {
			t.Errorf("part of %q is %q", base, got)
		}
	}
}
