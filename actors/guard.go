package actors

import (
	"runtime/debug"

	"github.com/anthdm/hollywood/actor"
)

// receiver is what an actor of this package is behind its guard.
type receiver interface {
	// receive handles one message.
	receive(msg any)
	// turn is called when all messages that were waiting are handled: the place
	// to send what they led to in one piece.
	turn()
	// recovered is called after receive or turn has panicked. msg is nil for
	// turn.
	recovered(msg, value any, stack []byte)
	// abandoned is called when recovered has panicked as well: the last
	// chance to let go of the outside world. It reports whether the actor stops.
	abandoned() (stop bool)
}

// Hooks let a simulation order and disturb the actors. All may be nil, and cost
// nothing then. They run on the actor's own goroutine, inside the guard: a hook
// that panics is a receiver that panics.
type Hooks struct {
	// BeforeReceive is called before each message is handled, with the actor's
	// ID (the same for the same actor in each run) and the message.
	BeforeReceive func(actorID string, msg any)
}

// guard is the hollywood process around every receiver. It stands in for
// hollywood's own process, whose way with panics (H1, H5), poison pills (H2) and
// event broadcasts it must not have; the inbox and the engine's registry are
// hollywood's. It also knows where a batch of messages ends, which a hollywood
// receiver cannot know.
//
// Its inbox grows as needed: what bounds it is the credits of those who send.
type guard struct {
	// static after construction
	engine *actor.Engine
	pid    *actor.PID
	inbox  *actor.Inbox
	to     receiver
	hooks  *Hooks
	onStop func() // called last, once; may be nil

	// owned by the actor's turn
	stopped bool
}

var _ actor.Processer = (*guard)(nil)

// init prepares a guard; spawn starts it. inboxSize is the inbox's first size:
// small for the many (H7).
func (g *guard) init(engine *actor.Engine, pid *actor.PID, inboxSize int, to receiver, hooks *Hooks, onStop func()) {
	g.engine, g.pid, g.to, g.hooks, g.onStop = engine, pid, to, hooks, onStop
	g.inbox = actor.NewInbox(inboxSize)
}

// spawn registers the actor with the engine and starts it. The ID must be
// unique (H4): it comes from a counter.
func (g *guard) spawn() { g.engine.SpawnProc(g) }

// tell sends a message straight to the inbox, without a look-up. A message to
// a stopped actor is dropped.
func (g *guard) tell(msg any) { g.inbox.Send(actor.Envelope{Msg: msg}) }

// PID implements actor.Processer.
func (g *guard) PID() *actor.PID { return g.pid }

// Start implements actor.Processer.
func (g *guard) Start() { g.inbox.Start(g) }

// Send implements actor.Processer, for messages that come through the engine.
func (g *guard) Send(_ *actor.PID, msg any, sender *actor.PID) {
	g.inbox.Send(actor.Envelope{Msg: msg, Sender: sender})
}

// Shutdown implements actor.Processer. Hollywood calls it for remote streams
// only; actors of this package end by their own messages.
func (g *guard) Shutdown() {}

// Invoke implements actor.Processer: it handles a batch of messages.
func (g *guard) Invoke(batch []actor.Envelope) {
	for i := range batch {
		if g.stopped {
			return
		}
		g.one(batch[i].Msg)
	}
	if !g.stopped {
		g.endOfTurn()
	}
}

func (g *guard) one(msg any) {
	defer g.rescue(msg)
	if g.hooks != nil && g.hooks.BeforeReceive != nil {
		g.hooks.BeforeReceive(g.pid.ID, msg)
	}
	g.to.receive(msg)
}

func (g *guard) endOfTurn() {
	defer g.rescue(nil)
	g.to.turn()
}

// rescue turns a panic into a call of recovered (H1). A message that panicked
// is never put back (S2): what it would have done is the receiver's to mend.
func (g *guard) rescue(msg any) {
	value := recover()
	if value == nil {
		return
	}
	stack := debug.Stack()
	defer func() {
		if recover() != nil {
			g.abandon()
		}
	}()
	g.to.recovered(msg, value, stack)
}

func (g *guard) abandon() {
	stop := true
	defer func() {
		_ = recover() // nothing is left to try
		if stop {
			g.stop()
		}
	}()
	stop = g.to.abandoned()
}

// stop ends the actor. It is called on the actor's own goroutine; messages that
// still wait are dropped.
func (g *guard) stop() {
	if g.stopped {
		return
	}
	g.stopped = true
	_ = g.inbox.Stop()
	g.engine.Registry.Remove(g.pid)
	if g.onStop != nil {
		g.onStop()
	}
}
