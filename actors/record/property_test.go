package record

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"example.com/rollcall/actors/disk/faultdisk"
)

// rollModel is a roll on a disk that fails and crashes, and what it may leave: the
// states from the last one that was durable to the newest one.
type rollModel struct {
	disk   *faultdisk.Disk
	faulty *faultdisk.Faulty
	roll   Roll
	memory *MemoryRoll // what was written, whether or not it is durable
	epoch  uint64
	at     int64
	may    []*MemoryRoll
}

func (m *rollModel) open(t *rapid.T) {
	m.faulty = faultdisk.Over(m.disk)
	m.roll = must[Roll](t)(OpenRoll(m.faulty, RollOptions{CompactBytes: 400}))
	got := m.roll.Left()
	i := slices.IndexFunc(m.may, func(r *MemoryRoll) bool { return same(r.Next().Left(), got) })
	if i < 0 {
		var may []string
		for _, r := range m.may {
			may = append(may, fmt.Sprintf("%+v", r.Next().Left()))
		}
		t.Fatalf("left is %+v, and may be %s", got, may)
	}
	m.memory = m.may[i].Next()
	m.may = m.may[:i+1] // what this life has seen, and not written anew, the next need not see
	m.epoch++
}

func (m *rollModel) crash(t *rapid.T) {
	o := rapid.SampledFrom(faultdisk.Outcomes()).Draw(t, "outcome")
	m.disk = m.disk.After(o, rapid.Uint64().Draw(t, "seed"))
	m.open(t)
}

func (m *rollModel) write(t *rapid.T) {
	m.at += rapid.Int64Range(0, 2000).Draw(t, "later")
	b := Batch{Epoch: m.epoch, At: m.at, Version: uint64(m.at), Clean: rapid.IntRange(0, 9).Draw(t, "clean") == 0}
	for n := range 8 {
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			b.Online = append(b.Online, RollUser{User: user(n), Sessions: 1, Since: m.at, Version: uint64(m.at)})
		case 1:
			b.Offline = append(b.Offline, user(n))
		case 2:
			if rapid.IntRange(0, 3).Draw(t, "held") == 0 {
				b.Online = append(b.Online, RollUser{User: user(n), Since: 1, Lost: m.at})
			}
		}
	}
	err := m.roll.Write(b)
	next := &MemoryRoll{state: newRollState()}
	next.state.apply(m.memory.state.whole())
	ok(t, next.Write(b))
	m.memory = next
	if err == nil {
		m.may = nil // what was durable before is overtaken
	}
	m.may = append(m.may, next)
}

// TestRollProperty: whatever the batches, the faults, the crashes and the openings,
// what is left is a state that was written, and none older than the last one that
// was durable. guards G7
func TestRollProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &rollModel{disk: faultdisk.New(), at: night, may: []*MemoryRoll{NewMemoryRoll()}}
		m.open(t)
		t.Repeat(map[string]func(*rapid.T){
			"write": m.write,
			"again": m.write,
			"crash": m.crash,
			"crash later": func(t *rapid.T) {
				m.disk.CrashAt(m.disk.Ops() + rapid.IntRange(1, 12).Draw(t, "operations"))
			},
			"close": func(t *rapid.T) {
				if m.disk.Crashed() {
					t.Skip("crashed")
				}
				m.disk.CrashAt(0)
				ok(t, m.roll.Close())
				m.open(t)
			},
			"fault": func(t *rapid.T) {
				n, lasting := rapid.IntRange(1, 6).Draw(t, "nth"), rapid.Bool().Draw(t, "lasting")
				at := 0
				m.faulty.Set(func(op faultdisk.Op, name string) error {
					if !op.Changes() {
						return nil
					}
					if at++; at != n && (at < n || !lasting) {
						return nil
					}
					if op == faultdisk.OpSync {
						m.disk.LoseUnsynced(name)
					}
					return syscall.EIO
				})
			},
			"repair": func(*rapid.T) { m.faulty.Set(nil) },
			"forget": func(t *rapid.T) {
				who := user(rapid.IntRange(0, 7).Draw(t, "who"))
				next := &MemoryRoll{state: newRollState()}
				next.state.apply(m.memory.state.whole())
				want := next.Forget(who)
				err := m.roll.Forget(who)
				if errors.Is(want, ErrOnline) != errors.Is(err, ErrOnline) {
					t.Fatalf("forget: %v, want %v", err, want)
				}
				if want != nil {
					return
				}
				m.memory = next
				if err == nil {
					m.may = nil
				}
				m.may = append(m.may, next)
			},
		})
	})
}

// TestJournalProperty: whatever was appended, dropped, forgotten and crossed by a
// crash, the journal on disk answers as the one in memory, but for what the crash
// took.
func TestJournalProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := faultdisk.New()
		o := JournalOptions{MaxBytes: 1 << 30, SegmentBytes: MinSegmentBytes, MaxAge: -1}
		j := must[Journal](t)(OpenJournal(d, o))
		memory := NewMemoryJournal(100_000)
		at := int64(night)
		query := func(t *rapid.T) Query {
			var q Query
			if rapid.Bool().Draw(t, "by user") {
				q.User = user(rapid.IntRange(0, 3).Draw(t, "user"))
			}
			if rapid.Bool().Draw(t, "by connection") {
				q.Connection = uint64(1000 + rapid.IntRange(0, 3).Draw(t, "connection"))
			}
			if rapid.IntRange(0, 3).Draw(t, "by endpoint") == 0 {
				q.Endpoint = fmt.Sprintf("10.0.0.%d", rapid.IntRange(0, 3).Draw(t, "endpoint"))
			}
			return q
		}
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				var batch []Record
				for range rapid.IntRange(0, 40).Draw(t, "records") {
					at++
					switch n := rapid.IntRange(0, 3).Draw(t, "who"); rapid.IntRange(0, 3).Draw(t, "type") {
					case 0:
						batch = append(batch, &Announcement{At: at, Epoch: 7, User: user(n), Connection: uint64(1000 + n)})
					case 1:
						batch = append(batch, &Stall{At: at, Length: int64(n)})
					default:
						batch = append(batch, departure(at, n))
					}
				}
				ok(t, j.Append(batch))
				ok(t, memory.Append(batch))
			},
			"forget": func(t *rapid.T) {
				who := user(rapid.IntRange(0, 3).Draw(t, "user"))
				if n, want := must[int](t)(j.Forget(who)), must[int](t)(memory.Forget(who)); n != want {
					t.Fatalf("forgot %d, want %d", n, want)
				}
			},
			"open": func(t *rapid.T) {
				ok(t, j.Close())
				j = must[Journal](t)(OpenJournal(d, o))
			},
			"crash": func(t *rapid.T) { // all was durable
				d = d.After(rapid.SampledFrom(faultdisk.Outcomes()).Draw(t, "outcome"), rapid.Uint64().Draw(t, "seed"))
				j = must[Journal](t)(OpenJournal(d, o))
			},
			"": func(t *rapid.T) {
				q := query(t)
				got, errs := records(j, q)
				want, _ := records(memory, q)
				if len(errs) > 0 || !reflect.DeepEqual(got, want) {
					t.Fatalf("%+v: %d records, want %d, %v", q, len(got), len(want), errs)
				}
			},
		})
	})
}
