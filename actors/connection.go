package actors

import (
	"context"
	"fmt"
	"math"
	"net"
	"os"
	"sync/atomic"
	"time"
	"unique"

	"example.com/rollcall/actors/internal/directory"
	"example.com/rollcall/actors/internal/heartbeat"
	"example.com/rollcall/actors/internal/outbox"
	"example.com/rollcall/actors/internal/presence"
	"example.com/rollcall/actors/internal/wheel"
	"example.com/rollcall/wire"
)

// phase is how far a connection has come. It only ever grows.
type phase uint8

const (
	greeting    phase = iota // waits for the hello
	registering              // has a valid hello, waits for its place in the maps
	open                     // is in both maps
	closing                  // has its termination; says goodbye and is let go
)

// connection is the actor of one connection. It never restarts (S4, H5), and
// shares nothing with any other connection of the same client (N11).
//
// Its size counts, and the order of its fields with it: 512 bytes are one of Go's
// size classes.
type connection struct {
	guard

	// static after construction
	sys       *System
	transport net.Conn
	endpoint  directory.Endpoint
	accepted  int64         // wall clock, Unix ns
	born      time.Duration // monotonic

	// atomic, written by the reader
	lastHeard    atomic.Int64 // when bytes last came, since the system's start
	readerFreed  atomic.Int64 // when the reader last stopped waiting for credits; 0: never
	partialSince atomic.Int64 // since when a frame is incomplete, in time that the server ran; 0: none is
	bytesIn      atomic.Uint64
	framesIn     atomic.Uint64
	// atomic, written by the actor
	finished  atomic.Pointer[Termination] // once
	loggedIn  atomic.Pointer[string]      // the user; nil or empty: nobody
	bytesOut  atomic.Uint64
	framesOut atomic.Uint64
	// locked
	credits credits
	alarm   wheel.Link[*connection] // its one timer; see clock

	// owned by the actor
	identifier string // static from the registration on, for other actors too
	life       heartbeat.Monitor
	trips      *roundTrips          // nil until a ping was answered
	wrote      time.Duration        // when a write last went well; 0: never
	out        *outbox.Outbox       // nil while nothing waits and nothing is on its way; see lanes
	slow       *presence.Collapsed  // non-nil while presence is collapsed
	files      *connectionTransfers // nil until there is one
	entrance   *entrance            // nil unless the handshake or a login is under way
	chores     *chores              // nil until the embedding program's code runs for it
	unsent     *unsent              // the write under way, if there is one
	pace       *outbox.Pace         // nil while no write was long or slow
	answers    int32                // answers to watches in the state lane
	rtt        atomic.Uint32        // µs; atomic, for those who ask
	phase      phase
	takes      featureBits // in use; static from the registration on, for other actors too
	owed       bool        // watches were answered without their state; deltas are obsolete
	awaiting   bool        // a new snapshot was asked for; deltas are obsolete
	settling   bool        // a login or a logout is under way: what follows waits for it (N16)

	// owned by the actor: its end
	reading         bool // somebody reads, or will
	halfClosed      bool // the goodbye is out
	transportClosed bool
	letGo           bool // the user manager has released it

	// owned by the registry
	place  directory.Place[*connection] // in the maps
	mapped bool                         // it is or was in them

	// owned by the actor
	uncut func() bool // undoes that a shutdown without patience cuts the goodbye short
}

// entrance is what a connection has while it comes in. The actor owns it.
type entrance struct {
	since  time.Duration // of the handshake: when it began, in time that the server ran
	frames []paidFrame   // wait for the registration, or while settling; bounded by credits
}

// wait keeps frames until the registration, or a login, is over.
func (c *connection) wait(frames ...paidFrame) {
	if c.entrance == nil {
		c.entrance = new(entrance)
	}
	for _, f := range frames {
		c.entrance.frames = append(c.entrance.frames, f.kept())
	}
}

// waited returns the frames that were kept.
func (c *connection) waited() (frames []paidFrame) {
	if c.entrance != nil {
		frames = c.entrance.frames
	}
	c.entrance = nil
	return frames
}

// chores are what a connection has while the embedding program's code runs for
// it. The actor owns them.
type chores struct {
	apps     []paidFrame // one-way messages that wait for their goroutine; bounded by credits
	appsBusy bool
	asked    uint64          // requests whose handlers were started
	parked   []answered      // answers for which there is no room; bounded by credits
	ctx      context.Context // of handlers; made when first needed
	cancel   context.CancelFunc
}

// todo returns the connection's chores, and makes them when there are none.
func (c *connection) todo() *chores {
	if c.chores == nil {
		c.chores = new(chores)
	}
	return c.chores
}

// dropChores forgets what waits, and ends the program's code that runs.
func (c *connection) dropChores() {
	if x := c.chores; x != nil {
		x.apps, x.parked = nil, nil
		if x.cancel != nil {
			x.cancel()
		}
	}
}

// lanes returns the connection's outbox. A connection that has nothing to write
// holds none: it borrows one of those that all share.
func (c *connection) lanes() *outbox.Outbox {
	if c.out == nil {
		c.out = c.sys.outboxes.Get().(*outbox.Outbox) //nolint:forcetypeassert // nothing else is in it
	}
	return c.out
}

