package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"example.com/rollcall/actors/disk"
)

// forgotten stands in a text in place of the name of a forgotten user.
const forgotten = "[forgotten]"

// names tells whether a record is about a user.
func names(r Record, user string) bool {
	switch r := r.(type) {
	case *Departure:
		return r.User == user || r.Identifier == user
	case *SessionEnd:
		return r.User == user
	case *Announcement:
		return r.User == user
	case *Transfer:
		return r.User == user || r.By == user
	}
	return false
}

// redact takes a user's name out of the texts of a record of others, and tells
// whether it was in one. It changes a copy.
func redact(r Record, user string) (Record, bool) {
	clean := func(changed *bool, texts ...*string) {
		for _, t := range texts {
			if mentions(*t, user) {
				*t, *changed = without(*t, user), true
			}
		}
	}
	changed := false
	switch old := r.(type) {
	case *Departure:
		d := *old
		clean(&changed, &d.Detail, &d.Error)
		r = &d
	case *Transfer:
		t := *old
		clean(&changed, &t.Name)
		r = &t
	case *Life:
		l := *old
		clean(&changed, &l.Lost)
		r = &l
	case *Gap:
		g := *old
		clean(&changed, &g.Why)
		r = &g
	}
	return r, changed
}

// Forget implements Journal. It removes every record that is about the user (the
// identifier of a departure counts too), and takes the name, as a word, out of
// the texts of all others. Segment by segment a file without them takes the place
// of the one with them; whatever in a segment cannot be read goes too. A crash in
// the middle leaves some segments as they were: forget again.
func (j *journal) Forget(user string) (int, error) {
	if user == "" || len(user) > MaxName {
		return 0, fmt.Errorf("%w: %d bytes", ErrUser, len(user))
	}
	j.write.Lock()
	defer j.write.Unlock()
	switch {
	case j.closed:
		return 0, ErrClosed
	case j.readOnly:
		return 0, ErrReadOnly
	}
	if err := j.ready(); err != nil {
		return 0, fmt.Errorf("record: %w", err)
	}
	total := 0
	for _, s := range slices.Clone(j.segments) {
		n, err := j.forgetIn(s, user)
		total += n
		if err != nil {
			return total, fmt.Errorf("record: forget in %s: %w", s.name(), err)
		}
	}
	if err := j.sweep(); err != nil {
		return total, fmt.Errorf("record: forget: %w", err)
	}
	return total, nil
}

// sweep removes what a crash has left of files that were being written.
func (j *journal) sweep() error {
	found, err := j.disk.List(dirJournal)
	if err != nil {
		return err
	}
	for _, e := range found {
		if _, ok := parseNumber(e.Name, suffixSegment+suffixNew); ok && !e.Dir {
			if err := j.disk.Remove(dirJournal + "/" + e.Name); err != nil {
				return err
			}
		}
	}
	return j.disk.SyncDir(dirJournal)
}

// forgetIn rewrites a segment if the user is in it.
func (j *journal) forgetIn(s *segment, user string) (int, error) {
	raw, err := disk.ReadFile(j.disk, s.name(), max(s.bytes, s.valid))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case errors.Is(err, disk.ErrTooLong): // a write that failed has left more
		size, e := j.disk.Size(s.name())
		if e != nil {
			return 0, e
		}
		if raw, err = disk.ReadFile(j.disk, s.name(), size); err != nil {
			return 0, err
		}
	case err != nil:
		return 0, err
	}
	if !bytes.Contains(raw, []byte(user)) {
		return 0, nil
	}
	next := &segment{number: s.number}
	var buf bytes.Buffer
	buf.Write(appendHeader(nil, fileJournal))
	n, whole := 0, true
	rest := raw[min(headerSize, int(s.valid)):s.valid]
	for len(rest) > 0 {
		kind, payload, after, ok := cutFrame(rest)
		if !ok {
			break
		}
		keep := true
		if bytes.Contains(payload, []byte(user)) {
			r, err := decode(kind, payload)
			_, unknown := r.(*Unknown)
			keep = err == nil && !unknown && !names(r, user)
			if keep {
				var changed bool
				if r, changed = redact(r, user); changed {
					if err := encodeRecord(&buf, r); err != nil {
						return 0, err
					}
					next.note(r.When())
					rest, whole = after, false
					continue
				}
			}
		}
		if keep {
			buf.Write(appendFrame(nil, kind, payload))
			next.note(peekAt(payload))
		} else {
			n++
			whole = false
		}
		rest = after
	}
	if whole && int64(len(raw)) == s.valid {
		return 0, nil // the name is a part of other words only
	}
	return n, j.swap(s, next, buf.Bytes())
}

// swap puts a file with a new content in place of a segment's.
func (j *journal) swap(s, next *segment, content []byte) error {
	if s == j.segments[len(j.segments)-1] {
		j.shut()
	}
	h, err := createWith(j.disk, s.name()+suffixNew, content)
	if err != nil {
		return err
	}
	if err := h.Close(); err != nil {
		return err
	}
	next.valid, next.bytes = int64(len(content)), int64(len(content))
	j.mu.Lock()
	if err = j.disk.Rename(s.name()+suffixNew, s.name()); err == nil {
		j.segments = slices.Clone(j.segments)
		j.segments[slices.IndexFunc(j.segments, func(o *segment) bool { return o.number == s.number })] = next
	}
	j.mu.Unlock()
	if err != nil {
		return err
	}
	return j.disk.SyncDir(dirJournal)
}
