package backlog_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/internal/backlog"
)

const interval = 100 * time.Millisecond

var errDisk = errors.New("input/output error")

// entry is a user on the roll, with a number that tells its versions apart.
type entry struct {
	user string
	n    int
}

// TestRollIsWhatWasSaid: whatever fails, wholly or in part, the roll on the disk
// is in the end what was said of each user.
func TestRollIsWhatWasSaid(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := backlog.New[entry, int](interval, true, false)
		now := time.Duration(1)
		online, disk := map[string]int{}, map[string]int{}
		var out *backlog.Batch[entry, int]
		n := 0
		say := func(user string) {
			n++
			switch _, is := online[user]; {
			case is && rapid.Bool().Draw(rt, "leaves"):
				delete(online, user)
				b.Offline(user)
			default:
				online[user] = n
				b.Online(user, entry{user, n}, !is)
			}
		}
		write := func(part int) {
			for i, e := range out.Online {
				if i < part {
					disk[e.user] = e.n
				}
			}
			for i, u := range out.Offline {
				if i+len(out.Online) < part {
					delete(disk, u)
				}
			}
		}
		finish := func(fails bool) {
			if fails {
				write(rapid.IntRange(0, len(out.Online)+len(out.Offline)).Draw(rt, "part"))
				b.Done(now, errDisk, nil)
			} else {
				write(len(out.Online) + len(out.Offline))
				b.Done(now, nil, nil)
			}
			out = nil
		}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0, 1, 2:
				say(fmt.Sprint("user ", rapid.IntRange(0, 3).Draw(rt, "user")))
			case 3:
				now += interval
				if batch, ok := b.Take(now, rapid.Bool().Draw(rt, "force")); ok {
					if out != nil {
						rt.Fatal("two batches are out")
					}
					out = &batch
				}
			case 4:
				if out != nil {
					finish(rapid.Bool().Draw(rt, "fails"))
				}
			}
		}
		if out != nil {
			finish(false)
		}
		batch, ok := b.Take(now, true)
		if !ok {
			rt.Fatal("no sign of life")
		}
		out = &batch
		finish(false)
		if fmt.Sprint(online) != fmt.Sprint(disk) {
			rt.Fatalf("the disk has %v, was told %v", disk, online)
		}
		if changes, _ := b.Waiting(); changes != 0 {
			rt.Fatalf("%d changes wait", changes)
		}
	})
}

// TestComeAndGoneIsNotWritten: a user who came and went between two batches is in
// none; one that the disk may have is struck.
func TestComeAndGoneIsNotWritten(t *testing.T) {
	b := backlog.New[entry, int](interval, true, false)
	b.Online("a", entry{"a", 1}, true)
	b.Offline("a")
	batch, _ := b.Take(1, false)
	if len(batch.Online)+len(batch.Offline) != 0 {
		t.Errorf("%+v", batch)
	}
	b.Online("b", entry{"b", 1}, true) // while the batch is out
	b.Done(1, errDisk, nil)
	batch, _ = b.Take(time.Minute, false)
	b.Offline("b") // the batch that is out has it
	b.Done(time.Minute, errDisk, nil)
	batch, _ = b.Take(time.Hour, false)
	if !slices.Equal(batch.Offline, []string{"b"}) || len(batch.Online) != 0 {
		t.Errorf("%+v", batch)
	}
}

// TestRecordsKeepTheirOrder: over failures too, and none is lost below the bound.
func TestRecordsKeepTheirOrder(t *testing.T) {
	b := backlog.New[entry, int](interval, false, true)
	var written []int
	for i := range 1000 {
		b.Add(i)
		if i%7 != 0 {
			continue
		}
		batch, ok := b.Take(time.Duration(i)*time.Minute, false)
		if !ok {
			t.Fatal("nothing to take")
		}
		if b.Add(-i); i%3 == 0 { // meanwhile
			b.Done(time.Duration(i)*time.Minute, nil, errDisk)
			continue
		}
		written = append(written, batch.Records...)
		b.Done(time.Duration(i)*time.Minute, nil, nil)
	}
	batch, _ := b.Take(time.Hour*10_000, true)
	written = append(written, batch.Records...)
	var want []int
	for i := range 1000 {
		if want = append(want, i); i%7 == 0 {
			want = append(want, -i)
		}
	}
	if !slices.Equal(written, want) {
		t.Errorf("%d were written, not all of %d in their order", len(written), len(want))
	}
}