// restLanes gives the outbox back if it is empty. An ending one stays closed.
func (c *connection) restLanes() {
	if c.out != nil && c.phase != closing && c.out.Idle() {
		c.sys.outboxes.Put(c.out)
		c.out = nil
	}
}

// spawnConnection makes a connection actor for a transport and starts it.
func (s *System) spawnConnection(t net.Conn) {
	limitUnsent(t, 2*outbox.FirstWrite)
	var park parked
	if f, ok := t.(Feeder); ok {
		park = &fed{Feeder: f}
	} else if !s.set.Goroutines {
		park = s.park(t)
	}
	c := &connection{
		sys: s, transport: t,
		accepted: s.set.Wall().UnixNano(), born: s.now(), reading: true,
	}
	c.init(s.connections, s.nextID.Add(1), c)
	c.entrance = &entrance{since: s.stall.ran(c.born)}
	c.endpoint = observe(t, c.id)
	if park != nil {
		c.transport = park
	}
	c.credits.free = int32(min(s.set.Credits, math.MaxInt32)) //nolint:gosec // bounded
	c.lastHeard.Store(int64(c.born))
	s.count.accepted.Add(1)
	s.hold()
	s.registry.tell(accepted{c})
	c.clock().arm(c, c.born+s.set.HandshakeTimeout)
	c.spawn()
	if park != nil {
		park.start(c)
	} else {
		go c.read()
	}
}

// controlQueue bounds the control lane: a client that pings without reading.
const controlQueue = 64

// observe returns the endpoint that the transport reports (N3: never what the
// client claims). A transport that has no address of its own is given one.
func observe(t net.Conn, id uint64) directory.Endpoint {
	e := directory.Endpoint{}
	if a := t.LocalAddr(); a != nil {
		e.Local = unique.Make(a.String()).Value() // few distinct ones: each is kept once
	}
	if a := t.RemoteAddr(); a != nil {
		e.Remote = a.String()
	}
	switch e.Remote {
	case "", "@", e.Local: // nothing, an unnamed Unix socket, a pipe
		e.Remote = fmt.Sprintf("%s#%d", e.Remote, id)
	}
	return e
}

// gone is the last thing that a connection's guard calls.
func (c *connection) gone() {
	c.clock().disarm(c)
	if c.uncut != nil {
		c.uncut()
	}
	c.sys.conns.Add(-1)
	c.sys.release()
}

func (c *connection) receive(msg any) {
	switch m := msg.(type) {
	case inbound:
		c.onInbound(m.frames)
		if c.of.hooks == nil { // they may have kept it
			m.done()
		}
	case written:
		c.onWriteDone(m)
	case roomAgain:
		c.onRoom()
	case writeOver:
		if m.unsent == c.unsent {
			c.writeEnded(os.ErrDeadlineExceeded)
		}
	case tick:
		c.onTick()
	case *arrival:
		c.onArrival(m)
	case delivered:
		c.onDelivered(m)
	case *presenceUpdate:
		c.onPresence(m)
	case watchState:
		c.onWatchState(m)
	case reply:
		c.onReply(m)
	case forFiles:
		c.onFiles(m)
	case push:
		c.enqueue(m.frame)
	case answered:
		c.onAnswered(m)
	case appsDone:
		c.onAppsDone(m)
	case authenticated:
		c.onAuthenticated(m)
	case loginDone:
		c.onLoginDone(m)
	case registered:
		c.onRegistered()
	case readEnded:
		c.onReadEnded(m)
	case readerExit:
		c.reading = false
	case stopConnection:
		c.onStop(m)
	case released:
		c.letGo = true
	}
}

// turn sends what this batch of messages has produced, and ends the actor when
// nothing is left to do.
func (c *connection) turn() {
	c.flush()
	if c.phase == closing {
		c.close()
	}
	c.restLanes()
}

// recovered turns a panic into a termination (H1). What the message told of the
// connection's goroutines and of its release is told once only, and the actor
// would wait for it for ever: it is taken in all the same.
func (c *connection) recovered(msg, value any, stack []byte) {
	c.sys.fault(c.name(), msg, value, stack)
	switch m := msg.(type) {
	case *arrival:
		m.refuse()
	case written:
		c.unsent = nil
		c.lanes().Written()
	case readerExit:
		c.reading = false
	case released:
		c.letGo = true
	}
	if c.phase == closing {
		c.closeTransport() // the goodbye may be stuck, and the tick that bounds it lost
	}
	c.end(wire.ReasonPanic, ending{detail: "internal error", err: fmt.Errorf("panic: %v", value)})
	c.turn()
}

// abandoned is the way out when even ending has panicked: the registry is told
// with the least that is certain, and the transport is closed. The actor stays
// until the user manager lets go of it, as it always does: messages that are on
// their way to it still get their answer.
func (c *connection) abandoned() bool {
	if c.finished.Load() == nil {
		t := &Termination{
			Connection: c.id, Identifier: c.identifier, Remote: c.endpoint.Remote, Local: c.endpoint.Local,
			Reason: wire.ReasonPanic, Detail: "internal error", Accepted: time.Unix(0, c.accepted), Ended: c.sys.set.Wall(),
		}
		c.finished.Store(t)
		c.sys.registry.tell(ended{c, t})
	}
	c.phase = closing
	c.credits.close()
	c.dropChores()
	c.closeTransport()
	return false
}
