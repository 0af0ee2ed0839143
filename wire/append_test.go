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
