package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/supervisor/admin"
	"example.com/rollcall/wire"
)

// forgetCommand removes what is recorded of a user.
func (p *program) forgetCommand() *cobra.Command {
	f := &adminFlags{}
	var data string
	cmd := &cobra.Command{
		Use:   "forget USER [flags]",
		Short: "Remove what is recorded of a user (admin API, or the data directory)",
		Long: `Forget removes every record that names the user: departures, what watchers were
told, transfers, the entry in the roll. A user who is online stays on the roll until
it goes. Files are not touched: 'rollcall rm' takes those back.

It asks the server's admin API, which takes this from the server's own machine only,
unless the server runs with --admin-remote; with --data it works on the data
directory of a server that does not run.`,
		Example: `  rollcall forget alice
  rollcall forget alice --data /srv/rollcall`,
		Args: oneArgument("USER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wire.ValidUser(args[0]); err != nil {
				return usage("%w", err)
			}
			if data != "" && data != noFiles {
				return p.forgetOnDisk(data, args[0])
			}
			return p.forget(cmd.Context(), f, args[0])
		},
	}
	f.bind(cmd.Flags())
	cmd.Flags().StringVar(&data, "data", "", "work on the data `DIR` of a server that does not run, in place of asking one")
	onlyHere(cmd, "data")
	return cmd
}

func (p *program) forget(ctx context.Context, f *adminFlags, user string) error {
	var done admin.Forgotten
	if err := f.ask(ctx, http.MethodPost, "/forget", url.Values{"user": {user}}, &done); err != nil {
		return err
	}
	return p.forgotten(user, done.Records)
}

func (p *program) forgotten(user string, records int) error {
	if records == 0 {
		return exitWith(exitNoRecord, "nothing is on record of %s", user)
	}
	out := p.printer(p.out)
	out.line("forgot %s of %s", count(records, "record"), printable(user))
	return out.failed()
}

// forgetOnDisk works on the data directory of a server that does not run: both
// locks say so.
func (p *program) forgetOnDisk(data, user string) (err error) {
	dir := filepath.Join(data, recordDir)
	if _, err := os.Stat(dir); err != nil { // opening would make it
		return exitWith(exitUnreachable, "there is no record in %s: %s", data, cause(err))
	}
	d, err := disk.Open(dir)
	if err != nil {
		return exitWith(exitUnreachable, "the record in %s cannot be opened: %s", data, cause(err))
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	inUse := func(err error) error {
		if errors.Is(err, record.ErrLocked) {
			return exitWith(exitRefused, "a server runs on %s: ask it, with --admin and without --data", data)
		}
		return fmt.Errorf("the record in %s: %w", data, err)
	}
	roll, err := record.OpenRoll(d, record.RollOptions{})
	if err != nil {
		return inUse(err)
	}
	defer func() { err = errors.Join(err, roll.Close()) }()
	// Nothing is dropped for its age or size but what a server drops.
	journal, err := record.OpenJournal(d, record.JournalOptions{MaxAge: -1, MaxBytes: 1 << 62})
	if err != nil {
		return inUse(err)
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	records, err := journal.Forget(user)
	if err != nil {
		return fmt.Errorf("the journal in %s: %w", data, err)
	}
	for _, u := range roll.Left().Users {
		if u.User == user {
			records++
		}
	}
	if err := roll.Forget(user); err != nil {
		return fmt.Errorf("the roll in %s: %w", data, err)
	}
	return p.forgotten(user, records)
}
