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

// story is a life in batches, and what each leaves: leaves[i] is the state after i
// batches.
func story() (batches []Batch, leaves []Left) {
	batches = []Batch{
		{Epoch: 1, At: night, Version: 3, Online: online(night, 1, 2, 3)},
		{Epoch: 1, At: night + 1000, Version: 5, Online: online(night+500, 4), Offline: []string{user(2)}},
		{Epoch: 1, At: night + 2000, Version: 5},
		{Epoch: 1, At: night + 3000, Version: 8, Online: online(night+2500, 2, 5, 6), Offline: []string{user(1), user(4)}},
		{Epoch: 1, At: night + 4000, Version: 9, Offline: []string{user(6)}},
	}
	m := NewMemoryRoll()
	leaves = []Left{m.Left()}
	for _, b := range batches {
		_ = m.Write(b)
		leaves = append(leaves, m.Next().Left())
	}
	return batches, leaves
}

// TestRollOverLives: what is on the roll is left to the next life, with the time
// when the server was last alive; who is lost keeps that time until the return.
// guards P2
func TestRollOverLives(t *testing.T) {
	disks := map[string]func(*testing.T) func(next bool) Roll{
		"memory": func(*testing.T) func(bool) Roll {
			m := NewMemoryRoll()
			return func(next bool) Roll {
				if next {
					m = m.Next()
				}
				return m
			}
		},
		"disk": func(t *testing.T) func(bool) Roll {
			dir := t.TempDir()
			var r Roll
			return func(next bool) Roll {
				if r == nil || next {
					if r != nil {
						ok(t, r.Close())
					}
					r = openRoll(t, must[disk.FS](t)(disk.Open(dir)))
				}
				return r
			}
		},
	}
	for name, make := range disks {
		t.Run(name, func(t *testing.T) {
			life := make(t)
			check := func(epoch uint64, alive int64, clean bool, want string) {
				t.Helper()
				l := life(true).Left()
				if l.Epoch != epoch || l.Alive != alive || l.Clean != clean || namesOf(l.Users) != want || l.Damage != "" {
					t.Fatalf("left %+v, want %q", l, want)
				}
			}
			r := life(false)
			if l := r.Left(); l.Epoch != 0 || len(l.Users) != 0 || l.Damage != "" {
				t.Fatalf("a new roll: %+v", l)
			}
			ok(t, r.Write(Batch{Epoch: 1, At: 100, Version: 2, Online: online(90, 1, 2, 3)}))
			ok(t, r.Write(Batch{Epoch: 1, At: 200, Version: 3, Offline: []string{user(2)}}))
			check(1, 200, false, "user-0001@200 user-0003@200 ")
			check(1, 200, false, "user-0001@200 user-0003@200 ") // a life that wrote nothing
			r = life(false)
			ok(t, r.Write(Batch{Epoch: 2, At: 300, Version: 1, Online: online(300, 4)}))
			ok(t, r.Write(Batch{Epoch: 2, At: 400, Version: 2, Online: online(350, 3)})) // is back
			// A second crash within the grace: user 1 keeps the time of the first.
			check(2, 400, false, "user-0001@200 user-0003@400 user-0004@400 ")
			r = life(false)
			ok(t, r.Write(Batch{Epoch: 3, At: 500, Version: 3, Offline: []string{user(1), user(3), user(4)}, Clean: true}))
			check(3, 500, true, "")
		})
	}
}

// TestRollCutAtEveryByte cuts the roll at every byte: what is left is what one of
// the batches has left, and all that lie before the cut count. guards P2
func TestRollCutAtEveryByte(t *testing.T) {
	batches, leaves := story()
	d := disk.NewMemory()
	r := openRoll(t, d)
	var ends []int64 // of the file, after each batch
	name := "roll/0000000000000001"
	for _, b := range batches {
		ok(t, r.Write(b))
		ends = append(ends, must[int64](t)(d.Size(name)))
	}
	whole := must[[]byte](t)(disk.ReadFile(d, name, 1<<20))
	for n := range len(whole) + 1 {
		d := disk.NewMemory()
		ok(t, d.Mkdir("roll"))
		spoil(t, d, name, whole[:n])
		got := left(t, d)
		count := 0
		for count < len(ends) && ends[count] <= int64(n) {
			count++
		}
		if !same(got, leaves[count]) {
			t.Fatalf("cut at %d: %+v, want what %d batches leave: %+v", n, got, count, leaves[count])
		}
		between := !slices.Contains(ends, int64(n))
		if between != (got.Damage != "") {
			t.Fatalf("cut at %d (ends %v) the damage is %q", n, ends, got.Damage)
		}
		// The next life goes on from there.
		next := openRoll(t, d)
		ok(t, next.Write(Batch{Epoch: 2, At: night + 9000, Version: 1, Online: online(night, 9)}))
		ok(t, next.Close())
		want := namesOf(leaves[count].Users) + fmt.Sprintf("%s@%d ", user(9), int64(night+9000))
		if got := left(t, d); namesOf(got.Users) != want || got.Damage != "" {
			t.Fatalf("cut at %d, then a life: %+v", n, got)
		}
	}
}

