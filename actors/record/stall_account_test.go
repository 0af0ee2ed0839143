package record_test

import (
	"strings"
	"testing"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// A stall of the server is told of when the connection lived in it, and before its
// end: no other one can have played a part. Several are told in one sentence.
func TestStallsOfTheConnectionsLife(t *testing.T) {
	const second = 1000
	accepted, ended := int64(1_000_000), int64(1_020_000)
	stall := func(begun, length int64) *record.Stall { return &record.Stall{At: begun + length, Length: length} }
	for name, c := range map[string]struct {
		stalls []record.Record
		told   int
	}{
		"over before it came":      {[]record.Record{stall(accepted-9*second, 5*second)}, 0},
		"begun after its end":      {[]record.Record{stall(ended+second, 5*second)}, 0},
		"within its life":          {[]record.Record{stall(ended-9*second, 5*second)}, 1},
		"begun before it came":     {[]record.Record{stall(accepted-second, 5*second)}, 1},
		"noticed after its end":    {[]record.Record{stall(ended-second, 5*second)}, 1},
		"two of them, and a later": {[]record.Record{stall(ended-9*second, second), stall(ended-5*second, second), stall(ended+second, second)}, 2},
	} {
		j := record.NewMemoryJournal(100)
		batch := append([]record.Record{&record.Departure{
			At: ended, Epoch: 1, Connection: 1, Remote: "192.0.2.1:1", User: "ann", Reason: wire.ReasonEOF, Accepted: accepted, LastIn: ended - second,
		}}, c.stalls...)
		if err := j.Append(batch); err != nil {
			t.Fatal(err)
		}
		s, err := record.ParseSubject("ann")
		if err != nil {
			t.Fatal(err)
		}
		found, err := record.Accounts(j, s, record.Limit{})
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
		text := found[0].Text(time.UTC)
		if n := len(found[0].Stalls); n != c.told || strings.Count(text, "had stood still, for") != min(c.told, 1) {
			t.Errorf("%s: %d stalls are told of:\n%s", name, n, text)
		}
	}
}
