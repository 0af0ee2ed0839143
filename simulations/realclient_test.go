package simulations

import (
	"testing"
	"time"
)

// What is done to real clients happens to them: they come back from another
// address, from the same one, after silence, and log out and in again, while they
// send files and watch.
func TestRealClientMoves(t *testing.T) {
	p := Plan{
		Scenario: "moves", Seed: 1, Duration: 5 * time.Minute,
		Server: ServerPlan{Interval: 4 * time.Second, Timeout: 10 * time.Second, MinTimeout: 8 * time.Second, Files: true},
		Clients: []ClientPlan{
			{Kind: "client", User: "ann", Identifier: "a", Everyone: true, Reconnect: time.Second},
			{Kind: "client", User: "bob", Identifier: "b", Names: []string{"ann"}, Reconnect: time.Second},
			{Kind: "peer", User: "eve", Identifier: "e", Everyone: true, Reconnect: time.Second},
		},
	}
	for i, kind := range []string{"roam", "rebind", "vanish", "logout"} {
		at := time.Duration(i+1) * time.Minute
		p.Ops = append(p.Ops, Op{At: at, Kind: kind, Client: i % 2, For: time.Second},
			Op{At: at - 10*time.Millisecond, Kind: "put", Client: i % 2, To: 2, N: 300_000, For: time.Minute})
	}
	for i := range p.Clients {
		p.Clients[i].Up = Conditions{Latency: 20 * time.Millisecond, Bandwidth: 200_000}
		p.Clients[i].Down = p.Clients[i].Up
	}
	for p.Seed = range 5 {
		r := run(t, p, Options{})
		for _, seen := range []string{"roam", "rebind", "vanish", "client logged out", "client logged in again", "put", "put failed"} {
			if r.Tally.Effects[seen] == 0 {
				t.Errorf("seed %d: no %s", p.Seed, seen)
			}
		}
	}
}
