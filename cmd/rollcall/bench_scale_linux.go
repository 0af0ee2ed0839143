package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/cmd/rollcall/internal/bench"
)

// benchScaleCommand measures how many connections the actors hold without sockets.
func (p *program) benchScaleCommand() *cobra.Command {
	s := bench.Scale{Count: 1_000_000, Interval: 30 * time.Second, Duration: 30 * time.Second, Leavers: 100_000}
	var asJSON, quiet bool
	leave := 3 // GiB
	cmd := &cobra.Command{
		Use: "scale [flags]", Short: "Measure connections in memory, beyond what descriptors allow",
		Long: `Scale fills a server in this process with --count connections in memory, each with
a user who is logged in and answers its pings, watches it for --duration, and then lets
--leavers of them vanish at once: until a watcher knows of all. Both sides are in the
figures; a connection's other side costs 24 bytes, and its answers a fifth of the time.

It sets Go's collector itself, by what the machine has available beyond --leave GiB; GOGC
and GOMEMLIMIT in the environment, or --gc, come first. When nine tenths of that live,
nobody more is let in. Interrupted, it tells what it knows so far.`,
		Example: `  rollcall bench scale --count 3000000
  rollcall bench scale --count 10000000 --interval 1m --duration 2m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if s.Count < 1 || s.Leavers < 0 || leave < 0 || s.Within < 0 || s.Interval < time.Second {
				return usage("--count must be at least 1, --leavers, --leave and --within not negative, --interval at least 1s")
			}
			s.Leave = int64(leave) << 30
			if notes := p.printer(p.err); !quiet {
				s.Progress = func(format string, args ...any) { notes.line(format, args...) }
			}
			values, err := s.Run(cmd.Context())
			if len(values) == 0 {
				return err
			}
			t := p.table(asJSON, 0, "FIGURE\tVALUE\tUNIT")
			for _, v := range values {
				if asJSON {
					t.object(v)
				} else {
					t.row(v.Name, number(v.Value), v.Unit)
				}
			}
			return errors.Join(err, t.flush())
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.IntVar(&s.Count, "count", s.Count, "connections")
	fs.DurationVar(&s.Within, "within", 0, "measure those who are in by then, however many (default until all are in)")
	fs.DurationVar(&s.Interval, "interval", s.Interval, "their heartbeat")
	fs.DurationVar(&s.Duration, "duration", s.Duration, "how long they are watched")
	fs.IntVar(&s.Leavers, "leavers", s.Leavers, "how many vanish at once")
	fs.IntVar(&leave, "leave", leave, "how much memory of the machine stays available, in GiB")
	fs.IntVar(&s.GC, "gc", 0, "Go's GOGC: less saves memory, and costs processor time (default as it suits)")
	fs.BoolVar(&asJSON, "json", false, "as JSON, one figure a line")
	fs.BoolVar(&quiet, "quiet", false, "do not tell how far it has come")
	return cmd
}
