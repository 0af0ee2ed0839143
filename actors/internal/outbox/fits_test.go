package outbox

import (
	"testing"

	"pgregory.net/rapid"
)

// What fits is admitted, each and all, whatever waits or is under way; and what does not
// fit a lane that holds something is not admitted as a whole.
func TestFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := New(Bounds{Frames: rapid.IntRange(1, 20).Draw(t, "frames"), Bytes: rapid.IntRange(1, 500).Draw(t, "bytes"), Control: 4})
		size := rapid.IntRange(1, 60)
		for range rapid.IntRange(0, 20).Draw(t, "before") {
			_ = o.Data(make([]byte, size.Draw(t, "waits")))
			if rapid.Bool().Draw(t, "taken") {
				o.Take(nil, 100)
			}
		}
		queued, _ := o.Queued()
		var all [][]byte
		total := 0
		for range rapid.IntRange(1, 20).Draw(t, "count") {
			all = append(all, make([]byte, size.Draw(t, "size")))
			total += len(all[len(all)-1])
		}
		fits := o.Fits(len(all), total)
		refused := 0
		for _, f := range all {
			if o.Data(f) != nil {
				refused++
			}
		}
		if fits && refused > 0 || !fits && queued > 0 && refused == 0 {
			t.Fatalf("%d frames of %d bytes beside %d: fit %t, and %d are refused", len(all), total, queued, fits, refused)
		}
	})
}
