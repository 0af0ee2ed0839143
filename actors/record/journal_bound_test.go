package record_test

import (
	"fmt"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// guards G6: the journal keeps to its bound within one batch that is larger.
func TestJournalBoundWithinABatch(t *testing.T) {
	fs := &widest{FS: disk.NewMemory(), files: map[string]bool{}}
	o := record.JournalOptions{MaxBytes: 1 << 20, SegmentBytes: 64 << 10, MaxAge: -1}
	j, err := record.OpenJournal(fs, o)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var batch []record.Record
	for i := range 30_000 {
		batch = append(batch, &record.Departure{
			At: int64(i), Epoch: 1, Connection: uint64(i) + 1, Remote: "192.0.2.1:1", User: fmt.Sprint("user ", i), Reason: wire.ReasonEOF,
		})
	}
	if err := j.Append(batch); err != nil {
		t.Fatal(err)
	}
	most := int(o.MaxBytes/o.SegmentBytes) + 1 // one is exceeded while it is written
	if fs.most < most-2 || fs.most > most {
		t.Errorf("%d segments at one time, at most %d are allowed", fs.most, most)
	}
}

// widest counts the files that there are at one time.
type widest struct {
	disk.FS
	files map[string]bool
	most  int
}

func (w *widest) Create(name string) (disk.File, error) {
	w.files[name] = true
	w.most = max(w.most, len(w.files))
	return w.FS.Create(name)
}

func (w *widest) Remove(name string) error {
	delete(w.files, name)
	return w.FS.Remove(name)
}
