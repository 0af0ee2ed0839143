package actors

import (
	"sync"
	"time"

	"example.com/rollcall/actors/internal/wheel"
)

// clocks tell each connection when its deadline has come. One time.Timer each
// would be a tenth of what an idle connection costs. There are several, so that
// connections seldom wait for each other's.
type clocks [clockCount]clock

const clockCount = 8

// clock has the deadlines of some of the connections.
type clock struct {
	// static after construction
	sys *System

	// owned by whoever holds mu
	mu     sync.Mutex
	wheel  wheel.Wheel[*connection]
	timer  *time.Timer   // made when first needed
	set    time.Duration // when it is to fire; 0: it is not set
	closed bool
}

// Link implements wheel.Linked.
func (c *connection) Link() *wheel.Link[*connection] { return &c.alarm }

// clock returns that of this connection.
func (c *connection) clock() *clock { return &c.sys.clocks[c.id%clockCount] }

// arm sets a connection's deadline, in place of the one that it had.
func (k *clock) arm(c *connection, at time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wheel.Set(c, at)
	k.wind()
}

// armBefore puts a connection's deadline no later than at. When it has none, its actor
// is about to set one, or has ended.
func (k *clock) armBefore(c *connection, at time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.alarm.Armed() && c.alarm.Due() > at {
		k.wheel.Set(c, at)
		k.wind()
	}
}

// disarm drops a connection's deadline.
func (k *clock) disarm(c *connection) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wheel.Cancel(c)
}

// wind sets the timer, unless it fires early enough. The caller holds mu.
func (k *clock) wind() {
	next, ok := k.wheel.Next()
	if !ok || k.closed || k.set != 0 && k.set <= next {
		return
	}
	k.set = max(next, 1)
	wait := max(next-k.sys.now(), 0)
	if k.timer == nil {
		k.timer = time.AfterFunc(wait, k.strike)
	} else {
		k.timer.Reset(wait)
	}
}

// struckAtOnce is how many connections one goroutine tells; it leaves the others
// to another one, which begins at once.
const struckAtOnce = 64

// strike tells those whose time has come. What their actors do about it is done
// here as well, when they are idle: nobody waits inside receive.
func (k *clock) strike() {
	var room [struckAtOnce]*connection
	k.mu.Lock()
	k.set = 0
	due := k.wheel.Due(k.sys.now(), room[:0])
	k.wind()
	k.mu.Unlock()
	for _, c := range due {
		c.tellHere(tick{})
	}
}

// stop ends the clocks. No connection is left.
func (ks *clocks) stop() {
	for i := range ks {
		k := &ks[i]
		k.mu.Lock()
		k.closed = true
		if k.timer != nil {
			k.timer.Stop()
		}
		k.mu.Unlock()
	}
}
