package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/rollcall/actors/disk"
)

// Defaults and bounds of JournalOptions.
const (
	DefaultMaxBytes     = 64 << 20
	DefaultMaxAge       = 30 * 24 * time.Hour
	DefaultSegmentBytes = 4 << 20
	MinSegmentBytes     = 4 << 10
	MaxSegmentBytes     = 64 << 20

	// ageSegments is into how many segments MaxAge is cut at the least, since only
	// whole segments are dropped.
	ageSegments = 30
)

// JournalOptions of a journal on disk. The zero value takes the defaults.
type JournalOptions struct {
	// MaxBytes bounds the files together; the oldest records go first. It is
	// exceeded by one segment at most, and only while one Append runs.
	MaxBytes int64
	// MaxAge is how long a record is kept, by its own time. It is looked at when
	// the journal is opened and at each Append; a record may stay for a thirtieth
	// of it longer. Negative: for ever.
	MaxAge time.Duration
	// SegmentBytes is the size of one file, and what Records holds in memory.
	SegmentBytes int64
	// Now is the clock for MaxAge; time.Now if nil.
	Now func() time.Time
}

// Validate checks every field and gives all errors at once.
func (o JournalOptions) Validate() error {
	var errs []error
	o = o.withDefaults()
	if o.SegmentBytes < MinSegmentBytes || o.SegmentBytes > MaxSegmentBytes {
		errs = append(errs, fmt.Errorf("record: SegmentBytes is %d, not in %d…%d", o.SegmentBytes, MinSegmentBytes, MaxSegmentBytes))
	}
	if o.MaxBytes < 2*o.SegmentBytes {
		errs = append(errs, fmt.Errorf("record: MaxBytes is %d, less than two segments of %d", o.MaxBytes, o.SegmentBytes))
	}
	if o.MaxAge > 0 && o.MaxAge < time.Second {
		errs = append(errs, fmt.Errorf("record: MaxAge is %v, less than a second", o.MaxAge))
	}
	return errors.Join(errs...)
}

