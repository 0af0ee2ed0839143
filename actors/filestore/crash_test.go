package filestore

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/rollcall/actors/disk/faultdisk"
)

// life is one life of the process, on a disk that may crash.
type life struct {
	*store
	w   *witness
	err error // the first error; the rest of the life does nothing
}

func (l *life) do(f func() error) {
	if l.err == nil {
		l.err = f()
	}
}

func (l *life) begin(n byte, size int, change func(*Meta)) (p Partial) {
	content := contentOf(uint64(n), size)
	m := offerAs(n, content)
	if change != nil {
		change(&m)
	}
	l.w.content[m.ID] = content
	l.do(func() (err error) {
		p, err = l.Begin(m)
		return err
	})
	return p
}

// write writes the content up to an offset.
func (l *life) write(p Partial, to int64) {
	l.do(func() error {
		m := p.Meta()
		for p.Offset() < to {
			end := min(p.Offset()+700, to)
			if _, err := p.Write(l.w.content[m.ID][p.Offset():end]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *life) sync(p Partial) {
	l.do(func() error {
		n, err := p.Sync()
		if err == nil {
			l.w.durable[p.Meta().ID] = n
		}
		return err
	})
}

func (l *life) suspend(p Partial) {
	l.do(func() error {
		at, err := p.Offset(), p.Suspend()
		if err == nil {
			l.w.durable[p.Meta().ID] = at
		}
		return err
	})
}

func (l *life) resume(n byte) (p Partial) {
	l.do(func() (err error) {
		p, err = l.Resume(idOf(n))
		return err
	})
	return p
}

func (l *life) commit(p Partial, now int64) {
	l.do(func() error {
		id := p.Meta().ID
		l.w.finishing[id] = true
		_, err := p.Commit(now)
		switch {
		case l.w.liar[id] && errors.Is(err, ErrChecksum):
			return nil
		case err == nil:
			l.w.committed[id] = true
			delete(l.w.finishing, id)
		}
		return err
	})
}

func (l *life) remove(n byte, f func() error) {
	l.do(func() error {
		l.w.finishing[idOf(n)] = true
		return f()
	})
}

func (l *life) notice(body string) {
	l.do(func() error {
		l.w.begun = append(l.w.begun, body)
		err := l.AddNotice("bob", []byte(body))
		if err == nil {
			l.w.told = append(l.w.told, body)
		}
		return err
	})
}

func crashOptions() Options {
	c := &clock{ms: 5000}
	return Options{Now: c.now, Retention: time.Hour, Rand: rand.NewChaCha8([32]byte{})}
}

// liveOnce does everything that a store can do, once each, in two lives of the
// process, until the disk crashes.
func liveOnce(d *faultdisk.Disk, w *witness) error {
	s, _, err := openStore(d, crashOptions())
	if err != nil {
		return err
	}
	l := &life{store: s, w: w}
	a := l.begin(1, 2000, nil)
	l.write(a, 900)
	l.sync(a)
	l.write(a, 2000)
	l.commit(a, 6000)
	b := l.begin(2, 3000, nil)
	l.write(b, 1000)
	l.sync(b)
	l.write(b, 1600)
	l.sync(b)
	l.write(b, 1700)
	l.suspend(b)
	l.commit(l.begin(3, 0, nil), 6001)
	b = l.resume(2)
	l.write(b, 2500)
	l.sync(b)
	l.write(b, 3000)
	l.commit(b, 6002)
	e := l.begin(4, 1500, func(m *Meta) { m.SHA256[0]++; l.w.liar[m.ID] = true })
	l.write(e, 1500)
	l.commit(e, 6003)
	f := l.begin(5, 800, nil)
	l.write(f, 500)
	l.remove(5, func() error { return f.Discard() })
	g := l.begin(6, 800, nil)
	l.write(g, 500)
	l.suspend(g)
	l.remove(6, func() error { return l.Drop(idOf(6)) })
	h := l.begin(7, 100, func(m *Meta) { m.Expires = 7000 })
	l.write(h, 100)
	l.commit(h, 6004)
	l.notice("one")
	l.notice("two")
	l.do(func() error {
		kept, err := l.Notices("bob")
		if err != nil {
			return err
		}
		w.told = nil // from here on "one" may go, or come back
		return l.DropNotices("bob", kept[0].Seq)
	})
	if l.err == nil {
		w.told = []string{"two"}
	}
	l.notice("three")
	l.remove(1, func() error { return l.Delete(idOf(1)) })
	if l.err == nil {
		w.deleted[idOf(1)] = true
	}
	l.remove(7, func() error {
		if gone := l.Expire(7000); len(gone) != 1 && !d.Crashed() {
			return fmt.Errorf("expired %v", gone)
		}
		return nil
	})
	j := l.begin(8, 2600, nil)
	l.write(j, 1800)
	l.sync(j)
	l.write(j, 2200)
	k := l.begin(9, 1200, nil)
	l.write(k, 100)
	if l.err != nil {
		return l.err
	}
	at := map[ID]int64{idOf(8): 2200, idOf(9): 100}
	if err := l.Close(); err != nil { // suspends both
		return err
	}
	for id, n := range at {
		w.durable[id] = n
	}
	if s, _, err = openStore(d, crashOptions()); err != nil {
		return err
	}
	l = &life{store: s, w: w}
	j = l.resume(8)
	l.write(j, 2600)
	l.commit(j, 8000)
	if l.err != nil {
		return l.err
	}
	return l.Close()
}

// TestCrashAtEveryOperation crashes the machine, or kills the process, at every
// operation of the disk in turn; and, for each of these crashes with one of its
// outcomes, once more at every operation of the life that follows. guards G5, N26,
// P8
func TestCrashAtEveryOperation(t *testing.T) {
	whole := faultdisk.New()
	ok(t, liveOnce(whole, newWitness()))
	if whole.Ops() < 100 {
		t.Fatalf("the life has %d operations; it should do everything", whole.Ops())
	}
	lives := 0
	for at := 1; at <= whole.Ops()+1; at++ {
		for i, o := range []faultdisk.Outcome{faultdisk.Lost, faultdisk.Kept, faultdisk.Torn, faultdisk.Torn, faultdisk.Torn, faultdisk.Killed} {
			seed := uint64(lives)
			// crashed gives the disk after the first crash, the same each time.
			crashed := func() (*faultdisk.Disk, *witness) {
				d, w := faultdisk.New(), newWitness()
				d.CrashAt(at)
				if err := liveOnce(d, w); err != nil && !errors.Is(err, faultdisk.ErrCrashed) {
					t.Fatalf("crash at %d: %v", at, err)
				}
				return d.After(o, seed), w
			}
			for again := 1; ; again++ {
				d, w := crashed()
				if i == at%6 {
					d.CrashAt(again)
				}
				lives++
				err := w.check(t, d)
				if t.Failed() || err != nil && !errors.Is(err, faultdisk.ErrCrashed) {
					t.Fatalf("crash at %d (%s), then at %d: %v", at, o, again, err)
				}
				if err == nil {
					break // the second life was as long as it gets
				}
				// What finish has committed or dropped may be there or not.
				for id := range w.content {
					if !w.committed[id] || w.finishing[id] {
						w.finishing[id] = true
					}
				}
				second := d.After([]faultdisk.Outcome{faultdisk.Lost, faultdisk.Torn, faultdisk.Killed}[again%3], seed+uint64(again))
				if err := w.check(t, second); err != nil || t.Failed() {
					t.Fatalf("crash at %d (%s), then at %d, then open: %v", at, o, again, err)
				}
			}
		}
	}
	t.Logf("%d operations, %d lives", whole.Ops(), lives)
}

// TestSeenIsSeenForGood: what a start after a kill shows is durable, though the
// killed process had not come to sync it. guards G5
func TestSeenIsSeenForGood(t *testing.T) {
	whole := faultdisk.New()
	ok(t, liveOnce(whole, newWitness()))
	for at := 1; at <= whole.Ops(); at++ {
		d := faultdisk.New()
		d.CrashAt(at)
		if err := liveOnce(d, newWitness()); !errors.Is(err, faultdisk.ErrCrashed) {
			t.Fatal(err)
		}
		d = d.After(faultdisk.Killed, 0)
		s, _, err := openStore(d, crashOptions())
		ok(t, err)
		seen := checkFiles(t, s)
		d.Crash()
		d = d.After(faultdisk.Lost, 1)
		s, _, err = openStore(d, crashOptions())
		ok(t, err)
		for id, m := range checkFiles(t, s) {
			if !bytes.Equal(m.SHA256[:], seenHash(seen, id)) {
				t.Fatalf("crash at %d: %s has changed", at, id)
			}
			delete(seen, id)
		}
		if len(seen) > 0 {
			t.Fatalf("crash at %d: seen, and gone after the next crash: %v", at, seen)
		}
		ok(t, s.Close())
	}
}

func seenHash(seen map[ID]Meta, id ID) []byte {
	m := seen[id]
	return m.SHA256[:]
}
