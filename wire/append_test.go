package wire

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// What is encoded without the library has the same bytes as with it.
func TestAppendBodyIsTheLibrarys(t *testing.T) {
	number := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 300), rapid.Just(uint64(1)<<32), rapid.Just(uint64(1<<16)))
	rapid.Check(t, func(t *rapid.T) {
		all := []Message{
			&Deliver{
				ID: number.Draw(t, "id"), From: rapid.String().Draw(t, "from"),
				Body: rapid.SliceOf(rapid.Byte()).Draw(t, "body"), Kind: rapid.String().Draw(t, "kind"),
				Connection: number.Draw(t, "connection"), At: rapid.Int64().Draw(t, "at"),
			},
			&Ping{Time: number.Draw(t, "time")},
			&Pong{Echo: number.Draw(t, "echo"), Time: number.Draw(t, "time")},
			&OK{Request: number.Draw(t, "request")},
			&Ack{ID: number.Draw(t, "id"), Sessions: number.Draw(t, "sessions")},
		}
		for _, m := range all {
			var want bytes.Buffer
			if err := encoding.MarshalToBuffer(m, &want); err != nil {
				t.Fatal(err)
			}
			got, ok := appendBody(nil, m)
			if !ok || !bytes.Equal(got, want.Bytes()) {
				t.Fatalf("%T: % x, want % x", m, got, want.Bytes())
			}
			if len(got) > bodyRoom(m) {
				t.Fatalf("%T: %d bytes in a room of %d", m, len(got), bodyRoom(m))
			}
		}
	})
}

// A ping from a value is the same frame.
func TestAppendPing(t *testing.T) {
	for _, m := range []Ping{{}, {Time: 1}, {Time: 1 << 40}, {Time: 1<<64 - 1}} {
		want, err := Append([]byte("before"), &m)
		got := AppendPing([]byte("before"), m)
		if err != nil || !bytes.Equal(got, want) || len(got)-len("before") > MaxPong {
			t.Errorf("% x, want % x (%v)", got, want, err)
		}
	}
	buf := make([]byte, 0, MaxPong)
	if n := testing.AllocsPerRun(100, func() { _ = AppendPing(buf, Ping{Time: 1 << 40}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A pong from a value is the same frame, and the longest is MaxPong.
func TestAppendPong(t *testing.T) {
	for _, m := range []Pong{{}, {Echo: 1, Time: 2}, {Echo: 1 << 40}, {Echo: 1<<64 - 1, Time: 1<<64 - 1}} {
		want, err := Append([]byte("before"), &m)
		got := AppendPong([]byte("before"), m)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("% x, want % x (%v)", got, want, err)
		}
		if n := len(got) - len("before"); n > MaxPong || m.Time == 1<<64-1 && n != MaxPong {
			t.Errorf("%d bytes", n)
		}
	}
	buf := make([]byte, 0, MaxPong)
	if n := testing.AllocsPerRun(100, func() { _ = AppendPong(buf, Pong{Echo: 1 << 40, Time: 1 << 40}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A deliver from a value is the same frame, refused with the same error, and takes
// the memory of the frame alone.
func TestAppendDeliver(t *testing.T) {
	for _, m := range []Deliver{
		{ID: 1, From: "ann", Connection: 1},
		{ID: 1 << 40, From: "ann", Body: []byte("hello"), Kind: "chat", Connection: 1 << 33, At: -5},
		{ID: 1, From: "ann", Body: make([]byte, MaxMaxFrame)},
		{ID: 1, From: "ann", Body: make([]byte, MaxMaxFrame+1)},
		{From: "ann"}, {ID: 1}, {ID: 1, From: "a\x00"}, {},
	} {
		for _, dst := range [][]byte{nil, []byte("before")} {
			want, wantErr := Append(dst, &m)
			got, err := AppendDeliver(dst, m)
			if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Errorf("%d bytes, %v; want %d, %v", len(got), err, len(want), wantErr)
			}
		}
	}
	m := Deliver{ID: 1 << 40, From: "ann", Body: []byte("hello"), At: 1 << 40}
	if n := testing.AllocsPerRun(100, func() { _, _ = AppendDeliver(nil, m) }); n != 1 {
		t.Errorf("%v allocations", n)
	}
}
