package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxPage is the greatest limit that the supervisor honours.
const maxPage = 1000

// parameters are the query parameters of one request, each given once at most.
type parameters map[string]string

// parse reads the query. A parameter that is not known is refused: a filter
// that is misspelt must not select everything.
func parse(r *http.Request, known ...string) (parameters, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the query cannot be read: %v", err)
	}
	p := make(parameters, len(values))
	for name, list := range values {
		switch {
		case !slices.Contains(known, name):
			return nil, refuse(http.StatusBadRequest, "unknown parameter %q: there is %s",
				name, strings.Join(known, ", "))
		case len(list) > 1:
			return nil, refuse(http.StatusBadRequest, "parameter %q is given %d times", name, len(list))
		case list[0] == "":
			return nil, refuse(http.StatusBadRequest, "parameter %q is empty", name)
		}
		p[name] = list[0]
	}
	return p, nil
}

// number returns a parameter that is an unsigned number, 0 if it is not given.
func (p parameters) number(name string) (uint64, error) {
	text, ok := p[name]
	if !ok {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, refuse(http.StatusBadRequest, "parameter %q is %q, not a number", name, text)
	}
	return n, nil
}

// page returns cursor and limit; a limit of 0 is the default.
func (p parameters) page() (cursor uint64, limit int, err error) {
	if cursor, err = p.number("cursor"); err != nil {
		return 0, 0, err
	}
	n, err := p.number("limit")
	if err != nil {
		return 0, 0, err
	}
	if _, given := p["limit"]; given && (n == 0 || n > maxPage) {
		return 0, 0, refuse(http.StatusBadRequest, "limit is %d, not from 1 to %d", n, maxPage)
	}
	return cursor, int(n), nil //nolint:gosec // at most maxPage
}
