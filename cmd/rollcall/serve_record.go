package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor"
)

// recordDir is where, in the data directory, the roll and the journal are.
const recordDir = "record"

// recordFlags say what a server keeps of who was online and why they went.
type recordFlags struct {
	grace, age, interval time.Duration
	bytes                byteSize
}

func (f *recordFlags) bind(fs *pflag.FlagSet) {
	f.bytes = record.DefaultMaxBytes
	fs.DurationVar(&f.grace, "grace-restart", 30*time.Second, "after a crash, give those who were online this long to come back before they are told as offline (node_lost); 0 not at all")
	fs.Var(&f.bytes, "journal-bytes", "the most that the record of departures may hold, in the data directory; the oldest go first")
	fs.DurationVar(&f.age, "journal-age", record.DefaultMaxAge, "keep the record of a departure for this long; 0 for ever")
	fs.DurationVar(&f.interval, "record-interval", 250*time.Millisecond, "gather what is to be recorded for this long; what happened is on the disk after twice as much, and a write")
}

// options are those of the journal.
func (f *recordFlags) options() (record.JournalOptions, error) {
	o := record.JournalOptions{MaxBytes: int64(f.bytes), MaxAge: f.age}
	switch {
	case f.grace < 0:
		return o, usage("--grace-restart is negative: %v", f.grace)
	case f.age < 0:
		return o, usage("--journal-age is negative: %v", f.age)
	case f.interval <= 0:
		return o, usage("--record-interval is %v, not more than nothing", f.interval)
	case f.bytes < 1:
		return o, usage("--journal-bytes is %d, less than 1", int64(f.bytes))
	}
	if f.age == 0 {
		o.MaxAge = -1
	}
	if err := o.Validate(); err != nil {
		return o, usage("--journal-bytes, --journal-age: %w", err)
	}
	return o, nil
}

// configure enters what the supervisor needs to know, beside the roll and the
// journal.
func (f *recordFlags) configure(c *supervisor.Config) {
	c.RecordInterval, c.GraceRestart = f.interval, f.grace
	if f.grace == 0 {
		c.GraceRestart = -1
	}
}

// records are the open roll and journal of a server; nil: it has none on disk.
type records struct {
	roll    record.Roll
	journal record.Journal
	disk    disk.FS
}

// open opens the record in the data directory, which the store has made. A disk
// that fails costs no start: what cannot be read or written is told of.
func (f *recordFlags) open(data string, log logrus.FieldLogger) (*records, error) {
	o, err := f.options()
	if err != nil || data == "" {
		return nil, err
	}
	dir := filepath.Join(data, recordDir)
	r := &records{disk: disk.Lazy(func() (disk.FS, error) { return disk.Open(dir) })}
	if r.roll, err = record.OpenRoll(r.disk, record.RollOptions{}); err != nil {
		return nil, recordError(dir, err, r.close())
	}
	if r.journal, err = record.OpenJournal(r.disk, o); err != nil {
		return nil, recordError(dir, err, r.close())
	}
	line := log.WithFields(logrus.Fields{"record": dir, "online_before": len(r.roll.Left().Users)})
	if damage := record.DamageOf(r.journal); r.roll.Left().Damage != "" || damage != "" {
		line.WithFields(logrus.Fields{"roll": r.roll.Left().Damage, "journal": damage}).Warn("recording departures; some of what was recorded cannot be read")
	} else {
		line.Info("recording departures")
	}
	return r, nil
}

func recordError(dir string, err, closing error) error {
	if errors.Is(err, record.ErrLocked) {
		return fmt.Errorf("the record in %s is in use by another server", dir)
	}
	return errors.Join(fmt.Errorf("cannot open the record in %s: %w", dir, err), closing)
}

func (r *records) close() error {
	if r == nil {
		return nil
	}
	var errs []error
	if r.roll != nil {
		errs = append(errs, r.roll.Close())
	}
	if r.journal != nil {
		errs = append(errs, r.journal.Close())
	}
	if err := r.disk.Close(); !errors.Is(err, os.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
