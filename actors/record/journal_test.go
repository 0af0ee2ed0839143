package record

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
	"example.com/rollcall/wire"
)

// oneOfEach is a record of every type.
func oneOfEach() []Record {
	return []Record{
		&Life{At: night, Epoch: 7, Node: "a", Crashed: true, Before: 6, LastAlive: night - 5000, Users: 3},
		departure(night+1, 1),
		&SessionEnd{At: night + 2, Epoch: 7, User: user(1), Connection: 1001, Session: 5, Reason: wire.ReasonHeartbeatTimeout, HeldUntil: night + 30_000},
		&Transfer{At: night + 3, Epoch: 7, Connection: 1001, User: user(1), By: user(2), File: "ab", Name: "report.pdf", Kind: "get", Outcome: "interrupted", Code: wire.CodeInterrupted, Done: 10, Size: 100},
		&Stall{At: night + 4, Length: 12_000},
		&Announcement{At: night + 5, Epoch: 7, Version: 9, User: user(1), Reason: wire.ReasonHeartbeatTimeout, Watchers: 4, Connection: 1001},
		&Gap{At: night + 6, Count: 3, Why: "the disk was full"},
		departure(night+7, 2),
	}
}

// openJournal opens a journal and closes it when the test ends.
func openJournal(t testing.TB, d disk.FS, o JournalOptions) Journal {
	t.Helper()
	if o.Now == nil {
		o.Now = (&clock{night}).now
	}
	j := must[Journal](t)(OpenJournal(d, o))
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// journals gives one of each kind, each with a way to open it again.
func journals(t *testing.T) map[string]func() Journal {
	memory := NewMemoryJournal(1000)
	d := disk.NewMemory()
	var last Journal
	return map[string]func() Journal{
		"memory": func() Journal { return memory },
		"disk": func() Journal {
			if last != nil {
				ok(t, last.Close())
			}
			last = openJournal(t, d, JournalOptions{})
			return last
		},
	}
}

// TestJournalKeeps: what was appended is there, in this life and the next, the
// newest first, every field of it. guards P6
func TestJournalKeeps(t *testing.T) {
	for name, open := range journals(t) {
		t.Run(name, func(t *testing.T) {
			want := oneOfEach()
			j := open()
			ok(t, j.Append(want[:3]))
			ok(t, j.Append(nil))
			ok(t, j.Append(want[3:]))
			slices.Reverse(want)
			for range 2 {
				got, errs := records(j, Query{})
				if len(errs) > 0 || !reflect.DeepEqual(got, want) {
					t.Fatalf("got %v, %v", got, errs)
				}
				j = open()
			}
			if err := j.Append([]Record{&Unknown{}}); err == nil {
				t.Fatal("an unknown record was written")
			}
		})
	}
}

func TestQuery(t *testing.T) {
	v6 := departure(night+8, 3)
	v6.Remote = "[2001:db8::1]:443"
	mapped := departure(night+9, 4)
	mapped.Remote, mapped.Epoch = "[::ffff:10.0.0.1]:99", 8
	pipe := departure(night+10, 5)
	pipe.Remote = "pipe"
	for name, open := range journals(t) {
		t.Run(name, func(t *testing.T) {
			j := open()
			ok(t, j.Append(append(oneOfEach(), v6, mapped, pipe)))
			at := func(ms int64) time.Time { return time.UnixMilli(night + ms) }
			for _, c := range []struct {
				query Query
				want  string // the times of what matches
			}{
				{Query{}, "10 9 8 7 6 5 4 3 2 1 0"},
				{Query{User: user(1)}, "6 5 4 3 2 1 0"},
				{Query{User: user(2)}, "7 6 4 3 0"},
				{Query{User: "user-000"}, "6 4 0"},
				{Query{Connection: 1001}, "6 5 4 3 2 1 0"},
				{Query{Connection: 1001, Epoch: 8}, "6 4 0"},
				{Query{Epoch: 8}, "9 6 4 0"},
				{Query{Endpoint: "10.0.0.1"}, "9 6 4 1 0"},
				{Query{Endpoint: "10.0.0.1:5000"}, "6 4 1 0"},
				{Query{Endpoint: "10.0.0.1:5001"}, "6 4 0"},
				{Query{Endpoint: "::ffff:10.0.0.1"}, "9 6 4 1 0"},
				{Query{Endpoint: "2001:DB8:0::1"}, "8 6 4 0"},
				{Query{Endpoint: "[2001:db8::1]"}, "8 6 4 0"},
				{Query{Endpoint: "[2001:db8::1]:443"}, "8 6 4 0"},
				{Query{Endpoint: "pipe"}, "10 6 4 0"},
				{Query{Since: at(5)}, "10 9 8 7 6 5"},
				{Query{Until: at(2)}, "2 1 0"},
				{Query{Since: at(2), Until: at(6), User: user(1)}, "6 5 4 3 2"},
				{Query{Since: at(2), Until: at(5), Connection: 7}, "4"},
			} {
				got, errs := records(j, c.query)
				var times []string
				for _, r := range got {
					times = append(times, fmt.Sprint(r.When()-night))
				}
				if len(errs) > 0 || strings.Join(times, " ") != c.want {
					t.Errorf("%+v: got %v, %v, want %s", c.query, times, errs, c.want)
				}
			}
			for range j.Records(Query{}) {
				break // an iteration can be left
			}
		})
	}
}

// TestJournalBySize: the oldest go when there is too much, and the newest never.
// guards N17
func TestJournalBySize(t *testing.T) {
	d := faultdisk.Over(disk.NewMemory())
	j := openJournal(t, d, JournalOptions{MaxBytes: 64 << 10, SegmentBytes: 8 << 10})
	for i := range 100 {
		var batch []Record
		for n := range 20 {
			batch = append(batch, departure(night+int64(i*20+n), n))
		}
		ok(t, j.Append(batch))
		if n := sizeOf(t, d, "journal"); n > 64<<10 {
			t.Fatalf("%d bytes", n)
		}
	}
	check := func(j Journal) int {
		got, errs := records(j, Query{})
		for i, r := range got {
			if r.When() != night+1999-int64(i) {
				t.Fatalf("the record %d is of %d", i, r.When()-night)
			}
		}
		if len(errs) > 0 || len(got) < 100 || len(got) > 400 {
			t.Fatalf("%d records, %v", len(got), errs)
		}
		return len(got)
	}
	n := check(j)
	ok(t, j.Close())
	// A lower limit counts at the opening. One batch larger than a segment is cut.
	j = openJournal(t, d, JournalOptions{MaxBytes: 16 << 10, SegmentBytes: 8 << 10})
	if got, _ := records(j, Query{}); len(got) >= n || len(got) == 0 {
		t.Fatalf("%d of %d records", len(got), n)
	}
	memory := NewMemoryJournal(150)
	for i := range 2000 {
		ok(t, memory.Append([]Record{departure(night+int64(i), 1)}))
	}
	if n := check(memory); n != 150 {
		t.Fatalf("in memory: %d", n)
	}
}

// TestJournalByAge: what is too old goes at an Append and at the opening, a
// thirtieth of the age later at the most.
func TestJournalByAge(t *testing.T) {
	d, c := disk.NewMemory(), &clock{night}
	o := JournalOptions{MaxAge: 30 * time.Hour, Now: c.now}
	j := openJournal(t, d, o)
	for range 100 {
		ok(t, j.Append([]Record{departure(c.ms, 1)}))
		c.ms += time.Hour.Milliseconds() / 2
		got, errs := records(j, Query{})
		if len(errs) > 0 || c.ms-got[len(got)-1].When() > 31*time.Hour.Milliseconds()+time.Hour.Milliseconds()/2 {
			t.Fatalf("%v: the oldest is %v old", errs, time.Duration(c.ms-got[len(got)-1].When())*time.Millisecond)
		}
	}
	if got, _ := records(j, Query{}); len(got) < 60 {
		t.Fatalf("only %d are left", len(got))
	}
	ok(t, j.Close())
	c.ms += 100 * time.Hour.Milliseconds()
	j = openJournal(t, d, o)
	if got, _ := records(j, Query{}); len(got) != 0 || sizeOf(t, d, "journal") != 0 {
		t.Fatalf("%d records, %d bytes are left", len(got), sizeOf(t, d, "journal"))
	}
	ok(t, j.Append([]Record{departure(c.ms, 1)}))
	if got, _ := records(j, Query{}); len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
}

// TestJournalCutAtEveryByte cuts the last segment at every byte: all records
// before the cut are there, the rest is told, and the journal goes on.
func TestJournalCutAtEveryByte(t *testing.T) {
	all := oneOfEach()
	d := disk.NewMemory()
	j := openJournal(t, d, JournalOptions{})
	ends := []int64{}
	name := "journal/0000000000000001.seg"
	for _, r := range all {
		ok(t, j.Append([]Record{r}))
		ends = append(ends, must[int64](t)(d.Size(name)))
	}
	whole := must[[]byte](t)(disk.ReadFile(d, name, 1<<20))
	for n := range len(whole) + 1 {
		d := disk.NewMemory()
		ok(t, d.Mkdir("journal"))
		spoil(t, d, name, whole[:n])
		count := 0
		for count < len(ends) && ends[count] <= int64(n) {
			count++
		}
		want := slices.Clone(all[:count])
		slices.Reverse(want)
		between := n > headerSize && !slices.Contains(ends, int64(n))
		look := Look(d)
		got, errs := records(look.Journal, Query{})
		if !slices.EqualFunc(got, want, func(a, b Record) bool { return reflect.DeepEqual(a, b) }) || between != (len(errs) > 0) {
			t.Fatalf("cut at %d: looked at, %d records, want %d; %v", n, len(got), count, errs)
		}
		j := openJournal(t, d, JournalOptions{})
		if between != (DamageOf(j) != "") {
			t.Fatalf("cut at %d: the damage is %q", n, DamageOf(j))
		}
		fresh := departure(night+99, 9)
		ok(t, j.Append([]Record{fresh}))
		ok(t, j.Close())
		got, errs = records(openJournal(t, d, JournalOptions{}), Query{})
		want = append([]Record{fresh}, want...)
		if !reflect.DeepEqual(got, want) || len(errs) > 0 {
			t.Fatalf("cut at %d: then %d records, want %d; %v", n, len(got), len(want), errs)
		}
	}
}

// TestJournalBitFlips turns every bit of the first of two segments: nothing that
// was not written is read, the records before are there, the other segment is
// whole, and the damage is told.
func TestJournalBitFlips(t *testing.T) {
	d := disk.NewMemory()
	j := openJournal(t, d, JournalOptions{MaxAge: -1})
	all := oneOfEach()
	ok(t, j.Append(all))
	ok(t, j.Close())
	name := "journal/0000000000000001.seg"
	whole := must[[]byte](t)(disk.ReadFile(d, name, 1<<20))
	other := appendHeader(nil, fileJournal)
	for bit := range len(whole) * 8 {
		b := slices.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		d := disk.NewMemory()
		ok(t, d.Mkdir("journal"))
		spoil(t, d, name, b)
		spoil(t, d, "journal/0000000000000002.seg", other)
		j := openJournal(t, d, JournalOptions{MaxAge: -1})
		ok(t, j.Append(all[:1]))
		got, errs := records(j, Query{})
		if len(got) == 0 || !reflect.DeepEqual(got[0], all[0]) {
			t.Fatalf("bit %d: the other segment has %v", bit, got)
		}
		slices.Reverse(got)
		for i, r := range got[:len(got)-1] {
			if !reflect.DeepEqual(r, all[i]) {
				t.Fatalf("bit %d: read %+v", bit, r)
			}
		}
		if len(got) > len(all) || DamageOf(j) == "" || len(got) > 1 && len(errs) != 1 {
			t.Fatalf("bit %d: %d records, %v, %q", bit, len(got), errs, DamageOf(j))
		}
		ok(t, j.Close())
	}
}

// journalLives does everything that a journal does, and notes what was durable,
// what was begun, and who was forgotten.
func journalLives(d disk.FS) (durable, begun []int64, forgotten bool, err error) {
	for life := range int64(2) {
		j, err := OpenJournal(d, JournalOptions{MaxBytes: 16 << 10, SegmentBytes: MinSegmentBytes, MaxAge: -1})
		if err != nil {
			return durable, begun, forgotten, err
		}
		for i := range int64(8) {
			var batch []Record
			var times []int64
			for n := range 3 {
				at := night + life*1000 + i*10 + int64(n)
				r := departure(at, n)
				if forgotten && n == 0 {
					r.User = user(77)
				}
				batch, times = append(batch, r), append(times, at)
			}
			begun = append(begun, times...)
			if err := j.Append(batch); err != nil {
				return durable, begun, forgotten, err
			}
			durable = append(durable, times...)
			if life == 1 && i == 4 {
				// From here on those of user 0 may be there or not.
				keep := func(at int64) bool { return at%10 != 0 }
				durable = slices.DeleteFunc(durable, func(at int64) bool { return !keep(at) })
				if _, err := j.Forget(user(0)); err != nil {
					return durable, begun, forgotten, err
				}
				forgotten = true
				begun = slices.DeleteFunc(begun, func(at int64) bool { return !keep(at) })
			}
		}
		if err := j.Close(); err != nil {
			return durable, begun, forgotten, err
		}
	}
	return durable, begun, forgotten, nil
}

// TestJournalCrashAtEveryOperation crashes at every operation of two lives, of
// Forget too: what was durable is there, nothing is invented or twice, and the
// journal goes on.
func TestJournalCrashAtEveryOperation(t *testing.T) {
	whole := faultdisk.New()
	all, _, _, err := journalLives(whole)
	ok(t, err)
	if len(all) != 8*6-13 || whole.Ops() < 50 {
		t.Fatalf("%d records, %d operations", len(all), whole.Ops())
	}
	lives := 0
	for at := 1; at <= whole.Ops()+1; at++ {
		for _, o := range faultdisk.Outcomes() {
			for seed := range uint64(4) {
				d := faultdisk.New()
				d.CrashAt(at)
				durable, begun, forgot, err := journalLives(d)
				if err != nil && !errors.Is(err, faultdisk.ErrCrashed) {
					t.Fatal(err)
				}
				lives++
				d = d.After(o, seed)
				j := must[Journal](t)(OpenJournal(d, JournalOptions{MaxAge: -1}))
				ok(t, j.Append([]Record{departure(night+99_999, 9)}))
				d = d.After(faultdisk.Lost, seed)
				j = must[Journal](t)(OpenJournal(d, JournalOptions{MaxAge: -1}))
				got, errs := records(j, Query{})
				if len(errs) > 0 {
					t.Fatalf("crash at %d (%s, %d): %v", at, o, seed, errs)
				}
				var times []int64
				for _, r := range got {
					times = append(times, r.When())
					if forgot && r.(*Departure).User == user(0) {
						t.Fatalf("crash at %d (%s, %d): who was forgotten is back", at, o, seed)
					}
				}
				if times[0] != night+99_999 {
					t.Fatalf("crash at %d (%s, %d): what came after it is lost", at, o, seed)
				}
				slices.Reverse(times)
				for i, at2 := range times[:len(times)-1] {
					if i > 0 && at2 <= times[i-1] || !slices.Contains(begun, at2) {
						t.Fatalf("crash at %d (%s, %d): %v", at, o, seed, times)
					}
				}
				for _, want := range durable {
					if !slices.Contains(times, want) {
						t.Fatalf("crash at %d (%s, %d): %d is lost: %v", at, o, seed, want-night, times)
					}
				}
			}
		}
	}
	t.Logf("%d operations, %d lives", whole.Ops(), lives)
}

// TestJournalFaults: while the disk fails, Append says so; what was durable can be
// read; and when it works again the journal goes on, without a gap that hides what
// follows.
func TestJournalFaults(t *testing.T) {
	for _, broken := range []faultdisk.Op{faultdisk.OpWrite, faultdisk.OpSync, faultdisk.OpCreate, faultdisk.OpSyncDir, faultdisk.OpLock, faultdisk.OpMkdir, faultdisk.OpList} {
		for _, late := range []bool{false, true} {
			under := faultdisk.New()
			d := faultdisk.Over(under)
			fail := func() {
				d.Set(func(op faultdisk.Op, name string) error {
					if op != broken {
						return nil
					}
					if op == faultdisk.OpSync {
						under.LoseUnsynced(name)
					}
					return syscall.ENOSPC
				})
			}
			if !late {
				fail()
			}
			j := openJournal(t, d, JournalOptions{MaxAge: -1})
			var want []int64
			if late {
				ok(t, j.Append([]Record{departure(night, 1)}))
				want = append(want, night)
				fail()
			}
			failed := false
			for i := range int64(3) {
				if err := j.Append([]Record{departure(night+1+i, 1)}); err != nil {
					if failed = true; !errors.Is(err, syscall.ENOSPC) {
						t.Fatalf("%s: %v", broken, err)
					}
				} else {
					want = append(want, night+1+i)
				}
			}
			if failed == (late && (broken == faultdisk.OpCreate || broken == faultdisk.OpSyncDir || broken == faultdisk.OpLock || broken == faultdisk.OpMkdir || broken == faultdisk.OpList)) {
				t.Fatalf("%s, late %v: failed %v", broken, late, failed)
			}
			d.Set(nil)
			ok(t, j.Append([]Record{departure(night+9, 1)}))
			want = append(want, night+9)
			for _, o := range []faultdisk.Outcome{faultdisk.Lost, faultdisk.Kept} {
				got, _ := records(openJournal(t, under.After(o, 1), JournalOptions{MaxAge: -1}), Query{})
				var times []int64
				for _, r := range slices.Backward(got) {
					times = append(times, r.When())
				}
				for _, at := range want {
					if !slices.Contains(times, at) {
						t.Fatalf("%s, late %v, %s: %v, want %v", broken, late, o, times, want)
					}
				}
			}
		}
	}
}

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

// TestUnknownRecords: what a newer version has written is told as Unknown, and
// costs nothing around it.
func TestUnknownRecords(t *testing.T) {
	d := disk.NewMemory()
	j := openJournal(t, d, JournalOptions{})
	ok(t, j.Append(oneOfEach()[:2]))
	ok(t, j.Close())
	name := "journal/0000000000000001.seg"
	b := must[[]byte](t)(disk.ReadFile(d, name, 1<<20))
	b = appendFrame(b, 200, []byte{0xa1, 0x01, 0x19, 0x30, 0x39})
	b = appendFrame(b, kindStall, []byte{0xff})
	newer := appendHeader(nil, fileJournal)
	newer[len(magic)+1] = 2
	newer = resum(newer)
	spoil(t, d, name, b)
	spoil(t, d, "journal/0000000000000000.seg", newer)
	j = openJournal(t, d, JournalOptions{})
	ok(t, j.Append(oneOfEach()[6:7]))
	got, errs := records(j, Query{})
	if len(got) != 4 || !reflect.DeepEqual(got[1], &Unknown{At: 12345, Kind: 200, Size: 5}) || len(errs) != 2 {
		t.Fatalf("%v, %v", got, errs)
	}
	for _, err := range errs {
		if !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	}
	if must[int64](t)(d.Size("journal/0000000000000000.seg")) != int64(headerSize) {
		t.Error("a segment of a newer version was touched")
	}
}

// resum mends the checksum of a header.
func resum(b []byte) []byte {
	fresh := appendHeader(nil, fileJournal)
	copy(fresh, b[:headerSize-4])
	return sumHeader(fresh)
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
