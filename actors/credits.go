package actors

import "sync"

// credits bound what one connection may have in flight inside the server: the
// reader takes them before it hands a frame on, and whoever is done with the
// frame gives them back (H6). A reader that finds none waits, which stops
// reading from the socket, which slows the client down.
type credits struct {
	mu     sync.Mutex
	free   int
	want   int           // what the waiting reader needs
	wake   chan struct{} // non-nil while the reader is to be woken
	stuck  bool          // the reader waits, or has not yet said that it no longer does
	closed bool
}

// creditBytes is how many bytes of a frame cost one credit, beside the one that
// each frame costs.
const creditBytes = 4 << 10

// creditsFor returns the price of a frame with a body of size bytes, at most
// half of all credits so that every frame can be paid for.
func creditsFor(size, all int) int { return min(1+size/creditBytes, max(all/2, 1)) }

// tryTake takes n credits if there are that many.
func (c *credits) tryTake(n int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free < n || c.closed {
		return false
	}
	c.free -= n
	return true
}

// take waits for n credits. It returns false when the credits were closed. Only
// the reader calls it. After a wait it calls woken, and when it has its credits freed, while the credits still
// count as held: a heartbeat that checks in between sees one or the other (G4).
func (c *credits) take(n int, woken, freed func()) bool {
	for {
		c.mu.Lock()
		if c.closed {
			c.mu.Unlock()
			return false
		}
		if c.free >= n {
			c.free -= n
			if c.stuck {
				freed()
				c.stuck = false
			}
			c.mu.Unlock()
			return true
		}
		wake := make(chan struct{})
		c.want, c.wake, c.stuck = n, wake, true
		c.mu.Unlock()
		<-wake
		woken()
	}
}

// give returns n credits.
func (c *credits) give(n int) {
	c.mu.Lock()
	c.free += n
	if c.wake != nil && c.free >= c.want {
		close(c.wake)
		c.wake = nil
	}
	c.mu.Unlock()
}

// held reports whether the reader waits for credits.
func (c *credits) held() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stuck && !c.closed
}

// close lets a waiting reader go, for good.
func (c *credits) close() {
	c.mu.Lock()
	c.closed = true
	if c.wake != nil {
		close(c.wake)
		c.wake = nil
	}
	c.mu.Unlock()
}
