package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
)

// filesCommand lists the stored files.
func (p *program) filesCommand() *cobra.Command {
	f := &clientFlags{}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "files --user NAME [flags]",
		Short: "List the files on the server that you may get",
		Long: `Files lists what is stored on the server for you: your own files, those that
others have put for you, and those for everyone; oldest first. Get fetches one by
its ID, or by its name if no other file has it. With --json there is one object a
line.`,
		Example: `  rollcall files --user bob
  rollcall files --user bob --json | jq -r 'select(.owner == "alice") | .id'`,
		Args: noArguments("user"),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.files(cmd.Context(), f, asJSON) },
	}
	f.bind(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line")
	return cmd
}

func (p *program) files(ctx context.Context, f *clientFlags, asJSON bool) error {
	c, err := f.brief(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	t := p.table(asJSON, 0, "ID\tNAME\tSIZE\tOWNER\tFOR\tSTORED\tUNTIL")
	err = f.eachFile(ctx, c, func(file wire.File) bool {
		if asJSON {
			t.object(fileObject(&file))
		} else {
			t.row(file.ID, printable(file.Name), size(file.Size), printable(file.Owner),
				forWhom(&file, f.user), moment(file.Stored), moment(file.Expires))
		}
		return true
	})
	if failed := t.flush(); err == nil {
		err = failed
	}
	return err
}

// forWhom are a file's recipients, as far as the server tells.
func forWhom(file *wire.File, user string) string {
	switch {
	case file.Everyone:
		return "everyone"
	case file.Owner != user:
		return printable(user)
	}
	names := make([]string, len(file.To))
	for i, u := range file.To {
		names[i] = printable(u)
	}
	return orDash(strings.Join(names, ", "))
}

// fileJSON is a file on the server, for programs.
type fileJSON struct {
	ID       string   `json:"id,omitempty"`
	Name     string   `json:"name"`
	Size     uint64   `json:"size"`
	Owner    string   `json:"owner"`
	Media    string   `json:"media,omitempty"`
	Hash     string   `json:"sha256"`
	To       []string `json:"to,omitempty"`
	Everyone bool     `json:"everyone,omitempty"`
	Created  string   `json:"created,omitempty"`
	Stored   string   `json:"stored,omitempty"`
	Expires  string   `json:"expires,omitempty"`
}

func fileObject(file *wire.File) fileJSON {
	return fileJSON{
		ID: file.ID.String(), Name: file.Name, Size: file.Size, Owner: file.Owner, Media: file.Media,
		Hash: wire.FileID(file.SHA256).String(), To: file.To, Everyone: file.Everyone,
		Created: stampOf(file.Created), Stored: stampOf(file.Stored), Expires: stampOf(file.Expires),
	}
}
