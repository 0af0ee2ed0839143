package main

import (
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"
)

// table writes a list for a person, as aligned columns, or for a program, as
// one JSON object a line.
type table struct {
	asJSON bool
	limit  int // the most rows; 0: any number
	out    *printer
	tabs   *tabwriter.Writer
}

func (p *program) table(asJSON bool, limit int, head string) *table {
	t := &table{asJSON: asJSON, limit: limit, out: p.printer(p.out)}
	t.tabs = tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	if !asJSON {
		_, _ = fmt.Fprintln(t.tabs, head)
	}
	return t
}

// row adds a row to the columns.
func (t *table) row(cells ...any) {
	for i, c := range cells {
		if i > 0 {
			_, _ = fmt.Fprint(t.tabs, "\t")
		}
		_, _ = fmt.Fprint(t.tabs, c)
	}
	_, _ = fmt.Fprintln(t.tabs)
}

// object writes a line of JSON.
func (t *table) object(value any) { t.out.line("%s", oneLine(value)) }

// flush writes what was held back to align the columns.
func (t *table) flush() error {
	if err := t.tabs.Flush(); err != nil {
		return fmt.Errorf("writing the output: %w", err)
	}
	return t.out.failed()
}

// pageRows is how many rows are asked for at once.
const pageRows = 500

// pages fetches page after page, each with a query of its own, until there is
// none or the limit is reached. fetch tells how many rows it has written.
func (t *table) pages(fetch func(query url.Values) (rows int, next uint64, err error)) error {
	cursor, left := uint64(0), t.limit
	for {
		query := url.Values{"limit": {strconv.Itoa(pageRows)}}
		if t.limit > 0 {
			query.Set("limit", strconv.Itoa(min(left, pageRows)))
		}
		if cursor > 0 {
			query.Set("cursor", strconv.FormatUint(cursor, 10))
		}
		rows, next, err := fetch(query)
		if err != nil {
			return err
		}
		if err := t.flush(); err != nil {
			return err
		}
		cursor, left = next, left-rows
		if next == 0 || (t.limit > 0 && left <= 0) {
			return nil
		}
	}
}

// orDash shows that a cell is empty.
func orDash(cell string) string {
	if cell == "" {
		return "-"
	}
	return cell
}
