package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// badDisk is a roll and a journal that fail, block and panic as they are told.
type badDisk struct {
	roll *record.MemoryRoll

	mu      sync.Mutex
	fail    error         // of every write
	throw   bool          // every write panics
	gate    chan struct{} // every write waits until it is closed; nil: it does not
	part    bool          // a failing Append keeps a part
	tries   int
	last    record.Batch // that was written
	records []record.Record
}

var errDisk = errors.New("input/output error")

// set changes what the disk does.
func (d *badDisk) set(f func(d *badDisk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d)
}

func (d *badDisk) attempt() error {
	d.mu.Lock()
	d.tries++
	gate := d.gate
	d.mu.Unlock()
	if gate != nil {
		<-gate
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.throw {
		panic("the disk is on fire")
	}
	return d.fail
}

// rollOf and journalOf are the two halves.
type rollOf struct{ *badDisk }

func (d rollOf) Left() record.Left { return d.roll.Left() }
func (d rollOf) Write(b record.Batch) error {
	if err := d.attempt(); err != nil {
		return err
	}
	d.set(func(d *badDisk) { d.last = b })
	return d.roll.Write(b)
}
func (d rollOf) Forget(user string) error { return d.roll.Forget(user) }
func (d rollOf) Close() error             { return nil }

type journalOf struct{ *badDisk }

func (d journalOf) Append(batch []record.Record) error {
	err := d.attempt()
	d.set(func(d *badDisk) {
		switch {
		case err == nil:
			d.records = append(d.records, batch...)
		case d.part:
			d.records = append(d.records, batch[:len(batch)/2]...)
		}
	})
	return err
}

func (d journalOf) Records(record.Query) iter.Seq2[record.Record, error] {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.records
	return func(yield func(record.Record, error) bool) {
		for i := len(all) - 1; i >= 0; i-- {
			if !yield(all[i], nil) {
				return
			}
		}
	}
}
func (d journalOf) Forget(string) (int, error) { return 0, nil }
func (d journalOf) Close() error               { return nil }

// departures counts what the journal has of connections, each once.
func (d *badDisk) departures() (all map[uint64]int, missing uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all = map[uint64]int{}
	for _, r := range d.records {
		switch r := r.(type) {
		case *record.Departure:
			all[r.Connection]++
		case *record.Gap:
			missing += r.Count
		}
	}
	return all, missing
}

func inBadDisk(t *testing.T, d *badDisk, cfg supervisor.Config, f func(w *world)) {
	t.Helper()
	d.roll = record.NewMemoryRoll()
	cfg.Roll, cfg.Journal = rollOf{d}, journalOf{d}
	inBubble(t, cfg, f)
}

// TestDurableInTime: what has happened is on the roll and in the journal within
// a second.
func TestDurableInTime(t *testing.T) {
	d := new(badDisk)
	inBadDisk(t, d, supervisor.Config{}, func(w *world) {
		p := w.join("alice")
		w.after(time.Second)
		if left := d.roll.Next().Left(); len(left.Users) != 1 || left.Users[0].Sessions != 1 || left.Clean {
			t.Errorf("the roll holds %+v", left)
		}
		q := w.join("alice")
		w.after(time.Second)
		if left := d.roll.Next().Left(); len(left.Users) != 1 || left.Users[0].Sessions != 2 {
			t.Errorf("the roll holds %+v", left)
		}
		p.cut()
		q.cut()
		w.after(time.Second)
		left := d.roll.Next().Left()
		if len(left.Users) != 0 {
			t.Errorf("the roll holds %+v", left)
		}
		if late := time.Since(time.UnixMilli(left.Alive)); late > beat {
			t.Errorf("the last sign of life is %v old", late)
		}
		if all, _ := d.departures(); all[p.id] != 1 || all[q.id] != 1 {
			t.Errorf("the journal has %v", all)
		}
	})
}

// TestFailingDisk: the server starts and serves, tells of the failure once, and
// loses nothing that it had room for when the disk is well again.
func TestFailingDisk(t *testing.T) {
	for name, breakIt := range map[string]func(d *badDisk){
		"error":        func(d *badDisk) { d.fail = errDisk },
		"half a batch": func(d *badDisk) { d.fail, d.part = errDisk, true },
		"panic":        func(d *badDisk) { d.throw = true },
	} {
		t.Run(name, func(t *testing.T) {
			d := new(badDisk)
			d.set(breakIt)
			inBadDisk(t, d, supervisor.Config{}, func(w *world) {
				eye := w.watcher("eye")
				gone := w.join("gone")
				w.join("there")
				gone.cut()
				w.after(time.Minute)
				w.same("the watcher was told of gone", eye.told("gone"), "+", "eof")
				if e := events[supervisor.RecordFailing](w.rec); len(e) != 2 || e[0].What == e[1].What {
					t.Errorf("told: %+v", e)
				}
				if n := w.s.Counters().RecordFailures; n < 10 || n > 60 {
					t.Errorf("%d failures in a minute: no backoff", n)
				}
				d.set(func(d *badDisk) { d.fail, d.throw, d.part = nil, false, false })
				w.after(12 * time.Second)
				if e := events[supervisor.RecordMended](w.rec); len(e) != 2 || e[0].Lost+e[1].Lost != 0 {
					t.Errorf("told: %+v", e)
				}
				left := d.roll.Next().Left()
				if len(left.Users) != 2 || left.Users[0].User != "eye" || left.Users[1].User != "there" {
					t.Errorf("the roll holds %+v", left)
				}
				if all, missing := d.departures(); all[gone.id] == 0 || missing != 0 {
					t.Errorf("the journal has %v, %d are missing", all, missing)
				}
				if n := w.s.Counters().RecordsLost; n != 0 {
					t.Errorf("%d lost", n)
				}
			})
		})
	}
}

// TestRollAfterFailures: whatever came and went while the disk failed, what it
// holds in the end is who is online.
func TestRollAfterFailures(t *testing.T) {
	d := new(badDisk)
	inBadDisk(t, d, supervisor.Config{}, func(w *world) {
		peers := map[string]*peer{}
		for round := range 12 {
			d.set(func(d *badDisk) {
				d.fail = nil
				if round%3 != 2 {
					d.fail = errDisk
				}
			})
			for i, u := range names("user %d", 8) {
				if p := peers[u]; p != nil && (i+round)%3 == 0 {
					p.cut()
					peers[u] = nil
				} else if p == nil && (i+round)%2 == 0 {
					peers[u] = w.join(u)
				}
			}
			w.after(300 * time.Millisecond)
		}
		d.set(func(d *badDisk) { d.fail = nil })
		w.after(15 * time.Second)
		var held []string
		for _, u := range d.roll.Next().Left().Users {
			held = append(held, u.User)
		}
		w.same("the roll", held, w.online()...)
	})
}

// TestBlockedRecord: a write that never ends holds up nobody, past the bound
// records are given up and counted, and a shutdown waits no longer than it may.
// Guards G6.
func TestBlockedRecord(t *testing.T) {
	gate := make(chan struct{})
	d := &badDisk{gate: gate}
	synctest.Test(t, func(t *testing.T) {
		d.roll = record.NewMemoryRoll()
		begun := time.Now()
		gate = make(chan struct{})
		d.gate = gate
		w := newWorld(t, supervisor.Config{Roll: rollOf{d}, Journal: journalOf{d}})
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("it started after %v", took)
		}
		eye := w.watcher("eye")
		w.join("alice").cut()
		w.after(time.Minute)
		w.same("the watcher was told", eye.told("alice"), "+", "eof")
		if e := events[supervisor.RecordFailing](w.rec); len(e) != 1 {
			t.Errorf("told: %+v", e)
		}
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		begun = time.Now()
		if err := w.s.Shutdown(short); !errors.Is(err, supervisor.ErrRecord) {
			t.Errorf("the shutdown says %v", err)
		}
		if took := time.Since(begun); took > 4*time.Second {
			t.Errorf("the shutdown took %v", took)
		}
		close(gate)
		for _, p := range w.peers {
			p.cut()
		}
	})
}

