package main

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kills is how often the server is killed: ROLLCALL_TEST_KILLS times, or what
// does not hold the other tests up.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ROLLCALL_TEST_KILLS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("ROLLCALL_TEST_KILLS is %q", text)
	}
	return n
}

// visible are the stored files by their hashes: each is read from the server's
// own directory. The bytes of none may differ from those that were put.
func (d storeDir) visible(t *testing.T, sources map[string]string) map[string]int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(string(d), "files", "*"))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]int)
	for _, name := range names {
		hash := hashOf(t, filepath.Join(name, "data"))
		if sources[hash] == "" {
			t.Errorf("%s is visible, and none of the files that were put", name)
		}
		if _, err := os.Stat(filepath.Join(name, "meta")); err != nil {
			t.Error(err)
		}
		found[hash]++
	}
	return found
}

// bytes is how much has come, whole or not.
func (d storeDir) bytes() (sum int64) {
	for _, n := range d.sizes("partial") {
		sum += n
	}
	for _, n := range d.sizes("files") {
		sum += n
	}
	return sum
}

// clean reports whether nothing but whole files is left.
func (d storeDir) clean() bool {
	for _, at := range []string{"partial", "trash", "quarantine"} {
		if left, _ := os.ReadDir(filepath.Join(string(d), at)); len(left) > 0 {
			return false
		}
	}
	return true
}

// twenty are the puts of one round, each a process of its own.
const twenty = 20

// The server is killed in the middle of twenty transfers, again and again, at
// random moments, and started again. The clients carry on by themselves; what is
// visible is whole at every moment, and in the end nothing else is left.
func TestKilledServer(t *testing.T) {
	const size = 4 << 20
	n := kills(t)
	dir := storeDir(filepath.Join(t.TempDir(), "data"))
	w := serveProcess(t, "--data", string(dir), "--file-grace", "10m", "--log-level", "warn")
	files, sources := make([]string, twenty), make(map[string]string)
	for i := range files {
		files[i] = fileOf(t, fmt.Sprintf("file-%02d", i), size)
		sources[hashOf(t, files[i])] = files[i]
	}
	seed := uint64(time.Now().UnixNano())    //nolint:gosec // any
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test
	t.Logf("seed %d", seed)
	caught, again, doubles := 0, int64(0), 0
	began := time.Now()
	for round := range n {
		puts := make([]*process, twenty)
		for i, file := range files {
			puts[i] = w.spawn("put", "--retry", "--user", "alice-"+strconv.Itoa(i), "--to", "bob", "--json", file)
		}
		moment := int64(random.Float64() * 0.95 * twenty * size)
		until(t, "a part of the files", func() bool { return dir.bytes() > moment })
		w.kill(t)
		for _, p := range puts {
			if text := p.out.String(); strings.Contains(text, `"started"`) && !strings.Contains(text, `"done"`) {
				caught++
			}
		}
		dir.visible(t, sources)
		w.restart(t, dir)
		for _, p := range puts {
			if code := p.wait(); code != exitOK {
				t.Fatalf("round %d: a put ends with %d: %s%s", round, code, p.out, p.errs)
			}
			again += last(t, toldIn(t, p.out.String())).Moved - size
		}
		found := dir.visible(t, sources)
		if len(found) != twenty {
			t.Errorf("round %d: %d of %d files are visible", round, len(found), twenty)
		}
		for _, many := range found {
			doubles += many - 1
		}
		until(t, "nothing but whole files", dir.clean)
		w.removeAll(t)
	}
	t.Logf("%d kills in %v: %d of %d puts were in the middle, and sent %d bytes again; %d files were stored twice",
		n, time.Since(began).Round(time.Millisecond), caught, n*twenty, again, doubles)
}

// A large put goes on with what the last checkpoint covers, not from its start,
// when the server is killed.
func TestKilledServerKeepsCheckpoints(t *testing.T) {
	const size, checkpoint = 256 << 20, 64 << 20
	dir := storeDir(filepath.Join(t.TempDir(), "data"))
	w := serveProcess(t, "--data", string(dir), "--file-grace", "10m")
	file := fileOf(t, "big", size)
	p := w.spawn("put", "--user", "alice", "--to", "bob", "--json", file)
	until(t, "three quarters of the file", func() bool {
		partials := dir.partials()
		return len(partials) == 1 && partials[0] > 3*size/4
	})
	w.kill(t)
	w.restart(t, dir)
	if code := p.wait(); code != exitOK {
		t.Fatalf("code %d: %s%s", code, p.out, p.errs)
	}
	done := last(t, toldIn(t, p.out.String()))
	if again := done.Moved - size; again < 0 || again > size-2*checkpoint {
		t.Errorf("%d bytes were sent again", again)
	}
	t.Logf("of %d bytes, %d were sent again", size, done.Moved-size)
	if len(dir.visible(t, map[string]string{hashOf(t, file): file})) != 1 {
		t.Error("it is not visible")
	}
}

// kill kills the server, and waits until it is gone.
func (w *world) kill(t *testing.T) {
	t.Helper()
	w.process.signal(syscall.SIGKILL)
	if w.process.wait(); w.process.code != -1 {
		t.Fatalf("the server ended by itself, with code %d: %s", w.process.code, w.process.errs)
	}
}

// restart starts the server again, where it was.
func (w *world) restart(t *testing.T, dir storeDir, args ...string) {
	t.Helper()
	w.process = spawn(t, nil, binary, append([]string{
		"serve", "--listen", w.server, "--admin", w.admin, "--data", string(dir), "--file-grace", "10m",
	}, args...)...)
	w.process.see("listening on " + w.server)
}

// removeAll removes every file, each as its owner.
func (w *world) removeAll(t *testing.T) {
	t.Helper()
	for i := range twenty {
		c := w.dial(t, "alice-"+strconv.Itoa(i))
		for file, err := range c.AllFiles(t.Context()) {
			if err == nil && file.Owner == "alice-"+strconv.Itoa(i) {
				err = c.Remove(t.Context(), file.ID)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Close()
	}
}

// What a crash left, and nobody comes back for, is gone after the grace.
func TestKilledServerForgetsWhatNobodyWants(t *testing.T) {
	const size = 64 << 20
	dir := storeDir(filepath.Join(t.TempDir(), "data"))
	w := serveProcess(t, "--data", string(dir))
	bob := w.spawn("join", "--user", "bob", "--heartbeat", "2s", "--timeout", "5s")
	bob.see("bob is online")
	file := fileOf(t, "big", size)
	p := w.spawn("put", "--user", "alice", "--to", "bob", file)
	until(t, "a quarter of the file", func() bool {
		partials := dir.partials()
		return len(partials) == 1 && partials[0] > size/4
	})
	w.kill(t)
	p.signal(syscall.SIGKILL)
	p.wait()
	if len(dir.partials()) != 1 {
		t.Fatal("the crash has left nothing")
	}
	w.restart(t, dir, "--file-grace", "1s")
	w.process.errs.see(t, "serve", "keeping files", "interrupted=1")
	bob.see("bob is online")
	until(t, "the partial file's end", dir.clean)
	bob.see("alice's big", "will not come")
	if text := sha256.Sum256(nil); len(dir.visible(t, map[string]string{fmt.Sprintf("%x", text): ""})) != 0 {
		t.Error("something is visible")
	}
}
