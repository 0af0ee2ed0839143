package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// configFlag names the file of settings; it is the one flag that the file
// itself cannot set.
const configFlag = "config"

// variable returns the environment variable of a flag.
func variable(flag string) string {
	return "ROLLCALL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// special reports whether a flag is an act and no setting.
func special(f *pflag.Flag) bool {
	_, here := f.Annotations[hereOnly]
	return here || f.Name == "help" || f.Name == "version"
}

// hereOnly marks a flag that only the command line sets: a setting of its name
// means something else.
const hereOnly = "command line only"

// onlyHere marks a flag of the command as one that only the command line sets.
func onlyHere(cmd *cobra.Command, flag string) {
	_ = cmd.Flags().SetAnnotation(flag, hereOnly, nil) // the flag is there
}

// nameVariables adds to each flag's help the variable that sets it.
func nameVariables(root *cobra.Command) {
	name := func(f *pflag.Flag) {
		if !special(f) {
			f.Usage += " [" + variable(f.Name) + "]"
		}
	}
	root.PersistentFlags().VisitAll(name)
	for _, c := range root.Commands() {
		c.Flags().VisitAll(name)
	}
}

// settle gives the flags that the command line has left alone the value of
// their variable, or else that of the file. Values are read by the flag itself,
// so that all three ways take the same words and make the same errors.
func (p *program) settle(cmd *cobra.Command) error {
	if err := p.fromEnvironment(cmd); err != nil {
		return err
	}
	config := cmd.Flags().Lookup(configFlag)
	if config == nil || config.Value.String() == "" { // nil: of the shell's completion
		return nil
	}
	file, err := readSettings(config.Value.String())
	if err != nil {
		return err
	}
	return file.apply(cmd)
}

func (p *program) fromEnvironment(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if err != nil || f.Changed || special(f) {
			return
		}
		value, ok := p.env(variable(f.Name))
		if !ok || value == "" {
			return
		}
		if bad := cmd.Flags().Set(f.Name, value); bad != nil {
			err = usage("%s: %w", variable(f.Name), bad)
		}
	})
	return err
}
