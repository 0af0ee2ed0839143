package faultdisk_test

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write makes a file with content and tells how far it is synced.
func write(t testing.TB, d disk.FS, name, content string, file, dir bool) disk.File {
	t.Helper()
	h, err := d.Create(name)
	ok(t, err)
	ok(t, disk.WriteAll(h, []byte(content), 0))
	if file {
		ok(t, h.Sync())
	}
	if dir {
		ok(t, d.SyncDir("."))
	}
	return h
}

func content(t testing.TB, d disk.FS, name string) string {
	t.Helper()
	b, err := disk.ReadFile(d, name, 1<<20)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "none"
	case err != nil:
		t.Fatal(err)
	}
	return string(b)
}

// TestWhatACrashLeaves: what is there after a crash is what its syncs have made
// durable, and nothing else is promised.
func TestWhatACrashLeaves(t *testing.T) {
	for _, c := range []struct {
		file, dir          bool
		lost, kept, killed string
	}{
		{false, false, "none", "abc", "abc"},
		{true, false, "none", "abc", "abc"},
		{false, true, "", "abc", "abc"},
		{true, true, "abc", "abc", "abc"},
	} {
		for o, want := range map[faultdisk.Outcome]string{faultdisk.Lost: c.lost, faultdisk.Kept: c.kept, faultdisk.Killed: c.killed} {
			d := faultdisk.New()
			write(t, d, "f", "abc", c.file, c.dir)
			after := d.After(o, 1)
			if got := content(t, after, "f"); got != want {
				t.Errorf("file synced %v, name synced %v, %s: %q", c.file, c.dir, o, got)
			}
			// What is killed is still not synced.
			if o == faultdisk.Killed {
				if got := content(t, after.After(faultdisk.Lost, 1), "f"); got != c.lost {
					t.Errorf("file synced %v, name synced %v, killed, then lost: %q", c.file, c.dir, got)
				}
			}
			if _, err := d.Create("g"); !errors.Is(err, faultdisk.ErrCrashed) {
				t.Errorf("a crashed disk goes on: %v", err)
			}
		}
	}
}

// TestTornIsDrawnFromTheSeed: the same seed leaves the same, and the seeds between
// them leave the old content, the new one and mixtures.
func TestTornIsDrawnFromTheSeed(t *testing.T) {
	leave := func(seed uint64) string {
		d := faultdisk.New()
		h := write(t, d, "f", fmt.Sprintf("%01024d", 0), true, true)
		ok(t, disk.WriteAll(h, fmt.Appendf(nil, "%01024d", 1), 0))
		write(t, d, "g", "x", true, false)
		after := d.After(faultdisk.Torn, seed)
		return content(t, after, "f") + content(t, after, "g")
	}
	seen := map[string]bool{}
	for seed := range uint64(40) {
		left := leave(seed)
		seen[left] = true
		if again := leave(seed); again != left {
			t.Fatalf("the seed %d leaves this and that", seed)
		}
	}
	if len(seen) < 4 {
		t.Fatalf("40 seeds leave only %d states", len(seen))
	}
}

func TestRenameIsOneStep(t *testing.T) {
	for _, o := range faultdisk.Outcomes() {
		for seed := range uint64(20) {
			d := faultdisk.New()
			write(t, d, "f", "old", true, true)
			write(t, d, "f.new", "new", true, false)
			ok(t, d.Rename("f.new", "f"))
			after := d.After(o, seed)
			if got := content(t, after, "f"); got != "old" && got != "new" {
				t.Fatalf("%s, seed %d: %q", o, seed, got)
			}
		}
	}
}

func TestCrashAt(t *testing.T) {
	d := faultdisk.New()
	d.CrashAt(2)
	h, err := d.Create("f")
	ok(t, err)
	if _, err := h.WriteAt([]byte("x"), 0); !errors.Is(err, faultdisk.ErrCrashed) {
		t.Fatalf("the second operation: %v", err)
	}
	if !d.Crashed() || d.Ops() != 2 {
		t.Fatalf("crashed %v, after %d", d.Crashed(), d.Ops())
	}
}

func TestCapacity(t *testing.T) {
	d := faultdisk.New()
	d.SetCapacity(10)
	h := write(t, d, "f", "12345678", true, true)
	n, err := h.WriteAt([]byte("9abcd"), 8)
	if n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if _, err := d.Create("g"); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("a file on a full disk: %v", err)
	}
	if free, known := d.Free(); free != 0 || !known {
		t.Fatalf("free: %d, %v", free, known)
	}
	ok(t, d.Remove("f"))
	write(t, d, "g", "1234567890", true, true)
	after := d.After(faultdisk.Kept, 1)
	after.SetCapacity(12)
	if free, _ := after.Free(); free != 2 {
		t.Fatalf("after the crash, free: %d", free)
	}
}

func TestLoseUnsynced(t *testing.T) {
	d := faultdisk.New()
	h := write(t, d, "f", "abc", false, true)
	d.LoseUnsynced("f")
	ok(t, h.Sync()) // the lie of a second sync
	if got := content(t, d, "f"); got != "abc" {
		t.Fatalf("seen: %q", got)
	}
	if got := content(t, d.After(faultdisk.Kept, 1), "f"); got != "" {
		t.Fatalf("left: %q", got)
	}
}

func TestLocks(t *testing.T) {
	d := faultdisk.New()
	lock, err := d.Lock("LOCK")
	ok(t, err)
	if _, err := d.Lock("LOCK"); !errors.Is(err, disk.ErrLocked) {
		t.Fatalf("the second: %v", err)
	}
	ok(t, lock.Close())
	_, err = d.Lock("LOCK")
	ok(t, err)
	_, err = d.After(faultdisk.Killed, 0).Lock("LOCK")
	ok(t, err)
}

func TestFaults(t *testing.T) {
	d := faultdisk.Over(faultdisk.New())
	d.FailNth(2, false, syscall.EIO, faultdisk.OpSync, faultdisk.OpWrite)
	h := write(t, d, "f", "abcd", false, false)
	if err := h.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the second: %v", err)
	}
	ok(t, h.Sync())
	d.FailNth(1, true, syscall.ENOSPC, faultdisk.OpWrite)
	for range 2 {
		if n, err := h.WriteAt([]byte("EFGH"), 4); n != 2 || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	d.Set(nil)
	if got := content(t, d, "f"); got != "abcdEF" || d.Count(faultdisk.OpWrite) != 3 {
		t.Fatalf("%q after %d writes", got, d.Count(faultdisk.OpWrite))
	}
}

func Example() {
	d := faultdisk.New()
	h, _ := d.Create("roll")
	_, _ = h.WriteAt([]byte("alice"), 0)
	_ = h.Sync()
	_ = d.SyncDir(".")
	_, _ = h.WriteAt([]byte(" bob"), 5)

	next := d.After(faultdisk.Lost, 1)
	b, _ := disk.ReadFile(next, "roll", 100)
	fmt.Printf("%s\n", b)
	// Output: alice
}