// TestBoundOfRecords: past it they are lost, and counted. Guards G6.
func TestBoundOfRecords(t *testing.T) {
	b := backlog.New[entry, int](interval, false, true)
	for i := range backlog.MaxRecords {
		b.Add(i)
	}
	if next, ok := b.Next(); !ok || next != 0 {
		t.Errorf("the first batch is due at %v, %t", next, ok)
	}
	batch, _ := b.Take(1, false)
	for i := range 10 {
		b.Add(i)
	}
	if b.Done(1, nil, errDisk); true {
		b.Add(11)
	}
	if records, _ := b.Lost(); records != 11 {
		t.Errorf("%d are lost", records)
	}
	batch, _ = b.Take(time.Minute, false)
	if len(batch.Records) != backlog.MaxRecords || batch.Lost != 11 {
		t.Errorf("%d records, %d lost", len(batch.Records), batch.Lost)
	}
	o := b.Done(time.Minute, nil, nil)
	if !o.Ended[backlog.Journal] || o.Lost != 11 {
		t.Errorf("%+v", o)
	}
	if _, more := b.Next(); more {
		t.Error("there is more")
	}
}

// TestBoundOfTheStruck: those who have left while the disk failed are bounded;
// past it they are counted. Guards G6.
func TestBoundOfTheStruck(t *testing.T) {
	b := backlog.New[struct{}, int](interval, true, false)
	for i := range backlog.MaxStruck + 5 {
		b.Offline(fmt.Sprint(i))
	}
	if _, departures := b.Lost(); departures != 5 {
		t.Errorf("%d departures are lost", departures)
	}
	if changes, _ := b.Waiting(); changes != backlog.MaxStruck {
		t.Errorf("%d wait", changes)
	}
	// Those who come and go while a write hangs cost nothing.
	b = backlog.New[struct{}, int](interval, true, false)
	b.Take(1, true)
	for i := range 100_000 {
		u := fmt.Sprint(i)
		b.Online(u, struct{}{}, true)
		b.Offline(u)
	}
	if changes, _ := b.Waiting(); changes != 0 {
		t.Errorf("%d wait", changes)
	}
}

// TestBackoff: a lane that fails pauses longer and longer, and not the other.
func TestBackoff(t *testing.T) {
	b := backlog.New[entry, int](interval, true, true)
	now, tries, written := time.Duration(1), 0, 0
	var pause time.Duration
	last := now
	for now < time.Minute {
		b.Add(1)
		next, ok := b.Next()
		if !ok {
			t.Fatal("nothing is due")
		}
		now = max(now, next)
		batch, ok := b.Take(now, false)
		if !ok {
			t.Fatalf("nothing to take at %v", now)
		}
		if batch.Journal {
			written++
		}
		o := backlog.Outcome{}
		if batch.Roll {
			if tries++; tries > 1 && now-last < pause {
				t.Errorf("try %d comes after %v, the one before after %v", tries, now-last, pause)
			}
			pause, last = min(now-last, backlog.MaxPause), now
			o = b.Done(now, errDisk, nil)
		} else {
			o = b.Done(now, nil, nil)
		}
		if o.Began[backlog.Roll] != (batch.Roll && tries == 1) || o.Began[backlog.Journal] {
			t.Errorf("try %d: %+v", tries, o)
		}
	}
	if tries < 8 || tries > 20 {
		t.Errorf("%d tries in a minute", tries)
	}
	if written < 500 {
		t.Errorf("the journal was written %d times in a minute", written)
	}
	if !b.Failing(backlog.Roll) || b.Failing(backlog.Journal) {
		t.Error("the wrong lane fails")
	}
}

// TestManyRecordsDoNotWait: a flood is taken before the interval is over.
func TestManyRecordsDoNotWait(t *testing.T) {
	b := backlog.New[entry, int](time.Hour, false, true)
	b.Add(0)
	b.Take(1, false)
	b.Done(1, nil, nil)
	b.Add(1)
	if next, _ := b.Next(); next != time.Hour+1 {
		t.Errorf("the next is due at %v", next)
	}
	for range backlog.Many {
		b.Add(1)
	}
	if next, _ := b.Next(); next != 0 {
		t.Errorf("a flood is due at %v", next)
	}
}

// TestRemove takes out what must not be written any more.
func TestRemove(t *testing.T) {
	b := backlog.New[entry, int](interval, false, true)
	for i := range 10 {
		b.Add(i)
	}
	if n := b.Remove(func(i int) bool { return i%2 == 0 }); n != 5 {
		t.Errorf("%d were removed", n)
	}
	batch, _ := b.Take(1, true)
	if !slices.Equal(batch.Records, []int{1, 3, 5, 7, 9}) {
		t.Errorf("%v are left", batch.Records)
	}
}

func BenchmarkOnlineOffline(b *testing.B) {
	log := backlog.New[entry, int](interval, true, true)
	users := make([]string, 10_000)
	for i := range users {
		users[i] = fmt.Sprint("user ", i)
	}
	b.ReportAllocs()
	for i := range b.N {
		u := users[i%len(users)]
		log.Online(u, entry{u, i}, true)
		log.Offline(u)
		if i%len(users) == 0 {
			log.Take(time.Duration(i), true)
			log.Done(time.Duration(i), nil, nil)
		}
	}
}