func (o JournalOptions) withDefaults() JournalOptions {
	if o.MaxBytes == 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxAge == 0 {
		o.MaxAge = DefaultMaxAge
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = min(DefaultSegmentBytes, max(o.MaxBytes/4, MinSegmentBytes))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// journal is the Journal on disk: numbered segments, of which the last is
// appended to.
type journal struct {
	// Static after construction.
	disk     disk.FS
	opts     JournalOptions // with defaults
	readOnly bool

	// Owned by write, which is held while the disk is waited for, by Append,
	// Forget and Close.
	write  sync.Mutex
	closed bool
	lock   io.Closer // nil: not taken yet, since the disk has failed
	file   disk.File // of the last segment; nil: the next Append opens or makes one
	buf    bytes.Buffer

	// Owned by mu, which is held for a moment only. Whoever changes it holds write
	// too, so that under write it can be read without mu.
	mu       sync.RWMutex
	loaded   bool       // false: the directory could not be read
	segments []*segment // the oldest first; a segment does not change once it is in here
	damage   []string   // what was found damaged; at most maxDamage
}

// maxSegments bounds the files. Only a disk that fails again and again makes so many.
const maxSegments = 4096

// maxDamage bounds what the journal remembers of damage that it has cut away.
const maxDamage = 16

// OpenJournal opens the journal in the directory journal of a disk, which stays
// the caller's. It takes a lock of its own there. Errors: those of Validate, and
// ErrLocked. If the disk fails, the journal can be used all the same: Append and
// Records give errors until the disk works again. DamageOf tells what was lost.
func OpenJournal(d disk.FS, o JournalOptions) (Journal, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	j := &journal{disk: d, opts: o.withDefaults()}
	switch err := j.ready(); {
	case errors.Is(err, ErrLocked):
		return nil, err
	case err != nil:
		j.tell(err.Error())
	}
	return j, nil
}

// DamageOf tells in words what a journal has found damaged on its disk, empty if
// nothing: for Life.Lost.
func DamageOf(j Journal) string {
	d, ok := j.(*journal)
	if !ok {
		return ""
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return strings.Join(d.damage, "; ")
}

// AllDamage is what neither could read: the roll that left this, and the journal,
// which may be nil.
func AllDamage(l Left, j Journal) string {
	other := DamageOf(j)
	if l.Damage == "" || other == "" {
		return l.Damage + other
	}
	return l.Damage + "; " + other
}

func (j *journal) tell(damage string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.damage) < maxDamage && !slices.Contains(j.damage, damage) {
		j.damage = append(j.damage, damage)
	}
}

// ready takes the lock and reads the directory, if that has not succeeded yet.
func (j *journal) ready() error {
	if j.lock == nil && !j.readOnly {
		lock, err := claim(j.disk, dirJournal)
		if err != nil {
			_ = j.load() // what is there can be read nevertheless
			return fmt.Errorf("the journal cannot be written: %w", err)
		}
		j.lock = lock
	}
	if err := j.load(); err != nil {
		return fmt.Errorf("the journal cannot be read: %w", err)
	}
	if !j.readOnly {
		j.limit()
	}
	return nil
}

// mend cuts off what a crash has left at the end of the last segment, and removes
// segments in which nothing can be read. What cannot be mended is left alone: it is
// never trusted anyway, and never appended to.
func (j *journal) mend() {
	var kept []*segment
	for i, s := range j.segments {
		switch {
		case s.foreign:
		case s.valid == 0:
			if j.disk.Remove(s.name()) == nil {
				continue
			}
		case i == len(j.segments)-1 && s.lost != "":
			if cut(j.disk, s) == nil {
				whole := *s
				whole.bytes, whole.lost = s.valid, ""
				s = &whole
			}
		}
		kept = append(kept, s)
	}
	j.put(kept)
}

// cut truncates a segment to what can be trusted. That is durable before anything
// is written behind it, or else old bytes could come back behind new ones.
func cut(d disk.FS, s *segment) error {
	h, err := d.Edit(s.name())
	if err != nil {
		return err
	}
	if err = h.Truncate(s.valid); err == nil {
		err = h.Sync()
	}
	if e := h.Close(); err == nil {
		err = e
	}
	return err
}

// load reads the directory, once.
func (j *journal) load() error {
	if j.loaded {
		return nil
	}
	segments, damage, err := loadSegments(j.disk)
	for _, d := range damage {
		j.tell(d)
	}
	if err != nil {
		return err
	}
	j.mu.Lock()
	j.segments, j.loaded = segments, true
	j.mu.Unlock()
	if j.lock != nil {
		j.mend()
	}
	return nil
}

// put replaces the list of segments.
func (j *journal) put(segments []*segment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.segments = segments
}

// list gives the segments, or why they are not known.
func (j *journal) list() ([]*segment, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if !j.loaded {
		return nil, damaged("the journal's directory cannot be read")
	}
	return j.segments, nil
}

// limit drops the oldest segments that are too old or too many. The last one
// stays, but for its age. What cannot be removed counts on, and goes the next time.
func (j *journal) limit() {
	drop, total := 0, int64(0)
	for _, s := range j.segments {
		total += s.bytes
	}
	for ; drop < len(j.segments)-1 && (total > j.opts.MaxBytes || len(j.segments)-drop > maxSegments); drop++ {
		total -= j.segments[drop].bytes
	}
	if j.opts.MaxAge > 0 {
		due := j.opts.Now().Add(-j.opts.MaxAge).UnixMilli()
		for i, s := range j.segments {
			if s.newest >= due && s.newest != 0 {
				break
			}
			if s.newest != 0 { // those before it, of unknown age, are older
				drop = max(drop, i+1)
			}
		}
	}
	for i, s := range j.segments[:drop] {
		if i == len(j.segments)-1 {
			j.shut()
		}
		if err := j.disk.Remove(s.name()); err != nil {
			drop = i
			break
		}
	}
	if drop > 0 {
		j.put(slices.Clone(j.segments[drop:]))
	}
}

// shut closes the last segment's file.
func (j *journal) shut() {
	if j.file != nil {
		_ = j.file.Close() // all that counts in it is synced
		j.file = nil
	}
}

// Close implements Journal. It writes nothing.
func (j *journal) Close() error {
	j.write.Lock()
	defer j.write.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	var first error
	if j.file != nil {
		first = j.file.Close()
	}
	if j.lock != nil {
		if err := j.lock.Close(); first == nil {
			first = err
		}
	}
	return first
}
