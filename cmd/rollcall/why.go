package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor/admin"
)

// whyFlags are what 'why' can be told.
type whyFlags struct {
	admin  adminFlags
	data   string
	since  string
	limit  int
	asJSON bool
}

// whyCommand tells why connections ended.
func (p *program) whyCommand() *cobra.Command {
	f := &whyFlags{}
	cmd := &cobra.Command{
		Use:   "why USER|CONNECTION|ENDPOINT [flags]",
		Short: "Tell why somebody went, with the evidence (admin API, or the data directory)",
		Long: `Why tells how the last connections of a user ended, or those from an address, or
one connection: what happened, what others were told and when, and what it cost,
with the evidence under it, and with what it does not know. The newest comes first.

It asks the server's admin API; with --data it reads the data directory of a server
that does not run. What can be a user, a connection and an endpoint is looked for as
all of them; user:NAME, connection:ID and endpoint:ADDRESS leave no doubt.

Nothing on record has an exit code of its own, 8.`,
		Example: `  rollcall why alice
  rollcall why alice --since 24h --limit 3
  rollcall why 203.0.113.7 --since 2026-01-31T22:00:00+01:00
  rollcall why connection:17 --json | jq -r .story
  rollcall why alice --data /srv/rollcall`,
		Args: oneArgument("USER|CONNECTION|ENDPOINT"),
		RunE: func(cmd *cobra.Command, args []string) error { return p.why(cmd.Context(), f, args[0]) },
	}
	f.admin.bind(cmd.Flags())
	cmd.Flags().StringVar(&f.data, "data", "", "read the data `DIR` of a server that does not run, in place of asking one")
	onlyHere(cmd, "data") // the server's own setting of that name does not mean that it has stopped
	cmd.Flags().StringVar(&f.since, "since", "", "what ended since this `TIME`: a duration ago (24h), or a time as 2006-01-02T15:04:05Z or 2006-01-02")
	cmd.Flags().IntVar(&f.limit, "limit", record.DefaultAccounts, "the most accounts")
	cmd.Flags().BoolVar(&f.asJSON, "json", false, "one JSON object a line, with all evidence")
	return cmd
}

func (p *program) why(ctx context.Context, f *whyFlags, subject string) error {
	s, err := record.ParseSubject(subject)
	if err != nil {
		return usage("%w", err)
	}
	l, err := f.limits(time.Now())
	if err != nil {
		return err
	}
	if f.data != "" && f.data != noFiles {
		return p.whyOnDisk(f, s, l)
	}
	query := url.Values{"subject": {subject}, "limit": {strconv.Itoa(l.Count)}, "format": {"json"}}
	if !l.Since.IsZero() {
		query.Set("since", l.Since.UTC().Format(time.RFC3339Nano))
	}
	if !f.asJSON {
		query.Set("format", "text")
		query.Set("zone", time.Now().Format("-07:00"))
	}
	answer, err := f.admin.fetch(ctx, http.MethodGet, "/why", query)
	if err != nil {
		return err
	}
	out := p.printer(p.out)
	if !f.asJSON {
		if what, none := strings.CutPrefix(string(answer), admin.NothingOnRecord); none {
			out.line("%s", inLines(what))
			return nothing(subject, l)
		}
		out.line("%s", inLines(string(answer)))
		return out.failed()
	}
	var found struct {
		Accounts []json.RawMessage `json:"accounts"`
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return fmt.Errorf("what answers at %s is no admin API: %w", f.admin.admin, err)
	}
	for _, a := range found.Accounts {
		out.line("%s", a)
	}
	if len(found.Accounts) == 0 {
		return nothing(subject, l)
	}
	return out.failed()
}

// storyWidth is how long the lines of a story are.
const storyWidth = 100

// inLines makes an account fit to be printed: its sentences in lines that can be
// read, its evidence as it is.
func inLines(text string) string {
	var out []string
	for line := range strings.SplitSeq(printableLines(strings.TrimSpace(text)), "\n") {
		for !strings.HasPrefix(line, " ") && len(line) > storyWidth {
			at := strings.LastIndexByte(line[:storyWidth+1], ' ')
			if at < 0 {
				break
			}
			out = append(out, line[:at])
			line = line[at+1:]
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// limits reads --since and --limit.
func (f *whyFlags) limits(now time.Time) (record.Limit, error) {
	l := record.Limit{Count: f.limit}
	if f.limit < 1 || f.limit > 1000 {
		return l, usage("--limit is %d, not from 1 to 1000", f.limit)
	}
	if f.since == "" {
		return l, nil
	}
	if ago, err := time.ParseDuration(f.since); err == nil && ago > 0 {
		l.Since = now.Add(-ago)
		return l, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04", time.DateTime, time.DateOnly} {
		if at, err := time.ParseInLocation(form, f.since, time.Local); err == nil {
			l.Since = at
			return l, nil
		}
	}
	return l, usage("--since %q is neither a duration as 24h nor a time as 2026-01-31, 2026-01-31T22:00 or 2026-01-31T22:00:00Z", f.since)
}

func nothing(subject string, l record.Limit) error {
	if l.Since.IsZero() {
		return exitWith(exitNoRecord, "nothing is on record of %s", subject)
	}
	return exitWith(exitNoRecord, "nothing is on record of %s since %s", subject, l.Since.Local().Format(time.DateTime))
}

// whyOnDisk reads the data directory of a server that does not run, or that does:
// it changes nothing there.
func (p *program) whyOnDisk(f *whyFlags, s record.Subject, l record.Limit) error {
	view, err := record.OpenReadOnly(filepath.Join(f.data, recordDir))
	if err != nil {
		return exitWith(exitUnreachable, "there is no record in %s: %s", f.data, cause(err))
	}
	defer func() { _ = view.Close() }()
	found, err := record.Accounts(view.Journal, s, l)
	if err != nil {
		return fmt.Errorf("the record in %s cannot be read: %w", f.data, err)
	}
	out, notes := p.printer(p.out), p.printer(p.err)
	if damage := record.AllDamage(view.Left, view.Journal); damage != "" {
		notes.line("rollcall: some of the record cannot be read: %s", printable(damage))
	}
	for i := range found {
		if f.asJSON {
			out.line("%s", oneLine(found[i]))
			continue
		}
		if i > 0 {
			out.line("")
		}
		out.line("%s", inLines(found[i].Text(time.Local)))
	}
	onRoll := stillOnRoll(&view.Left, s)
	if onRoll != "" {
		notes.line("%s", onRoll)
	}
	if len(found) == 0 && onRoll == "" {
		if !f.asJSON {
			out.line("%s", inLines(record.NoAccount(view.Journal, s, l, time.Local)))
		}
		return nothing(s.Text, l)
	}
	return out.failed()
}

// stillOnRoll tells of a user who is on the roll: online, if the server runs, or
// lost with it.
func stillOnRoll(left *record.Left, s record.Subject) string {
	for _, u := range left.Users {
		if u.User != s.User || left.Clean {
			continue
		}
		at := u.Lost
		if at == 0 {
			at = left.Alive
		}
		return fmt.Sprintf("%s is on the roll as online, and was last known so at %s. If the server does not run, it was lost then; the next start tells of it.",
			printable(u.User), time.UnixMilli(at).Local().Format(time.DateTime))
	}
	return ""
}

// printableLines makes every line of a text printable.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}
