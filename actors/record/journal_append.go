package record

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"example.com/rollcall/actors/disk"
)

// Append implements Journal: one write and one sync, and one more of each for
// every segment that it fills.
func (j *journal) Append(batch []Record) error {
	for _, r := range batch {
		if _, ok := kindOf(r); !ok {
			return unsupported(r)
		}
	}
	j.write.Lock()
	defer j.write.Unlock()
	switch {
	case j.closed:
		return ErrClosed
	case j.readOnly:
		return ErrReadOnly
	}
	if err := j.ready(); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	for len(batch) > 0 {
		n, err := j.appendSome(batch)
		if err != nil {
			return fmt.Errorf("record: write the journal: %w", err)
		}
		batch = batch[n:]
		j.limit() // segment by segment: a batch may be larger than all that is kept
	}
	return nil
}

// appendSome writes as many records as the last segment takes, at least one, and
// tells how many.
func (j *journal) appendSome(batch []Record) (int, error) {
	s, err := j.last()
	if err != nil {
		return 0, err
	}
	next := *s
	j.buf.Reset()
	if s.valid == 0 {
		j.buf.Write(appendHeader(nil, fileJournal))
	}
	n := 0
	for _, r := range batch {
		before := j.buf.Len()
		if err := encodeRecord(&j.buf, r); err != nil {
			return 0, err
		}
		if n > 0 && s.valid+int64(j.buf.Len()) > j.opts.SegmentBytes {
			j.buf.Truncate(before)
			break
		}
		n++
		next.note(r.When())
	}
	if err := j.extend(s, &next); err != nil {
		return 0, err
	}
	if j.buf.Cap() > maxFrame {
		j.buf = bytes.Buffer{} // give back the memory of a storm
	}
	return n, nil
}

// extend writes the buffer to the end of a segment and makes it durable.
func (j *journal) extend(s, next *segment) error {
	fresh := j.file == nil
	if fresh {
		h, err := j.create(s)
		if err != nil {
			return err
		}
		j.file = h
	}
	err := disk.WriteAll(j.file, j.buf.Bytes(), s.valid)
	if err == nil {
		err = j.file.Sync()
	}
	if err == nil && fresh {
		if err = j.disk.SyncDir(dirJournal); err == nil {
			err = j.disk.SyncDir(".") // the directory's own name
		}
	}
	next.valid = s.valid + int64(j.buf.Len())
	next.bytes = next.valid
	if err != nil {
		// What is in the file now nobody knows, and a second sync could lie. It is
		// not appended to any more; what was durable in it stays so. What was not is
		// cut off if the disk lets us: whoever tries again would have it twice.
		_ = j.file.Truncate(s.valid)
		j.shut()
		if s.valid == 0 {
			_ = j.disk.Remove(s.name())
			return err
		}
		ended := *s
		ended.bytes = next.bytes
		ended.lost = fmt.Sprintf("%s could not be written beyond byte %d: %v", s.name(), s.valid, err)
		j.replace(&ended)
		return err
	}
	j.replace(next)
	return nil
}

// replace puts a segment in place of the one of its number, or behind all.
func (j *journal) replace(s *segment) {
	segments := slices.Clone(j.segments)
	if n := len(segments); n > 0 && segments[n-1].number == s.number {
		segments[n-1] = s
	} else {
		segments = append(segments, s)
	}
	j.put(segments)
}

// last gives the segment to append to: the last one if it is open and has room,
// or a new one that is not in the list yet.
func (j *journal) last() (*segment, error) {
	number := uint64(1)
	if n := len(j.segments); n > 0 {
		s := j.segments[n-1]
		if s.number == math.MaxUint64 {
			return nil, damaged("%s is the last number there is", s.name())
		}
		number = s.number + 1
		if j.file == nil && j.fits(s) {
			if err := j.reopen(s); err != nil {
				return nil, err
			}
		}
		if j.file != nil && j.fits(s) {
			return s, nil
		}
		j.shut()
	}
	return &segment{number: number}, nil
}

// fits tells whether a segment may be appended to: nothing in it is damaged, and
// it is neither full nor so old that its age would keep its records for too long.
func (j *journal) fits(s *segment) bool {
	if s.foreign || s.lost != "" || s.valid == 0 || s.valid >= j.opts.SegmentBytes {
		return false
	}
	if j.opts.MaxAge <= 0 || s.oldest == 0 {
		return true
	}
	return j.opts.Now().UnixMilli()-s.oldest < j.opts.MaxAge.Milliseconds()/ageSegments
}

// reopen opens the last segment of an earlier life, whose end is whole. It may
// not have been synced by a process that was killed: the sync of what is appended
// now makes it durable too.
func (j *journal) reopen(s *segment) error {
	h, err := j.disk.Edit(s.name())
	if err != nil {
		return err
	}
	for _, dir := range []string{dirJournal, "."} { // its names may not be durable either
		if err := j.disk.SyncDir(dir); err != nil {
			_ = h.Close()
			return err
		}
	}
	j.file = h
	return nil
}

// create makes the file of a new segment, in place of what a failure has left
// under its name.
func (j *journal) create(s *segment) (disk.File, error) {
	if err := j.disk.Remove(s.name()); err != nil {
		return nil, err
	}
	return j.disk.Create(s.name())
}

// encodeRecord appends a record to buf. One that is too large, which the limits
// of the protocol do not allow, is told of as a gap.
func encodeRecord(buf *bytes.Buffer, r Record) error {
	kind, ok := kindOf(r)
	if !ok {
		return unsupported(r)
	}
	if err := encodeFrame(buf, kind, r); err != nil {
		return encodeFrame(buf, kindGap, &Gap{At: r.When(), Count: 1, Why: "a record could not be written: " + err.Error()})
	}
	return nil
}
