package actors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anthdm/hollywood/actor"

	"example.com/rollcall/actors/internal/outbox"
	"example.com/rollcall/actors/record"
)

// Sentinels of this package, to be checked with errors.Is.
var (
	// ErrShutdown is returned by everything that comes after a shutdown began.
	ErrShutdown = errors.New("rollcall: shutting down")
	// ErrPrefixTaken is returned when the engine holds another system under the
	// same prefix (H4).
	ErrPrefixTaken = errors.New("rollcall: another server with this name runs on the engine")
	// ErrNotFound is returned for a connection or user that is not there.
	ErrNotFound = errors.New("rollcall: not found")
	// ErrInternal is returned when a defect of the server has cost the answer.
	ErrInternal = errors.New("rollcall: internal error")
)

// System is the set of actors that make up one server.
type System struct {
	// static after construction
	engine *actor.Engine
	set    Settings
	// the families of the many
	connections, transfers *family
	base                   time.Time
	ctx                    context.Context // ends when a shutdown is over or loses its patience; cancels handlers, cuts goodbyes
	cancel                 context.CancelFunc
	// accepting ends when a shutdown begins, and closes the listeners.
	accepting context.Context
	refuse    context.CancelFunc
	registry  *registry
	users     *userManager
	files     *fileManager // nil: the server takes no files
	herald    *herald
	recorder  *recorder // nil: nothing is recorded
	stall     *stallClock
	pollers   pollers
	clocks    clocks
	outboxes  sync.Pool // of connections that have something to write
	proofs    sync.Pool // what makes tokens: an HMAC that is keyed already

	// atomic
	nextID   atomic.Uint64
	conns    atomic.Int64 // connections, handshakes and goodbyes included
	live     atomic.Int64 // connections and handlers: what a shutdown waits for
	left     atomic.Int64 // long-lived actors
	draining atomic.Bool
	manyTold atomic.Bool // the latest flush of presence told more than roundWatchers
	clean    atomic.Bool // a shutdown has seen every connection end
	count    counters

	// owned by whoever holds mu
	mu      sync.Mutex
	empty   chan struct{} // non-nil during a shutdown, closed when live is zero
	stopped chan struct{} // closed when the last actor has stopped
}

