package admin

import (
	"net/http"
	"strings"
	"time"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

// Why is what /why answers: the newest departure first. It is empty when nothing
// is on record.
type Why struct {
	Accounts []record.Account `json:"accounts"`
}

// maxAccounts bounds the limit of /why.
const maxAccounts = 1000

// why tells why connections ended.
func (a *api) why(r *http.Request) (any, error) {
	p, err := parse(r, "subject", "since", "limit", "format", "zone")
	if err != nil {
		return nil, err
	}
	subject, given := p["subject"]
	if !given {
		return nil, refuse(http.StatusBadRequest, "say of whom: subject is a user, a connection or an endpoint")
	}
	s, err := record.ParseSubject(subject)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "%v", err)
	}
	n, err := p.number("limit")
	if err != nil {
		return nil, err
	}
	if _, given := p["limit"]; given && (n == 0 || n > maxAccounts) {
		return nil, refuse(http.StatusBadRequest, "limit is %d, not from 1 to %d", n, maxAccounts)
	}
	l := record.Limit{Count: int(n)} //nolint:gosec // at most maxAccounts
	if l.Since, err = since(p["since"], time.Now()); err != nil {
		return nil, err
	}
	asText, err := wantsText(r, p["format"])
	if err != nil {
		return nil, err
	}
	zone, err := zoneOf(p["zone"])
	if err != nil {
		return nil, err
	}
	select {
	case a.asking <- struct{}{}:
		defer func() { <-a.asking }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	found, err := a.supervisor.Why(r.Context(), s, l)
	if err != nil {
		return nil, err
	}
	if asText && len(found) == 0 {
		return plain(NothingOnRecord + a.supervisor.WhyNot(s, l, zone) + "\n"), nil
	}
	if asText {
		return textOf(found, zone), nil
	}
	return Why{Accounts: append([]record.Account{}, found...)}, nil
}

// since reads a time, or how long ago it was.
func since(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, refuse(http.StatusBadRequest, "since is %q, neither a duration as 24h nor a time as %s", text, time.RFC3339)
	}
	return at, nil
}

// wantsText reports whether the caller wants words and no JSON.
func wantsText(r *http.Request, format string) (bool, error) {
	switch format {
	case "text":
		return true, nil
	case "json":
		return false, nil
	case "":
		accept := r.Header.Get("Accept")
		return strings.HasPrefix(accept, "text/plain"), nil
	}
	return false, refuse(http.StatusBadRequest, "format is %q, not json or text", format)
}

// zoneOf reads an offset from UTC as ±hh:mm.
func zoneOf(text string) (*time.Location, error) {
	if text == "" {
		return time.UTC, nil
	}
	at, err := time.Parse("-07:00", text)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "zone is %q, not an offset as +02:00", text)
	}
	_, offset := at.Zone()
	if offset == 0 {
		return time.UTC, nil
	}
	return time.FixedZone(text, offset), nil
}

// NothingOnRecord begins what /why answers in words when it finds nothing; what the
// record does say follows.
const NothingOnRecord = "Nothing is on record.\n"

// plain is an answer in words.
type plain string

// textOf writes the accounts one under the other.
func textOf(found []record.Account, zone *time.Location) plain {
	parts := make([]string, len(found))
	for i := range found {
		parts[i] = found[i].Text(zone)
	}
	return plain(strings.Join(parts, "\n"))
}

// Forgotten is what /forget answers.
type Forgotten struct {
	Records int `json:"records"` // that named the user, and are gone
}

// forget removes what is recorded of a user.
func (a *api) forget(r *http.Request) (any, error) {
	p, err := parse(r, "user")
	if err != nil {
		return nil, err
	}
	if err := wire.ValidUser(p["user"]); err != nil {
		return nil, refuse(http.StatusBadRequest, "user: %v", err)
	}
	n, err := a.supervisor.Forget(r.Context(), p["user"])
	return Forgotten{n}, err
}
