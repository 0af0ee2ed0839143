package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/disk/faultdisk"
)

// TestRollCrashAtEveryOperation crashes the machine, or kills the process, at
// every operation of the disk of two lives, compaction included, with every
// outcome: what was durable is there, and nothing is invented. guards P2, G7
func TestRollCrashAtEveryOperation(t *testing.T) {
	// live gives how many batches were durable and how many were begun, in all
	// lives together, and the model of what they leave.
	live := func(d *faultdisk.Disk) (durable, begun int, err error) {
		for life := range uint64(2) {
			r, err := OpenRoll(d, RollOptions{CompactBytes: 300})
			if err != nil {
				return durable, begun, err
			}
			for _, b := range lifeOf(life) {
				begun++
				if err := r.Write(b); err != nil {
					return durable, begun, err
				}
				durable = begun
			}
			if err := r.Close(); err != nil {
				return durable, begun, err
			}
		}
		return durable, begun, nil
	}
	m := NewMemoryRoll()
	leaves := []Left{m.Left()}
	for life := range uint64(2) {
		for _, b := range lifeOf(life) {
			ok(t, m.Write(b))
			leaves = append(leaves, m.Next().Left())
		}
	}
	whole := faultdisk.New()
	_, _, err := live(whole)
	ok(t, err)
	if whole.Ops() < 80 {
		t.Fatalf("two lives have %d operations", whole.Ops())
	}
	lives := 0
	for at := 1; at <= whole.Ops()+1; at++ {
		for _, o := range faultdisk.Outcomes() {
			for seed := range uint64(4) {
				d := faultdisk.New()
				d.CrashAt(at)
				durable, begun, err := live(d)
				if err != nil && !errors.Is(err, faultdisk.ErrCrashed) {
					t.Fatal(err)
				}
				lives++
				after := d.After(o, seed)
				got := left(t, after)
				is := slices.IndexFunc(leaves, func(l Left) bool { return same(got, l) })
				if is < 0 || !slices.ContainsFunc(leaves[durable:begun+1], func(l Left) bool { return same(got, l) }) {
					t.Fatalf("crash at %d (%s, %d): %d of %d batches were durable, and what %d leave is left: %+v", at, o, seed, durable, begun, is, got)
				}
				// A life after it, and a crash of that one.
				next := must[Roll](t)(OpenRoll(after, RollOptions{}))
				ok(t, next.Write(Batch{Epoch: 9, At: night + 90_000, Online: online(night, 99)}))
				want := namesOf(got.Users) + fmt.Sprintf("%s@%d ", user(99), int64(night+90_000))
				if got := left(t, after.After(faultdisk.Lost, seed)); namesOf(got.Users) != want || got.Damage != "" {
					t.Fatalf("crash at %d (%s, %d), a life, a crash: %+v, want %s", at, o, seed, got, want)
				}
			}
		}
	}
	t.Logf("%d operations, %d lives", whole.Ops(), lives)
}

// lifeOf is a life with enough changes for compaction.
func lifeOf(life uint64) []Batch {
	var all []Batch
	for i := range 14 {
		at := night + int64(life)*50_000 + int64(i)*1000
		b := Batch{Epoch: life + 1, At: at, Version: uint64(i), Online: online(at, i%5, 10+i%3)}
		if i > 2 {
			b.Offline = []string{user((i + 2) % 5)}
		}
		all = append(all, b)
	}
	return all
}

// TestRollFaults lets operations of the disk fail, at the opening and later: the
// roll can be used, says so, and has all on the disk when that works again.
func TestRollFaults(t *testing.T) {
	changes := func(op faultdisk.Op) bool { return op.Changes() }
	for name, hits := range map[string]func(faultdisk.Op) bool{
		"read-only": changes, "dead": func(faultdisk.Op) bool { return true },
		"full":     func(op faultdisk.Op) bool { return op == faultdisk.OpWrite || op == faultdisk.OpCreate },
		"no sync":  func(op faultdisk.Op) bool { return op.Syncs() },
		"no names": func(op faultdisk.Op) bool { return op == faultdisk.OpRename || op == faultdisk.OpRemove },
	} {
		t.Run(name, func(t *testing.T) {
			under := faultdisk.New()
			first := openRoll(t, under)
			ok(t, first.Write(Batch{Epoch: 1, At: 100, Online: online(90, 1)}))
			ok(t, first.Close())
			d := faultdisk.Over(under)
			broken := func(op faultdisk.Op, name string) error {
				if !hits(op) {
					return nil
				}
				if op == faultdisk.OpSync {
					under.LoseUnsynced(name)
				}
				return syscall.EIO
			}
			d.Set(broken)
			r := openRoll(t, d)
			l := r.Left()
			if hits(faultdisk.OpLock) != (l.Damage != "") {
				t.Fatalf("the damage is %q", l.Damage)
			}
			held := "user-0001@100 "
			if hits(faultdisk.OpRead) {
				held = "" // cannot be known
			}
			if namesOf(l.Users) != held {
				t.Fatalf("left %+v", l)
			}
			for i := range 3 {
				if err := r.Write(Batch{Epoch: 2, At: 200 + int64(i), Online: online(200, 2+i)}); !errors.Is(err, syscall.EIO) {
					t.Fatalf("a write on a broken disk: %v", err)
				}
			}
			if got := left(t, under.After(faultdisk.Killed, 0)); got.Epoch != 1 && got.Epoch != 2 {
				t.Fatalf("on the broken disk: %+v", got)
			}
			d = faultdisk.Over(faultdisk.New()) // under has crashed: once more, without a look at it
			d.Set(broken)
			r = openRoll(t, d)
			for i := range 3 {
				_ = r.Write(Batch{Epoch: 2, At: 200 + int64(i), Online: online(200, 2+i)})
			}
			d.Set(nil)
			ok(t, r.Write(Batch{Epoch: 2, At: 300, Online: online(300, 5), Offline: []string{user(3)}}))
			ok(t, r.Close())
			if got := left(t, d); namesOf(got.Users) != "user-0002@300 user-0004@300 user-0005@300 " || got.Damage != "" {
				t.Fatalf("after the repair: %+v", got)
			}
		})
	}
}

