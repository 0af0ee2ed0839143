//go:build !linux

package main

import "github.com/spf13/cobra"

// benchCommand measures this machine, where it can.
func (p *program) benchCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "bench COMMAND",
		Short:   "Measure the server on this machine, beside two floors (Linux)",
		Example: "  rollcall bench conns",
		RunE: func(*cobra.Command, []string) error {
			return exitWith(exitFailure, "bench needs Linux: its load and one of its floors are made of epoll")
		},
	}
}