// Start builds and starts the long-lived actors. settings must be complete and
// valid. It returns ErrPrefixTaken when the prefix is in use on the engine.
func Start(engine *actor.Engine, settings Settings) (*System, error) {
	settings.Wall = steady(settings.Wall)
	s := &System{engine: engine, set: settings, base: time.Now(), stopped: make(chan struct{})}
	if engine.Registry.GetPID(settings.Prefix, "registry") != nil {
		return nil, fmt.Errorf("%w: %q", ErrPrefixTaken, settings.Prefix)
	}
	var before record.Left
	if settings.Roll != nil {
		before = settings.Roll.Left()
		s.set.Epoch = max(s.set.Epoch, before.Epoch+1)
	}
	s.outboxes.New = func() any {
		o := outbox.New(outbox.Bounds{
			Bytes: settings.QueueBytes, Frames: settings.QueueFrames, Control: controlQueue,
		})
		return &o
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.accepting, s.refuse = context.WithCancel(s.ctx)
	for i := range s.clocks {
		s.clocks[i].sys = s
	}
	s.connections, s.transfers = s.family("connection/"), s.family("transfer/")
	s.herald = &herald{sys: s}
	s.users = newUserManager(s, len(before.Users))
	s.registry = newRegistry(s)
	if settings.Store != nil {
		s.files = newFileManager(s)
		s.files.init(s.family("files"), 0, s.files)
	}
	s.herald.init(s.family("herald"), 0, s.herald)
	s.users.init(s.family("users"), 0, s.users)
	s.registry.init(s.family("registry"), 0, s.registry)
	s.left.Store(3)
	if settings.Roll != nil || settings.Journal != nil {
		s.recorder = newRecorder(s)
		s.recorder.init(s.family("recorder"), 0, s.recorder)
	}
	// The registry's name stands for the whole system's: it is the first to take
	// its name and the last to give it back (H4).
	s.registry.spawn()
	if !s.registry.box.opened() {
		s.cancel()
		return nil, fmt.Errorf("%w: %q", ErrPrefixTaken, settings.Prefix)
	}
	s.herald.spawn()
	if s.recorder != nil {
		s.left.Add(1)
		s.recorder.spawn()
		go s.recorder.blockOnDisk()
	}
	s.restore(before)            // before anybody can connect, and before all other news
	s.stall = startStallClock(s) // before all who have deadlines
	if s.files != nil {
		s.left.Add(1)
		s.files.spawn()
		s.files.begin()
	}
	s.users.spawn()
	s.registry.tell(sweep{})
	return s, nil
}

// steady makes the embedding program's clock one that never panics: it is read
// in the middle of changes that must come to their end (S1), and by who accepts.
func steady(wall func() time.Time) func() time.Time {
	return func() (at time.Time) {
		defer func() {
			if recover() != nil {
				at = time.Now()
			}
		}()
		return wall()
	}
}

// family makes the family of that name.
func (s *System) family(name string) *family {
	return &family{engine: s.engine, name: s.set.Prefix + "/" + name, hooks: s.set.Hooks}
}

// now is the monotonic time since the system's start.
func (s *System) now() time.Duration { return time.Since(s.base) }

// emit tells an event to the embedding program, and to the recorder what it
// keeps.
func (s *System) emit(e Event) {
	s.herald.tell(e)
	if s.recorder != nil && recorded(e) {
		s.recorder.tell(e)
	}
}

// emitBy is emit for an actor that has a crew.
func (s *System) emitBy(k *crew, e Event) {
	k.tellLast(&s.herald.guard, e)
	if s.recorder != nil && recorded(e) {
		k.tellLast(&s.recorder.guard, e)
	}
}

// fault counts and announces what a guard caught.
func (s *System) fault(actorID string, msg, value any, stack []byte) {
	s.count.panics.Add(1)
	s.emit(Fault{
		Actor: actorID, Message: fmt.Sprintf("%T", msg), Value: fmt.Sprint(value),
		Stack: string(stack), At: s.set.Wall(),
	})
}

// hold and release count what a shutdown waits for: each connection, and each
// goroutine that runs an embedder's code.
func (s *System) hold() { s.live.Add(1) }

func (s *System) release() {
	if s.live.Add(-1) > 0 || !s.draining.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.empty != nil && s.live.Load() == 0 {
		select {
		case <-s.empty:
		default:
			close(s.empty)
		}
	}
}

// actorStopped ends the last of the long-lived actors one after the other: those
// who have something to tell, then the recorder who writes it down, then the
// herald who tells it, then the registry, which holds the system's name (H4).
func (s *System) actorStopped() {
	left := s.left.Add(-1)
	switch {
	case left == 3 && s.recorder != nil:
		s.recorder.tell(recordQuit{clean: s.clean.Load()})
	case left == 2:
		s.herald.tell(quit{})
	case left == 1:
		s.registry.tell(quit{})
	case left == 0:
		close(s.stopped)
	}
}

// Draining reports whether a shutdown has begun.
func (s *System) Draining() bool { return s.draining.Load() }

// Epoch returns this life of the server.
func (s *System) Epoch() uint64 { return s.set.Epoch }

// Shutdown says bye to every client, all at once, and waits until every
// connection, handler and actor has ended (H2: on our own count, never on a
// poison pill). When ctx ends first, what is left is cut off without a goodbye,
// and ctx's error is returned; everything ends all the same, except an
// application's handler that ignores its context. Only the first call does the work;
// the others wait for it.
func (s *System) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first := s.empty == nil
	if first {
		s.empty = make(chan struct{})
		s.draining.Store(true)
		s.refuse()
		if s.files != nil {
			s.files.tell(filesDrain{}) // first: no connection ends of the shutdown before it knows of it
		}
		s.registry.tell(drain{})
	}
	empty := s.empty
	s.mu.Unlock()
	if !first {
		select {
		case <-s.stopped:
			return nil
		default:
		}
		select {
		case <-s.stopped:
			return nil
		case <-ctx.Done():
			s.cancel()
			return ctx.Err()
		}
	}
	s.hold()
	s.release() // closes empty when nothing was live
	var err error
	select {
	case <-empty:
	case <-ctx.Done():
		err = ctx.Err()
		s.cancel() // cuts every goodbye short
		select {
		case <-empty:
		case <-time.After(cutPatience):
			err = errors.Join(err, errors.New("rollcall: a handler or a transport did not end"))
		}
	}
	select {
	case <-empty:
		s.clean.Store(true)
	default:
	}
	s.cancel()
	s.stall.stop()
	s.pollers.stop()
	s.clocks.stop()
	if s.files != nil {
		s.files.tell(quit{})
	}
	s.users.tell(quit{})
	return errors.Join(err, s.awaitRecord(ctx))
}

// awaitRecord waits for the last actor, and so for the last batch on the disk: as
// long as ctx allows, and cutPatience at least.
func (s *System) awaitRecord(ctx context.Context) error {
	if s.recorder == nil {
		<-s.stopped
		return nil
	}
	select {
	case <-s.stopped:
	case <-s.outOfPatience(ctx):
		s.recorder.tell(recordGiveUp{})
		<-s.stopped
	}
	if s.recorder.failed != nil {
		return fmt.Errorf("%w: %w", ErrRecord, s.recorder.failed)
	}
	return nil
}

// outOfPatience is closed when ctx has ended, but not before cutPatience is over.
func (s *System) outOfPatience(ctx context.Context) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-s.stopped:
			return
		case <-time.After(cutPatience):
		}
		select {
		case <-s.stopped:
		case <-ctx.Done():
		}
	}()
	return over
}

// cutPatience is how long a forced shutdown waits for closed transports to let
// their goroutines go.
const cutPatience = time.Second
