package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A file that grows, shrinks or is written to while it is sent is not stored,
// and whoever sends it is told why.
func TestPutOfWhatChanges(t *testing.T) {
	const size = 64 << 20
	dir := storeDir(filepath.Join(t.TempDir(), "data"))
	w := serveProcess(t, "--data", string(dir))
	for name, c := range map[string]struct {
		change func(f *os.File) error
		words  string
	}{
		"grows":     {func(f *os.File) error { _, err := f.WriteAt([]byte("more"), size); return err }, "it had 67108864 bytes and has 67108868"},
		"shrinks":   {func(f *os.File) error { return f.Truncate(size - 1) }, "it had 67108864 bytes and has 67108863"},
		"is edited": {func(f *os.File) error { _, err := f.WriteAt([]byte("else"), size-4); return err }, "it was written to"},
	} {
		t.Run(name, func(t *testing.T) {
			path := fileOf(t, "big", size)
			f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // our own
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }()
			p := w.spawn("put", "--user", "alice", "--to", "bob", "--json", path)
			until(t, "a part of the file", func() bool { n := dir.partials(); return len(n) == 1 && n[0] > size/8 })
			p.freeze() // so that it does not come to its end before the change
			if err := c.change(f); err != nil {
				t.Fatal(err)
			}
			p.thaw()
			if code := p.wait(); code != exitMismatch || !strings.Contains(p.errs.String(), "the source has changed: "+c.words) {
				t.Errorf("code %d: %s", code, p.errs)
			}
			if end := last(t, toldIn(t, p.out.String())); end.Event != "failed" || end.Code != "changed" {
				t.Errorf("%+v", end)
			}
			until(t, "the partial file's end", dir.clean)
		})
	}
	if sizes := dir.sizes("files"); len(sizes) != 0 {
		t.Errorf("files of %d bytes are visible", sizes)
	}
}

// What is no regular file is refused before a connection is made: to open a pipe
// would wait for ever.
func TestPutOfNoFile(t *testing.T) {
	s := newShell(t)
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link, dir, "/dev/zero"} {
		if r := s.want(exitUsage, "put", "--user", "a", path); !strings.Contains(r.err, path+" is no regular file") {
			t.Errorf("%s: %s", path, r.err)
		}
	}
}

// mountAt mounts a small file system, which only root can.
func mountAt(t *testing.T, dir, size string) (remount func(flags uintptr)) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount; the same faults are injected in supervisor and filestore")
	}
	if err := syscall.Mount("rollcall-test", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no mount, in a container perhaps: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return func(flags uintptr) {
		t.Helper()
		if err := syscall.Mount("rollcall-test", dir, "tmpfs", syscall.MS_REMOUNT|flags, "size="+size); err != nil {
			t.Fatal(err)
		}
	}
}

// A get to a place that cannot hold the file says so, and leaves nothing behind.
func TestGetToBadPlaces(t *testing.T) {
	w := serveProcess(t, "--data", filepath.Join(t.TempDir(), "data"))
	id := last(t, toldIn(t, w.want(exitOK, "put", "--user", "bob", "--json", fileOf(t, "big", 4<<20)).out)).ID
	get := func(code int, to, words string) {
		t.Helper()
		if r := w.want(code, "get", "--user", "bob", id, "-o", to); !strings.Contains(r.err, words) {
			t.Errorf("%s: %s", to, r.err)
		}
	}
	get(exitFailure, filepath.Join(t.TempDir(), "none", "file"), "no such file or directory")
	dir := t.TempDir()
	there := filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	get(exitFailure, there, "it is there already; --force replaces it")
	get(exitFailure, filepath.Join(there, "file"), "not a directory")
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" { //nolint:gosec // our own
		t.Errorf("%q, %v", text, err)
	}
	remount := mountAt(t, dir, "1m")
	get(exitNoRoom, filepath.Join(dir, "file"), "no space left on device")
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 { // the part, which the next get goes on with
		t.Errorf("%v, %v", left, err)
	}
	remount(syscall.MS_RDONLY)
	get(exitFailure, filepath.Join(dir, "other"), "read-only file system")
}

// The server's disk fills up in the middle of a put: the sender is told, nothing
// of the file is left, and the others are unharmed. A directory that cannot be
// written to is refused at the start.
func TestServeOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	remount := mountAt(t, dir, "64m")
	data := storeDir(filepath.Join(dir, "data"))
	w := serveProcess(t, "--data", string(data))
	if r := w.want(exitNoRoom, "put", "--user", "alice", fileOf(t, "huge", 80<<20)); !strings.Contains(r.err, "storage_full") {
		t.Errorf("too large from the start: %s", r.err)
	}
	small := fileOf(t, "small", 1<<20)
	id := last(t, toldIn(t, w.want(exitOK, "put", "--user", "bob", "--json", small).out)).ID
	p := w.spawn("put", "--user", "alice", "--to", "bob", "--json", fileOf(t, "big", 48<<20))
	until(t, "a part of the file", func() bool { n := data.partials(); return len(n) == 1 && n[0] > 4<<20 })
	p.freeze()
	if err := os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 64<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	p.thaw()
	if code := p.wait(); code != exitNoRoom || last(t, toldIn(t, p.out.String())).Code != "storage_full" {
		t.Errorf("code %d: %s%s", code, p.out, p.errs)
	}
	until(t, "the partial file's end", data.clean)
	to := filepath.Join(t.TempDir(), "small")
	w.want(exitOK, "get", "--user", "bob", "-o", to, id)
	if hashOf(t, to) != hashOf(t, small) {
		t.Error("another file was harmed")
	}
	if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
		t.Fatal(err)
	}
	w.want(exitOK, "put", "--user", "alice", "--to", "bob", small)
	w.process.signal(syscall.SIGTERM)
	if code := w.process.wait(); code != exitOK {
		t.Errorf("the server ends with %d: %s", code, w.process.errs)
	}
	remount(syscall.MS_RDONLY)
	// Who is online is told all the same.
	w = serveProcess(t, "--data", string(data))
	w.want(exitRefused, "put", "--user", "alice", "--to", "bob", small)
	p = w.spawn("join", "--user", "alice")
	until(t, "alice's coming", func() bool { return strings.Contains(p.out.String(), "alice is online") })
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != exitOK {
		t.Errorf("join: code %d: %s%s", code, p.out, p.errs)
	}
	log := w.process.errs.String()
	if !strings.Contains(log, "serving without files") || !strings.Contains(log, "read-only file system") {
		t.Errorf("the log does not say it: %s", log)
	}
	w.process.signal(syscall.SIGTERM)
	w.process.wait()
}
