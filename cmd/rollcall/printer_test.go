package main

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
)

// fullDisk takes a few bytes and then fails.
type fullDisk struct{ left int }

func (f *fullDisk) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left")
	}
	return len(p), nil
}

func TestAFailedOutputIsTold(t *testing.T) {
	s := newShell(t)
	for _, args := range []string{"version", "version --json"} {
		var errs strings.Builder
		p := s.program(&fullDisk{3}, &errs, nil)
		if code := p.run(t.Context(), strings.Fields(args)); code != exitFailure {
			t.Errorf("%s: code %d", args, code)
		}
		if errs.String() != "rollcall: writing the output: no space left\n" {
			t.Errorf("%s: %q", args, errs.String())
		}
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	p := newShell(t).program(io.Discard, io.Discard, nil)
	if got := p.printer(io.Discard).paint(red, "x"); got != "x" {
		t.Errorf("%q", got)
	}
	o := &printer{colour: true}
	if got := o.paint(red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("%q", got)
	}
}

func TestTablesFetchPageAfterPage(t *testing.T) {
	for _, c := range []struct {
		limit int
		want  string
	}{
		{0, "500@ 500@500 500@1000"},
		{3, "3@"},
		{501, "500@ 1@500"},
		{1100, "500@ 500@500 100@1000"},
	} {
		table := newShell(t).program(io.Discard, io.Discard, nil).table(true, c.limit, "")
		var asked []string
		err := table.pages(func(q url.Values) (int, uint64, error) {
			asked = append(asked, q.Get("limit")+"@"+q.Get("cursor"))
			switch q.Get("cursor") {
			case "":
				return 500, 500, nil
			case "500":
				return 500, 1000, nil
			default:
				return 100, 0, nil
			}
		})
		if got := strings.Join(asked, " "); err != nil || got != c.want {
			t.Errorf("limit %d: %q, %v", c.limit, got, err)
		}
	}
}
