package record

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

// TestForget: a forgotten user's name is in no file, in no text, in no torn end;
// the records of others stay.
func TestForget(t *testing.T) {
	d := faultdisk.New()
	j := openJournal(t, d, JournalOptions{SegmentBytes: MinSegmentBytes, MaxAge: -1, MaxBytes: 1 << 20})
	who, others := "Zoë ☎", 0
	for i := range int64(100) {
		a, b := departure(night+i, 1), departure(night+i, 2)
		a.User = who
		b.Detail = "kicked by " + who + ", he said"
		ok(t, j.Append([]Record{
			a, b, &SessionEnd{At: night + i, User: who}, &Announcement{At: night + i, User: who}, &Transfer{At: night + i, User: user(3), By: who},
			&Transfer{At: night + i, User: who, By: user(3)}, &Gap{At: night + i, Why: "lost: " + who}, &Announcement{At: night + i, User: who + "b"},
		}))
		others += 3
	}
	ok(t, j.Close())
	// A torn end, a leftover, and a record of a newer version that name her.
	numbers := must[[]uint64](t)(numbers(d, dirJournal, suffixSegment))
	last := numberName(dirJournal, numbers[len(numbers)-1], suffixSegment)
	content := must[[]byte](t)(disk.ReadFile(d, last, 1<<20))
	content = appendFrame(content, 99, []byte("\xa1\x01\x05"+who))
	spoil(t, d, last, append(content, "\x00\x00\x01\x00 torn "+who...))
	spoil(t, d, "journal/00000000000000ff.seg.new", []byte(who))
	j = openJournal(t, d, JournalOptions{SegmentBytes: MinSegmentBytes, MaxAge: -1, MaxBytes: 1 << 20})

	// Readers go on beside it.
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 5 {
				if _, errs := records(j, Query{User: user(2)}); len(errs) > 0 {
					t.Error(errs)
				}
			}
		})
	}
	n := must[int](t)(j.Forget(who))
	wg.Wait()
	if n != 501 {
		t.Errorf("%d records were forgotten", n)
	}
	check := func(j Journal) {
		t.Helper()
		got, errs := records(j, Query{})
		if len(got) != others || len(errs) > 0 {
			t.Fatalf("%d of %d others are left, %v", len(got), others, errs)
		}
	}
	check(j)
	ok(t, j.Append([]Record{departure(night, 1)}))
	others++
	check(j)
	d = d.After(faultdisk.Lost, 1)
	for name, content := range filesOf(t, d, "journal") {
		if strings.Contains(strings.ReplaceAll(content, who+"b", ""), who) {
			t.Errorf("%s still has the name", name)
		}
	}
	check(openJournal(t, d, JournalOptions{MaxAge: -1}))

	memory := NewMemoryJournal(10)
	ok(t, memory.Append(oneOfEach()))
	if n := must[int](t)(memory.Forget(user(1))); n != 4 {
		t.Errorf("in memory %d were forgotten", n)
	}
	if got, _ := records(memory, Query{}); len(got) != 4 {
		t.Errorf("in memory %d are left", len(got))
	}
}

// TestRecordsBesideAppend: readers see records in their order, the newest first,
// while others are written and dropped.
func TestRecordsBesideAppend(t *testing.T) {
	j := openJournal(t, disk.NewMemory(), JournalOptions{SegmentBytes: MinSegmentBytes, MaxBytes: 20 << 10, MaxAge: -1})
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, errs := records(j, Query{})
				if len(errs) > 0 {
					t.Error(errs)
				}
				for i := 1; i < len(got); i++ {
					if got[i].When() >= got[i-1].When() {
						t.Errorf("%d stands behind %d", got[i].When(), got[i-1].When())
					}
				}
			}
		})
	}
	for i := range int64(400) {
		ok(t, j.Append([]Record{departure(night+i, 1)}))
	}
	close(stop)
	wg.Wait()
}

// TestReadOnly: to look at the record of a server, stopped or running, changes
// nothing and takes no lock.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	d := must[disk.FS](t)(disk.Open(dir))
	r := openRoll(t, d)
	j := openJournal(t, d, JournalOptions{})
	ok(t, r.Write(Batch{Epoch: 3, At: night, Online: online(night, 1)}))
	ok(t, j.Append(oneOfEach()))
	before := filesOf(t, d, ".")
	v := must[*View](t)(OpenReadOnly(dir))
	if namesOf(v.Left.Users) != fmt.Sprintf("user-0001@%d ", int64(night)) || v.Left.Damage != "" {
		t.Fatalf("left %+v", v.Left)
	}
	if got, errs := records(v.Journal, Query{}); len(got) != 8 || len(errs) > 0 || DamageOf(v.Journal) != "" {
		t.Fatalf("%d records, %v", len(got), errs)
	}
	if err := v.Journal.Append(oneOfEach()); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if _, err := v.Journal.Forget("x"); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	ok(t, v.Close())
	if !reflect.DeepEqual(before, filesOf(t, d, ".")) {
		t.Error("something has changed")
	}
	empty := must[*View](t)(OpenReadOnly(t.TempDir()))
	if got, errs := records(empty.Journal, Query{}); len(got)+len(errs) > 0 || empty.Left.Epoch != 0 || empty.Left.Damage != "" {
		t.Errorf("an empty directory: %v, %v, %+v", got, errs, empty.Left)
	}
	ok(t, empty.Close())
	if _, err := OpenReadOnly(dir + "/none"); err == nil {
		t.Error("a directory that is not there")
	}
}

func TestJournalLockAndOptions(t *testing.T) {
	d := disk.NewMemory()
	j := openJournal(t, d, JournalOptions{})
	if _, err := OpenJournal(d, JournalOptions{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second one: %v", err)
	}
	ok(t, j.Close())
	ok(t, j.Close())
	if err := j.Append(nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := j.Forget("x"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	_, err := OpenJournal(d, JournalOptions{MaxBytes: 10, SegmentBytes: 5, MaxAge: 1})
	if err == nil || strings.Count(err.Error(), "record:") != 2 {
		t.Errorf("bad options: %v", err)
	}
}
