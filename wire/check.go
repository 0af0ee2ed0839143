package wire

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// ErrField is the error of a field that breaks a limit of PROTOCOL.md.
var ErrField = errors.New("wire: field breaks a limit")

func fieldError(name, why string) error {
	return fmt.Errorf("%w: %s %s", ErrField, name, why)
}

// checkName checks a text that names something: it must not be empty and, since
// it is shown to people and written to logs, must hold no control characters.
func checkName(field, s string, limit int) error {
	if s == "" {
		return fieldError(field, "is empty")
	}
	return checkText(field, s, limit)
}

// checkText checks a text that may be empty.
func checkText(field, s string, limit int) error {
	if len(s) > limit {
		return fieldError(field, fmt.Sprintf("has %d bytes, more than %d", len(s), limit))
	}
	if !utf8.ValidString(s) {
		return fieldError(field, "is not valid UTF-8")
	}
	for _, r := range s {
		if unicode.IsControl(r) {
			return fieldError(field, "has a control character")
		}
	}
	return nil
}

func checkBytes(field string, b []byte, limit int) error {
	if len(b) > limit {
		return fieldError(field, fmt.Sprintf("has %d bytes, more than %d", len(b), limit))
	}
	return nil
}

func checkUsers(users []string) error {
	if len(users) > MaxWatchNames {
		return fieldError("users", fmt.Sprintf("has %d names, more than %d", len(users), MaxWatchNames))
	}
	for _, u := range users {
		if err := ValidUser(u); err != nil {
			return err
		}
	}
	return nil
}

// ValidUser reports whether s may name a user: 1 to [MaxUser] bytes of UTF-8
// without control characters. The error wraps [ErrField].
func ValidUser(s string) error { return checkName("user", s, MaxUser) }

// ValidIdentifier reports whether s may identify a client: 1 to
// [MaxIdentifier] bytes of UTF-8 without control characters.
func ValidIdentifier(s string) error { return checkName("identifier", s, MaxIdentifier) }

// ValidKind reports whether s may name a kind of application message: 1 to
// [MaxKind] bytes of UTF-8 without control characters.
func ValidKind(s string) error { return checkName("kind", s, MaxKind) }

func (m *Hello) check() error {
	if m.MinVersion == 0 || m.MaxVersion < m.MinVersion {
		return fieldError("versions", fmt.Sprintf("%d to %d are no range", m.MinVersion, m.MaxVersion))
	}
	return errors.Join(
		ValidIdentifier(m.Identifier),
		checkText("client", m.Client, MaxName),
		checkText("release", m.Release, MaxName))
}

func (m *Welcome) check() error {
	return errors.Join(checkText("node", m.Node, MaxNode), checkText("server", m.Server, MaxName))
}

func (m *Login) check() error {
	return errors.Join(
		ValidUser(m.User),
		checkBytes("credential", m.Credential, MaxCredential),
		checkBytes("token", m.Token, MaxToken))
}

func (m *LoginOK) check() error {
	return errors.Join(ValidUser(m.User), checkBytes("token", m.Token, MaxToken))
}

func (m *Logout) check() error { return nil }
func (m *OK) check() error     { return nil }
func (m *Ping) check() error   { return nil }
func (m *Pong) check() error   { return nil }

func (m *Watch) check() error   { return checkUsers(m.Users) }
func (m *Unwatch) check() error { return checkUsers(m.Users) }

func (m *Snapshot) check() error {
	if len(m.Online) > MaxEntries {
		return fieldError("online", fmt.Sprintf("has %d entries, more than %d", len(m.Online), MaxEntries))
	}
	for i := range m.Online {
		if err := ValidUser(m.Online[i].User); err != nil {
			return err
		}
	}
	return nil
}

func (m *Delta) check() error {
	if len(m.Changes) > MaxEntries {
		return fieldError("changes", fmt.Sprintf("has %d entries, more than %d", len(m.Changes), MaxEntries))
	}
	if m.To < m.From {
		return fieldError("to", fmt.Sprintf("is %d, before %d", m.To, m.From))
	}
	last := m.From
	for i := range m.Changes {
		c := &m.Changes[i]
		if c.Version <= last || c.Version > m.To {
			return fieldError("changes", fmt.Sprintf("hold version %d out of order", c.Version))
		}
		last = c.Version
		if err := ValidUser(c.User); err != nil {
			return err
		}
	}
	return nil
}

func (m *Send) check() error {
	return errors.Join(ValidUser(m.To), checkText("kind", m.Kind, MaxKind))
}

func (m *Deliver) check() error {
	return errors.Join(ValidUser(m.From), checkText("kind", m.Kind, MaxKind))
}

func (m *Ack) check() error      { return nil }
func (m *App) check() error      { return ValidKind(m.Kind) }
func (m *Request) check() error  { return ValidKind(m.Kind) }
func (m *Response) check() error { return nil }
func (m *Error) check() error    { return checkText("text", m.Text, MaxText) }
func (m *Bye) check() error      { return checkText("text", m.Text, MaxText) }
