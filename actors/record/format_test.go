package record

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"example.com/rollcall/actors/disk"
)

// TestFormat pins the form on disk: what an older version has written must be
// read by a newer one.
func TestFormat(t *testing.T) {
	d := disk.NewMemory()
	r, j := openRoll(t, d), openJournal(t, d, JournalOptions{})
	batches, leaves := story()
	for _, b := range batches {
		ok(t, r.Write(b))
	}
	ok(t, j.Append(oneOfEach()))
	for name, golden := range map[string]string{"roll/0000000000000001": "roll.hex", "journal/0000000000000001.seg": "journal.hex"} {
		b := must[[]byte](t)(disk.ReadFile(d, name, 1<<20))
		golden = filepath.Join("testdata", golden)
		if *update {
			ok(t, os.WriteFile(golden, []byte(hex.Dump(b)), 0o644))
		}
		if want := must[[]byte](t)(os.ReadFile(golden)); hex.Dump(b) != string(want) {
			t.Errorf("%s has another form than %s", name, golden)
		}
	}
	if l := leaves[len(leaves)-1]; len(l.Users) == 0 || bytes.Contains([]byte(namesOf(l.Users)), []byte(user(6))) {
		t.Fatalf("the story is another: %+v", l)
	}
}

func TestSideAsText(t *testing.T) {
	for side, want := range map[Side]string{SideUnknown: `"unknown"`, SideClient: `"client"`, SideServer: `"server"`, 9: `"side_9"`} {
		b := must[[]byte](t)(json.Marshal(side))
		var again Side
		ok(t, json.Unmarshal(b, &again))
		if string(b) != want || again != side {
			t.Errorf("%d: %s, %d", side, b, again)
		}
	}
	if json.Unmarshal([]byte(`"nobody"`), new(Side)) == nil {
		t.Error("nobody is a side")
	}
}
