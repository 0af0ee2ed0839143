package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"example.com/rollcall/supervisor"
)

// connectionsFlags are the filters of the list.
type connectionsFlags struct {
	adminFlags
	closed, asJSON                            bool
	id, identifier, endpoint, ofUser, endedBy string
	limit                                     int
}

// connectionsCommand lists connections.
func (p *program) connectionsCommand() *cobra.Command {
	f := &connectionsFlags{}
	cmd := &cobra.Command{
		Use:     "connections [flags]",
		Aliases: []string{"conns"},
		Short:   "List connections, or why they ended (admin API)",
		Long: `Connections lists the live connections, or with --closed the recent terminations,
the newest first, each with its reason and the server's evidence, from the
server's admin API. All filters that are given must match. With --json there is
one object a line, as in /connz.`,
		Example: `  rollcall connections
  rollcall connections --closed --of alice
  rollcall connections --closed --ended-by heartbeat_timeout --json | jq .silent_ns`,
		Args: noArguments(""),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.connections(cmd.Context(), f) },
	}
	fs := cmd.Flags()
	f.bind(fs)
	fs.BoolVar(&f.closed, "closed", false, "list recent terminations")
	fs.StringVar(&f.id, "id", "", "only the connection with this `NUMBER`")
	fs.StringVar(&f.ofUser, "of", "", "only those of this `USER`")
	fs.StringVar(&f.identifier, "with-identifier", "", "only those of the client with this `ID`")
	fs.StringVar(&f.endpoint, "endpoint", "", "only those from this remote `HOST:PORT`")
	fs.StringVar(&f.endedBy, "ended-by", "", "only those that ended for this `REASON`; needs --closed")
	fs.IntVar(&f.limit, "limit", 0, "list at most this many (default all)")
	fs.BoolVar(&f.asJSON, "json", false, "one JSON object a line")
	return cmd
}

// query are the filters as the admin API names them.
func (f *connectionsFlags) query() (url.Values, error) {
	switch {
	case f.endedBy != "" && !f.closed:
		return nil, usage("--ended-by needs --closed")
	case f.limit < 0:
		return nil, usage("--limit is %d", f.limit)
	}
	query := url.Values{}
	for name, value := range map[string]string{
		"id": f.id, "user": f.ofUser, "identifier": f.identifier, "endpoint": f.endpoint, "reason": f.endedBy,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.closed {
		query.Set("state", "closed")
	}
	return query, nil
}

func (p *program) connections(ctx context.Context, f *connectionsFlags) error {
	filters, err := f.query()
	if err != nil {
		return err
	}
	head := "ID\tUSER\tIDENTIFIER\tREMOTE\tAGE\tSILENT\tRTT\tIN\tOUT"
	if f.closed {
		head = "ID\tUSER\tREASON\tENDED\tREMOTE\tEVIDENCE"
	}
	t := p.table(f.asJSON, f.limit, head)
	return t.pages(func(query url.Values) (int, uint64, error) {
		for name, value := range filters {
			query[name] = value
		}
		if f.closed {
			return f.terminations(ctx, t, query)
		}
		return f.live(ctx, t, query)
	})
}

func (f *connectionsFlags) live(ctx context.Context, t *table, query url.Values) (int, uint64, error) {
	var page supervisor.ConnectionPage
	if err := f.ask(ctx, http.MethodGet, "/connz", query, &page); err != nil {
		return 0, 0, err
	}
	for _, c := range page.Connections {
		if t.asJSON {
			t.object(c)
			continue
		}
		t.row(c.ID, orDash(printable(c.User)), printable(c.Identifier), printable(c.Remote),
			short(time.Since(c.Accepted)), short(c.Silent), roundTrip(c.RTT), size(c.BytesIn), size(c.BytesOut))
	}
	return len(page.Connections), page.Next, nil
}

func (f *connectionsFlags) terminations(ctx context.Context, t *table, query url.Values) (int, uint64, error) {
	var page supervisor.TerminationPage
	if err := f.ask(ctx, http.MethodGet, "/connz", query, &page); err != nil {
		return 0, 0, err
	}
	for i := range page.Terminations {
		c := &page.Terminations[i]
		if t.asJSON {
			t.object(c)
			continue
		}
		t.row(c.Connection, orDash(printable(c.User)), c.Reason, clock(c.Ended.Local()), printable(c.Remote), evidence(c))
	}
	return len(page.Terminations), page.Next, nil
}

// roundTrip shows a round trip, if one was measured.
func roundTrip(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return short(d).String()
}
