package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/cmd/rollcall/internal/bench"
)

// benchFlags are what all measurements share.
type benchFlags struct {
	asJSON bool
	quiet  bool
}

// benchKind is one subcommand, with its own sizes.
type benchKind struct {
	name, short, long string
	measure           bench.Measure
	sizes             bench.Setup // its defaults
	least             int         // of --count
}

var benchKinds = []benchKind{
	{
		"conns", "memory of idle connections, and how many come in a second",
		`Conns logs --idle users in and leaves them alone for --duration. Memory is the
growth of the server's resident memory (VmRSS) divided by the users: actor, timer,
both maps, session and presence included, the kernel's socket buffers not.`,
		bench.Conns, bench.Setup{Idle: 10_000, Duration: 4 * time.Second}, 0,
	},
	{
		"notice", "time from a close to its notice at the watchers",
		`Notice closes --count clients, one after the other, with --pace between them, beside
--idle users, and measures the time from the close until the last watcher has read
that the user is offline: for one watcher, then for --watchers.`,
		bench.Notice, bench.Setup{Idle: 10_000, Count: 300, Watchers: 100, Pace: 4 * time.Millisecond}, 0,
	},
	{
		"storm", "time until watchers know of all who vanished at once",
		`Storm kills the process that holds --idle users, and measures the time from the kill
until the last of --watchers has been told of every one of them.`,
		bench.Storm, bench.Setup{Idle: 10_000, Watchers: 1}, 0,
	},
	{
		"presence", "users who all watch each other",
		`Presence lets --count users come in, each of whom watches --names others, cuts the
connections of half of them at once, and measures both: the changes that the load was
told, the server's write system calls and processor time, its peak of resident memory,
and the time until the last has been told of the last. Then it does the same with users
who all watch all. Last, --changes users come and go before two watchers of everyone,
one of whom reads slowly. The floors do the second alone: they know no names, bound
nothing, and have nothing to tell in snapshots.

With --serve-arg --flush-interval=50ms, say, changes are gathered for that long: fewer
and fuller writes, later notices.`,
		bench.Presence, bench.Setup{Count: 1000, Names: 5, Changes: 100_000, Counters: true}, 2,
	},
	{
		"pairs", "messages from user to user",
		`Pairs lets --count pairs of users send messages of --bytes, one way, for --duration:
one in flight for each pair, then 64 in flight in batches of 16; beside --idle users.`,
		bench.Pairs, bench.Setup{Idle: 10_000, Count: 100, Duration: 2 * time.Second, Bytes: 128}, 0,
	},
	{
		"fanout", "notices of single changes to many watchers",
		`Fanout lets users come and go before --watchers watchers for --duration, and counts
the changes that reach them: one at a time, then 16 in flight.`,
		bench.FanOut, bench.Setup{Watchers: 10_000, Duration: 2 * time.Second}, 0,
	},
	{
		"heartbeat", "what heartbeats cost, and how late silence is noticed",
		`Heartbeat lets --idle clients ping, each once in --interval, for --duration, and
tells the server's share of a core. Then --count clients fall silent: their notices
must not come before their timeout of 2 s, and little after it.`,
		bench.Heartbeat, bench.Setup{Idle: 10_000, Interval: time.Second, Duration: 3 * time.Second, Count: 100}, 0,
	},
}

