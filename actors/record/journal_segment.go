package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"example.com/rollcall/actors/disk"
)

const (
	dirJournal    = "journal"
	suffixSegment = ".seg"
)

// segment is what is known of one file of the journal. It is a value that does
// not change: whoever changes the file puts another one in its place.
type segment struct {
	number uint64
	valid  int64 // bytes up to the end of the last record that can be trusted
	bytes  int64 // of the file
	// oldest and newest are the earliest and the latest time of its records, Unix
	// ms; 0: none is known.
	oldest, newest int64
	lost           string // what is damaged, in words
	foreign        bool   // of another version, or unreadable for now: left alone
}

func (s *segment) name() string { return numberName(dirJournal, s.number, suffixSegment) }

// with gives the segment with one more record.
func (s *segment) note(at int64) {
	if at <= 0 {
		return
	}
	if s.oldest == 0 || at < s.oldest {
		s.oldest = at
	}
	s.newest = max(s.newest, at)
}

// loadSegments reads all segments, and what of them can be trusted.
func loadSegments(d disk.FS) (all []*segment, damage []string, err error) {
	found, err := numbers(d, dirJournal, suffixSegment)
	if err != nil {
		return nil, nil, err
	}
	for _, number := range found {
		s, err := loadSegment(d, number)
		if errors.Is(err, fs.ErrNotExist) {
			continue // a server that runs has dropped it
		}
		if s.lost != "" {
			damage = append(damage, s.lost)
		}
		all = append(all, s)
	}
	return all, damage, nil
}

func loadSegment(d disk.FS, number uint64) (*segment, error) {
	s := &segment{number: number}
	unreadable := func(err error) (*segment, error) {
		s.foreign, s.lost = true, fmt.Sprintf("%s cannot be read: %v", s.name(), err)
		return s, err
	}
	size, err := d.Size(s.name())
	if err != nil {
		return unreadable(err)
	}
	s.bytes = size
	h, err := d.View(s.name())
	if err != nil {
		return unreadable(err)
	}
	defer h.Close()
	scan, err := newScanner(io.NewSectionReader(h, 0, size), fileJournal)
	switch {
	case errors.Is(err, errNoHeader) && size < int64(headerSize):
		return s, nil // a crash came before anything was in it
	case errors.Is(err, errNoHeader):
		s.lost = fmt.Sprintf("%s is garbage: %d bytes are lost", s.name(), size)
		return s, nil
	case err != nil:
		return unreadable(err)
	}
	for {
		var payload []byte
		if _, payload, err = scan.next(); err != nil {
			break
		}
		s.note(peekAt(payload))
	}
	s.valid = scan.valid
	switch {
	case errors.Is(err, errFrame):
		s.lost = fmt.Sprintf("%s has no whole record from byte %d on (a crash, damage, or a server that is writing it now): %d bytes are lost", s.name(), s.valid, size-s.valid)
	case !errors.Is(err, io.EOF):
		return unreadable(err)
	}
	return s, nil
}

// readSegment gives the part of a segment that can be trusted, without the header.
func readSegment(h disk.File, s *segment) ([]byte, error) {
	if s.valid <= int64(headerSize) {
		return nil, nil
	}
	b := make([]byte, s.valid-int64(headerSize))
	return b, disk.ReadFull(h, b, int64(headerSize))
}

// mentions tells whether a text names a user: as a word of its own.
func mentions(text, user string) bool {
	for rest, at := text, 0; ; {
		i := strings.Index(rest[at:], user)
		if i < 0 || user == "" {
			return false
		}
		i += at
		if !wordAt(rest, i-1) && !wordAt(rest, i+len(user)) {
			return true
		}
		at = i + 1
	}
}

// without puts forgotten in the place of the name where mentions finds it.
func without(text, user string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, user)
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		name := text[i : i+len(user)]
		if !wordAt(text, i-1) && !wordAt(text, i+len(user)) {
			name = forgotten
		}
		out.WriteString(text[:i] + name)
		text = text[i+len(user):]
	}
}

func wordAt(s string, i int) bool {
	if i < 0 || i >= len(s) {
		return false
	}
	c := s[i]
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
