package client

// Close says goodbye after what waits to be sent, ends the client and waits
// until everything that it started has ended: its goroutines, its watches, a
// handler that is still running. So it must not be called from OnState,
// OnDeliver or OnApp; these may end the client by the context given to Dial.
//
// With a server that does not answer it takes about a second. Close may be
// called any number of times, and returns nil.
func (c *Client) Close() error {
	c.cancel(ErrClosed)
	<-c.done
	return nil
}

// Done is closed when the client has ended for good and all that it started
// has ended with it.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err returns nil until the client has ended for good, and then why: ErrClosed
// after Close, the cause of the context given to Dial, or an [*EndError].
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// stopped reports whether the client was closed or cancelled from outside.
func (c *Client) stopped() bool { return c.ctx.Err() != nil }
