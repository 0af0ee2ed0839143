package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// noArguments refuses what stands behind a command that takes flags alone.
// Instead is the flag that was perhaps meant, if there is one.
func noArguments(instead string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := ""
		if instead != "" {
			hint = fmt.Sprintf("; did you mean --%s %s?", instead, args[0])
		}
		return fmt.Errorf("%s takes no arguments but flags, and got %q%s", cmd.Name(), strings.Join(args, " "), hint)
	}
}

// oneArgument asks for exactly one, which is called what.
func oneArgument(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return fmt.Errorf("say which: %s %s", cmd.CommandPath(), what)
		default:
			return fmt.Errorf("%s takes one %s, and got %q", cmd.Name(), what, strings.Join(args, " "))
		}
	}
}

// someArguments asks for one or more, each of which is called what.
func someArguments(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("say which: %s %s", cmd.CommandPath(), what)
		}
		return nil
	}
}
