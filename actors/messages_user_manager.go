package actors

import "example.com/rollcall/wire"

// Messages to the user manager.

// established announces a connection that is in both maps. It comes from the
// registry, before the connection itself learns of it: so before its login.
type established struct{ c *connection }

// terminated announces the end of a connection. It comes from the registry
// alone, once (G2).
type terminated struct {
	c *connection
	t *Termination
}

// loginUser asks for a session. The credential has been checked.
type loginUser struct {
	c      *connection
	login  *wire.Login
	credit int
}

// logoutUser ends the connection's session.
type logoutUser struct {
	c       *connection
	request uint64
	credit  int
}

// watchUsers and unwatchUsers change what the connection watches.
type watchUsers struct {
	c      *connection
	watch  *wire.Watch
	credit int
}

type unwatchUsers struct {
	c       *connection
	unwatch *wire.Unwatch
	credit  int
}

// resnapshot asks for the whole state again: the connection was too slow for
// the changes.
type resnapshot struct{ c *connection }

// pushUser hands a frame to every session of a user, or of everyone. sessions
// gets the number, and has room for it; it is closed when a panic has cost it.
type pushUser struct {
	user     string
	everyone bool
	frame    []byte
	sessions chan<- int // may be nil
	then     func(int)  // the same, for an actor; must not block; may be nil
}

// flushDue and graceDue are the user manager's two timers.
type flushDue struct{}

type graceDue struct{}

// liveSet is the registry's word on which connections are live: the user
// manager drops the others and admits the missing. It mends what a panic in the
// user manager has lost (S1).
type liveSet struct{ live map[uint64]*connection }

// userQuery runs ask on the user manager, like registryQuery.
type userQuery struct {
	ask  func(*userManager)
	lost func()
}
