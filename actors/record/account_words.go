package record

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// words writes times and numbers for people, in one time zone.
type words struct {
	zone *time.Location
	day  string // of the account: other times of that day need no date
}

func newWords(zone *time.Location, at int64) words {
	if zone == nil {
		zone = time.UTC
	}
	w := words{zone: zone}
	w.day = w.local(at).Format(time.DateOnly)
	return w
}

func (w words) local(at int64) time.Time { return time.UnixMilli(at).In(w.zone) }

// full is a date and time: "2 February 2026 at 02:40:00 UTC".
func (w words) full(at int64) string { return w.local(at).Format("2 January 2006 at 15:04:05 MST") }

// when is a time, with the date if it is another day.
func (w words) when(at int64) string {
	t := w.local(at)
	if t.Format(time.DateOnly) == w.day {
		return t.Format(time.TimeOnly)
	}
	return t.Format("15:04:05 on 2 January 2006")
}

// exact is a time for the evidence.
func (w words) exact(at int64) string { return w.local(at).Format("2006-01-02 15:04:05.000 MST") }

// span is a length of time in ms: "350 ms", "12.5 s", "3 min 20 s", "5 h 2 min".
func span(ms int64) string {
	switch d := time.Duration(ms) * time.Millisecond; {
	case ms < 0:
		return "less than no time"
	case ms < 1000:
		return strconv.FormatInt(ms, 10) + " ms"
	case d < 2*time.Minute:
		return strings.TrimSuffix(strconv.FormatFloat(d.Seconds(), 'f', 1, 64), ".0") + " s"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

// count is a number of things: "1 ping", "3 pings".
func count[N int | uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprint(n, " ", thing, "s")
}

// quoted is a text of somebody else's between quotes, on one line, cut when long.
func quoted(s string) string {
	const most = 200
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strconv.Quote(s)
}
