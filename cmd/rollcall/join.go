package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// joinCommand holds a session open.
func (p *program) joinCommand() *cobra.Command {
	f := &stayFlags{}
	cmd := &cobra.Command{
		Use:   "join --user NAME [flags]",
		Short: "Hold a session open, and print what happens",
		Long: `Join logs a user in and stays until it is interrupted; then it says goodbye. It
prints what becomes of its connection, the messages that come, and the news of
files that others send. When the connection breaks, it comes back by itself, unless the server has said that it
must not: kicked, replaced by a newer connection, login refused.`,
		Example: `  rollcall join --user alice
  rollcall join --user alice --identifier alices-phone --heartbeat 5s --timeout 10s
  ROLLCALL_USER=alice rollcall join --server chat.example:7465 --retry`,
		Args: noArguments("user"),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.join(cmd.Context(), f) },
	}
	f.bind(cmd.Flags())
	return cmd
}

func (p *program) join(ctx context.Context, f *stayFlags) error {
	if err := f.needUser(); err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	out := p.printer(p.out)
	say := func(line string) {
		out.line("%s %s", clock(time.Now()), line)
		if out.failed() != nil {
			cancel() // nobody reads it: nobody would miss the rest
		}
	}
	o.OnDeliver = func(m client.Message) {
		if m.Lost > 0 {
			say(count(int(min(m.Lost, 1<<30)), "message") + " came too fast and were lost") //nolint:gosec // bounded
		}
		say(messageLine(m))
	}
	o.OnFileNotice = func(n wire.FileNotice) { say(noticeLine(n, f.user)) }
	c, err := stay(ctx, f.server, o, say)
	if err != nil {
		return err
	}
	c.wait()
	switch err := c.Err(); {
	case out.failed() != nil:
		return out.failed()
	case interrupted(err):
		say("said goodbye")
		return nil
	default:
		return err
	}
}

// messageLine shows a message of another user.
func messageLine(m client.Message) string {
	kind := ""
	if m.Kind != "" {
		kind = " (" + printable(m.Kind) + ")"
	}
	return printable(m.From) + kind + ": " + body(m.Body)
}

// clock is a time of the day, for lines.
func clock(t time.Time) string { return t.Format("15:04:05.000") }
