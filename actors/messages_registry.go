package actors

// Messages to the registry actor.

// accepted announces a connection before its first byte is read.
type accepted struct{ c *connection }

// register asks for a place in both maps: the handshake is finished.
type register struct{ c *connection }

// ended is a connection's one termination (G2).
type ended struct {
	c *connection
	t *Termination
}

// sweep looks for terminations that a panic has lost (S1), and re-arms itself.
type sweep struct{}

// drain begins a shutdown: every connection is told, and each that comes later.
type drain struct{}

// quit ends a long-lived actor.
type quit struct{}

// registryQuery runs ask on the registry actor. ask must be quick and must not
// block; the answer goes out through a channel with room for it. lost is called
// instead when a panic has cost the answer, so that nobody waits for it.
type registryQuery struct {
	ask  func(*registry)
	lost func()
}
