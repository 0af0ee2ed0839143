package record

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/rollcall/wire"
)

var update = flag.Bool("update", false, "write the golden accounts anew")

// evening is a time that reads well: 2 February 2026, 02:40:00 UTC.
const evening = 1_769_999_950_000 + 50_000

// ended is alice's connection, ended for a reason at evening.
func ended(r wire.Reason, change func(*Departure)) *Departure {
	d := departure(evening, 1)
	d.User, d.Identifier, d.Remote, d.Connection = "alice", "phone-1", "198.51.100.7:40001", 1001
	d.Reason, d.First = r, SideServer
	d.PingsMissed, d.LastIn, d.LastOut = 0, evening-1500, evening-1200
	if change != nil {
		change(d)
	}
	return d
}

// after is what follows alice's end: offline at once, and two watchers are told.
func after(r wire.Reason) []Record {
	return []Record{
		&SessionEnd{At: evening + 1, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: r, Offline: true},
		&Announcement{At: evening + 40, Epoch: 7, Version: 90, User: "alice", Reason: r, Watchers: 2, Connection: 1001},
	}
}

// nobody is a departure before any login.
func nobody(d *Departure) {
	d.User, d.Identifier, d.Handshaken, d.PingsSent, d.PingsAnswered, d.RTTs = "", "", false, 0, 0, nil
	d.Accepted, d.LastIn, d.Interval, d.Timeout, d.Others = evening-5000, 0, 0, 0, 0
}

