package actors

import (
	"runtime"
	"sync"
)

// mailbox is the queue of one actor, and says who runs it. It stands in for
// hollywood's inbox, which costs an idle actor a quarter of a kilobyte and a
// running one two allocations a hop. An empty mailbox holds room for two messages
// at most.
//
// It has no bound of its own: what bounds it is the credits of those who send
// (H6). The zero value takes messages, and hands them on when it is opened.
type mailbox struct {
	// locked
	mu    sync.Mutex
	queue []any
	state mailboxState
}

type mailboxState uint8

const (
	unopened mailboxState = iota // keeps what comes
	resting                      // empty, nobody runs the actor
	running                      // one goroutine runs the actor
	shut                         // drops what comes
)

const (
	// turnSize is the most messages of one turn: what they led to is not kept back
	// for longer.
	turnSize = 4096
	// keptRoom is the room that an empty mailbox keeps.
	keptRoom = 2
	// turnsAtOnce is how many turns an actor has before it lets others run.
	turnsAtOnce = 300
)

// put queues a message, and reports whether the caller has to see to it that
// the actor runs.
func (m *mailbox) put(msg any) (run bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch m.state {
	case shut:
		return false
	case resting:
		m.state, run = running, true
	}
	m.queue = append(m.queue, msg)
	return run
}

// claim makes the caller the one who runs the actor, with nothing queued.
func (m *mailbox) claim() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != resting {
		return false
	}
	m.state = running
	return true
}

// open lets the messages through, and reports whether the caller has to run the
// actor.
func (m *mailbox) open() (run bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state != unopened {
		return false
	}
	m.state = running
	return true
}

// close drops what waits and what comes.
func (m *mailbox) close() {
	m.mu.Lock()
	m.state, m.queue = shut, nil
	m.mu.Unlock()
}

// next takes everything that waits, for who runs the actor; spare is an empty
// slice that becomes the queue. It returns nil when there is nothing: then the
// caller no longer runs it.
func (m *mailbox) next(spare []any) []any {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == shut {
		return nil
	}
	if len(m.queue) == 0 {
		m.state = resting
		if cap(m.queue) == 0 && cap(spare) <= keptRoom {
			m.queue = spare
		}
		if cap(m.queue) > keptRoom {
			m.queue = nil
		}
		return nil
	}
	all := m.queue
	m.queue = spare
	return all
}

// run runs the actor until nothing waits for it.
func (g *guard) run() {
	var spare []any
	for turns := 0; ; turns++ {
		all := g.box.next(spare)
		if all == nil {
			return
		}
		for rest := all; len(rest) > 0; {
			n := min(len(rest), turnSize)
			g.batch(rest[:n])
			rest = rest[n:]
		}
		clear(all)
		spare = all[:0]
		if cap(spare) > turnSize {
			spare = nil
		}
		if turns == turnsAtOnce {
			turns = 0
			runtime.Gosched()
		}
	}
}

// tellHere is tell for a goroutine that has nothing better to do: when the actor
// is idle, it is run here and now, which saves a wake-up. The caller holds no
// lock, and is no actor.
func (g *guard) tellHere(msg any) {
	if g.hooks == nil && g.box.claim() {
		g.single(msg)
		g.run()
		return
	}
	g.tell(msg)
}

// single handles one message as a turn of its own.
func (g *guard) single(msg any) {
	if g.stopped {
		return
	}
	g.one(msg)
	if !g.stopped {
		g.endOfTurn()
	}
}
