package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"example.com/rollcall/actors/disk"
)

const (
	dirRoll   = "roll"
	nameLock  = "LOCK"
	suffixNew = ".new" // a file that is being written, to be renamed
)

// numberName names a file by its number: the higher, the newer.
func numberName(dir string, number uint64, suffix string) string {
	return fmt.Sprintf("%s/%016x%s", dir, number, suffix)
}

// parseNumber is the inverse of numberName; not ok: the name is none of ours.
func parseNumber(name, suffix string) (number uint64, ok bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	number, err := strconv.ParseUint(digits, 16, 64)
	return number, err == nil && fmt.Sprintf("%016x", number) == digits
}

// numbers lists the files of a directory that are ours, the oldest first. That
// the directory is not there is no error.
func numbers(d disk.FS, dir, suffix string) ([]uint64, error) {
	found, err := d.List(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var all []uint64
	for _, e := range found {
		if n, ok := parseNumber(e.Name, suffix); ok && !e.Dir {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return all, nil
}

// loadRoll reads the newest file whose beginning, the whole state, can be read;
// if there is none, what can be read of the newest. It never fails: what it
// cannot read it tells in words.
func loadRoll(d disk.FS) (*rollState, []string) {
	all, err := numbers(d, dirRoll, "")
	if err != nil {
		return newRollState(), []string{fmt.Sprintf("the roll cannot be read, all who were on it are unknown: %v", err)}
	}
	var damage []string
	var part *rollState
	for _, number := range slices.Backward(all) {
		s, whole, lost := readRoll(d, number)
		if lost != "" {
			damage = append(damage, lost)
		}
		if whole {
			return s, damage
		}
		if part == nil && s != nil {
			part = s
		}
	}
	if part == nil {
		part = newRollState()
	}
	return part, damage
}

// readRoll reads one file. Whole: its first batch is there. The state is nil if
// nothing is.
func readRoll(d disk.FS, number uint64) (s *rollState, whole bool, lost string) {
	name := numberName(dirRoll, number, "")
	size, err := d.Size(name)
	if err != nil {
		return nil, false, fmt.Sprintf("the roll %s cannot be read: %v", name, err)
	}
	h, err := d.View(name)
	if err != nil {
		return nil, false, fmt.Sprintf("the roll %s cannot be read: %v", name, err)
	}
	defer h.Close()
	scan, err := newScanner(io.NewSectionReader(h, 0, size), fileRoll)
	if err != nil {
		return nil, false, fmt.Sprintf("the roll %s cannot be read: %v", name, err)
	}
	r := &rollReader{state: newRollState()}
	for {
		var kind byte
		var payload []byte
		if kind, payload, err = scan.next(); err != nil {
			break
		}
		if kind == kindRoll && !r.take(payload) {
			err = errFrame
			break
		}
	}
	switch whole = r.batches > 0; {
	case errors.Is(err, io.EOF) && r.open == nil && whole:
		return r.state, true, ""
	case whole:
		lost = fmt.Sprintf("the roll %s ends in the middle of a change, %d bytes before its end: what changed last is unknown", name, size-scan.valid)
		if !errors.Is(err, io.EOF) && !errors.Is(err, errFrame) {
			lost = fmt.Sprintf("the roll %s cannot be read to its end: %v: what changed last is unknown", name, err)
		}
		return r.state, true, lost
	}
	r.salvage()
	return r.state, false, fmt.Sprintf("the roll %s is damaged near its beginning (%v): of those who were on it %d are known", name, err, len(r.state.users))
}
