package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
	"example.com/rollcall/wire/client"
)

// toStdout is the word of --output for standard output.
const toStdout = "-"

// getFlags are those of get.
type getFlags struct {
	transferFlags
	output string
	force  bool
}

// getCommand fetches files.
func (p *program) getCommand() *cobra.Command {
	f := &getFlags{}
	cmd := &cobra.Command{
		Use:   "get --user NAME ID|NAME... [-o PATH] [flags]",
		Short: "Fetch files from the server",
		Long: `Get fetches files that are for you, by their IDs, or by their names where there
is only one of that name. A file goes to the current directory, under what is safe
of its name: never into another directory, and never in place of what is there,
unless with --force. -o names a file, a directory, or - for standard output, of
which whoever reads it must know that the SHA-256 is compared at the end.

Until it is whole, a file is a part beside its place, with the ending .part. When
the connection breaks, get goes on by itself; when get is interrupted, the same
command goes on with the part.

With --json there is one object a line, as with put; "moved" is what came now.`,
		Example: `  rollcall get --user bob plan.pdf
  rollcall get --user bob 3c9a41f07d1e5b8826f0aa1c94d7e362 -o /tmp/plan.pdf
  rollcall get --user bob backup.tar -o - | tar t`,
		Args: someArguments("ID|NAME"),
		RunE: func(cmd *cobra.Command, words []string) error { return p.get(cmd.Context(), f, words) },
	}
	f.bind(cmd.Flags())
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write to this file, into this directory, or to standard output (`PATH`|-)")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace a file that is there")
	return cmd
}

func (p *program) get(ctx context.Context, f *getFlags, words []string) error {
	if err := f.needUser(); err != nil {
		return err
	}
	into := f.directory()
	if len(words) > 1 && f.output != "" && !into {
		return usage("--output: %s is no directory, and there are %d files", f.output, len(words))
	}
	r := p.reporter(f.asJSON, f.output == toStdout)
	c, err := f.carrier(ctx, r)
	if err == nil {
		var jobs []job
		if jobs, err = f.jobs(p, c, words, into); err == nil {
			err = c.run(jobs, "the same command again goes on from what is here")
		}
		c.close()
	}
	if failed := r.close(); err == nil {
		err = failed
	}
	return err
}

// directory reports whether --output is one.
func (f *getFlags) directory() bool {
	if f.output == "" || f.output == toStdout {
		return false
	}
	there, err := os.Stat(f.output)
	return os.IsPathSeparator(f.output[len(f.output)-1]) || err == nil && there.IsDir()
}

// jobs makes the jobs of the words. What cannot be found is a job that fails.
func (f *getFlags) jobs(p *program, c *carrier, words []string, into bool) ([]job, error) {
	if id, ok := fileID(words[0]); ok && f.output != "" && !into {
		return []job{f.job(p, c, wire.File{ID: id}, words[0], -1)}, nil // nothing else need be known of it
	}
	found, errs, err := f.find(c.ctx, c.Client, words, func(*wire.File) bool { return true })
	if err != nil {
		return nil, err
	}
	jobs := make([]job, len(words))
	taken := make(map[string]bool)
	for i, w := range words {
		if errs[i] != nil {
			jobs[i] = job{file: w, size: -1, run: func(_ context.Context, t *track) error {
				t.end(outcome{event: "failed", err: errs[i]})
				return errs[i]
			}}
			continue
		}
		jobs[i] = f.job(p, c, found[i], w, int64(found[i].Size)) //nolint:gosec // wire bounds it
		if f.output == "" || into {
			path := filepath.Join(f.output, client.LocalName(found[i].Name))
			if taken[path] {
				return nil, usage("two of the files would be %s: get them one by one, with -o", path)
			}
			taken[path] = true
		}
	}
	return jobs, nil
}

// job is the job of one file.
func (f *getFlags) job(p *program, c *carrier, file wire.File, word string, size int64) job {
	path := f.output
	switch {
	case f.output == "":
		path = client.LocalName(file.Name)
	case f.directory():
		path = filepath.Join(f.output, client.LocalName(file.Name))
	case f.output == toStdout:
		return job{file: word, size: size, run: func(ctx context.Context, t *track) error {
			return f.end(c, t, "standard output", func(o client.GetOptions) (client.GetResult, error) {
				return c.Get(ctx, file.ID, client.StreamTarget(p.out), o)
			})
		}}
	}
	return job{file: path, size: size, run: func(ctx context.Context, t *track) error {
		return f.end(c, t, path, func(o client.GetOptions) (client.GetResult, error) {
			return c.GetFile(ctx, file.ID, path, o)
		})
	}}
}

// end fetches a file, and tells of its end.
func (f *getFlags) end(c *carrier, t *track, place string, fetch func(client.GetOptions) (client.GetResult, error)) error {
	res, err := fetch(client.GetOptions{Progress: t.progress, Replace: f.force})
	o := outcome{
		event: "done", id: res.File.ID.String(), name: res.File.Name, sha256: fmt.Sprintf("%x", res.File.SHA256),
		moved: res.Received, resumed: res.Resumed,
	}
	if err == nil {
		o.words = fmt.Sprintf("saved %s of %s as %s", printable(res.File.Name), printable(res.File.Owner), printable(place))
		if f.output == toStdout {
			o.words = fmt.Sprintf("wrote %s of %s to standard output", printable(res.File.Name), printable(res.File.Owner))
		}
		t.end(o)
		return nil
	}
	if errors.Is(err, fs.ErrExist) {
		err = &thereError{}
	}
	o.event, o.err = c.ended(), err
	t.end(o)
	return err
}

// thereError is a file that is in the way.
type thereError struct{}

func (*thereError) Error() string { return "it is there already; --force replaces it" }
func (*thereError) Unwrap() error { return fs.ErrExist }
