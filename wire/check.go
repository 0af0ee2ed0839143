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

// checkBody checks the body of an application message, so that one that fits no
// frame at all is refused before it is encoded.
func checkBody(b []byte) error {
	if len(b) > MaxMaxFrame {
		return fmt.Errorf("%w: a body of %d bytes", ErrFrameTooLarge, len(b))
	}
	return nil
}

// checkRequest checks the ID of a request or of its answer. Zero would be taken
// for "no request" by [Error].
func checkRequest(field string, id uint64) error {
	if id == 0 {
		return fieldError(field, "is 0")
	}
	return nil
}

// checkMillis checks a length of time in milliseconds.
func checkMillis(field string, ms uint64) error {
	if ms > MaxMillis {
		return fieldError(field, fmt.Sprintf("is %d ms, more than %d", ms, uint64(MaxMillis)))
	}
	return nil
}

func checkEpoch(epoch uint64) error {
	if epoch == 0 {
		return fieldError("epoch", "is 0")
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
		checkText("release", m.Release, MaxName),
		checkMillis("interval", m.Interval),
		checkMillis("timeout", m.Timeout))
}

func (m *Welcome) check() error {
	if m.Version == 0 {
		return fieldError("version", "is 0")
	}
	if m.Interval == 0 || m.Timeout < m.Interval {
		return fieldError("timeout", fmt.Sprintf("is %d ms with an interval of %d ms", m.Timeout, m.Interval))
	}
	if m.MaxFrame < MinMaxFrame || m.MaxFrame > MaxMaxFrame {
		return fieldError("max_frame", fmt.Sprintf("is %d, not from %d to %d", m.MaxFrame, MinMaxFrame, MaxMaxFrame))
	}
	return errors.Join(
		checkEpoch(m.Epoch),
		checkMillis("interval", m.Interval),
		checkMillis("timeout", m.Timeout),
		checkText("node", m.Node, MaxNode),
		checkText("server", m.Server, MaxName))
}

func (m *Login) check() error {
	return errors.Join(
		checkRequest("request", m.Request),
		ValidUser(m.User),
		checkBytes("credential", m.Credential, MaxCredential),
		checkBytes("token", m.Token, MaxToken))
}

func (m *LoginOK) check() error {
	return errors.Join(
		checkRequest("request", m.Request),
		ValidUser(m.User),
		checkBytes("token", m.Token, MaxToken),
		checkMillis("grace", m.Grace))
}

func (m *Logout) check() error { return checkRequest("request", m.Request) }
func (m *OK) check() error     { return checkRequest("request", m.Request) }
func (*Ping) check() error     { return nil }
func (*Pong) check() error     { return nil }

func (m *Watch) check() error {
	return errors.Join(checkRequest("request", m.Request), checkUsers(m.Users))
}

func (m *Unwatch) check() error {
	return errors.Join(checkRequest("request", m.Request), checkUsers(m.Users))
}

func (m *Snapshot) check() error {
	if len(m.Online) > MaxEntries {
		return fieldError("online", fmt.Sprintf("has %d entries, more than %d", len(m.Online), MaxEntries))
	}
	for i := range m.Online {
		if err := ValidUser(m.Online[i].User); err != nil {
			return err
		}
	}
	return checkEpoch(m.Epoch)
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
	return checkEpoch(m.Epoch)
}

func (m *Send) check() error {
	return errors.Join(
		checkRequest("id", m.ID),
		checkName("to", m.To, MaxUser),
		checkBody(m.Body),
		checkText("kind", m.Kind, MaxKind))
}

func (m *Deliver) check() error {
	return errors.Join(
		checkRequest("id", m.ID),
		checkName("from", m.From, MaxUser),
		checkBody(m.Body),
		checkText("kind", m.Kind, MaxKind))
}

func (m *Ack) check() error { return checkRequest("id", m.ID) }

func (m *App) check() error { return errors.Join(ValidKind(m.Kind), checkBody(m.Body)) }

func (m *Request) check() error {
	return errors.Join(checkRequest("request", m.Request), ValidKind(m.Kind), checkBody(m.Body))
}

func (m *Response) check() error {
	return errors.Join(checkRequest("request", m.Request), checkBody(m.Body))
}

func (m *Error) check() error {
	if m.Code == CodeNone {
		return fieldError("code", "is none")
	}
	return checkText("text", m.Text, MaxText)
}

func (m *Bye) check() error {
	if m.Reason == ReasonNone {
		return fieldError("reason", "is none")
	}
	return errors.Join(checkText("text", m.Text, MaxText), checkMillis("retry", m.Retry))
}
