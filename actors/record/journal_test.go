package record

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
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