// benchCommand measures this machine.
func (p *program) benchCommand() *cobra.Command {
	f := &benchFlags{}
	cmd := &cobra.Command{
		Use:   "bench COMMAND",
		Short: "Measure the server on this machine, beside two floors",
		Long: `Bench starts a server in a process of its own, loads it from others over loopback,
and does the same with two floors that speak the same protocol without actors and
without guarantees: one goroutine a connection (floor-go), and one thread with epoll
(floor-epoll). All take their turns in each run, so that the ratios hold on a busy
machine too. With --server it measures a server that runs already.`,
		Example: `  rollcall bench conns
  rollcall bench notice --runs 5 --json
  rollcall bench storm --idle 5000 --watchers 10
  rollcall bench pairs --server 127.0.0.1:7465 --server-pid 4711 --floors=false`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, k := range benchKinds {
		cmd.AddCommand(p.benchKindCommand(f, k))
	}
	cmd.AddCommand(p.benchFilesCommand(), p.benchScaleCommand(), benchFloorCommand(p), benchLoadCommand(p))
	return cmd
}

func (p *program) benchKindCommand(f *benchFlags, k benchKind) *cobra.Command {
	s := k.sizes
	cmd := &cobra.Command{
		Use: k.name + " [flags]", Short: "Measure " + k.short, Long: k.long,
		Example: "  rollcall bench " + k.name + " --runs 5",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.bench(cmd.Context(), &s, k, f)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&s.Server, "server", "", "measure the server at this `HOST:PORT` instead of one of its own")
	fs.IntVar(&s.ServerPID, "server-pid", 0, "its process, to meter its memory and processor time")
	fs.BoolVar(&s.Floors, "floors", true, "measure the two floors as well")
	fs.IntVar(&s.Runs, "runs", 3, "how often each is measured")
	fs.StringArrayVar(&s.ServeArgs, "serve-arg", nil, "one more `ARGUMENT` for the server of its own; may be given several times")
	count := func(to *int, name, what string) {
		if *to > 0 {
			fs.IntVar(to, name, *to, what)
		}
	}
	span := func(to *time.Duration, name, what string) {
		if *to > 0 {
			fs.DurationVar(to, name, *to, what)
		}
	}
	count(&s.Idle, "idle", "idle users")
	count(&s.Count, "count", "how many are measured")
	count(&s.Watchers, "watchers", "who is told")
	count(&s.Names, "names", "how many each names in the first part; 0 leaves it out")
	count(&s.Changes, "changes", "how many come while one watcher reads slowly; 0 leaves that out")
	count(&s.Bytes, "bytes", "the size of each, in bytes")
	span(&s.Duration, "duration", "how long each measurement takes")
	span(&s.Interval, "interval", "the clients' heartbeat")
	span(&s.Pace, "pace", "the time between two departures")
	fs.BoolVar(&f.asJSON, "json", false, "as JSON, one row a line")
	fs.BoolVar(&f.quiet, "quiet", false, "do not tell which run is under way")
	return cmd
}

func (p *program) bench(ctx context.Context, s *bench.Setup, k benchKind, f *benchFlags) error {
	if s.Runs < 1 {
		return usage("--runs is %d, and must be at least 1", s.Runs)
	}
	for name, n := range map[string]int{"idle": s.Idle, "count": s.Count, "watchers": s.Watchers, "names": s.Names, "changes": s.Changes, "bytes": s.Bytes} {
		if n < 0 {
			return usage("--%s is negative", name)
		}
	}
	if s.Count < k.least {
		return usage("--count is %d, and must be at least %d", s.Count, k.least)
	}
	if s.Server != "" {
		if _, _, err := net.SplitHostPort(s.Server); err != nil {
			return usage("--server is no HOST:PORT: %s", cause(err))
		}
	}
	var err error
	if s.Program, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if !f.quiet {
		notes := p.printer(p.err)
		s.Progress = func(format string, args ...any) { notes.line(format, args...) }
	}
	rows, err := s.Run(ctx, k.measure)
	if err != nil {
		return err
	}
	return p.benchRows(rows, f, s.Runs, "TO GO\tTO EPOLL", func(r bench.Row) (first, second float64) { return r.ToGo, r.ToEpoll })
}

// benchRows prints what was measured; ratios are those to the two floors, and
// floors their heads.
func (p *program) benchRows(rows []bench.Row, f *benchFlags, runs int, floors string, ratios func(bench.Row) (first, second float64)) error {
	t := p.table(f.asJSON, 0, "FIGURE\tTARGET\tMEDIAN\tMIN\tMAX\tUNIT\t"+floors)
	for _, r := range rows {
		if f.asJSON {
			t.object(r)
			continue
		}
		first, second := ratios(r)
		t.row(r.Figure, r.Target, number(r.Median), number(r.Min), number(r.Max), r.Unit, times(first), times(second))
	}
	if err := t.flush(); err != nil {
		return err
	}
	if !f.asJSON {
		out := p.printer(p.out)
		out.line("%s, %s, %s; loopback, load and server side by side; ratios are medians of each run's", count(runs, "run"), count(runtime.NumCPU(), "processor"), runtime.Version())
		return out.failed()
	}
	return nil
}

// number writes a figure with three digits that count.
func number(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func times(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fx", v)
}

// benchFloorCommand runs one of the floors; it is for bench itself.
func benchFloorCommand(p *program) *cobra.Command {
	var kind, listen, dir string
	cmd := &cobra.Command{
		Use: "floor", Short: "Run a floor", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir != "" {
				return bench.FileFloor(cmd.Context(), kind, listen, dir, p.out)
			}
			return bench.Floor(cmd.Context(), kind, listen, p.out)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "epoll", "epoll or go; with --dir tcp or http")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address")
	cmd.Flags().StringVar(&dir, "dir", "", "where files are kept")
	return cmd
}

// benchLoadCommand holds a crowd; it is for bench itself.
func benchLoadCommand(p *program) *cobra.Command {
	var l bench.Load
	cmd := &cobra.Command{
		Use: "load", Short: "Hold a crowd", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return l.Hold(cmd.Context(), p.in, p.out) },
	}
	cmd.Flags().StringVar(&l.Server, "server", "", "address")
	cmd.Flags().IntVar(&l.First, "first", 0, "number of the first")
	cmd.Flags().IntVar(&l.Count, "count", 0, "how many")
	cmd.Flags().DurationVar(&l.Ping, "ping", 0, "each pings this often")
	return cmd
}
