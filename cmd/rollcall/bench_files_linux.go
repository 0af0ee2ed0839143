package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/spf13/cobra"

	"example.com/rollcall/cmd/rollcall/internal/bench"
)

// benchFilesFlags are those of bench files.
type benchFilesFlags struct {
	benchFlags
	size byteSize
	dir  string
}

// benchFilesCommand measures how fast files come and go.
func (p *program) benchFilesCommand() *cobra.Command {
	f := &benchFilesFlags{size: 64 << 20}
	s := &bench.Files{Setup: bench.Setup{Count: 4}}
	cmd := &cobra.Command{
		Use: "files [flags]", Short: "Measure files: puts and gets, beside two plain ways",
		Long: `Files puts --size of bytes that cannot be compressed to a server of its own and gets
them back, over loopback, to and from one disk: as one file whose SHA-256 has to be
computed first, as one whose SHA-256 is known, and as --count files at once over one
connection. It does so with a server that waits for the disk (durable) and with one
that does not. The floors are a copy over a bare TCP connection (floor-tcp), and PUT
and GET of Go's net/http (floor-http): both hash what comes, and wait for the disk
where it is to be durable; a file of theirs has a connection of its own.

Before each, the disk finishes what it has. With --dir on a tmpfs no disk takes part.
What is kept on the disk is several times --size; it is removed at the end.`,
		Example: `  rollcall bench files
  rollcall bench files --size 1GiB --runs 5 --json
  rollcall bench files --dir /dev/shm`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.benchFiles(cmd.Context(), s, f) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.Var(&f.size, "size", "how much is carried")
	bindPositive(fs, &s.Count, "count", s.Count, "files at once; 1 for one after the other only")
	bindPositive(fs, &s.Runs, "runs", 3, "how often each is measured")
	fs.BoolVar(&s.Floors, "floors", true, "measure the two floors as well")
	fs.StringVar(&f.dir, "dir", "", "keep everything in a new directory of this `DIR` (default $TMPDIR or /tmp)")
	fs.StringArrayVar(&s.ServeArgs, "serve-arg", nil, "one more `ARGUMENT` for the servers; may be given several times")
	fs.BoolVar(&f.asJSON, "json", false, "as JSON, one row a line")
	fs.BoolVar(&f.quiet, "quiet", false, "do not tell which run is under way")
	return cmd
}

func (p *program) benchFiles(ctx context.Context, s *bench.Files, f *benchFilesFlags) (err error) {
	if f.size < byteSize(s.Count) {
		return usage("--size is %s, less than a byte for each of %s", f.size.String(), count(s.Count, "file"))
	}
	s.Bytes = int(f.size)
	if s.Program, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if !f.quiet {
		notes := p.printer(p.err)
		s.Progress = func(format string, args ...any) { notes.line(format, args...) }
	}
	if s.Dir, err = os.MkdirTemp(f.dir, "rollcall-bench-"); err != nil {
		return usage("--dir: %w", err)
	}
	remove := sync.OnceValue(func() error { return os.RemoveAll(s.Dir) })
	p.onExit(func() { _ = remove() }) // also when a third signal cuts the command short
	rows, err := s.Run(ctx)
	if failed := remove(); err == nil {
		err = failed
	}
	if err != nil {
		return err
	}
	return p.benchRows(rows, &f.benchFlags, s.Runs, "TO TCP\tTO HTTP", func(r bench.Row) (first, second float64) { return r.ToTCP, r.ToHTTP })
}
