package actors

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// What is left over of a read is kept whole and in order, however it comes, is
// cut and grows, in room of its own and in borrowed room; and the buffer that is
// read into may be written over at once.
func TestRemainder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in intake
		var want []byte
		buf := make([]byte, restRoom)
		for i := range rapid.IntRange(1, 20).Draw(t, "reads") {
			lead := in.lead(buf)
			if lead != 0 && lead != len(want) {
				t.Fatalf("a lead of %d bytes, of %d", lead, len(want))
			}
			came := rapid.SampledFrom([]int{0, 1, 100, smallRest, 60 << 10, restRoom/2 + 1, restRoom}).Draw(t, "came")
			came = min(came, restRoom-lead)
			for j := range came {
				buf[lead+j] = byte(i + j*7)
			}
			want = append(want, buf[lead:lead+came]...)
			all := buf[:lead+came]
			if lead == 0 && in.rest != nil {
				all = append(in.rest.bytes, buf[:came]...)
			}
			if !bytes.Equal(all, want) {
				t.Fatal("what is cut is not what came")
			}
			if len(want) > 3*restRoom || rapid.Bool().Draw(t, "cut") {
				n := rapid.IntRange(0, len(all)).Draw(t, "off")
				in.keep(all[n:], paidFrame{})
				want = append([]byte(nil), want[n:]...)
			} else {
				in.keep(all, paidFrame{})
			}
			clear(buf)
			if (in.rest == nil) != (len(want) == 0) || in.rest != nil && !bytes.Equal(in.rest.bytes, want) {
				t.Fatal("what is kept is not what was left over")
			}
			if in.rest != nil && len(want) <= smallRest && cap(in.rest.bytes) > 2*smallRest {
				t.Fatalf("%d bytes hold %d", len(want), cap(in.rest.bytes))
			}
		}
	})
}
