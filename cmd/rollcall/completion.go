package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// completionCommand writes the completions for a shell.
func (p *program) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Write completions for the shell",
		Long:  "Completion writes a script to standard output that makes the shell complete\ncommands, flags and their words.",
		Example: `  source <(rollcall completion bash)
  rollcall completion zsh > "${fpath[1]}/_rollcall"
  rollcall completion fish > ~/.config/fish/completions/rollcall.fish`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args:      cobra.MatchAll(oneArgument("bash|zsh|fish|powershell"), knownShell),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(p.out, true)
			case "zsh":
				return root.GenZshCompletion(p.out)
			case "fish":
				return root.GenFishCompletion(p.out, true)
			default:
				return root.GenPowerShellCompletionWithDesc(p.out)
			}
		},
	}
}

// knownShell refuses a shell for which there are no completions.
func knownShell(cmd *cobra.Command, args []string) error {
	if !slices.Contains(cmd.ValidArgs, args[0]) {
		return fmt.Errorf("there are no completions for %q: it is one of %s", args[0], strings.Join(cmd.ValidArgs, ", "))
	}
	return nil
}
