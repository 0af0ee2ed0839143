package actors

import "sync"

// credits bound what one connection may have in flight inside the server: the
// reader takes them before it hands a frame on, and whoever is done with the
// frame gives them back (H6). A reader that finds none waits, which stops
// reading from the socket, which slows the client down.
type credits struct {
	mu     sync.Mutex
	free   int32
	stuck  bool // the reader waits, or has not yet said that it no longer does
	closed bool
	wait   *readerWait // non-nil while the reader is to be woken
}

// readerWait is a reader that waits.
type readerWait struct {
	want int32 // what it needs
	wake waker
}

// waker is told, once, that there are credits again or will never be. It must
// not block: an actor calls it.
type waker interface{ wake() }

// alarm wakes a goroutine.
type alarm chan struct{}

func (a alarm) wake() { close(a) }

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
	if int(c.free) < n || c.closed {
		return false
	}
	c.free -= int32(n) //nolint:gosec // bounded by the credits
	return true
}

// take waits for n credits. It returns false when the credits were closed. Only
// the reader calls it. After a wait it calls woken, and when it has its credits freed, while the credits still
// count as held: a heartbeat that checks in between sees one or the other (G4).
func (c *credits) take(n int, woken, freed func()) bool {
	for {
		wake := make(alarm)
		taken, closed := c.takeOr(n, freed, wake)
		if closed {
			return false
		}
		if taken {
			return true
		}
		<-wake
		woken()
	}
}

// takeOr takes n credits, or has wake called once when there are that many, or
// when the credits are closed: a reader without a goroutine of its own then tries
// again. What is said of take holds for freed.
func (c *credits) takeOr(n int, freed func(), wake waker) (taken, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return false, true
	case int(c.free) < n:
		c.wait, c.stuck = &readerWait{int32(n), wake}, true //nolint:gosec // bounded by the credits
		return false, false
	}
	c.free -= int32(n) //nolint:gosec // bounded by the credits
	if c.stuck {
		freed()
		c.stuck, c.wait = false, nil
	}
	return true, false
}

// give returns n credits.
func (c *credits) give(n int) {
	c.mu.Lock()
	c.free += int32(n) //nolint:gosec // bounded by the credits
	var wake waker
	if c.wait != nil && c.free >= c.wait.want {
		wake, c.wait = c.wait.wake, nil
	}
	c.mu.Unlock()
	if wake != nil {
		wake.wake()
	}
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
	wait := c.wait
	c.wait = nil
	c.mu.Unlock()
	if wait != nil {
		wait.wake.wake()
	}
}
