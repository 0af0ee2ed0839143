package directory_test

import (
	"fmt"

	"example.com/rollcall/actors/internal/directory"
)

// A client has come back from another port while its old connection still hangs.
func ExampleDirectory() {
	at := func(remote string) directory.Endpoint {
		return directory.Endpoint{Remote: remote, Local: "192.0.2.1:7465"}
	}
	var d directory.Directory[string]
	d.Add(directory.Entry[string]{ID: 1, Identifier: "phone", Endpoint: at("203.0.113.7:5000"), Handle: "actor 1"})
	d.Add(directory.Entry[string]{ID: 2, Identifier: "phone", Endpoint: at("203.0.113.7:5001"), Handle: "actor 2"})

	d.Remove(1) // the old connection's end, late
	for _, e := range d.ByIdentifier("phone") {
		fmt.Println(e.ID, e.Endpoint.Remote, e.Handle)
	}

	// The same port again: the kernel would not give it away twice.
	displaced, err := d.Add(directory.Entry[string]{ID: 3, Identifier: "phone", Endpoint: at("203.0.113.7:5001"), Handle: "actor 3"})
	fmt.Println("displaced", displaced.ID, err, d.Len())
	// Output:
	// 2 203.0.113.7:5001 actor 2
	// displaced 2 <nil> 1
}
