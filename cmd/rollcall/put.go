package main

import (
	"context"
	"fmt"
	"mime"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// putFlags are those of put.
type putFlags struct {
	transferFlags
	to              []string
	everyone, relay bool
}

// putCommand sends files.
func (p *program) putCommand() *cobra.Command {
	f := &putFlags{}
	cmd := &cobra.Command{
		Use:   "put --user NAME [--to USER...] FILE... [flags]",
		Short: "Send files to users, by way of the server",
		Long: `Put stores files on the server: for the users of --to, for --everyone, or else
for yourself alone. The users of --to are told of it, at once or when they log in
next; of a file for --everyone those are told who are online, and the others find
it in 'rollcall files'. A file is there only when the server has all of it, has
compared its SHA-256, and has it on its disk; then its ID is printed.

With --relay the file is not stored: it goes straight to one user who is online
and accepts it, in chat for example.

When the connection breaks, put goes on by itself. When put is interrupted, what
came is kept for the server's --file-grace, and the same command goes on with it;
with --relay it is the receiver who has the part, and the server nothing.

With --json there is one object a line; numbers are bytes:
  {"event":"started","file":F,"offset":WHERE_IT_GOES_ON_FROM,"size":N}
  {"event":"progress","file":F,"offset":N,"size":N,"rate":PER_SECOND}
  {"event":"done","file":F,"id":ID,"name":NAME,"size":N,"moved":SENT_NOW,"resumed_from":N,"seconds":S}
  {"event":"failed" or "interrupted", ... ,"code":"quota_exceeded","error":"..."}`,
		Example: `  rollcall put --user alice --to bob plan.pdf
  rollcall put --user alice --to bob --to carol *.jpg
  rollcall put --user alice --everyone --json release.tar.gz | jq -r 'select(.event == "done") | .id'
  rollcall put --user alice --to bob --relay disk.img`,
		Args: someArguments("FILE"),
		RunE: func(cmd *cobra.Command, files []string) error { return p.put(cmd.Context(), f, files) },
	}
	f.bind(cmd.Flags())
	cmd.Flags().StringSliceVar(&f.to, "to", nil, "for this `USER`; may be given several times")
	refuseEmpty(cmd.Flags(), "to") // or the file would be for the sender alone
	cmd.Flags().BoolVar(&f.everyone, "everyone", false, "for all users")
	cmd.Flags().BoolVar(&f.relay, "relay", false, "straight to one user, who has to be online and to accept; nothing is stored")
	return cmd
}

func (p *program) put(ctx context.Context, f *putFlags, files []string) error {
	if err := f.check(); err != nil {
		return err
	}
	jobs := make([]job, len(files))
	for i, file := range files {
		there, err := os.Stat(file)
		if err != nil {
			return usage("%w", err)
		}
		if !there.Mode().IsRegular() {
			return usage("%s is no regular file", file)
		}
		jobs[i] = job{file: file, size: there.Size()}
	}
	r := p.reporter(f.asJSON, false)
	c, err := f.carrier(ctx, r)
	if err == nil {
		for i, file := range files {
			jobs[i].run = func(ctx context.Context, t *track) error { return f.putFile(ctx, c, file, t) }
		}
		again := "the same command again goes on from what the server holds"
		if f.relay {
			again = "the same command again goes on from the part that the receiver has, if any"
		}
		err = c.run(jobs, again)
		c.close()
	}
	if failed := r.close(); err == nil {
		err = failed
	}
	return err
}

// check checks who it is for.
func (f *putFlags) check() error {
	if err := f.needUser(); err != nil {
		return err
	}
	for _, u := range f.to {
		if err := wire.ValidUser(u); err != nil {
			return usage("--to: %w", err)
		}
	}
	switch {
	case f.relay && (len(f.to) != 1 || f.everyone):
		return usage("--relay is to exactly one user: --to USER")
	case len(f.to) > wire.MaxRecipients:
		return usage("--to names %d users, more than %d", len(f.to), wire.MaxRecipients)
	case len(f.to) == 0 && !f.everyone:
		f.to = []string{f.user}
	}
	return nil
}

// putFile sends one file.
func (f *putFlags) putFile(ctx context.Context, c *carrier, file string, t *track) error {
	name := filepath.Base(file)
	o := outcome{event: "done", name: name}
	res, err := c.PutFile(ctx, file, client.PutOptions{
		Name: name, Media: mediaOf(name), To: f.to, Everyone: f.everyone, Relay: f.relay,
		Progress: t.progress,
		// What came is kept for the next run of the same command.
		KeepOnCancel: true,
	})
	o.moved, o.resumed = res.Sent, res.Resumed
	if err != nil {
		if f.relay {
			err = offline(f.to[0], err)
		}
		o.event, o.err = c.ended(), err
		t.end(o)
		return err
	}
	o.words = "sent " + printable(file) + " to " + f.recipients()
	if !f.relay {
		o.id = res.File.String()
		o.words = fmt.Sprintf("stored %s for %s: %s", printable(file), f.recipients(), o.id)
	}
	t.end(o)
	return nil
}

// recipients are those for whom the files are.
func (f *putFlags) recipients() string {
	if f.everyone {
		return "everyone"
	}
	const named = 3
	names := make([]string, 0, named)
	for _, u := range f.to[:min(len(f.to), named)] {
		names = append(names, printable(u))
	}
	if more := len(f.to) - named; more > 0 {
		return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// mediaOf guesses the media type of a file by its name's ending.
func mediaOf(name string) string {
	if media := mime.TypeByExtension(filepath.Ext(name)); len(media) <= wire.MaxMedia {
		return media
	}
	return ""
}