// TestRollFailedSync: a sync that fails loses what was written, and the next one
// would call it a success. The roll begins a new file instead.
func TestRollFailedSync(t *testing.T) {
	under := faultdisk.New()
	d := faultdisk.Over(under)
	r := openRoll(t, d)
	ok(t, r.Write(Batch{Epoch: 1, At: 100, Online: online(90, 1)}))
	d.Set(func(op faultdisk.Op, name string) error {
		if op == faultdisk.OpSync {
			under.LoseUnsynced(name)
			return syscall.EIO
		}
		return nil
	})
	if err := r.Write(Batch{Epoch: 1, At: 200, Online: online(190, 2)}); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	d.Set(nil)
	ok(t, r.Write(Batch{Epoch: 1, At: 300, Online: online(290, 3)}))
	if got := left(t, under.After(faultdisk.Lost, 1)); namesOf(got.Users) != "user-0001@300 user-0002@300 user-0003@300 " {
		t.Fatalf("left %+v", got)
	}
}

// TestFullDisk: the roll says that the disk is full, and goes on when there
// is room; the journal beside it does the same.
func TestFullDisk(t *testing.T) {
	d := faultdisk.New()
	r := openRoll(t, d)
	j := openJournal(t, d, JournalOptions{})
	ok(t, r.Write(Batch{Epoch: 1, At: 100, Online: online(90, 1)}))
	ok(t, j.Append([]Record{departure(night, 1)}))
	free := int64(300)
	d.SetCapacity(sizeOf(t, d, "roll") + sizeOf(t, d, "journal") + free)
	full := 0
	for i := range 20 {
		if err := r.Write(Batch{Epoch: 1, At: 200 + int64(i), Online: online(200, 2+i)}); errors.Is(err, syscall.ENOSPC) {
			full++
		} else {
			ok(t, err)
		}
		if err := j.Append([]Record{departure(night+1+int64(i), 1)}); errors.Is(err, syscall.ENOSPC) {
			full++
		} else {
			ok(t, err)
		}
	}
	if full < 20 {
		t.Fatalf("the disk was full %d times", full)
	}
	d.SetCapacity(0)
	ok(t, r.Write(Batch{Epoch: 1, At: 300}))
	ok(t, j.Append([]Record{departure(night+99, 1)}))
	d = d.After(faultdisk.Lost, 1)
	if l := left(t, d); len(l.Users) != 21 || l.Damage != "" {
		t.Fatalf("left %+v", l)
	}
	got, _ := records(openJournal(t, d, JournalOptions{}), Query{})
	if len(got) < 2 || got[0].When() != night+99 || got[len(got)-1].When() != night {
		t.Fatalf("%d records", len(got))
	}
}

// TestDiskComesLater: a directory that cannot even be opened costs no start.
func TestDiskComesLater(t *testing.T) {
	gone := true
	under := disk.NewMemory()
	d := disk.Lazy(func() (disk.FS, error) {
		if gone {
			return nil, syscall.EROFS
		}
		return under, nil
	})
	r, j := openRoll(t, d), openJournal(t, d, JournalOptions{})
	if !strings.Contains(r.Left().Damage, "read-only") || !strings.Contains(DamageOf(j), "read-only") {
		t.Fatalf("the damage is %q and %q", r.Left().Damage, DamageOf(j))
	}
	if err := r.Write(Batch{Epoch: 1, At: 100, Online: online(90, 1)}); !errors.Is(err, syscall.EROFS) {
		t.Fatal(err)
	}
	if err := j.Append([]Record{departure(night, 1)}); !errors.Is(err, syscall.EROFS) {
		t.Fatal(err)
	}
	if _, errs := records(j, Query{}); len(errs) != 1 {
		t.Fatalf("%v", errs)
	}
	gone = false
	ok(t, r.Write(Batch{Epoch: 1, At: 200, Online: online(190, 2)}))
	ok(t, j.Append([]Record{departure(night+1, 1)}))
	ok(t, r.Close())
	if l := left(t, under); len(l.Users) != 2 {
		t.Fatalf("left %+v", l)
	}
	if got, errs := records(j, Query{}); len(got) != 1 || len(errs) > 0 {
		t.Fatalf("%v, %v", got, errs)
	}
}
