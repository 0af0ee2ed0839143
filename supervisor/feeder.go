package supervisor

import "example.com/rollcall/actors"

// Feeder is a transport that needs no goroutine of the server's: it hands on what
// comes by itself. ServeConn takes it like any other.
type Feeder = actors.Feeder

// Fed is where a Feeder's bytes go.
type Fed = actors.Fed
