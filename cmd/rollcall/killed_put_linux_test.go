package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// putSize is how large the file of the tests with one large file is: 1 GiB with
// ROLLCALL_TEST_PUT_SIZE=1GiB, and else what does not hold the others up.
func putSize(t testing.TB, standard byteSize) int64 {
	t.Helper()
	n := standard
	if text := os.Getenv("ROLLCALL_TEST_PUT_SIZE"); text != "" {
		if err := n.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	return int64(n)
}

// killInTheMiddle puts a file, and kills the process when about a quarter of it
// is on the server's disk.
func killInTheMiddle(t *testing.T, w *world, dir storeDir, file string, size int64) {
	t.Helper()
	p := w.spawn("put", "--user", "alice", "--to", "bob", "--json", file)
	until(t, "a quarter of the file", func() bool {
		partials := dir.partials()
		return len(partials) == 1 && partials[0] > size/4
	})
	p.signal(syscall.SIGKILL)
	if p.wait(); p.code != -1 || strings.Contains(p.out.String(), `"done"`) {
		t.Fatalf("it was not killed in the middle: code %d\n%s", p.code, p.out)
	}
}

// A put that is killed leaves nothing behind when there is no grace, and whoever
// waits for the file is told.
func TestKilledPutLeavesNothing(t *testing.T) {
	size := putSize(t, 64<<20)
	dir := storeDir(filepath.Join(t.TempDir(), "data"))
	w := serveProcess(t, "--data", string(dir), "--file-grace", "0")
	bob := w.spawn("join", "--user", "bob")
	bob.see("bob is online")
	file := fileOf(t, "big", size)
	for range 3 {
		killInTheMiddle(t, w, dir, file, size)
		killed := time.Now()
		until(t, "the partial file's end", func() bool { return len(dir.partials()) == 0 })
		gone := time.Since(killed)
		bob.see("alice is sending big")
		bob.see("alice's big", "will not come: expired (by alice)")
		told := time.Since(killed)
		t.Logf("after the kill, the partial file was gone in %v, and the recipient was told in %v", gone, told)
		if max(gone, told) > time.Second && w.vars(t).Counters.Stalls == 0 { // P4: a server that stood still is late
			t.Errorf("gone after %v, told after %v: more than a second", gone, told)
		}
	}
	if out := w.want(exitOK, "files", "--user", "bob").out; strings.Count(out, "\n") != 1 {
		t.Errorf("the list is %s", out)
	}
}

// With a grace, the same command again goes on with it, and sends only the rest.
func TestKilledPutGoesOn(t *testing.T) {
	size := putSize(t, 64<<20)
	dir := storeDir(filepath.Join(t.TempDir(), "data"))
	w := serveProcess(t, "--data", string(dir), "--file-grace", "10m")
	bob := w.spawn("join", "--user", "bob")
	bob.see("bob is online")
	file := fileOf(t, "big", size)
	killInTheMiddle(t, w, dir, file, size)
	bob.see("alice's big", "is interrupted, and may go on")
	before := w.vars(t).Counters.BytesIn

	done := last(t, toldIn(t, w.want(exitOK, "put", "--user", "alice", "--to", "bob", "--json", file).out))
	bob.see("alice's big", "goes on")
	bob.see("alice has sent big")
	came := w.vars(t).Counters.BytesIn - before
	if done.Event != "done" || done.Resumed < size/4 || done.Moved != size-done.Resumed {
		t.Errorf("%+v", done)
	}
	if came < uint64(done.Moved) || came > uint64(done.Moved)+uint64(done.Moved)/100+64<<10 { //nolint:gosec // not negative
		t.Errorf("the server has received %d bytes, of a rest of %d", came, done.Moved)
	}
	t.Logf("of %d bytes, %d were there and %d were sent; the server received %d", size, done.Resumed, done.Moved, came)
	to := filepath.Join(t.TempDir(), "big")
	w.want(exitOK, "get", "--user", "bob", "-o", to, done.ID)
	if hashOf(t, to) != hashOf(t, file) {
		t.Error("what was fetched is not what was put")
	}
	if left := dir.partials(); len(left) != 0 {
		t.Errorf("there are partial files of %d bytes", left)
	}
}

// SIGINT ends a put in good order, and the same command goes on; so it is with a
// get and its part, and with a get that is killed.
func TestInterruptedTransfersGoOn(t *testing.T) {
	size := putSize(t, 64<<20)
	dir := storeDir(filepath.Join(t.TempDir(), "data"))
	w := serveProcess(t, "--data", string(dir))
	file, to := fileOf(t, "big", size), filepath.Join(t.TempDir(), "big")
	p := w.spawn("put", "--user", "alice", "--to", "bob", "--json", file)
	until(t, "a quarter of the file", func() bool {
		partials := dir.partials()
		return len(partials) == 1 && partials[0] > size/4
	})
	p.signal(syscall.SIGINT)
	if code := p.wait(); code != exitSignal+int(syscall.SIGINT) {
		t.Fatalf("code %d: %s%s", code, p.out, p.errs)
	}
	if !strings.Contains(p.errs.String(), "the same command again goes on") {
		t.Error(p.errs)
	}
	if end := last(t, toldIn(t, p.out.String())); end.Event != "interrupted" || end.Code != "interrupted" || end.Moved < size/4 {
		t.Errorf("%+v", end)
	}
	done := last(t, toldIn(t, w.want(exitOK, "put", "--user", "alice", "--to", "bob", "--json", file).out))
	if done.Resumed < size/4 || done.Moved != size-done.Resumed {
		t.Errorf("%+v", done)
	}
	get := []string{"get", "--user", "bob", "-o", to, "--json", done.ID}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		p := w.spawn(get...)
		had := partOf(t, to)
		until(t, "more of the file", func() bool { return partOf(t, to) > had+size/8 })
		p.signal(s)
		if code := p.wait(); code == exitOK {
			t.Fatalf("it was not interrupted: %s", p.out)
		}
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("the file is there before it is whole")
	}
	got := last(t, toldIn(t, w.want(exitOK, get...).out))
	if got.Event != "done" || got.Resumed < size/4 || got.Moved != size-got.Resumed || hashOf(t, to) != hashOf(t, file) {
		t.Errorf("%+v", got)
	}
	if part := partOf(t, to); part != 0 {
		t.Errorf("a part of %d bytes is left", part)
	}
}

// partOf is the size of the part of a file that is being fetched.
func partOf(t *testing.T, path string) int64 {
	t.Helper()
	parts, err := filepath.Glob(path + ".*.part")
	if err != nil || len(parts) > 1 {
		t.Fatalf("%v, %v", parts, err)
	}
	for _, part := range parts {
		if at, err := os.Stat(part); err == nil {
			return at.Size()
		}
	}
	return 0
}
