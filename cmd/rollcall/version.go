package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"example.com/rollcall/wire"
)

// release is the program's version. A build can set it: -ldflags "-X main.release=1.2.3".
var release = "0.1.0-dev"

// versionCommand tells what this program is.
func (p *program) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version [--json]",
		Short:   "Tell the version",
		Example: "  rollcall version --json",
		Args:    noArguments(""),
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Release  string `json:"release"`
				Protocol int    `json:"protocol"`
				Commit   string `json:"commit,omitempty"`
				Go       string `json:"go"`
				Platform string `json:"platform"`
			}{release, wire.Version, commit(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
			out := p.printer(p.out)
			if asJSON {
				text, err := json.Marshal(v)
				if err != nil {
					return err
				}
				out.line("%s", text)
				return out.failed()
			}
			from := ""
			if v.Commit != "" {
				from = ", commit " + v.Commit
			}
			out.line("rollcall %s (protocol %d%s, %s, %s)", v.Release, v.Protocol, from, v.Go, v.Platform)
			return out.failed()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// commit returns the revision that the program was built from, if Go knows it.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	revision, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return ""
	}
	return fmt.Sprint(revision, dirty)
}
