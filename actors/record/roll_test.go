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

// TestRollForgetSaysWhatStays: as long as an older file with the name cannot be
// removed, the user is not forgotten.
func TestRollForgetSaysWhatStays(t *testing.T) {
	d := faultdisk.Over(disk.NewMemory())
	r := openRoll(t, d)
	ok(t, r.Write(Batch{Epoch: 1, At: 100, Online: online(90, 1)}))
	ok(t, r.Write(Batch{Epoch: 1, At: 200, Offline: []string{user(1)}}))
	d.Set(func(op faultdisk.Op, name string) error {
		if op == faultdisk.OpRemove && name == "roll/0000000000000001" {
			return syscall.EIO
		}
		return nil
	})
	if err := r.Forget(user(1)); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	d.Set(nil)
	ok(t, r.Forget(user(1)))
	if files := filesOf(t, d, "roll"); len(files) != 2 {
		t.Fatalf("%d files", len(files))
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
