package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/supervisor"
)

// whoCommand lists the users.
func (p *program) whoCommand() *cobra.Command {
	f := &adminFlags{}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "who [USER...] [flags]",
		Short: "List who is online (admin API)",
		Long: `Who lists the users who are online, or those that are named, with their sessions,
from the server's admin API. A user whose connection was lost and whose grace
still runs is marked 'held'. With --json there is one object a line, as in /userz.`,
		Example: `  rollcall who
  rollcall who alice bob
  rollcall who --json | jq -r .user`,
		RunE: func(cmd *cobra.Command, users []string) error { return p.who(cmd.Context(), f, users, asJSON) },
	}
	f.bind(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func (p *program) who(ctx context.Context, f *adminFlags, users []string, asJSON bool) error {
	t := p.table(asJSON, 0, "USER\tSINCE\tSESSIONS\tCONNECTION\tIDENTIFIER\tREMOTE")
	if len(users) == 0 {
		return t.pages(func(query url.Values) (int, uint64, error) {
			var page supervisor.UserPage
			err := f.ask(ctx, http.MethodGet, "/userz", query, &page)
			whoRows(t, page.Users)
			return len(page.Users), page.Next, err
		})
	}
	absent := 0
	for _, u := range users {
		var page supervisor.UserPage
		if err := f.ask(ctx, http.MethodGet, "/userz", url.Values{"user": {u}}, &page); err != nil {
			return err
		}
		if len(page.Users) == 0 {
			absent++
		}
		whoRows(t, page.Users)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if absent > 0 {
		return exitWith(exitAbsent, "%d of %s not online", absent, count(len(users), "user"))
	}
	return nil
}

// whoRows writes a row for each session, under the user's.
func whoRows(t *table, users []supervisor.UserInfo) {
	for _, u := range users {
		if t.asJSON {
			t.object(u)
			continue
		}
		sessions := fmt.Sprint(len(u.Sessions))
		if u.Held {
			sessions = fmt.Sprintf("held for %v: %s", short(u.HeldFor), u.Reason)
		}
		name, since := printable(u.User), u.Since.Local().Format(time.DateTime)
		if len(u.Sessions) == 0 {
			t.row(name, since, sessions, "", "", "")
		}
		for _, s := range u.Sessions {
			t.row(name, since, sessions, s.Connection, printable(s.Identifier), printable(s.Remote))
			name, since, sessions = "", "", ""
		}
	}
}
