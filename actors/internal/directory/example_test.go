package directory_test

import (
	"fmt"

	"example.com/rollcall/actors/internal/directory"
)

// conn is what a server has of a connection.
type conn struct {
	key   directory.Key
	place directory.Place[*conn]
}

func (c *conn) Key() directory.Key             { return c.key }
func (c *conn) Place() *directory.Place[*conn] { return &c.place }

// A client has come back from another port while its old connection still hangs.
func ExampleDirectory() {
	from := func(id uint64, remote string) *conn {
		return &conn{key: directory.Key{
			ID: id, Identifier: "phone", Endpoint: directory.Endpoint{Remote: remote, Local: "192.0.2.1:7465"},
		}}
	}
	var d directory.Directory[*conn]
	first, second := from(1, "203.0.113.7:5000"), from(2, "203.0.113.7:5001")
	d.Add(first)
	d.Add(second)

	d.Remove(first) // the old connection's end, late
	for _, c := range d.ByIdentifier("phone") {
		fmt.Println(c.key.ID, c.key.Endpoint.Remote)
	}

	// The same port again: the kernel would not give it away twice.
	displaced, err := d.Add(from(3, "203.0.113.7:5001"))
	fmt.Println("displaced", displaced.key.ID, err, d.Len())
	// Output:
	// 2 203.0.113.7:5001
	// displaced 2 <nil> 1
}
