package client

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"example.com/rollcall/wire"
)

// TestFlows lets the two sides of a transfer play together, with whatever window
// and pieces: everything arrives, nothing past a limit, and it never stands
// still.
func TestFlows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")
		size := uint64(len(data))
		offset := rapid.Uint64Range(0, size).Draw(t, "offset")
		window := rapid.Uint64Range(1, 100).Draw(t, "window")
		relay := rapid.Bool().Draw(t, "relay")
		own := rapid.Uint64Range(1, 100).Draw(t, "the sender's own window")

		in := newInflow(size, offset, window, relay)
		memory := newRing(int(min(window, size-offset))) //nolint:gosec // small
		out, err := newOutflow(size, offset, in.limit, false)
		if relay {
			if out, err = newOutflow(size, 0, 0, true); err == nil {
				err = out.credit(offset, in.limit)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		got := bytes.Clone(data[:offset])
		type credit struct{ offset, limit uint64 }
		var credits []credit
		for !in.whole() {
			at, n := out.next(rapid.Uint64Range(1, 50).Draw(t, "chunk"))
			n = min(n, out.held+own-at)
			switch {
			case n > 0 && rapid.Bool().Draw(t, "send"):
				skip, err := in.chunk(at, n)
				if err != nil || skip != 0 {
					t.Fatalf("%d bytes at %d: %v", n, at, err)
				}
				memory.put(data[at : at+n])
				out.took(n)
				if memory.n > int(window) { //nolint:gosec // small
					t.Fatalf("%d bytes in memory, the window is %d", memory.n, window)
				}
			case memory.n > 0:
				piece := memory.peek(rapid.IntRange(1, 50).Draw(t, "piece"))
				got = append(got, piece...)
				memory.drop(len(piece))
				if in.took(uint64(len(piece))) {
					credits = append(credits, credit{in.taken, in.limit})
				}
			case len(credits) > 0:
				if err := out.credit(credits[0].offset, credits[0].limit); err != nil {
					t.Fatal(err)
				}
				credits = credits[1:]
			case n == 0:
				t.Fatalf("it stands still: %+v, %+v", out, in)
			}
		}
		if !bytes.Equal(got, data) || !out.all() || out.held > size {
			t.Fatalf("%d of %d bytes, %+v", len(got), size, out)
		}
	})
}

func TestOutflow(t *testing.T) {
	if _, err := newOutflow(10, 11, 11, false); !errors.Is(err, errStart) {
		t.Error(err)
	}
	f, _ := newOutflow(10, 0, 0, true)
	if _, n := f.next(5); n != 0 || f.all() {
		t.Error("a relay starts by itself")
	}
	if err := f.credit(11, 12); !errors.Is(err, errStart) {
		t.Error(err)
	}
	if err := f.credit(4, 100); err != nil {
		t.Error(err)
	}
	if at, n := f.next(100); at != 4 || n != 6 {
		t.Errorf("%d bytes from %d", n, at)
	}
	_ = f.credit(1000, 5) // nonsense does no harm
	if at, n := f.next(100); at != 4 || n != 6 || f.held != 10 {
		t.Errorf("%d bytes from %d, held %d", n, at, f.held)
	}
}

func TestInflow(t *testing.T) {
	f := newInflow(100, 10, 20, false)
	for _, x := range []struct {
		offset, n uint64
		err       error
	}{
		{9, 1, errOrder}, {11, 1, errOrder}, {1 << 62, 1, errOrder}, {10, 91, errPastEnd}, {10, 1 << 63, errPastEnd},
		{10, 21, errWindow}, {10, 20, nil}, {30, 1, errWindow},
	} {
		if _, err := f.chunk(x.offset, x.n); !errors.Is(err, x.err) {
			t.Errorf("%d bytes at %d: %v, want %v", x.n, x.offset, err, x.err)
		}
	}
	r := newInflow(100, 10, 50, true)
	for _, x := range []struct{ offset, n, skip, came uint64 }{
		{50, 10, 10, 10}, {10, 10, 0, 20}, {5, 10, 10, 20}, {10, 15, 10, 25}, {25, 5, 0, 30},
	} {
		if skip, err := r.chunk(x.offset, x.n); err != nil || skip != x.skip || r.came != x.came {
			t.Errorf("%d bytes at %d: skipped %d, came %d, %v", x.n, x.offset, skip, r.came, err)
		}
	}
	if _, err := r.chunk(50, 1); !errors.Is(err, errOrder) {
		t.Errorf("a gap: %v", err)
	}
	if got := limitFrom(wire.MaxFileSize-1, 10); got != wire.MaxFileSize {
		t.Errorf("limit %d", got)
	}
}
