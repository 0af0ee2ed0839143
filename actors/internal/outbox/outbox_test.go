package outbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.com/rollcall/actors/internal/outbox"
)

var wide = outbox.Bounds{Bytes: 1 << 20, Frames: 1000, Control: 10}

func fill(o *outbox.Outbox, lane byte, count, size int) {
	for i := range count {
		f := frame(lane, i, size)
		switch lane {
		case 'c':
			_ = o.Control(f)
		case 'd':
			_ = o.Data(f)
		case 's':
			o.State(f)
		}
	}
}

// lanes names the lanes of frames, in order.
func lanes(frames [][]byte) string {
	var b strings.Builder
	for _, f := range frames {
		b.WriteByte(f[0])
	}
	return b.String()
}

func TestTake(t *testing.T) {
	tests := []struct {
		name   string
		fill   func(o *outbox.Outbox)
		budget int
		want   string
	}{
		{"nothing", func(*outbox.Outbox) {}, 100, ""},
		{"heartbeats first", func(o *outbox.Outbox) { fill(o, 'd', 2, 10); fill(o, 's', 1, 10); fill(o, 'c', 2, 10) }, 100, "ccdds"},
		{"heartbeats past the budget", func(o *outbox.Outbox) { fill(o, 'c', 5, 10); fill(o, 'd', 1, 10) }, 20, "ccccc"},
		{"data alone has all", func(o *outbox.Outbox) { fill(o, 'd', 20, 10) }, 100, "dddddddddd"},
		{"state alone has all", func(o *outbox.Outbox) { fill(o, 's', 20, 10) }, 100, "ssssssssss"},
		{"halves", func(o *outbox.Outbox) { fill(o, 'd', 20, 10); fill(o, 's', 20, 10) }, 100, "dddddsssss"},
		{"what state leaves is data's", func(o *outbox.Outbox) { fill(o, 'd', 20, 10); fill(o, 's', 2, 10) }, 100, "dddddssddd"},
		{"one large frame", func(o *outbox.Outbox) { fill(o, 'd', 2, 500) }, 100, "d"},
		{"one large frame of state", func(o *outbox.Outbox) { fill(o, 's', 2, 500) }, 100, "s"},
		{"large data before state", func(o *outbox.Outbox) { fill(o, 'd', 1, 500); fill(o, 's', 1, 10) }, 100, "ds"},
		{"files last, but one part at least", func(o *outbox.Outbox) {
			o.Bulk(frame('f', 0, 50))
			o.Bulk(frame('f', 1, 50))
			fill(o, 'd', 20, 10)
		}, 100, "ddddddddddf"},
		{"files with what is left", func(o *outbox.Outbox) {
			for i := range 5 {
				o.Bulk(frame('f', i, 30))
			}
			fill(o, 'd', 2, 10)
		}, 100, "ddfff"},
		{"no more of files behind a goodbye", func(o *outbox.Outbox) {
			o.Bulk(frame('f', 0, 50))
			o.Finish([]byte("bye"), false)
			o.Bulk(frame('f', 1, 50))
		}, 100, "b"},
		{"goodbye last", func(o *outbox.Outbox) {
			fill(o, 'd', 1, 10)
			fill(o, 's', 1, 10)
			o.Finish([]byte("bye"), false)
			fill(o, 'd', 1, 10)
			fill(o, 'c', 1, 10)
			fill(o, 's', 1, 10)
		}, 100, "dsb"},
		{"goodbye waits", func(o *outbox.Outbox) { fill(o, 'd', 20, 10); o.Finish([]byte("bye"), false) }, 100, "dddddddddd"},
		{"goodbye alone", func(o *outbox.Outbox) {
			fill(o, 'c', 1, 10)
			fill(o, 'd', 1, 10)
			fill(o, 's', 1, 10)
			o.Finish([]byte("bye"), true)
		}, 100, "b"},
		{"no goodbye", func(o *outbox.Outbox) { fill(o, 'd', 1, 10); o.Finish(nil, true) }, 100, ""},
		{"the first goodbye stands", func(o *outbox.Outbox) { o.Finish([]byte("bye"), false); o.Finish([]byte("x"), true) }, 100, "b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := outbox.New(wide)
			tt.fill(&o)
			if got := lanes(o.Take(nil, tt.budget)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// guards G6: each lane's bound, and that what is on its way counts still, for
// the peer has not read it either.
func TestBounds(t *testing.T) {
	full := func(err error) {
		t.Helper()
		if !errors.Is(err, outbox.ErrFull) {
			t.Errorf("%v, want ErrFull", err)
		}
	}
	o := outbox.New(outbox.Bounds{Bytes: 100, Frames: 3, Control: 2})
	fill(&o, 'c', 2, 10)
	full(o.Control(frame('c', 2, 10)))
	if err := o.Data(frame('d', 0, 500)); err != nil {
		t.Errorf("a large frame alone: %v", err)
	}
	full(o.Data(frame('d', 1, 1)))
	o.Take(nil, 1<<20)
	full(o.Data(frame('d', 1, 1)))
	o.Written()
	fill(&o, 'd', 3, 10)
	full(o.Data(frame('d', 3, 10))) // three frames
	o.Finish(nil, false)
	if err := o.Data(frame('d', 4, 10)); err != nil {
		t.Errorf("after the goodbye: %v", err)
	}
	if err := o.Control(frame('c', 4, 10)); err != nil {
		t.Errorf("after the goodbye: %v", err)
	}
}

// guards G6: who reads may be owed more than the bounds, and that is bounded too.
func TestBoundsOfWhoReads(t *testing.T) {
	o := outbox.New(outbox.Bounds{Bytes: 1 << 20, Frames: 300, Control: 4})
	n := 0
	for o.Force(frame('d', n, 10)) == nil {
		n++
	}
	if n != 1200 {
		t.Errorf("%d frames, with a bound of 300", n)
	}
	if err := o.Data(frame('d', n, 10)); !errors.Is(err, outbox.ErrFull) {
		t.Errorf("%v", err)
	}
	o = outbox.New(outbox.Bounds{Bytes: 100, Frames: 3, Control: 4})
	n = 0
	for o.Force(frame('d', n, 10)) == nil {
		n++
	}
	if n != 40 {
		t.Errorf("%d frames of 10 bytes, with a bound of 100 bytes", n)
	}
	for i := range 100 {
		o.Renew(frame('c', i, 10))
	}
	got := o.Take(nil, 1)
	if newest := string(got[len(got)-1][:7]); lanes(got) != strings.Repeat("c", 64) || newest != "c000099" {
		t.Errorf("%s, the newest heartbeat is %s", lanes(got), newest)
	}
	o.Written()
	if o.Finish(nil, true); o.Force(frame('d', 0, 1000)) != nil || len(o.Take(nil, 100)) != 0 {
		t.Error("something comes after the goodbye")
	}
}

// Presence and files that are on their way leave the data lane its whole room: a snapshot
// does not make a reader slow.
func TestStateTakesNoRoomOfData(t *testing.T) {
	o := outbox.New(outbox.Bounds{Bytes: 100, Frames: 3, Control: 2})
	fill(&o, 's', 10, 50)
	fill(&o, 'c', 2, 10)
	o.Bulk(frame('f', 0, 1000))
	o.Take(nil, 1<<20)
	for i := range 3 {
		if err := o.Data(frame('d', i, 30)); err != nil {
			t.Errorf("frame %d: %v", i, err)
		}
	}
}

// Nothing is handed out while a write is under way.
func TestOneWriteAtATime(t *testing.T) {
	o := outbox.New(wide)
	fill(&o, 'd', 2, 10)
	if got := o.Take(nil, 10); len(got) != 1 || o.Idle() {
		t.Fatalf("%d frames", len(got))
	}
	if got := o.Take(nil, 10); len(got) != 0 {
		t.Errorf("%d frames during the write", len(got))
	}
	o.Written()
	if got := o.Take(nil, 10); len(got) != 1 {
		t.Errorf("%d frames after it", len(got))
	}
	o.Written()
	if !o.Idle() {
		t.Error("not idle")
	}
}

// An outbox that has run empty holds next to nothing, however full it was.
func TestEmptyIsSmall(t *testing.T) {
	o := outbox.New(outbox.Bounds{Bytes: 1 << 30, Frames: 1 << 20, Control: 10})
	grow := func() {
		fill(&o, 'd', 5000, 10)
		for !o.Idle() {
			o.Take(nil, 1000)
			o.Written()
		}
	}
	grow()
	if n := testing.AllocsPerRun(1, grow); n < 10 {
		t.Errorf("filling it again took %v allocations: it had kept its queue", n)
	}
}

func Example() {
	o := outbox.New(outbox.Bounds{Bytes: 1 << 20, Frames: 8192, Control: 64})
	_ = o.Data([]byte("a message"))
	_ = o.Control([]byte("a heartbeat"))
	o.Finish([]byte("bye"), false)
	for _, f := range o.Take(nil, 64<<10) {
		fmt.Printf("%s\n", f)
	}
	o.Written()
	fmt.Println("idle:", o.Idle())
	// Output:
	// a heartbeat
	// a message
	// bye
	// idle: true
}

// What one message, and a batch of them, cost on their way through.
func BenchmarkOutbox(b *testing.B) {
	f := frame('d', 0, 100)
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			o := outbox.New(outbox.Bounds{Bytes: 1 << 20, Frames: 8192, Control: 64})
			dst := make([][]byte, 0, batch)
			b.ReportAllocs()
			for b.Loop() {
				for range batch {
					if o.Data(f) != nil {
						b.Fatal("full")
					}
				}
				o.Take(dst[:0], 64<<10)
				o.Written()
			}
		})
	}
}

// The longest queue that can be: its frames are not moved about again and again.
func BenchmarkLongQueue(b *testing.B) {
	f := frame('d', 0, 100)
	o := outbox.New(outbox.Bounds{Bytes: 1 << 30, Frames: 1 << 20, Control: 64})
	for range 100_000 {
		_ = o.Data(f)
	}
	dst := make([][]byte, 0, 1000)
	b.ReportAllocs()
	for b.Loop() {
		_ = o.Data(f)
		o.Take(dst[:0], 100)
		o.Written()
	}
}

// The pad is one frame's until that frame was written, also when a write that
// began before it ends first.
func TestPad(t *testing.T) {
	o := outbox.New(wide)
	if err := o.Data([]byte("before")); err != nil {
		t.Fatal(err)
	}
	first := o.Take(nil, 100)
	pad := o.Pad()
	if pad == nil || len(pad) != 0 || cap(pad) == 0 {
		t.Fatal(pad)
	}
	if err := o.Control(append(pad, 1)); err != nil || o.Pad() != nil {
		t.Fatal("given away twice", err)
	}
	o.Written()
	if len(first) != 1 || o.Pad() != nil {
		t.Fatal("given away again while its frame waits")
	}
	if got := o.Take(nil, 100); len(got) != 1 || got[0][0] != 1 || o.Pad() != nil {
		t.Fatal("given away again while its frame is written", got)
	}
	o.Written()
	if o.Pad() == nil {
		t.Fatal("not given back")
	}
	if err := o.Control([]byte{2}); err != nil {
		t.Fatal(err)
	}
	o.Finish(nil, true)
	if o.Pad() != nil {
		t.Fatal("a closed outbox takes no frame")
	}
}
