package simulations

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"strings"
	"syscall"
	"time"

	"example.com/rollcall/actors/disk/faultdisk"
	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
)

// storage is the server's machine's disks: they outlive its lives, and a crash
// leaves of them what it leaves.
type storage struct {
	roll, journal, files *faultdisk.Disk
}

func newStorage() storage {
	return storage{roll: faultdisk.New(), journal: faultdisk.New(), files: faultdisk.New()}
}

// crash is what a crash leaves of the disks.
func (s *storage) crash(o faultdisk.Outcome, seed uint64) {
	s.roll, s.journal, s.files = s.roll.After(o, seed), s.journal.After(o, seed+1), s.files.After(o, seed+2)
}

// stores are what one life has opened on the disks.
type stores struct {
	roll    record.Roll
	journal record.Journal
	files   filestore.Store

	// guarded by the life's mu
	random  *rand.Rand
	ops     uint64
	trouble diskTrouble
}

// diskTrouble is what the disk does wrong at the moment.
type diskTrouble struct {
	until time.Duration
	share float64       // of the operations that fail or are slow
	slow  time.Duration // up to so long each; 0: they fail
	err   error
	only  faultdisk.Op // only these; empty: all
}

// open opens what the plan wants, on the disks as they are.
func (l *life) open(cfg *supervisor.Config) error {
	s, p := &l.stores, l.w.plan.Server
	s.random = stream(l.w.seed, l.name+"/disk")
	if p.Roll {
		roll, err := record.OpenRoll(l.faulty(l.w.storage.roll), record.RollOptions{})
		if err != nil {
			return err
		}
		journal, err := record.OpenJournal(l.faulty(l.w.storage.journal), record.JournalOptions{Now: l.w.wall})
		if err != nil {
			return err
		}
		s.roll, s.journal = roll, journal
		cfg.Roll, cfg.Journal = roll, journal
		cfg.GraceRestart = p.GraceRestart
	}
	if p.Files {
		store, _, err := filestore.OpenOn(l.faulty(l.w.storage.files), filestore.Options{Rand: reader{s.random}, Now: l.w.wall})
		if err != nil {
			return err
		}
		s.files = store
		cfg.Store, cfg.FileGrace = store, p.FileGrace
	}
	return nil
}

// faulty puts the faults of this life over a disk.
func (l *life) faulty(d *faultdisk.Disk) *faultdisk.Faulty {
	f := faultdisk.Over(d)
	f.Set(l.onDisk)
	return f
}

// onDisk is asked before each operation of a disk. A slow one waits, and goes on
// in its turn. Those on the logs of notices are done under a lock, so all others
// that could want it wait for them.
func (l *life) onDisk(op faultdisk.Op, path string) error {
	if l.dead.Load() || !l.booted.Load() {
		return nil
	}
	l.mu.Lock()
	s := &l.stores
	s.ops++
	n := s.ops
	t := s.trouble
	hit := t.share > 0 && l.w.now() < t.until && (t.only == "" || t.only == op) && s.random.Float64() < t.share
	wait := time.Duration(0)
	if hit && t.slow > 0 {
		wait = between(s.random, 0, t.slow)
	}
	l.mu.Unlock()
	if !hit {
		return nil
	}
	l.diskHits.Add(1)
	l.w.diskFailed.Add(1)
	l.w.diskLast.Store(int64(l.w.now()))
	if wait == 0 {
		return t.err
	}
	locked := strings.HasPrefix(path, "notices")
	if locked {
		if l.w.gate.off.Load() {
			return nil // nobody would keep the others away
		}
		l.slow.Add(1)
		defer l.slow.Add(-1)
	}
	timer := time.NewTimer(wait)
	select {
	case <-timer.C:
	case <-l.died:
		timer.Stop()
	}
	ticket := l.w.tickets.get(&l.host, l.name+"/disk/"+strconv.FormatUint(n, 10), string(op))
	ticket.disk = !locked
	l.w.gate.enter(ticket)
	l.w.tickets.put(ticket)
	return nil
}

// close closes what was opened, in the background of a life that is over.
func (s *stores) close() {
	if s.files != nil {
		_ = s.files.Close()
	}
	if s.roll != nil {
		_ = s.roll.Close()
		_ = s.journal.Close()
	}
}

// retire closes the stores of a life that has ended. What still waits for a slow
// disk holds locks of theirs: time goes on only while nobody waits for those.
func (l *life) retire() {
	if l.diskHits.Load() > 0 {
		time.Sleep(time.Minute)
	}
	l.stores.close()
}

// reader reads random bytes.
type reader struct{ r *rand.Rand }

// Read implements io.Reader.
func (r reader) Read(b []byte) (int, error) {
	for i := 0; i < len(b); i += 8 {
		var x [8]byte
		binary.LittleEndian.PutUint64(x[:], r.r.Uint64())
		copy(b[i:], x[:])
	}
	return len(b), nil
}

// diskErrors are what a disk can say.
var diskErrors = map[string]error{"full": syscall.ENOSPC, "broken": syscall.EIO, "read-only": syscall.EROFS}
