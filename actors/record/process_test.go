package record

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"example.com/rollcall/actors/disk"
)

// child is a server that writes for ever, and says what is durable: the number of
// the batch, which is its time.
func child(dir string) error {
	d, err := disk.Open(dir)
	if err != nil {
		return err
	}
	r, err := OpenRoll(d, RollOptions{CompactBytes: 2000})
	if err != nil {
		return err
	}
	j, err := OpenJournal(d, JournalOptions{SegmentBytes: MinSegmentBytes, MaxAge: -1})
	if err != nil {
		return err
	}
	for at := r.Left().Alive + 1; ; at++ {
		n := int(at % 50)
		b := Batch{Epoch: uint64(os.Getpid()), At: at, Online: []RollUser{{User: user(n), Sessions: 1, Since: at, Version: uint64(at)}}}
		if at%3 == 0 {
			b.Offline = []string{user((n + 25) % 50)}
		}
		if err := r.Write(b); err != nil {
			return err
		}
		if err := j.Append([]Record{departure(at, n)}); err != nil {
			return err
		}
		if _, err := fmt.Println("durable", at); err != nil {
			return err
		}
	}
}

// TestKilledProcess kills a process that writes, again and again: what it has said
// is durable is there, a second process is refused while it lives, and one that
// looks on reads whole records. guards P2
func TestKilledProcess(t *testing.T) {
	dir := t.TempDir()
	self := must[string](t)(os.Executable())
	r := rand.New(rand.NewPCG(1, 1))
	last := int64(0)
	for round := range 12 {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), childDir+"="+dir)
		out := must[*bufio.Scanner](t)(func() (*bufio.Scanner, error) {
			p, err := cmd.StdoutPipe()
			return bufio.NewScanner(p), err
		}())
		ok(t, cmd.Start())
		note := func() {
			var at int64
			if n, _ := fmt.Sscanf(out.Text(), "durable %d", &at); n == 1 {
				last = at
			} else {
				t.Errorf("it says %q", out.Text())
			}
		}
		for range 1 + r.IntN(60) {
			if out.Scan() {
				note()
			}
		}
		if round%4 == 0 {
			d := must[disk.FS](t)(disk.Open(dir))
			if _, err := OpenRoll(d, RollOptions{}); !errors.Is(err, ErrLocked) {
				t.Errorf("a second roll: %v", err)
			}
			if _, err := OpenJournal(d, JournalOptions{}); !errors.Is(err, ErrLocked) {
				t.Errorf("a second journal: %v", err)
			}
			ok(t, d.Close())
			v := must[*View](t)(OpenReadOnly(dir))
			if got, _ := records(v.Journal, Query{}); len(got) == 0 || got[0].When() < last {
				t.Errorf("looked at: %d records, without that of %d", len(got), last)
			}
			ok(t, v.Close())
		}
		ok(t, cmd.Process.Kill())
		for out.Scan() {
			note()
		}
		_ = cmd.Wait()

		d := must[disk.FS](t)(disk.Open(dir))
		l := left(t, d)
		if l.Alive < last || l.Alive > last+1 || l.Damage != "" && l.Alive != last {
			t.Fatalf("%d was durable, and %d is left, %q", last, l.Alive, l.Damage)
		}
		for _, u := range l.Users {
			if at := int64(u.Version); at > l.Alive || user(int(at%50)) != u.User {
				t.Fatalf("left %+v", u)
			}
		}
		j := must[Journal](t)(OpenJournal(d, JournalOptions{MaxAge: -1}))
		got, errs := records(j, Query{})
		if len(errs) > 0 || got[0].When() < last {
			t.Fatalf("%d was durable, the newest is %d, %v", last, got[0].When(), errs)
		}
		for i, rec := range got {
			// A life that was killed between the two has a departure less.
			if i > 0 && (got[i-1].When() <= rec.When() || got[i-1].When() > rec.When()+2) {
				t.Fatalf("%d stands behind %d", rec.When(), got[i-1].When())
			}
		}
		ok(t, j.Close())
		ok(t, d.Close())
	}
	if last < 50 {
		t.Fatalf("only %d batches in all", last)
	}
}
