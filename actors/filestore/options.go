package filestore

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// Defaults of Options.
const (
	DefaultMaxFile        = 16 << 30
	DefaultMaxUserBytes   = 16 << 30
	DefaultMaxUserFiles   = 10_000
	DefaultMaxBytes       = 64 << 30
	DefaultMaxFiles       = 100_000
	DefaultMaxNoticeBytes = 1 << 30
	DefaultMaxNoticeUsers = 100_000
	DefaultRetention      = 30 * 24 * time.Hour
)

// maxLimit bounds every limit in bytes or files, so that sums never overflow.
const maxLimit = 1 << 60

// Options of a store. The zero value takes the defaults. A limit that is lower
// than what the store holds refuses new files and removes none.
type Options struct {
	MaxFile      int64 // bytes of one file
	MaxUserBytes int64 // bytes of one owner, visible and arriving
	MaxUserFiles int64 // files of one owner, visible and arriving
	MaxBytes     int64 // bytes in all, garbage too
	MaxFiles     int64 // files in all

	MaxNoticeBytes int64 // bytes of all users' notices on disk, in their logs
	MaxNoticeUsers int64 // users with notices

	// Retention is how long a file lives after Commit, and a notice after
	// AddNotice. Negative: for ever.
	Retention time.Duration

	// NoSync leaves out every wait for the disk. A killed process then still
	// loses nothing, but after a crash of the machine visible files can be empty
	// or torn: it gives up the guarantee G5. For measurements, and for stores that
	// need not outlive the machine.
	NoSync bool

	Rand io.Reader        // the source of IDs; crypto/rand.Reader if nil
	Now  func() time.Time // the clock of PartialInfo.Since and Notice.At; time.Now if nil
}

// Validate checks every field and gives all errors at once.
func (o Options) Validate() error {
	var errs []error
	for _, l := range o.limits() {
		if *l.value < 0 || *l.value > maxLimit {
			errs = append(errs, fmt.Errorf("filestore: %s is %d, not in 0…%d", l.name, *l.value, int64(maxLimit)))
		}
	}
	return errors.Join(errs...)
}

type limit struct {
	name     string
	value    *int64
	standard int64
}

func (o *Options) limits() []limit {
	return []limit{
		{"MaxFile", &o.MaxFile, DefaultMaxFile},
		{"MaxUserBytes", &o.MaxUserBytes, DefaultMaxUserBytes},
		{"MaxUserFiles", &o.MaxUserFiles, DefaultMaxUserFiles},
		{"MaxBytes", &o.MaxBytes, DefaultMaxBytes},
		{"MaxFiles", &o.MaxFiles, DefaultMaxFiles},
		{"MaxNoticeBytes", &o.MaxNoticeBytes, DefaultMaxNoticeBytes},
		{"MaxNoticeUsers", &o.MaxNoticeUsers, DefaultMaxNoticeUsers},
	}
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	for _, l := range o.limits() {
		if *l.value == 0 {
			*l.value = l.standard
		}
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// expiry gives when a file that is committed at now ends, 0 for never.
func (o *Options) expiry(wish, now int64) int64 {
	if o.Retention < 0 {
		return wish
	}
	retention := o.Retention.Milliseconds()
	if now > math.MaxInt64-retention {
		return wish
	}
	end := now + retention
	if wish != 0 && wish < end {
		return wish
	}
	return end
}
