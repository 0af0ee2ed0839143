package transfer_test

import (
	"fmt"
	"time"

	"example.com/rollcall/actors/internal/transfer"
)

// A put is interrupted, and the same put goes on with it under another number.
func ExampleBook() {
	b := transfer.NewBook(transfer.Limits{PerConnection: 8, PerOwner: 64, All: 1000, Grace: time.Minute})
	key := transfer.Key{Owner: "ann", Name: "notes.txt", Size: 5, To: "bob"}
	put, _ := b.Open(1, transfer.Put, "ann", key)

	b.Interrupt(10*time.Second, 1)
	next, _ := b.Next()
	fmt.Println("waits until", next)

	same, ok := b.Find(key, func(transfer.Transfer) bool { return false })
	fmt.Println("found", ok && same.ID == put.ID, "under another number", same.Number != put.Number)
	fmt.Println(b.Attach(same.ID, 2))
	// Output:
	// waits until 1m10s
	// found true under another number true
	// <nil>
}
