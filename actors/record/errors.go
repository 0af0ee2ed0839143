package record

import (
	"errors"
	"fmt"
)

// What the roll and the journal answer, to be checked with errors.Is.
var (
	// ErrLocked tells that another server has the directory open.
	ErrLocked = errors.New("record: the directory is in use")
	// ErrClosed tells that the roll or the journal has been closed.
	ErrClosed = errors.New("record: closed")
	// ErrReadOnly tells that it was opened to be looked at.
	ErrReadOnly = errors.New("record: opened read-only")
	// ErrOnline tells that Roll.Forget was asked to forget a user who is online.
	ErrOnline = errors.New("record: the user is online")
	// ErrUser tells that a user's name is empty or longer than MaxName.
	ErrUser = errors.New("record: not a user's name")
	// ErrDamaged tells that something on the disk cannot be read. The error says
	// what, and what was lost with it.
	ErrDamaged = errors.New("record: damaged")
	// ErrSubject tells that ParseSubject was given nothing to look for.
	ErrSubject = errors.New("record: not a user, a connection or an endpoint")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}
