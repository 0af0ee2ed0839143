package roster_test

import (
	"fmt"

	"example.com/rollcall/actors/internal/roster"
)

// Paging goes on where it was, whatever comes and goes in between.
func ExampleList_After() {
	var l roster.List[string]
	l.Add("ann")
	bob := l.Add("bob")
	l.Add("cy")

	page, cursor, more := l.After(0, 2)
	fmt.Println(page, more)

	l.Remove(bob)
	l.Add("dee")
	page, _, more = l.After(cursor, 2)
	fmt.Println(page, more)
	// Output:
	// [ann bob] true
	// [cy dee] false
}