// TestRollBitFlips turns every bit of the roll: what is left is what some batch
// has left, or a part of the first one, and a turned bit is told.
func TestRollBitFlips(t *testing.T) {
	batches, leaves := story()
	d := disk.NewMemory()
	r := openRoll(t, d)
	for _, b := range batches {
		ok(t, r.Write(b))
	}
	name := "roll/0000000000000001"
	whole := must[[]byte](t)(disk.ReadFile(d, name, 1<<20))
	for bit := range len(whole) * 8 {
		b := slices.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		d := disk.NewMemory()
		ok(t, d.Mkdir("roll"))
		spoil(t, d, name, b)
		got := left(t, d)
		if got.Damage == "" {
			t.Fatalf("bit %d is turned, and nothing is told", bit)
		}
		if !slices.ContainsFunc(leaves, func(l Left) bool { return same(got, l) }) {
			t.Fatalf("bit %d: %+v was never so", bit, got)
		}
	}
}

// TestRollDamagedBeginning: of a state in several parts, the parts before the
// damage count, and a whole older file is better than a part of a newer one.
func TestRollDamagedBeginning(t *testing.T) {
	var all []int
	for n := range 3 * partUsers {
		all = append(all, n)
	}
	d := disk.NewMemory()
	r := openRoll(t, d)
	ok(t, r.Write(Batch{Epoch: 1, At: 100, Online: online(90, all...)}))
	ok(t, r.Close())
	name := "roll/0000000000000001"
	whole := must[[]byte](t)(disk.ReadFile(d, name, 1<<20))
	spoil(t, d, name, whole[:len(whole)/2])
	if l := left(t, d); len(l.Users) != partUsers || l.Epoch != 1 || !strings.Contains(l.Damage, "512 are known") {
		t.Fatalf("%d users, epoch %d, %s", len(l.Users), l.Epoch, l.Damage)
	}
	spoil(t, d, "roll/0000000000000002", whole[:len(whole)/2])
	spoil(t, d, name, whole)
	if l := left(t, d); len(l.Users) != len(all) || l.Damage == "" {
		t.Fatalf("%d users, %s", len(l.Users), l.Damage)
	}
}

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

// TestRollIsCompacted: changes for ever do not grow the file for ever, and one
// sync a batch is all it costs.
func TestRollIsCompacted(t *testing.T) {
	d := faultdisk.Over(disk.NewMemory())
	r := openRoll(t, d)
	ok(t, r.Write(Batch{Epoch: 1, At: 1}))
	most, syncs := int64(0), d.Count(faultdisk.OpSync)
	for i := range 3000 {
		b := Batch{Epoch: 1, At: int64(i), Online: online(int64(i), i%50, 50+i%50)}
		for n := range 40 {
			b.Offline = append(b.Offline, user(100+(i+n)%50))
		}
		ok(t, r.Write(b))
		most = max(most, sizeOf(t, d, "roll"))
	}
	if most > DefaultCompactBytes+64<<10 {
		t.Fatalf("the roll of 100 users has grown to %d bytes", most)
	}
	if n := d.Count(faultdisk.OpSync) - syncs; n < 3000 || n > 3010 {
		t.Fatalf("3000 batches took %d syncs", n)
	}
	ok(t, r.Close())
	if l := left(t, d); len(l.Users) != 100 {
		t.Fatalf("%d users are left", len(l.Users))
	}
}

