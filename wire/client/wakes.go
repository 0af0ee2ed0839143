package client

import "strconv"

// Whatever in a client has waited calls Options.GoOn before it does anything,
// and only then looks what has happened meanwhile. So a simulation can put all
// that goes on in an order of its own, and it does not matter which of several
// things has ended a wait.

// goesOn is called by the client's own goroutines.
func (c *Client) goesOn(goroutine string) {
	if c.o.GoOn != nil {
		c.o.GoOn(goroutine)
	}
}

// goesOn is called by the goroutines of a connection.
func (cn *conn) goesOn(goroutine string) {
	if cn.goOn != nil {
		cn.goOn(goroutine)
	}
}

// number gives a call that may wait, or a watch, its number for Options.GoOn. It
// is 0 if nobody asks.
func (c *Client) number() uint64 {
	if c.o.GoOn == nil {
		return 0
	}
	return c.numbers.Add(1)
}

// callGoesOn is called by calls of the client's methods.
func (c *Client) callGoesOn(number uint64) {
	if c.o.GoOn != nil {
		c.o.GoOn("call/" + strconv.FormatUint(number, 10))
	}
}

// drain takes the token out of a channel that holds one.
func drain(token chan struct{}) {
	select {
	case <-token:
	default:
	}
}

// over reports whether a channel is closed that is never sent to.
func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
