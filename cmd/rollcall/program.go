package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
)

// program is one run of the command line, and all that it touches: tests run it
// with buffers.
type program struct {
	// static after construction
	in       io.Reader
	out, err io.Writer
	env      func(name string) (string, bool)
	signals  <-chan os.Signal // nil: none will come
	exit     func(code int)   // ends the process at once

	// owned by run's goroutine
	began  bool            // the command itself runs: what fails now is no mistake of usage
	forced context.Context // ends with the second signal

	// owned by whoever holds mu
	mu      sync.Mutex
	restore func() // puts the terminal back into order; nil: it is
}

// run does what args say and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	ctx, forced, stop := p.watchSignals(ctx)
	defer stop()
	p.forced = forced
	root := p.rootCommand()
	root.SetArgs(append([]string{}, args...)) // never nil: cobra would take those of the process
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !p.began && !errors.As(err, new(*exitError)) {
		err = usage("%w (see '%s --help')", err, cmd.CommandPath())
	}
	return p.report(err)
}

// report writes the one line of an error and returns its exit code.
func (p *program) report(err error) int {
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintf(p.err, "rollcall: %s\n", plain(err))
	return codeOf(err)
}

// rootCommand builds the tree of commands.
func (p *program) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "rollcall",
		Short: "A server that is never wrong about who is online, and its clients",
		Long: `rollcall supervises the connections of clients, notices every departure, however
it happens, and tells those who watch: who has gone, when, and why.

Start a server with 'rollcall serve', watch it with 'rollcall watch', come and go
with 'rollcall join --user alice'. 'rollcall demo' shows it all in one go.`,
		Example: `  rollcall demo
  rollcall serve
  rollcall watch
  rollcall join --user alice`,
		Version:           release,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.settle(cmd); err != nil {
				return err
			}
			p.began = true
			return nil
		},
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetVersionTemplate("rollcall {{.Version}}\n")
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpCommand(helpCommand(root))
	root.PersistentFlags().String(configFlag, "", "read settings from this YAML `FILE`")
	for _, c := range []*cobra.Command{
		p.serveCommand(), p.demoCommand(), p.joinCommand(), p.watchCommand(), p.chatCommand(),
		p.sendCommand(), p.putCommand(), p.getCommand(), p.filesCommand(), p.rmCommand(), p.whoCommand(), p.connectionsCommand(), p.kickCommand(),
		p.whyCommand(), p.forgetCommand(),
		p.benchCommand(), p.simulateCommand(), p.versionCommand(), p.completionCommand(),
	} {
		c.DisableFlagsInUseLine = true
		c.Flags().SortFlags = false // they stand in an order of sense
		root.AddCommand(c)
	}
	nameVariables(root)
	return root
}

// helpCommand is "rollcall help COMMAND", with an error for a command that is
// not there.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Tell about a command",
		// Help needs no settings: it has to work with a broken file too.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
		RunE: func(_ *cobra.Command, args []string) error {
			about, rest, err := root.Find(args)
			if err != nil || about == nil || len(rest) > 0 {
				return usage("there is no command %q (see 'rollcall --help')", strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

// usageTemplate is cobra's, with flags wrapped, and with what holds for all
// commands at the end.
const usageTemplate = `Usage:{{if and .Runnable .HasParent (not .HasAvailableSubCommands)}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding}}  {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped 96 | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsagesWrapped 96 | trimTrailingWhitespaces}}{{end}}

Settings: a flag wins over its environment variable, that over the file of --config.
Exit codes: 0 done, 1 error, 2 usage, 3 server not reachable, 4 refused, 5 not there (user
offline, no such connection or file), 6 no room (disk full, quota, file too large), 7 a checksum
or size is wrong, 8 nothing is on record, 130 and 143 interrupted by SIGINT and SIGTERM before it was done.
`