func sizeOf(t *testing.T, d disk.FS, dir string) int64 {
	t.Helper()
	sum := int64(0)
	for _, e := range must[[]disk.Entry](t)(d.List(dir)) {
		sum += must[int64](t)(d.Size(dir + "/" + e.Name))
	}
	return sum
}

// TestRollForget: a forgotten user's name is in no file.
func TestRollForget(t *testing.T) {
	d := disk.NewMemory()
	r := openRoll(t, d)
	ok(t, r.Write(Batch{Epoch: 1, At: 100, Online: online(90, 1, 2, 3)}))
	ok(t, r.Write(Batch{Epoch: 1, At: 200, Offline: []string{user(1)}}))
	spoil(t, d, "roll/0000000000000000.new", []byte(user(1)))
	if err := r.Forget(user(2)); !errors.Is(err, ErrOnline) {
		t.Fatalf("who is online: %v", err)
	}
	ok(t, r.Forget(user(1)))
	ok(t, r.Write(Batch{Epoch: 1, At: 300, Offline: []string{user(3)}}))
	ok(t, r.Close())
	// In the next life user 2 is lost, and can be forgotten before a write.
	next := openRoll(t, d)
	ok(t, next.Forget(user(2)))
	ok(t, next.Close())
	for name, content := range filesOf(t, d, "roll") {
		if strings.Contains(content, user(1)) || strings.Contains(content, user(2)) {
			t.Errorf("%s still has the name", name)
		}
	}
	if l := left(t, d); l.Epoch != 1 || len(l.Users) != 0 {
		t.Fatalf("left %+v", l)
	}
}

// TestRollLock: a second server on the same directory is refused.
func TestRollLock(t *testing.T) {
	dir := t.TempDir()
	r := openRoll(t, must[disk.FS](t)(disk.Open(dir)))
	if _, err := OpenRoll(must[disk.FS](t)(disk.Open(dir)), RollOptions{}); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second one: %v", err)
	}
	ok(t, r.Close())
	if err := r.Write(Batch{}); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	left(t, must[disk.FS](t)(disk.Open(dir)))
}

// TestRollGarbage: what somebody else has put into the directory does not keep the
// server from its start.
func TestRollGarbage(t *testing.T) {
	d := disk.NewMemory()
	ok(t, d.Mkdir("roll"))
	ok(t, d.Mkdir("roll/000000000000000f"))
	for name, content := range map[string]string{
		"README": "hello", "0000000000000001": "", "0000000000000002": strings.Repeat("x", 5000), "0000000000000003": strings.Repeat("\x00", 4096),
		"ffffffff": "x", "0000000000000004": string(appendHeader(nil, fileJournal)), "0000000000000005.new": "rollcall",
	} {
		spoil(t, d, "roll/"+name, []byte(content))
	}
	r := openRoll(t, d)
	if l := r.Left(); l.Epoch != 0 || len(l.Users) != 0 || l.Damage == "" {
		t.Fatalf("left %+v", l)
	}
	ok(t, r.Write(Batch{Epoch: 1, At: 100, Online: online(90, 1)}))
	ok(t, r.Close())
	if l := left(t, d); namesOf(l.Users) != "user-0001@100 " || l.Damage != "" {
		t.Fatalf("left %+v", l)
	}
	file := disk.NewMemory()
	spoil(t, file, "roll", []byte("a file"))
	r = openRoll(t, file)
	if r.Left().Damage == "" || r.Write(Batch{Epoch: 1, At: 1}) == nil {
		t.Fatal("a file in place of the directory goes unnoticed")
	}
}

// TestRollRefusesNames: what could not be read back is not written.
func TestRollRefusesNames(t *testing.T) {
	r := openRoll(t, disk.NewMemory())
	long := strings.Repeat("x", MaxName+1)
	for _, b := range []Batch{{Online: []RollUser{{User: long}}}, {Online: []RollUser{{}}}, {Offline: []string{long}}} {
		if err := r.Write(b); !errors.Is(err, ErrUser) {
			t.Errorf("%v", err)
		}
	}
	var many []RollUser
	for i := range 2 * partUsers {
		many = append(many, RollUser{User: fmt.Sprintf("%0*d", MaxName, i), Since: night, Version: 1 << 63, Lost: night})
	}
	ok(t, r.Write(Batch{Epoch: 1, At: 1, Online: many}))
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