// tales are what the accounts are tested with: the records, and what is asked.
func tales() map[string]struct {
	ask  string
	recs []Record
} {
	type tale = struct {
		ask  string
		recs []Record
	}
	one := func(r wire.Reason, change func(*Departure), more ...Record) tale {
		return tale{"alice", append([]Record{ended(r, change)}, append(after(r), more...)...)}
	}
	stranger := func(r wire.Reason, change func(*Departure)) tale {
		return tale{"198.51.100.7", []Record{ended(r, func(d *Departure) {
			nobody(d)
			if change != nil {
				change(d)
			}
		})}}
	}
	client := func(d *Departure) { d.First = SideClient }
	return map[string]tale{
		"none": one(wire.ReasonNone, nil),
		"bye":  one(wire.ReasonBye, func(d *Departure) { client(d); d.Detail = "closing time" }),
		"eof": one(wire.ReasonEOF, func(d *Departure) { client(d); d.MidFrame = true },
			&Transfer{At: evening + 2, Epoch: 7, Connection: 1001, User: "alice", File: "0a0b", Name: "report.pdf", Kind: "put", Outcome: "interrupted", Code: wire.CodeInterrupted, Done: 4096, Size: 90_000},
			&Transfer{At: evening + 9000, Epoch: 7, Connection: 1009, User: "alice", File: "0a0b", Name: "report.pdf", Kind: "put", Outcome: "resumed", Done: 4096, Size: 90_000},
			&Transfer{At: evening + 9900, Epoch: 7, User: "alice", File: "0a0c", Name: "another", Kind: "put", Outcome: "aborted", Size: 90_000}),
		"reset": one(wire.ReasonReset, func(d *Departure) { client(d); d.Error = "read: connection reset by peer" }),
		"heartbeat_timeout": one(wire.ReasonHeartbeatTimeout, func(d *Departure) { d.LastIn, d.PingsMissed = evening-10_020, 2 },
			&Announcement{At: evening + 95_000, Epoch: 7, Version: 99, User: "alice", Online: true, Watchers: 2, Connection: 1044}),
		"handshake_timeout": stranger(wire.ReasonHandshakeTimeout, nil),
		"protocol_error":    one(wire.ReasonProtocolError, func(d *Departure) { d.Error = "wire: malformed: an item is tagged" }),
		"frame_too_large":   one(wire.ReasonFrameTooLarge, func(d *Departure) { d.Detail = "1048577 bytes" }),
		"slow_consumer":     one(wire.ReasonSlowConsumer, func(d *Departure) { d.QueueFrames, d.QueueBytes, d.LastOut = 1024, 262_144, evening-8000 }),
		"write_failed":      one(wire.ReasonWriteFailed, func(d *Departure) { d.First, d.Error = SideUnknown, "write: broken pipe" }),
		"kicked":            one(wire.ReasonKicked, func(d *Departure) { d.Detail = "abuse, ticket 4711" }),
		"replaced": {"alice", []Record{
			ended(wire.ReasonReplaced, func(d *Departure) { d.Rival, d.RivalRemote, d.Others = 1002, "198.51.100.9:51000", 1 }),
			&SessionEnd{At: evening + 1, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: wire.ReasonReplaced, Left: 1},
		}},
		"login_refused":        stranger(wire.ReasonLoginRefused, func(d *Departure) { d.Handshaken, d.Detail, d.LastIn = true, "bad password", evening-3 }),
		"panic":                one(wire.ReasonPanic, func(d *Departure) { d.Error = "runtime error: index out of range" }),
		"server_shutdown":      one(wire.ReasonServerShutdown, nil, &Life{At: evening + 900, Epoch: 7, Ended: true}),
		"version_unsupported":  stranger(wire.ReasonVersionUnsupported, func(d *Departure) { d.Detail = "offered 9, we speak 1" }),
		"too_many_connections": stranger(wire.ReasonTooMany, func(d *Departure) { d.Connection = 0 }),
		"logout": {"alice", append([]Record{
			&SessionEnd{At: evening, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: wire.ReasonLogout, Offline: true}}, after(wire.ReasonLogout)[1:]...)},
		"node_lost": {"alice", []Record{
			&Life{At: evening - 31_000, Epoch: 8, Node: "a", Crashed: true, Before: 7, LastAlive: evening - 40_000, Users: 2000},
			&Announcement{At: evening, Epoch: 8, Version: 17, User: "alice", Reason: wire.ReasonNodeLost, Watchers: 12, LastAlive: evening - 40_000},
		}},
		"reason_200": one(wire.Reason(200), nil),

		"held, then back": {"alice", []Record{
			ended(wire.ReasonEOF, client),
			&SessionEnd{At: evening + 1, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: wire.ReasonEOF, HeldUntil: evening + 30_000},
			departure(evening+60_000, 2),
			&Stall{At: evening + 90_000, Length: 1},
		}},
		"held, then not back": {"1001", []Record{
			ended(wire.ReasonEOF, client),
			&SessionEnd{At: evening + 1, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: wire.ReasonEOF, HeldUntil: evening + 30_000},
			&Announcement{At: evening + 30_010, Epoch: 7, Version: 90, User: "alice", Reason: wire.ReasonEOF, Watchers: 0, Connection: 1001},
		}},
		"held, not over": {"alice", []Record{
			ended(wire.ReasonEOF, client),
			&SessionEnd{At: evening + 1, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: wire.ReasonEOF, HeldUntil: evening + 30_000},
		}},
		"held, then the server crashed": {"alice", []Record{
			ended(wire.ReasonEOF, client),
			&SessionEnd{At: evening + 1, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: wire.ReasonEOF, HeldUntil: evening + 30_000},
			&Life{At: evening + 20_000, Epoch: 8, Crashed: true, Before: 7, LastAlive: evening + 10_000, Users: 1},
			&Announcement{At: evening + 50_000, Epoch: 8, Version: 1, User: "alice", Reason: wire.ReasonNodeLost, Watchers: 1, LastAlive: evening + 10_000},
		}},
		"logged out and in, then gone": {"alice", append([]Record{
			&SessionEnd{At: evening - 20_000, Epoch: 7, User: "alice", Connection: 1001, Session: 4, Reason: wire.ReasonLogout, Offline: true},
			&Announcement{At: evening - 19_990, Epoch: 7, Version: 80, User: "alice", Reason: wire.ReasonLogout, Watchers: 2, Connection: 1001},
			&Announcement{At: evening - 10_000, Epoch: 7, Version: 81, User: "alice", Online: true, Watchers: 2, Connection: 1001},
			ended(wire.ReasonBye, client)}, after(wire.ReasonBye)...)},
		"in and out at one moment": {"alice", []Record{
			&Announcement{At: evening, Epoch: 7, Version: 80, User: "alice", Online: true, Watchers: 1, Connection: 1001},
			&SessionEnd{At: evening, Epoch: 7, User: "alice", Connection: 1001, Session: 5, Reason: wire.ReasonLogout, Offline: true},
			&Announcement{At: evening, Epoch: 7, Version: 81, User: "alice", Reason: wire.ReasonLogout, Watchers: 1, Connection: 1001},
			&Announcement{At: evening, Epoch: 7, Version: 82, User: "alice", Online: true, Watchers: 1, Connection: 1001},
		}},
		"a stall, a gap, no session": {"alice", []Record{
			&Stall{At: evening - 2000, Length: 12_000},
			ended(wire.ReasonHeartbeatTimeout, func(d *Departure) { d.LastIn, d.PingsMissed = evening-14_000, 1 }),
			&Gap{At: evening + 10, Count: 12, Why: "the disk was full"},
		}},
	}
}

