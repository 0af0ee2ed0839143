package record

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Subject is what an account is asked for: what is set of the three is looked
// for, each by itself.
type Subject struct {
	Text       string `json:"text"` // as it was asked for
	User       string `json:"user,omitempty"`
	Connection uint64 `json:"connection,omitempty"`
	Endpoint   string `json:"endpoint,omitempty"` // as Query.Endpoint
}

// ParseSubject reads a user's name, a connection's ID, or a client's endpoint: an
// address with or without its port. A text that can be several of these is all of
// them; "user:…", "connection:…" and "endpoint:…" say which one is meant.
func ParseSubject(text string) (Subject, error) {
	s := Subject{Text: text}
	if len(text) > MaxName+len("connection:") {
		return s, fmt.Errorf("%w: %d bytes", ErrSubject, len(text))
	}
	if user, ok := strings.CutPrefix(text, "user:"); ok {
		s.User = user
		return s, s.check()
	}
	if id, ok := strings.CutPrefix(text, "connection:"); ok {
		n, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			return s, fmt.Errorf("%w: %q is no connection's ID", ErrSubject, id)
		}
		s.Connection = n
		return s, s.check()
	}
	if endpoint, ok := strings.CutPrefix(text, "endpoint:"); ok {
		s.Endpoint = endpoint
		return s, s.check()
	}
	s.User = text
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		s.Connection = n
	}
	if isEndpoint(text) {
		s.Endpoint = text
	}
	return s, s.check()
}

func (s *Subject) check() error {
	if s.User == "" && s.Connection == 0 && s.Endpoint == "" {
		return fmt.Errorf("%w: %q", ErrSubject, s.Text)
	}
	return nil
}

func isEndpoint(text string) bool {
	if _, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return true
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// The ways in which a subject can match.
const (
	asUser       = "user"
	asConnection = "connection"
	asEndpoint   = "endpoint"
)

// queries gives what to look for, by the way in which it matches.
func (s *Subject) queries(l Limit) map[string]Query {
	all := make(map[string]Query)
	if s.User != "" {
		all[asUser] = Query{Since: l.Since, Until: l.Until, User: s.User}
	}
	if s.Connection != 0 {
		all[asConnection] = Query{Since: l.Since, Until: l.Until, Connection: s.Connection}
	}
	if s.Endpoint != "" {
		all[asEndpoint] = Query{Since: l.Since, Until: l.Until, Endpoint: s.Endpoint}
	}
	return all
}
