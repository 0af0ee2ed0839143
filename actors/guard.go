package actors

import (
	"runtime/debug"
	"strconv"

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
	// gone is called last, once.
	gone()
}

// Hooks let a simulation order and disturb the actors. All may be nil, and cost
// nothing then. They run on the actor's own goroutine, inside the guard: a hook
// that panics is a receiver that panics.
type Hooks struct {
	// BeforeReceive is called before each message is handled, with the actor's
	// ID (the same for the same actor in each run) and the message.
	BeforeReceive func(actorID string, msg any)
	// EndTurn, when set, takes the end of a turn out of the scheduler's hands: it
	// is asked before a message is handled behind which waiting others wait, and
	// the turn ends behind that message if it says so. A message behind which
	// none waits always ends the turn.
	EndTurn func(actorID string, waiting int) bool
	// GoOn is called by a goroutine that is no actor's when it goes on after a
	// wait, before it does anything: a connection's reader after it had no
	// credits, the beat of the stall clock, a timer of a long-lived actor, an
	// operation of a transfer on the disk, a goroutine that runs the embedding
	// program's code, before it and after it.
	GoOn func(goroutine string)
}

// goOn calls the hook of that name.
func (h *Hooks) goOn(actorID, what string) {
	if h != nil && h.GoOn != nil {
		h.GoOn(actorID + "/" + what)
	}
}

// family is what actors of one kind have in common.
type family struct {
	engine *actor.Engine
	name   string // of its one actor; or of all, without their numbers
	hooks  *Hooks // may be nil
}

// guard is the hollywood process around every receiver. It stands in for
// hollywood's own process, whose way with panics (H1, H5), poison pills (H2) and
// event broadcasts it must not have, and has a mailbox of its own; the engine's
// registry is hollywood's. It also knows where a batch of messages ends, which a
// hollywood receiver cannot know.
type guard struct {
	// static after construction
	of *family
	to receiver
	id uint64 // the actor's number in its family; 0: it is the only one

	box mailbox
}

var _ actor.Processer = (*guard)(nil)

// init prepares a guard; spawn starts it.
func (g *guard) init(of *family, id uint64, to receiver) { g.of, g.id, g.to = of, id, to }

// name is the actor's ID in the engine's registry. It is made when it is asked
// for: the registry keeps it, and an idle actor need not.
func (g *guard) name() string {
	if g.id == 0 {
		return g.of.name
	}
	return g.of.name + strconv.FormatUint(g.id, 10)
}

// resumes calls the hook GoOn, for a goroutine of this actor's.
func (g *guard) resumes(what string) {
	if h := g.of.hooks; h != nil {
		h.goOn(g.name(), what)
	}
}

// spawn registers the actor with the engine and starts it. The ID must be
// unique (H4): it comes from a counter.
func (g *guard) spawn() { g.of.engine.SpawnProc(g) }

// tell sends a message straight to the inbox, without a look-up. A message to
// a stopped actor is dropped, and so is one of nil.
func (g *guard) tell(msg any) {
	if msg == nil {
		return
	}
	if g.of.hooks != nil {
		g.box.waiting.Add(1)
	}
	if g.box.put(msg) {
		go g.run()
	}
}

// PID implements actor.Processer.
func (g *guard) PID() *actor.PID { return actor.NewPID(g.of.engine.Address(), g.name()) }

// Start implements actor.Processer.
func (g *guard) Start() {
	if g.box.open() {
		go g.run()
	}
}

// Send implements actor.Processer, for messages that come through the engine.
func (g *guard) Send(_ *actor.PID, msg any, _ *actor.PID) { g.tell(msg) }

// Shutdown implements actor.Processer. Hollywood calls it for remote streams
// only; actors of this package end by their own messages.
func (g *guard) Shutdown() {}

// Invoke implements actor.Processer. Hollywood's inbox would call it; ours calls
// batch.
func (g *guard) Invoke(envelopes []actor.Envelope) {
	for i := range envelopes {
		g.tell(envelopes[i].Msg)
	}
}

// batch handles the messages of one turn.
func (g *guard) batch(all []any) {
	for _, msg := range all {
		g.part(msg)
	}
	if !g.box.stopped && !g.turnsByHook() {
		g.endOfTurn()
	}
}

// part handles one message of a turn.
func (g *guard) part(msg any) {
	if g.box.stopped {
		return
	}
	g.one(msg)
	if g.turnsByHook() && !g.box.stopped && !g.box.goesOn {
		g.endOfTurn()
	}
}

func (g *guard) turnsByHook() bool { return g.of.hooks != nil && g.of.hooks.EndTurn != nil }

func (g *guard) one(msg any) {
	defer g.rescue(msg)
	if g.of.hooks != nil {
		g.hooked(msg)
	}
	g.to.receive(msg)
}

// hooked calls the hooks before a message.
func (g *guard) hooked(msg any) {
	g.box.waiting.Add(-1)
	g.box.goesOn = false
	h := g.of.hooks
	if h.BeforeReceive != nil {
		h.BeforeReceive(g.name(), msg)
	}
	if n := g.box.waiting.Load(); n > 0 && h.EndTurn != nil {
		g.box.goesOn = !h.EndTurn(g.name(), int(n))
	}
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
	if g.box.stopped {
		return
	}
	g.box.stopped = true
	g.box.close()
	g.of.engine.Registry.Remove(g.PID())
	g.to.gone()
}
