package wire

import (
	"errors"
	"fmt"
)

// ValidFileName reports whether s may name a file: 1 to [MaxFileName] bytes of
// UTF-8 without control characters. It is data and never a path, so "../a" and
// "/etc/passwd" are names like any other (N26). The error wraps [ErrField].
func ValidFileName(s string) error { return checkName("name", s, MaxFileName) }

func checkSize(field string, n uint64) error {
	if n > MaxFileSize {
		return fieldError(field, fmt.Sprintf("is %d, more than %d", n, uint64(MaxFileSize)))
	}
	return nil
}

// checkWindow checks what a receiving side has and what it allows.
func checkWindow(offset, limit uint64) error {
	if offset > limit {
		return fieldError("limit", fmt.Sprintf("is %d, below the offset %d", limit, offset))
	}
	return checkSize("limit", limit)
}

// checkTransfer checks a transfer's number: zero would be taken for none.
func checkTransfer(number uint64) error {
	if number == 0 {
		return fieldError("transfer", "is 0")
	}
	return nil
}

func checkLength(field string, b []byte, want int) error {
	if len(b) != want {
		return fieldError(field, fmt.Sprintf("has %d bytes, not %d", len(b), want))
	}
	return nil
}

// checkOptionalID checks the ID of a file that need not be in the store.
func checkOptionalID(field string, id FileID) error {
	if len(id) == 0 {
		return nil
	}
	return checkLength(field, id, FileIDSize)
}

func checkRecipients(to []string) error {
	if len(to) > MaxRecipients {
		return fieldError("to", fmt.Sprintf("has %d names, more than %d", len(to), MaxRecipients))
	}
	for _, u := range to {
		if err := checkName("to", u, MaxUser); err != nil {
			return err
		}
	}
	return nil
}

// check reports the fields that break a limit. The ID may be missing, as that of
// a file that is not stored.
func (f *File) check() error {
	return errors.Join(
		checkOptionalID("id", f.ID),
		checkName("owner", f.Owner, MaxUser),
		ValidFileName(f.Name),
		checkSize("size", f.Size),
		checkText("media", f.Media, MaxMedia),
		checkLength("sha256", f.SHA256, HashSize),
		checkRecipients(f.To))
}

// checkStored checks a file that must have an ID.
func (f *File) checkStored() error {
	return errors.Join(checkLength("id", f.ID, FileIDSize), f.check())
}

func (m *Put) check() error {
	switch {
	case m.Relay && (len(m.To) != 1 || m.Everyone):
		return fieldError("to", "of a relay is not exactly one user")
	case len(m.To) == 0 && !m.Everyone:
		return fieldError("to", "is empty, and everyone is not set")
	}
	return errors.Join(
		checkRequest("request", m.Request),
		ValidFileName(m.Name),
		checkSize("size", m.Size),
		checkText("media", m.Media, MaxMedia),
		checkLength("sha256", m.SHA256, HashSize),
		checkRecipients(m.To))
}

func (m *PutOK) check() error {
	if m.Chunk == 0 || m.Chunk > MaxMaxFrame {
		return fieldError("chunk", fmt.Sprintf("is %d, not from 1 to %d", m.Chunk, MaxMaxFrame))
	}
	return errors.Join(
		checkRequest("request", m.Request),
		checkTransfer(m.Transfer),
		checkWindow(m.Offset, m.Limit))
}

func (m *Get) check() error {
	return errors.Join(
		checkRequest("request", m.Request),
		checkLength("file", m.File, FileIDSize),
		checkWindow(m.Offset, m.Limit))
}

func (m *GetOK) check() error {
	return errors.Join(
		checkRequest("request", m.Request),
		checkTransfer(m.Transfer),
		m.File.checkStored())
}

func (m *Chunk) check() error { return checkChunk(m.Transfer, m.Offset, len(m.Data)) }

func checkChunk(transfer, offset uint64, size int) error {
	switch {
	case size <= 0:
		return fieldError("data", "is empty")
	case size > MaxMaxFrame:
		return fmt.Errorf("%w: data of %d bytes", ErrFrameTooLarge, size)
	case offset > MaxFileSize-uint64(size):
		return fieldError("offset", fmt.Sprintf("is %d: the data ends past %d", offset, uint64(MaxFileSize)))
	}
	return checkTransfer(transfer)
}

func (m *Credit) check() error {
	return errors.Join(checkTransfer(m.Transfer), checkWindow(m.Offset, m.Limit))
}

func (m *Done) check() error {
	return errors.Join(checkTransfer(m.Transfer), checkOptionalID("file", m.File))
}

func (m *Abort) check() error {
	if m.Code == CodeNone {
		return fieldError("code", "is none")
	}
	return errors.Join(
		checkTransfer(m.Transfer),
		checkText("text", m.Text, MaxText),
		checkText("by", m.By, MaxUser))
}

func (m *Offer) check() error {
	return errors.Join(checkTransfer(m.Transfer), m.File.check())
}

func (m *Accept) check() error {
	return errors.Join(checkTransfer(m.Transfer), checkWindow(m.Offset, m.Limit))
}

func (m *FileNotice) check() error {
	if m.Event == 0 {
		return fieldError("event", "is none")
	}
	return errors.Join(m.File.check(), checkText("by", m.By, MaxUser))
}

func (m *Files) check() error {
	if m.Limit > MaxFiles {
		return fieldError("limit", fmt.Sprintf("is %d, more than %d", m.Limit, MaxFiles))
	}
	return errors.Join(
		checkRequest("request", m.Request),
		checkText("cursor", m.Cursor, MaxCursor))
}

func (m *FileList) check() error {
	if len(m.Files) > MaxFiles {
		return fieldError("files", fmt.Sprintf("has %d entries, more than %d", len(m.Files), MaxFiles))
	}
	for i := range m.Files {
		if err := m.Files[i].checkStored(); err != nil {
			return err
		}
	}
	return errors.Join(
		checkRequest("request", m.Request),
		checkText("next", m.Next, MaxCursor))
}

func (m *Remove) check() error {
	return errors.Join(checkRequest("request", m.Request), checkLength("file", m.File, FileIDSize))
}
