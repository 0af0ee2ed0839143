package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
)

// sendCommand sends one message.
func (p *program) sendCommand() *cobra.Command {
	f := &clientFlags{}
	var to []string // of the same type as that of put, for ROLLCALL_TO and the file
	var kind string
	cmd := &cobra.Command{
		Use:   "send --user NAME --to USER TEXT... [flags]",
		Short: "Send one message to a user",
		Long: `Send logs in, sends one message to every session of a user, waits until the
server has accepted it for them, and leaves. TEXT of - is read from standard
input, as it is. When the user is offline, nothing is sent and the exit code is 5.

Whoever sends is online for that moment; on a server with --sessions replace,
that ends the sender's other session.`,
		Example: `  rollcall send --user alice --to bob the build is green
  git log -1 | rollcall send --user ci --to bob -`,
		Args: someArguments("TEXT"),
		RunE: func(cmd *cobra.Command, words []string) error {
			return p.send(cmd.Context(), f, to, kind, words)
		},
	}
	f.bind(cmd.Flags())
	cmd.Flags().StringSliceVar(&to, "to", nil, "send to this `USER`")
	cmd.Flags().StringVar(&kind, "kind", "", "the kind of the message, for the program that gets it")
	return cmd
}

func (p *program) send(ctx context.Context, f *clientFlags, recipients []string, kind string, words []string) error {
	if err := f.needUser(); err != nil {
		return err
	}
	if len(recipients) != 1 {
		return usage("say to whom, one user: --to USER, or %s", variable("to"))
	}
	to := recipients[0]
	if err := wire.ValidUser(to); err != nil {
		return usage("--to: %w", err)
	}
	if kind != "" {
		if err := wire.ValidKind(kind); err != nil {
			return usage("--kind: %w", err)
		}
	}
	text, err := p.textOf(words)
	if err != nil {
		return err
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	o.NoReconnect = true
	c, err := dial(ctx, f.server, o)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	limited, cancel := context.WithTimeout(ctx, f.answerTimeout)
	defer cancel()
	receipt, err := c.SendKind(limited, to, kind, text)
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case errors.Is(err, wire.CodeUserOffline):
		return exitWith(exitAbsent, "%s is offline", to)
	case errors.Is(err, context.DeadlineExceeded):
		return exitWith(exitUnreachable, "the server did not answer within %v", f.answerTimeout)
	case err != nil:
		if end := c.Err(); end != nil { // says more than that the connection is gone
			err = end
		}
		return fmt.Errorf("sending to %s: %w", to, err)
	}
	out := p.printer(p.out)
	out.line("sent to %s (%s)", printable(to), count(receipt.Sessions, "session"))
	return out.failed()
}

// textOf is the message: the words, or standard input, as much of it as could
// fit a frame and a little more.
func (p *program) textOf(words []string) ([]byte, error) {
	if len(words) != 1 || words[0] != "-" {
		return []byte(strings.Join(words, " ")), nil
	}
	text, err := io.ReadAll(io.LimitReader(p.in, wire.MaxMaxFrame+1))
	if err != nil {
		return nil, fmt.Errorf("reading standard input: %w", err)
	}
	return text, nil
}
