package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.com/rollcall/supervisor/admin"
)

// kickCommand ends connections.
func (p *program) kickCommand() *cobra.Command {
	f := &adminFlags{}
	var reason string
	cmd := &cobra.Command{
		Use:   "kick USER|CONNECTION [flags]",
		Short: "End a user's connections, or one connection (admin API)",
		Long: `Kick ends all connections of a user, or one connection. Digits alone are a
connection; user:NAME and connection:ID leave no doubt. Those who are kicked are
told the reason, and do not come back by themselves. A user whose connections were
lost, and who is still shown online for the grace, goes offline at once.

The admin API takes kicks from the server's own machine only, unless the server
runs with --admin-remote.`,
		Example: `  rollcall kick alice --reason "the office is closing"
  rollcall kick 17
  rollcall kick user:17`,
		Args: oneArgument("USER|CONNECTION"),
		RunE: func(cmd *cobra.Command, args []string) error { return p.kick(cmd.Context(), f, args[0], reason) },
	}
	f.bind(cmd.Flags())
	cmd.Flags().StringVar(&reason, "reason", "", "tell those who are kicked this `TEXT`")
	return cmd
}

func (p *program) kick(ctx context.Context, f *adminFlags, target, reason string) error {
	query := url.Values{}
	if reason != "" {
		query.Set("text", reason)
	}
	connection, isConnection := strings.CutPrefix(target, "connection:")
	user, isUser := strings.CutPrefix(target, "user:")
	if !isUser {
		if _, err := strconv.ParseUint(connection, 10, 64); err == nil {
			isConnection = true
		} else if isConnection {
			return usage("%q is no connection's number", connection)
		}
	}
	if isConnection {
		query.Set("connection", connection)
	} else {
		query.Set("user", user)
	}
	if user == "" {
		return usage("name a user or a connection")
	}
	var done admin.Kicked
	err := f.ask(ctx, http.MethodPost, "/kick", query, &done)
	out := p.printer(p.out)
	switch {
	case codeOf(err) == exitAbsent && isConnection:
		return exitWith(exitAbsent, "there is no connection %s", connection)
	case codeOf(err) == exitAbsent:
		return exitWith(exitAbsent, "%s is not online", user)
	case err != nil:
		return err
	case isConnection:
		out.line("kicked connection %s", connection)
	case done.Kicked == 0:
		out.line("%s had no connection any more; nobody waits for a return now", printable(user))
	default:
		out.line("kicked %s of %s", count(done.Kicked, "connection"), printable(user))
	}
	return out.failed()
}
