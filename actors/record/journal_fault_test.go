package record

import (
	"errors"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

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

// TestJournalCutIsDurable: behind a damaged record lies a whole one, which is cut
// off with it. It does not come back behind what is written in that place, whatever
// a crash leaves of the cut.
func TestJournalCutIsDurable(t *testing.T) {
	for seed := range uint64(60) {
		for late := 1; late <= 4; late++ {
			d := faultdisk.New()
			j := openJournal(t, d, JournalOptions{MaxAge: -1})
			ok(t, j.Append([]Record{departure(night, 1), departure(night+1, 2), departure(night+2, 3)}))
			ok(t, j.Close())
			name := "journal/0000000000000001.seg"
			size := must[int64](t)(d.Size(name))
			h := must[disk.File](t)(d.Edit(name))
			ok(t, disk.WriteAll(h, []byte{0xff}, int64(headerSize)+(size-int64(headerSize))/3+40)) // in the second
			ok(t, h.Sync())
			before := d.Ops()
			j = openJournal(t, d, JournalOptions{MaxAge: -1})
			if d.Ops() == before || DamageOf(j) == "" {
				t.Fatal("nothing was cut")
			}
			d.CrashAt(d.Ops() + late)
			_ = j.Append([]Record{departure(night+8, 8)})
			got, _ := records(openJournal(t, d.After(faultdisk.Torn, seed), JournalOptions{MaxAge: -1}), Query{})
			for _, r := range got {
				if at := r.When() - night; at != 0 && at != 8 {
					t.Fatalf("seed %d, crash %d later: the record of %d is back", seed, late, at)
				}
			}
		}
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

// TestAppendTriedAgain: what is appended again after a failed sync is not twice in
// the journal, though the first try may have reached the disk.
func TestAppendTriedAgain(t *testing.T) {
	under := faultdisk.New()
	d := faultdisk.Over(under)
	j := openJournal(t, d, JournalOptions{MaxAge: -1})
	ok(t, j.Append([]Record{departure(night, 1)}))
	d.FailNth(1, false, syscall.EIO, faultdisk.OpSync)
	again := []Record{departure(night+1, 1), departure(night+2, 2)}
	if err := j.Append(again); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	ok(t, j.Append(again))
	got, errs := records(openJournal(t, under.After(faultdisk.Killed, 0), JournalOptions{MaxAge: -1}), Query{})
	if len(got) != 3 || len(errs) > 0 {
		t.Fatalf("%d records, %v", len(got), errs)
	}
}
