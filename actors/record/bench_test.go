package record

import (
	"fmt"
	"testing"

	"example.com/rollcall/actors/disk"
)

// openBench opens a real directory.
func openBench(b *testing.B) disk.FS {
	d := must[disk.FS](b)(disk.Open(b.TempDir()))
	b.Cleanup(func() { d.Close() })
	return d
}

// BenchmarkRollWrite writes batches of 10,000 changes, durably, on a roll of
// 20,000 users: a second of 10,000 connects, and a storm of departures.
func BenchmarkRollWrite(b *testing.B) {
	const n = 10_000
	var come, still []RollUser
	var leave []string
	for i := range n {
		come = append(come, RollUser{User: fmt.Sprintf("user-%06d@example.com", i), Sessions: 1, Since: night, Version: uint64(i)})
		still = append(still, RollUser{User: fmt.Sprintf("stays-%06d@example.com", i), Sessions: 1, Since: night, Version: uint64(i)})
		leave = append(leave, come[i].User)
	}
	for name, batch := range map[string]Batch{
		"online":  {Epoch: 1, Online: come},
		"offline": {Epoch: 1, Offline: leave},
		"nothing": {Epoch: 1},
	} {
		b.Run(name, func(b *testing.B) {
			r := must[Roll](b)(OpenRoll(openBench(b), RollOptions{}))
			ok(b, r.Write(Batch{Epoch: 1, At: 1, Online: still}))
			b.ReportAllocs()
			for i := int64(1); b.Loop(); i++ {
				batch.At = night + i
				ok(b, r.Write(batch))
			}
			b.StopTimer()
			ok(b, r.Close())
		})
	}
}

// BenchmarkRollOpen reads a roll of 100,000 users.
func BenchmarkRollOpen(b *testing.B) {
	d := openBench(b)
	r := must[Roll](b)(OpenRoll(d, RollOptions{}))
	var users []RollUser
	for i := range 100_000 {
		users = append(users, RollUser{User: fmt.Sprintf("user-%06d@example.com", i), Sessions: 1, Since: night, Version: uint64(i)})
	}
	ok(b, r.Write(Batch{Epoch: 1, At: night, Online: users}))
	ok(b, r.Close())
	for b.Loop() {
		if l := left(b, d); len(l.Users) != len(users) {
			b.Fatal(len(l.Users))
		}
	}
}

// BenchmarkJournalAppend writes 10,000 departures at once, durably.
func BenchmarkJournalAppend(b *testing.B) {
	var batch []Record
	for i := range 10_000 {
		batch = append(batch, departure(night, i))
	}
	d := openBench(b)
	j := must[Journal](b)(OpenJournal(d, JournalOptions{Now: (&clock{night}).now}))
	b.ReportAllocs()
	for b.Loop() {
		ok(b, j.Append(batch))
	}
	b.StopTimer()
	ok(b, j.Close())
}

// BenchmarkJournal64MiB opens and reads a journal of 64 MiB.
func BenchmarkJournal64MiB(b *testing.B) {
	d := openBench(b)
	o := JournalOptions{Now: (&clock{night}).now}
	j := must[Journal](b)(OpenJournal(d, o))
	total := 0
	for total < DefaultMaxBytes/250 {
		var batch []Record
		for range 10_000 {
			batch = append(batch, departure(night+int64(total), total%9000))
			total++
		}
		ok(b, j.Append(batch))
	}
	ok(b, j.Close())
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			ok(b, must[Journal](b)(OpenJournal(d, o)).Close())
		}
	})
	j = must[Journal](b)(OpenJournal(d, o))
	for name, q := range map[string]Query{
		"all": {}, "user": {User: user(77)}, "connection": {Connection: 1077, Epoch: 7}, "endpoint": {Endpoint: "10.0.0.77"},
	} {
		b.Run(name, func(b *testing.B) {
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				got := 0
				for _, err := range j.Records(q) {
					ok(b, err)
					got++
				}
				n = got
			}
			b.ReportMetric(float64(n), "records")
		})
	}
	b.Run("accounts", func(b *testing.B) {
		for b.Loop() {
			if a := must[[]Account](b)(Accounts(j, Subject{User: user(77)}, Limit{})); len(a) != DefaultAccounts {
				b.Fatal(len(a))
			}
		}
	})
	b.Run("forget", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			must[int](b)(j.Forget(user(i % 9000)))
		}
	})
	ok(b, j.Close())
}
