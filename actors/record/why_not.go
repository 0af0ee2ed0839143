package record

import (
	"fmt"
	"strings"
	"time"

	"example.com/rollcall/wire"
)

// maxCrashes bounds the crashes that NoAccount tells of.
const maxCrashes = 5

// NoAccount tells in words that Accounts has found nothing, and what that does
// not mean: how far back the journal goes, which crashes left departures unwritten,
// and what else is missing. Times are in the zone, UTC if nil.
func NoAccount(j Journal, s Subject, l Limit, zone *time.Location) string {
	g := &gathering{journal: j}
	var oldest int64
	var crashes []*Life
	var gaps []*Gap
	// A connection's ID that no connection has: only what belongs to nobody matches.
	g.each(Query{Since: l.Since, Until: l.Until, Connection: 1<<64 - 1}, func(r Record) bool {
		oldest = r.When()
		switch r := r.(type) {
		case *Life:
			if r.Crashed && len(crashes) < maxCrashes {
				crashes = append(crashes, r)
			}
		case *Gap:
			if len(gaps) < maxErrors {
				gaps = append(gaps, r)
			}
		}
		return true
	})
	w := newWords(zone, oldest)
	w.day = "" // every time with its date
	parts := []string{fmt.Sprintf("No end of a connection of %s is on record%s.", quoted(s.Text), l.within(w))}
	var as []string
	for _, a := range []string{asUser, asConnection, asEndpoint} {
		if _, asked := s.queries(l)[a]; asked {
			as = append(as, a)
		}
	}
	parts = append(parts, fmt.Sprintf("It was looked for as %s. A connection that is still open has no end, and what is too old has been dropped.", strings.Join(as, " and as ")))
	if oldest > 0 {
		parts = append(parts, fmt.Sprintf("The record that was looked through begins at %s or before.", w.when(oldest)))
	} else {
		parts = append(parts, "The record that was looked through does not say where it begins.")
	}
	for _, c := range crashes {
		parts = append(parts, fmt.Sprintf("The server crashed after %s; the connections that it held then have no end on record, and users who came back in time were not announced (users who did not are told of with the reason %s).", w.when(c.LastAlive), wire.ReasonNodeLost))
	}
	for _, gap := range gaps {
		parts = append(parts, fmt.Sprintf("Records are missing: %s before %s (%s).", count(gap.Count, "record"), w.when(gap.At), gap.Why))
	}
	for _, err := range g.errs {
		parts = append(parts, fmt.Sprintf("Records are missing: %v.", err))
	}
	return strings.Join(parts, "\n")
}

// within tells the bounds of time, if there are any.
func (l *Limit) within(w words) string {
	var b strings.Builder
	if !l.Since.IsZero() {
		b.WriteString(" since " + w.when(l.Since.UnixMilli()))
	}
	if !l.Until.IsZero() {
		b.WriteString(" until " + w.when(l.Until.UnixMilli()))
	}
	return b.String()
}
