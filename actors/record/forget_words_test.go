package record_test

import (
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// To forget somebody who is called like a common word takes that word, and no
// more, out of the records of others.
func TestForgetLeavesOthersTheirEvidence(t *testing.T) {
	j, err := record.OpenJournal(disk.NewMemory(), record.JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	const text = "read: connection reset by peer, reset again; presets stay"
	err = j.Append([]record.Record{&record.Departure{
		At: 1, Epoch: 1, Connection: 1, Remote: "192.0.2.1:1", User: "ann", Reason: wire.ReasonReset, Error: text,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Forget("reset"); err != nil {
		t.Fatal(err)
	}
	for r, err := range j.Records(record.Query{User: "ann"}) {
		const want = "read: connection [forgotten] by peer, [forgotten] again; presets stay"
		if d, ok := r.(*record.Departure); err != nil || !ok || d.Error != want {
			t.Errorf("%+v, %v", r, err)
		}
	}
}
