package filestore

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Limits of a Meta, in bytes of UTF-8 for text.
const (
	MaxName       = 255
	MaxType       = 128
	MaxUser       = 128 // owner and recipients, as in package wire
	MaxRecipients = 128
)

// MaxList bounds the files of one List.
const MaxList = 1000

// Limits of notices: of one user's number and of one body in bytes.
const (
	MaxNotices = 1000
	MaxNotice  = 1 << 10
)

// Meta describes a file. Times are Unix milliseconds. The integer keys are its
// form on disk and are never used again for another meaning.
type Meta struct {
	ID         ID       `cbor:"1,keyasint"`
	Owner      string   `cbor:"2,keyasint"`
	Recipients []string `cbor:"3,keyasint,omitempty"` // who may get it besides the owner
	Everyone   bool     `cbor:"4,keyasint,omitempty"` // all may get it
	Name       string   `cbor:"5,keyasint"`           // data, never a path: "../../etc/passwd" is a legal name (N26)
	Type       string   `cbor:"6,keyasint,omitempty"` // content type, as the sender says
	Size       int64    `cbor:"7,keyasint"`           // bytes
	SHA256     [32]byte `cbor:"8,keyasint"`
	Created    int64    `cbor:"9,keyasint"`
	Committed  int64    `cbor:"10,keyasint,omitempty"`
	// Expires is when Expire removes it, 0 for never. Commit sets the earlier of
	// the caller's wish and Committed + Options.Retention.
	Expires int64 `cbor:"11,keyasint,omitempty"`
}

// check applies the rules that hold for every Meta, on its way in and when it
// is read from the disk.
func (m *Meta) check() error {
	if err := CheckName(m.Name); err != nil {
		return err
	}
	switch {
	case !validText(m.Owner, 1, MaxUser):
		return fmt.Errorf("%w: owner", ErrMeta)
	case len(m.Recipients) > MaxRecipients:
		return fmt.Errorf("%w: %d recipients, %d at most", ErrMeta, len(m.Recipients), MaxRecipients)
	case !validText(m.Type, 0, MaxType):
		return fmt.Errorf("%w: content type", ErrMeta)
	case m.Size < 0:
		return fmt.Errorf("%w: negative size", ErrMeta)
	case m.Created < 0, m.Committed < 0, m.Expires < 0:
		return fmt.Errorf("%w: negative time", ErrMeta)
	}
	for _, r := range m.Recipients {
		if !validText(r, 1, MaxUser) {
			return fmt.Errorf("%w: recipient", ErrMeta)
		}
	}
	return nil
}

// CheckName says whether a file may have this name: 1 to MaxName bytes of UTF-8
// without control characters. Slashes and dots are legal, since a name is never
// used as a path (N26); whoever writes a file of this name to a disk needs a rule
// of its own. The error is ErrName.
func CheckName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: empty", ErrName)
	case len(name) > MaxName:
		return fmt.Errorf("%w: %d bytes, %d at most", ErrName, len(name), MaxName)
	case !validText(name, 1, MaxName):
		return fmt.Errorf("%w: not UTF-8, or control characters", ErrName)
	}
	return nil
}

// validText says whether s is UTF-8 without control characters, of least to most
// bytes.
func validText(s string, least, most int) bool {
	if len(s) < least || len(s) > most || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// clone copies what a caller could change behind our back.
func (m *Meta) clone() Meta {
	c := *m
	c.Recipients = slices.Clone(m.Recipients)
	return c
}

// before orders metas as List does.
func (m *Meta) before(committed int64, id ID) bool {
	if m.Committed != committed {
		return m.Committed < committed
	}
	return m.ID.Compare(id) < 0
}
