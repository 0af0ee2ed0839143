package record_test

import (
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/rollcall/actors/disk"
	"example.com/rollcall/actors/record"
	"example.com/rollcall/wire"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A life of the server writes who is online; the next one finds who was lost.
func ExampleOpenRoll() {
	dir, err := os.MkdirTemp("", "record")
	check(err)
	defer os.RemoveAll(dir)
	d, err := disk.Open(dir)
	check(err)
	defer d.Close()

	roll, err := record.OpenRoll(d, record.RollOptions{})
	check(err)
	check(roll.Write(record.Batch{Epoch: 1, At: 1000, Online: []record.RollUser{
		{User: "alice", Sessions: 2, Since: 900}, {User: "bob", Sessions: 1, Since: 950},
	}}))
	check(roll.Write(record.Batch{Epoch: 1, At: 2000, Offline: []string{"bob"}}))
	check(roll.Close()) // without a last batch that is Clean: as after a kill -9

	roll, err = record.OpenRoll(d, record.RollOptions{})
	check(err)
	defer roll.Close()
	left := roll.Left()
	fmt.Printf("epoch %d, last alive at %d, clean %v\n", left.Epoch, left.Alive, left.Clean)
	for _, u := range left.Users {
		fmt.Printf("%s, lost at %d\n", u.User, u.Lost)
	}
	// Output:
	// epoch 1, last alive at 2000, clean false
	// alice, lost at 2000
}

// The journal of departures can be asked, the newest first.
func ExampleOpenJournal() {
	journal, err := record.OpenJournal(disk.NewMemory(), record.JournalOptions{MaxAge: -1})
	check(err)
	defer journal.Close()
	check(journal.Append([]record.Record{
		&record.Departure{At: 1000, Connection: 7, Remote: "10.0.0.1:4000", User: "alice", Reason: wire.ReasonEOF},
		&record.Stall{At: 1500, Length: 300},
		&record.Departure{At: 2000, Connection: 8, Remote: "10.0.0.2:4000", User: "bob", Reason: wire.ReasonBye},
		&record.Departure{At: 3000, Connection: 9, Remote: "10.0.0.1:4001", User: "alice", Reason: wire.ReasonReset},
	}))
	for r, err := range journal.Records(record.Query{Endpoint: "10.0.0.1"}) {
		check(err)
		switch r := r.(type) {
		case *record.Departure:
			fmt.Println(r.At, r.User, r.Reason)
		case *record.Stall:
			fmt.Println(r.At, "the server stood still for", r.Length, "ms")
		}
	}
	n, err := journal.Forget("alice")
	fmt.Println(n, "forgotten", err)
	// Output:
	// 3000 alice reset
	// 1500 the server stood still for 300 ms
	// 1000 alice eof
	// 2 forgotten <nil>
}

// What support reads aloud.
func ExampleAccounts() {
	journal := record.NewMemoryJournal(1000)
	at := time.Date(2026, 2, 2, 2, 40, 0, 0, time.UTC).UnixMilli()
	check(journal.Append([]record.Record{
		&record.Departure{
			At: at, Epoch: 7, Connection: 1001, Remote: "198.51.100.7:40001", User: "alice", Reason: wire.ReasonHeartbeatTimeout,
			First: record.SideServer, Handshaken: true, Accepted: at - 60_000, LastIn: at - 10_000, Timeout: 10_000, PingsMissed: 2,
		},
		&record.SessionEnd{At: at, Epoch: 7, User: "alice", Connection: 1001, Reason: wire.ReasonHeartbeatTimeout, Offline: true},
		&record.Announcement{At: at, Epoch: 7, User: "alice", Reason: wire.ReasonHeartbeatTimeout, Watchers: 3, Connection: 1001},
	}))
	subject, err := record.ParseSubject("alice")
	check(err)
	accounts, err := record.Accounts(journal, subject, record.Limit{})
	check(err)
	for _, a := range accounts {
		fmt.Println(strings.ReplaceAll(a.Story, ". ", ".\n"))
		fmt.Println(a.Unknown[0])
	}
	// Output:
	// User "alice" (connection 1001 from 198.51.100.7:40001) was disconnected on 2 February 2026 at 02:40:00 UTC: the client had stopped answering, and the server gave it up.
	// The client was last heard at 02:39:50; after that nothing came for 10 s, and the timeout agreed on was 10 s; 2 pings went unanswered.
	// It was the last session, so the user went offline at once.
	// 3 watching connections were told, at 02:40:00, that the user is offline, with the reason heartbeat_timeout.
	// It cost no file transfer that is on record.
	// We do not know whether the client's network or its process failed: it just stopped answering.
}