// TestJournalBound: past 65,536 records that wait, the rest is given up, counted,
// and a gap says so. Guards G6.
func TestJournalBound(t *testing.T) {
	const rounds = 23_000 // of three records each
	d := new(badDisk)
	inBadDisk(t, d, supervisor.Config{}, func(w *world) {
		gate := make(chan struct{})
		d.set(func(d *badDisk) { d.gate = gate })
		w.after(time.Second)
		p := w.dial().hello("device")
		for range rounds {
			p.login("alice")
			r := p.next()
			p.send(&wire.Logout{Request: r})
			p.answer(r)
		}
		w.settle()
		d.set(func(d *badDisk) { d.gate = nil })
		close(gate)
		w.after(time.Minute)
		_, missing := d.departures()
		kept := uint64(0)
		for r := range (journalOf{d}).Records(record.Query{}) {
			switch r.(type) {
			case *record.SessionEnd, *record.Announcement:
				kept++
			}
		}
		if missing == 0 || kept+missing != 3*rounds || kept < 65_536 {
			t.Errorf("%d are kept, %d missing, of %d", kept, missing, 3*rounds)
		}
		if n := w.s.Counters().RecordsLost; n != missing {
			t.Errorf("%d lost are counted, %d told", n, missing)
		}
		if left := d.roll.Next().Left(); len(left.Users) != 0 {
			t.Errorf("the roll holds %+v", left)
		}
	})
}

// TestShutdownOverABadDisk: it fails after some tries, and says so.
func TestShutdownOverABadDisk(t *testing.T) {
	d := new(badDisk)
	synctest.Test(t, func(t *testing.T) {
		d.roll = record.NewMemoryRoll()
		w := newWorld(t, supervisor.Config{Roll: rollOf{d}, Journal: journalOf{d}})
		p := w.join("alice")
		w.after(time.Second)
		d.set(func(d *badDisk) { d.fail = fmt.Errorf("sync: %w", errDisk) })
		begun := time.Now()
		if err := w.s.Shutdown(ctx); !errors.Is(err, supervisor.ErrRecord) || !errors.Is(err, errDisk) {
			t.Errorf("the shutdown says %v", err)
		}
		if took := time.Since(begun); took > time.Minute {
			t.Errorf("the shutdown took %v", took)
		}
		if left := d.roll.Next().Left(); left.Clean || len(left.Users) != 1 {
			t.Errorf("it has left %+v", left)
		}
		p.cut()
	})
}
