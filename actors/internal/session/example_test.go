package session_test

import (
	"fmt"
	"time"

	"example.com/rollcall/actors/internal/session"
	"example.com/rollcall/wire"
)

// A user reconnects while the old connection still hangs, and the old one ends
// late: watchers see nothing of it.
func Example() {
	b := session.New(session.Config{})
	b.Admit(1)
	first, _ := b.Login(0, 0, 1, "alice", 0)
	fmt.Println("came online:", first.CameOnline)

	b.Admit(2)
	second, _ := b.Login(time.Second, 1000, 2, "alice", first.Session)
	fmt.Println("resumed:", second.Resumed, "replaced:", second.Replaced, "came online:", second.CameOnline)

	late := b.End(30*time.Second, 30_000, 1, wire.ReasonHeartbeatTimeout)
	fmt.Println("went offline:", late.WentOffline, "alice is on", b.Connections("alice"))

	last := b.End(40*time.Second, 40_000, 2, wire.ReasonBye)
	fmt.Println("went offline:", last.WentOffline, last.Reason)
	// Output:
	// came online: true
	// resumed: true replaced: [1] came online: false
	// went offline: false alice is on [2]
	// went offline: true bye
}

// With a grace, a lost user is held online until Expire says otherwise.
func ExampleBook_Expire() {
	b := session.New(session.Config{Grace: 5 * time.Second})
	b.Admit(1)
	_, _ = b.Login(0, 0, 1, "alice", 0)
	d := b.End(time.Second, 1000, 1, wire.ReasonReset)
	fmt.Println("held:", d.Held, "until:", d.Until)

	next, _ := b.Next()
	for _, d := range b.Expire(next) {
		fmt.Println(d.User, "offline:", d.WentOffline, d.Reason)
	}
	// Output:
	// held: true until: 6s
	// alice offline: true reset
}
