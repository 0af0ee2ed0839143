package client

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// writeFile makes a file whose time of change is long ago, so that any change
// shows.
func writeFile(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.txt")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	long := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPutFile(t *testing.T) {
	data := content(1000)
	path := writeFile(t, data)
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		put := later(func() (PutResult, error) {
			return c.PutFile(context.Background(), path, PutOptions{Everyone: true})
		})
		if m := p.grant(1, 0, 1000, 300); m.Name != "report.txt" || m.Size != 1000 || !bytes.Equal(m.SHA256, hashOf(data)) {
			t.Errorf("put %+v", m)
		}
		if got := p.chunks(1, nil, 1000, 300); !bytes.Equal(got, data) {
			t.Error("another content came")
		}
		p.send(&wire.Done{Transfer: 1, File: testFileID})
		wantPut(t, <-put, PutResult{File: testFileID, Sent: 1000})

		dir := filepath.Dir(path)
		if _, err := c.PutFile(t.Context(), dir, PutOptions{Everyone: true}); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("a directory: %v", err)
		}
		if _, err := c.PutFile(t.Context(), path+"x", PutOptions{Everyone: true}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("no file: %v", err)
		}
		p.quiet()
		closeBoth(c, p)
	})
}

// A file that changes while it is sent is never taken for what was announced.
func TestPutFileThatChanges(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(path string) error
		code   wire.Code
	}{
		{"shrinks", func(path string) error { return os.Truncate(path, 600) }, wire.CodeSizeMismatch},
		{"grows", func(path string) error { return appendTo(path, "more") }, wire.CodeSizeMismatch},
		{"is written to", func(path string) error {
			return os.WriteFile(path, bytes.Repeat([]byte{1}, 1000), 0o600)
		}, wire.CodeChecksumMismatch},
	} {
		t.Run(x.name, func(t *testing.T) {
			path := writeFile(t, content(1000))
			bubble(t, func(t *testing.T, s *script) {
				c, p := s.connect(s.fileOptions())
				put := later(func() (PutResult, error) {
					return c.PutFile(context.Background(), path, PutOptions{Everyone: true})
				})
				p.grant(1, 0, 500, 100)
				p.chunks(1, nil, 500, 100)
				synctest.Wait()
				if err := x.change(path); err != nil {
					t.Fatal(err)
				}
				credit, err := wire.Append(nil, &wire.Credit{Transfer: 1, Offset: 500, Limit: 1000})
				if err != nil {
					t.Fatal(err)
				}
				go func() { _, _ = p.nc.Write(credit) }()
				for {
					m, err := p.read()
					if err != nil {
						t.Fatal(err)
					}
					if a, ok := m.(*wire.Abort); ok {
						if a.Transfer != 1 || a.Code != x.code {
							t.Errorf("%+v", a)
						}
						break
					}
				}
				wantErr(t, (<-put).err, ErrChanged)
				p.quiet()
				closeBoth(c, p)
			})
		})
	}
}

func appendTo(path, s string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(s)
	return errors.Join(err, f.Close())
}

// When it is the server that finds out, the reason is the source all the same.
func TestPutFileThatChangedAtTheEnd(t *testing.T) {
	path := writeFile(t, content(1000))
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		for _, change := range []bool{false, true} {
			put := later(func() (PutResult, error) {
				return c.PutFile(context.Background(), path, PutOptions{Everyone: true})
			})
			p.grant(1, 0, 1000, 100)
			p.chunks(1, nil, 1000, 100)
			if change {
				if err := appendTo(path, "x"); err != nil {
					t.Fatal(err)
				}
			}
			p.send(&wire.Abort{Transfer: 1, Code: wire.CodeChecksumMismatch})
			got := <-put
			wantErr(t, got.err, wire.CodeChecksumMismatch)
			if errors.Is(got.err, ErrChanged) != change {
				t.Errorf("changed %v: %v", change, got.err)
			}
		}
		closeBoth(c, p)
	})
}

// brokenSource fails at an offset.
type brokenSource struct {
	at  int64
	err error
}

func (b brokenSource) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) <= b.at {
		return len(p), nil
	}
	return int(max(b.at-offset, 0)), b.err
}

func TestPutOfABrokenSource(t *testing.T) {
	broken := errors.New("broken")
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.fileOptions())
		// While it is hashed: nothing is said.
		_, err := c.Put(t.Context(), brokenSource{at: 500, err: broken}, 1000, PutOptions{Name: "a", Everyone: true})
		wantErr(t, err, broken)
		_, err = c.Put(t.Context(), bytes.NewReader(content(999)), 1000, PutOptions{Name: "a", Everyone: true})
		wantErr(t, err, ErrChanged)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = c.Put(ctx, bytes.NewReader(content(1000)), 1000, PutOptions{Name: "a", Everyone: true})
		wantErr(t, err, context.Canceled)
		p.quiet()
		// While it is sent.
		put := later(func() (PutResult, error) {
			o := PutOptions{Name: "a", Everyone: true, SHA256: hashOf(nil)}
			return c.Put(context.Background(), brokenSource{at: 100, err: broken}, 1000, o)
		})
		p.grant(1, 0, 1000, 100)
		synctest.Wait()
		p.expectAbort(1, wire.CodeStorageFailed)
		wantErr(t, (<-put).err, broken)
		closeBoth(c, p)
	})
}
