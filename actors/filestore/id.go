package filestore

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
)

// ID names a file in the store, from Begin on. It is random: it says nothing
// about the file and is never used again.
type ID [16]byte

// String gives the 32 hexadecimal digits of the ID, in lower case.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero says whether the ID is the zero value, which names no file.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders IDs by their bytes, as bytes.Compare does.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// ParseID reads what String has written, and nothing else: upper case, spaces
// and the zero ID are refused, so that one file has one spelling (N26).
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("filestore: an ID has %d hexadecimal digits, not %d bytes", 2*len(id), len(s))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil || id.String() != s {
		return ID{}, fmt.Errorf("filestore: an ID has %d hexadecimal digits in lower case", 2*len(id))
	}
	if id.IsZero() {
		return ID{}, fmt.Errorf("filestore: the zero ID names no file")
	}
	return id, nil
}

// drawID takes a random ID from r.
func drawID(r io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(r, id[:]); err != nil {
		return ID{}, fmt.Errorf("filestore: draw an ID: %w", err)
	}
	if id.IsZero() {
		return ID{}, fmt.Errorf("filestore: draw an ID: the source gives zeros")
	}
	return id, nil
}
