package main

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// watchCommand tells who is online, and every change.
func (p *program) watchCommand() *cobra.Command {
	f := &stayFlags{}
	var asJSON, self bool
	cmd := &cobra.Command{
		Use:   "watch [--user NAME] [USER...] [flags]",
		Short: "Tell who is online, and every change",
		Long: `Watch tells who is online and then, line by line, who comes and who goes, when,
and why: everyone, or the users that are named. It ends when it is interrupted.

Who watches has to log in, and so is online too: as --user, or under a name made
for it, such as watch-4kq2b7xm. Its own coming and going is left out unless --self is
given or it watches itself by name.

With --json there is one object a line, of everybody:
  {"event":"snapshot","epoch":E,"version":V,"online":["alice",...]}
  {"event":"online","user":"bob","epoch":E,"version":V,"at":"2026-01-02T15:04:05.123Z"}
  {"event":"offline","user":"bob","reason":"eof","epoch":E,"version":V,"at":"..."}
  {"event":"disconnected","at":"...","why":"...","retry_in_ms":N}
  {"event":"connected","at":"..."}
The snapshot comes first, and once. Between disconnected and connected what was
told before may be out of date. A change that was found only by comparing, after
this client had lost its connection, has the reason "unknown" and the time at
which it was found. Without --json the ups and downs of the connection go to
standard error.`,
		Example: `  rollcall watch
  rollcall watch alice bob
  rollcall watch --user carol --json | jq -r 'select(.event == "offline") | .user + " " + .reason'`,
		RunE: func(cmd *cobra.Command, users []string) error {
			return p.watch(cmd.Context(), f, users, asJSON, self)
		},
	}
	f.bind(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	cmd.Flags().BoolVar(&self, "self", false, "tell of this watcher's own user too")
	return cmd
}

func (p *program) watch(ctx context.Context, f *stayFlags, users []string, asJSON, self bool) error {
	for _, u := range users {
		if err := wire.ValidUser(u); err != nil {
			return usage("%q: %w", u, err)
		}
	}
	if f.user == "" {
		f.user = watcherName()
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	errs := p.printer(p.err)
	out := p.printer(p.out)
	l := &lasting{}
	if asJSON {
		down := false
		l.each = func(s client.State) {
			if s.Phase == client.Disconnected || (down && s.Phase == client.Connected) {
				down = s.Phase == client.Disconnected
				out.line("%s", stateJSON(s, time.Now()))
			}
		}
	}
	c, err := stayAs(ctx, l, f.server, o, func(line string) { errs.line("%s %s", clock(time.Now()), line) })
	if err != nil {
		return err
	}
	defer c.wait()
	defer func() { _ = c.Close() }()
	tell := func(e client.Event) { out.line("%s", changeJSON(e, time.Now())) }
	if !asJSON {
		hidden := f.user
		if self || slices.Contains(users, f.user) {
			hidden = ""
		}
		tell = func(e client.Event) { tellChange(out, e, hidden) }
	}
	return watchAll(ctx, c.Client, users, out, tell)
}

// watchAll passes every event on, until the watch ends.
func watchAll(ctx context.Context, c *client.Client, users []string, out *printer, tell func(client.Event)) error {
	w, err := c.Watch(ctx, users...)
	if err == nil {
		for e := range w.Events() {
			tell(e)
			if err := out.failed(); err != nil {
				return err
			}
		}
		err = w.Err()
	}
	if context.Cause(ctx) != nil {
		return nil // as it was asked to
	}
	return err
}

// watcherName makes a name that hardly anybody else has.
func watcherName() string { return "watch-" + strings.ToLower(rand.Text()[:8]) }

// tellChange writes an event for a person.
func tellChange(out *printer, e client.Event, hidden string) {
	switch {
	case e.Kind == client.Snapshot:
		var names []string
		for _, o := range e.Online {
			if o.User != hidden {
				names = append(names, printable(o.User))
			}
		}
		who := "nobody"
		if len(names) > 0 {
			who = strings.Join(names, ", ")
		}
		out.line("%s online now: %s", clock(time.Now()), who)
	case e.User == hidden:
	case e.Kind == client.Online:
		out.line("%s %s %s is online", clock(timeOf(e)), out.paint(green, "+"), printable(e.User))
	default:
		out.line("%s %s %s is offline: %s", clock(timeOf(e)), out.paint(red, "-"), printable(e.User), reasonOf(e))
	}
}

// timeOf is when a change was, or else when it was found.
func timeOf(e client.Event) time.Time {
	if e.At.IsZero() {
		return time.Now()
	}
	return e.At.Local()
}

// reasonOf explains why a user went.
func reasonOf(e client.Event) string {
	if e.Reason == wire.ReasonNone {
		return "unknown (found after a reconnect)"
	}
	return explain(e.Reason)
}

// stampMillis is RFC 3339 with milliseconds.
const stampMillis = "2006-01-02T15:04:05.000Z07:00"

// stateJSON writes that the connection is lost, or is there again, as one JSON
// object.
func stateJSON(s client.State, at time.Time) []byte {
	type state struct {
		Event   string `json:"event"`
		At      string `json:"at"`
		Why     string `json:"why,omitempty"`
		RetryIn int64  `json:"retry_in_ms,omitempty"`
	}
	stamp := at.UTC().Format(stampMillis)
	if s.Phase == client.Connected {
		return oneLine(state{Event: "connected", At: stamp})
	}
	return oneLine(state{"disconnected", stamp, plain(s.Err), s.RetryIn.Milliseconds()})
}

// changeJSON writes an event as one JSON object; found is when it was found.
func changeJSON(e client.Event, found time.Time) []byte {
	if e.Kind == client.Snapshot {
		names := make([]string, len(e.Online))
		for i, o := range e.Online {
			names[i] = o.User
		}
		return oneLine(struct {
			Event   client.EventKind `json:"event"`
			Epoch   uint64           `json:"epoch"`
			Version uint64           `json:"version"`
			Online  []string         `json:"online"`
		}{e.Kind, e.Epoch, e.Version, names})
	}
	reason := ""
	switch {
	case e.Kind != client.Offline:
	case e.Reason == wire.ReasonNone:
		reason = "unknown"
	default:
		reason = e.Reason.String()
	}
	at := e.At
	if at.IsZero() {
		at = found
	}
	return oneLine(struct {
		Event   client.EventKind `json:"event"`
		User    string           `json:"user"`
		Reason  string           `json:"reason,omitempty"`
		Epoch   uint64           `json:"epoch"`
		Version uint64           `json:"version"`
		At      string           `json:"at"`
	}{e.Kind, e.User, reason, e.Epoch, e.Version, at.UTC().Format(stampMillis)})
}