// TestAccounts tells one account for each reason and for some turns of fate, as
// in testdata. guards P6
func TestAccounts(t *testing.T) {
	for name, tale := range tales() {
		t.Run(name, func(t *testing.T) {
			j := NewMemoryJournal(100)
			// What belongs to others, and to another time, is in no account.
			ok(t, j.Append([]Record{
				&Stall{At: evening - 500_000, Length: 77_777}, &Gap{At: evening - 500_000, Count: 77, Why: "long ago"},
				&Transfer{At: evening, Epoch: 6, Connection: 1001, User: "alice", Name: "other life", Kind: "put", Outcome: "aborted"},
				&SessionEnd{At: evening, Epoch: 7, User: "bob", Connection: 77, Reason: wire.ReasonBye, Offline: true},
			}))
			ok(t, j.Append(tale.recs))
			accounts := must[[]Account](t)(Accounts(j, must[Subject](t)(ParseSubject(tale.ask)), Limit{}))
			var b strings.Builder
			for _, a := range accounts {
				b.WriteString(a.Text(nil) + "\n")
			}
			for _, other := range []string{"long ago", "77.8 s", "other life", "bob"} {
				if strings.Contains(b.String(), other) {
					t.Errorf("something else got into it:\n%s", b.String())
				}
			}
			file := filepath.Join("testdata", "accounts", strings.NewReplacer(" ", "_", ",", "").Replace(name)+".txt")
			if *update {
				ok(t, os.MkdirAll(filepath.Dir(file), 0o755))
				ok(t, os.WriteFile(file, []byte(b.String()), 0o644))
			}
			if want := string(must[[]byte](t)(os.ReadFile(file))); b.String() != want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}

// TestEveryReasonIsTold: there is an account for each reason, and none is told as
// unknown.
func TestEveryReasonIsTold(t *testing.T) {
	all := tales()
	for _, r := range wire.Reasons() {
		if _, there := all[r.String()]; !there {
			t.Errorf("%s has no account", r)
		}
		a := Account{Reason: r, Departure: &Departure{Reason: r}}
		if strings.Contains(a.tell(newWords(nil, 0)).what, "it ended with the reason") {
			t.Errorf("%s is not told", r)
		}
		for name, a := range map[string]*Account{
			"empty": {Reason: r, Departure: &Departure{Reason: r}},
			"lost":  {Reason: r, User: "x", Lost: &Announcement{}},
			"none":  {Reason: r, User: "x"},
		} {
			if text := a.Text(time.UTC); strings.Contains(text, "%!") || strings.Contains(text, "..") {
				t.Errorf("%s, %s: %s", r, name, text)
			}
		}
	}
}

func TestParseSubject(t *testing.T) {
	for text, want := range map[string]Subject{
		"alice":                {User: "alice"},
		"42":                   {User: "42", Connection: 42},
		"18446744073709551616": {User: "18446744073709551616"},
		"10.0.0.1":             {User: "10.0.0.1", Endpoint: "10.0.0.1"},
		"10.0.0.1:80":          {User: "10.0.0.1:80", Endpoint: "10.0.0.1:80"},
		"::1":                  {User: "::1", Endpoint: "::1"},
		"[::1]:80":             {User: "[::1]:80", Endpoint: "[::1]:80"},
		"host.example:80":      {User: "host.example:80", Endpoint: "host.example:80"},
		"host.example:http":    {User: "host.example:http"},
		"user:42":              {User: "42"},
		"connection:42":        {Connection: 42},
		"endpoint:pipe":        {Endpoint: "pipe"},
		" ":                    {User: " "},
	} {
		want.Text = text
		if got, err := ParseSubject(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "user:", "connection:x", "connection:0", "connection:-1", "endpoint:", strings.Repeat("x", 2000)} {
		if s, err := ParseSubject(bad); !errors.Is(err, ErrSubject) {
			t.Errorf("%q: %+v, %v", bad, s, err)
		}
	}
}

// TestAmbiguousSubject: a text that can be two things is both, and the account
// says so.
func TestAmbiguousSubject(t *testing.T) {
	j := NewMemoryJournal(100)
	named, numbered, both := departure(night, 1), departure(night+1, 2), departure(night+2, 3)
	named.User, numbered.Connection = "42", 42
	both.User, both.Connection, both.Epoch = "42", 42, 8
	ok(t, j.Append([]Record{named, numbered, both}))
	accounts := must[[]Account](t)(Accounts(j, must[Subject](t)(ParseSubject("42")), Limit{}))
	var as []string
	for _, a := range accounts {
		as = append(as, strings.Join(a.MatchedAs, "+"))
		if !strings.Contains(a.Text(nil), `We do not know what "42" was meant to be; this was found by taking it as `+strings.Join(a.MatchedAs, " and as ")) {
			t.Errorf("%s", a.Text(nil))
		}
	}
	if strings.Join(as, " ") != "user+connection connection user" {
		t.Errorf("matched as %v", as)
	}
	if one := must[[]Account](t)(Accounts(j, must[Subject](t)(ParseSubject("connection:42")), Limit{Count: 1})); len(one) != 1 || one[0].At != night+2 || strings.Contains(one[0].Text(nil), "meant to be") {
		t.Errorf("%+v", one)
	}
}

func TestLimit(t *testing.T) {
	j := NewMemoryJournal(100)
	for i := range 30 {
		ok(t, j.Append([]Record{departure(night+int64(i), 1)}))
	}
	s := Subject{User: user(1)}
	at := func(l Limit) (times []int64) {
		for _, a := range must[[]Account](t)(Accounts(j, s, l)) {
			times = append(times, a.At-night)
		}
		return times
	}
	if got := fmt.Sprint(at(Limit{})); got != "[29 28 27 26 25 24 23 22 21 20]" {
		t.Error(got)
	}
	if got := fmt.Sprint(at(Limit{Since: time.UnixMilli(night + 3), Until: time.UnixMilli(night + 5)})); got != "[5 4 3]" {
		t.Error(got)
	}
	if _, err := Accounts(j, Subject{}, Limit{}); !errors.Is(err, ErrSubject) {
		t.Error(err)
	}
}

// broken is a journal in which something cannot be read.
type broken struct {
	Journal
	nothing bool
}

func (b broken) Records(q Query) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if !yield(nil, damaged("a segment is garbled")) || b.nothing {
			return
		}
		b.Journal.Records(q)(yield)
	}
}

// TestAccountOfADamagedJournal: what could not be read is told, and costs no
// account; if nothing could be, that is an error.
func TestAccountOfADamagedJournal(t *testing.T) {
	j := NewMemoryJournal(100)
	ok(t, j.Append([]Record{departure(night, 1)}))
	accounts := must[[]Account](t)(Accounts(broken{Journal: j}, Subject{User: user(1)}, Limit{}))
	if len(accounts) != 1 || !strings.Contains(accounts[0].Text(nil), "Records are missing: record: damaged: a segment is garbled.") {
		t.Errorf("%+v", accounts)
	}
	if _, err := Accounts(broken{Journal: j, nothing: true}, Subject{User: user(1)}, Limit{}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

func TestAccountAsJSON(t *testing.T) {
	j := NewMemoryJournal(100)
	ok(t, j.Append(tales()["heartbeat_timeout"].recs))
	accounts := must[[]Account](t)(Accounts(j, Subject{User: "alice"}, Limit{}))
	var got []map[string]any
	ok(t, json.Unmarshal(must[[]byte](t)(json.Marshal(accounts)), &got))
	if got[0]["reason"] != "heartbeat_timeout" || got[0]["departure"].(map[string]any)["remote"] != "198.51.100.7:40001" || !strings.HasPrefix(got[0]["story"].(string), `User "alice"`) {
		t.Errorf("%v", got)
	}
}

func TestTimesInAZone(t *testing.T) {
	a := Account{At: evening, Reason: wire.ReasonBye, User: "alice", Departure: ended(wire.ReasonBye, nil)}
	zone := time.FixedZone("CET", 3600)
	if text := a.Text(zone); !strings.Contains(text, a.words(zone)) || strings.Contains(text, "UTC") {
		t.Error(text)
	}
}

func (a *Account) words(zone *time.Location) string { return newWords(zone, a.At).full(a.At) }

func TestSpan(t *testing.T) {
	for ms, want := range map[int64]string{
		-1: "less than no time", 0: "0 ms", 999: "999 ms", 1000: "1 s", 12_340: "12.3 s", 119_000: "119 s", 125_000: "2 min 5 s",
		7_200_000: "2 h 0 min", 400_000_000: "4 days",
	} {
		if got := span(ms); got != want {
			t.Errorf("%d: %q, want %q", ms, got, want)
		}
	}
}

// TestNoAccount: that nothing is found is told with what it does not mean.
func TestNoAccount(t *testing.T) {
	j := NewMemoryJournal(100)
	s := must[Subject](t)(ParseSubject("42"))
	if got := NoAccount(j, s, Limit{}, nil); !strings.Contains(got, `No end of a connection of "42" is on record.`) ||
		!strings.Contains(got, "as user and as connection") || !strings.Contains(got, "does not say where it begins") {
		t.Error(got)
	}
	ok(t, j.Append([]Record{
		&Life{At: evening, Epoch: 8, Crashed: true, Before: 7, LastAlive: evening - 1000},
		&Gap{At: evening + 1, Count: 1, Why: "the disk was full"}, departure(evening+2, 1),
	}))
	got := NoAccount(broken{Journal: j}, s, Limit{Since: time.UnixMilli(evening - 1)}, nil)
	for _, want := range []string{
		"is on record since 02:39:59 on 2 February 2026.", "begins at 02:40:00 on 2 February 2026 or before", "crashed after 02:39:59 on 2 February",
		"1 record before 02:40:00 on 2 February 2026 (the disk was full)", "a segment is garbled",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
}
