package main

import (
	"context"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// rmCommand takes files off the server.
func (p *program) rmCommand() *cobra.Command {
	f := &clientFlags{}
	cmd := &cobra.Command{
		Use:   "rm --user NAME ID|NAME... [flags]",
		Short: "Remove your files from the server",
		Long: `Rm removes files of your own from the server, by their IDs, or by their names
where you have only one of that name. Those for whom they were are told; who is
fetching one of them does not get the rest.`,
		Example: `  rollcall rm --user alice plan.pdf
  rollcall rm --user alice 3c9a41f07d1e5b8826f0aa1c94d7e362`,
		Args: someArguments("ID|NAME"),
		RunE: func(cmd *cobra.Command, words []string) error { return p.rm(cmd.Context(), f, words) },
	}
	f.bind(cmd.Flags())
	return cmd
}

func (p *program) rm(ctx context.Context, f *clientFlags, words []string) error {
	c, err := f.brief(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	found, errs, err := f.find(ctx, c, words, func(file *wire.File) bool { return file.Owner == f.user })
	if err != nil {
		return err
	}
	out, warnings := p.printer(p.out), p.printer(p.err)
	var first error
	failed := 0
	for i, w := range words {
		err := errs[i]
		if err == nil {
			err = f.remove(ctx, c, found[i].ID)
		}
		if err == nil {
			out.line("removed %s (%s)", printable(found[i].Name), found[i].ID)
			continue
		}
		if failed++; first == nil {
			first = err
		}
		if len(words) > 1 {
			warnings.line("%s: %s", printable(w), plain(err))
		}
	}
	switch {
	case first == nil:
		return out.failed()
	case len(words) == 1:
		return first
	default:
		return exitWith(codeOf(first), "%d of %s not removed", failed, count(len(words), "file"))
	}
}

func (f *clientFlags) remove(ctx context.Context, c *client.Client, id wire.FileID) error {
	return f.ask(ctx, c, func(ctx context.Context) error { return c.Remove(ctx, id) })
}
