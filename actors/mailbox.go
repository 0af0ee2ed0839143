package actors

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// mailbox is the queue of one actor, and says who runs it. It stands in for
// hollywood's inbox, which costs an idle actor a quarter of a kilobyte and a
// running one two allocations a hop. It has room for one message; what comes
// behind that borrows a slice, so that an empty mailbox holds none.
//
// It has no bound of its own: what bounds it is the credits of those who send
// (H6). The zero value takes messages, and hands them on when it is opened.
type mailbox struct {
	// locked
	mu    sync.Mutex
	first any
	more  *[]any // behind first; nil: none
	state mailboxState

	// owned by who runs the actor
	stopped bool // it takes nothing more
	inRound bool // a poller runs this message in its round
	goesOn  bool // Hooks.EndTurn lets the turn go on behind this message

	// atomic, counted only for Hooks.EndTurn
	waiting atomic.Int32
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
	// for longer. It is also how large the slices are that are kept.
	turnSize = 4096
	// turnsAtOnce is how many turns an actor has before it lets others run.
	turnsAtOnce = 300
)

// queues are for mailboxes in which more than one message waits.
var queues = sync.Pool{New: func() any { return new([]any) }}

// returnQueue gives a slice back whose messages are handled.
func returnQueue(q *[]any) {
	if cap(*q) > turnSize {
		return
	}
	clear(*q)
	*q = (*q)[:0]
	queues.Put(q)
}

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
	if m.first == nil {
		m.first = msg
		return run
	}
	if m.more == nil {
		m.more = queues.Get().(*[]any) //nolint:forcetypeassert // nothing else is in it
	}
	*m.more = append(*m.more, msg)
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
	if m.first == nil {
		m.state = resting
		return false
	}
	m.state = running
	return true
}

// opened reports whether the messages were ever let through.
func (m *mailbox) opened() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state != unopened
}

// close drops what waits and what comes.
func (m *mailbox) close() {
	m.mu.Lock()
	m.state, m.first, m.more = shut, nil, nil
	m.mu.Unlock()
}

// next takes everything that waits, for who runs the actor. When first is nil
// there is nothing: then the caller no longer runs it. The slice is to be given
// back.
func (m *mailbox) next() (first any, more *[]any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == shut {
		return nil, nil
	}
	if m.first == nil {
		m.state = resting
		return nil, nil
	}
	first, more = m.first, m.more
	m.first, m.more = nil, nil
	return first, more
}

// rest reports whether nothing waits, for who runs the actor. Then it no longer runs
// it.
func (m *mailbox) rest() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.state == shut {
		return true
	}
	if m.first != nil {
		return false
	}
	m.state = resting
	return true
}

// run runs the actor until nothing waits for it, and then those whom it has woken.
func (g *guard) run() { runAll(g.shift(nil)) }

// shift runs the actor until nothing waits for it. It returns who is to be run then:
// those whom it has woken, and before that rest; unless others are at it already,
// for nobody is to wait for an actor that always has something to do.
func (g *guard) shift(rest []*guard) []*guard {
	for turns := 0; ; turns++ {
		first, more := g.box.next()
		if first == nil {
			return rest
		}
		if turns > 0 && len(rest) > 0 {
			go runAll(rest)
			rest = nil
		}
		g.turnOf(first, more)
		rest = g.takeWoken(rest)
		if more != nil {
			returnQueue(more)
		}
		if turns == turnsAtOnce {
			turns = 0
			runtime.Gosched()
		}
	}
}

// turnOf handles what waited, in one turn or, if that is much, in several.
func (g *guard) turnOf(first any, more *[]any) {
	g.part(first)
	var left []any
	if more != nil {
		left = *more
	}
	n := min(len(left), turnSize-1)
	g.batch(left[:n])
	for left = left[n:]; len(left) > 0; left = left[n:] {
		n = min(len(left), turnSize)
		g.batch(left[:n])
	}
}

// takeWoken returns those whom the actor has woken in its turn, and rest behind them.
func (g *guard) takeWoken(rest []*guard) []*guard {
	if g.id != 0 {
		return rest // one of many has no crew
	}
	if to, ok := g.to.(crewed); ok {
		return to.woken().take(rest)
	}
	return rest
}

// tellHere is tell for a goroutine that has nothing better to do: when the actor
// is idle, it is run here and now, which saves a wake-up. The caller holds no
// lock, and is no actor.
func (g *guard) tellHere(msg any) { g.tellIn(nil, msg) }

// tellIn does so for a poller, in whose round the actor wakes others; nil: in none.
func (g *guard) tellIn(r *round, msg any) {
	if g.of.hooks != nil || !g.box.claim() {
		g.tell(msg)
		return
	}
	g.box.inRound = r != nil
	g.single(msg)
	g.box.inRound = false
	runAll(g.shift(g.takeWoken(nil)))
}

// single handles one message as a turn of its own.
func (g *guard) single(msg any) {
	if g.box.stopped {
		return
	}
	g.one(msg)
	if !g.box.stopped {
		g.endOfTurn()
	}
}
