package actors

import (
	"strconv"
	"sync/atomic"
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/actors/internal/transfer"
	"example.com/rollcall/wire"
)

// fileManager is the actor that admits transfers, knows which connection runs
// which, and decides what becomes of those whose connection has ended. It never
// touches the disk itself: each transfer has an actor with a goroutine of its
// own, and so has each question to the store.
type fileManager struct {
	guard

	// static after construction
	sys  *System
	disk chan struct{} // holds a token for each operation on the disk under way

	// atomic
	asides atomic.Uint64 // how many goroutines aside has started
	// locked
	buffers chunkBuffers

	// owned by the actor
	book      *transfer.Book
	transfers map[uint64]*transferActor // those with a live actor, by ID; bounded by the book
	left      map[uint64]filestore.Meta // partials of an earlier life that wait for their owner; bounded by the book
	whole     map[uint64]filestore.Meta // puts that were completed while their owner was away; bounded by the book
	asking    map[uint64]fileRequest    // relays whose offer is on its way; bounded by the book
	puts      *transfer.Audience        // whom running puts are for
	relays    *transfer.Audience        // whom relays are for; bounded for each by Limits.PerOwner
	desks     map[string]*desk          // users whose notices are being kept or handed out
	keeping   int                       // notices that wait to be kept; bounded by maxKeeping
	timer     *time.Timer
	lookAt    time.Duration // when to ask for expired files next
	looking   bool          // they are being asked for
	patient   time.Duration // graces run out no earlier: we have stalled
	draining  bool
}

// diskOperations bounds the operations on the disk that are under way at one
// time. Each takes a thread while the disk does not answer, and Go ends a process
// with ten thousand threads. Past the bound they wait for each other.
const diskOperations = 1024

func newFileManager(s *System) *fileManager {
	return &fileManager{
		sys:       s,
		disk:      make(chan struct{}, diskOperations),
		book:      transfer.NewBook(s.set.Transfers),
		transfers: make(map[uint64]*transferActor),
		left:      make(map[uint64]filestore.Meta),
		whole:     make(map[uint64]filestore.Meta),
		asking:    make(map[uint64]fileRequest),
		puts:      transfer.NewAudience(),
		relays:    transfer.NewAudience(),
		desks:     make(map[string]*desk),
	}
}

// begin looks for what an earlier life has left: before the first client can
// come, so that the same put finds it.
func (m *fileManager) begin() {
	var partials []filestore.PartialInfo
	_ = guarded(func() error { partials = m.sys.set.Store.Partials(); return nil })
	m.tell(leftover{partials})
	m.tell(filesDue{})
}

// aside runs f, which may block, on a goroutine of its own.
func (m *fileManager) aside(f func()) {
	m.sys.hold()
	n := m.asides.Add(1)
	go func() {
		defer m.sys.release()
		if m.of.hooks != nil {
			m.resumes("aside/" + strconv.FormatUint(n, 10))
		}
		f()
	}()
}

// onDisk runs f, which may wait for the disk, on a goroutine of its own, and then
// after, which must not. A panic of the store's is an error like others (N10).
func (m *fileManager) onDisk(f func() error, after func(err error)) {
	m.aside(func() {
		m.disk <- struct{}{}
		err := guarded(f)
		<-m.disk
		after(err)
	})
}

func (m *fileManager) receive(msg any) {
	switch x := msg.(type) {
	case fileRequest:
		m.request(x)
	case offerJudged:
		m.judged(x)
	case offered:
		m.offered(x)
	case strayFrame:
		m.stray(x)
	case filesTerminated:
		m.depart(x.c, x.t.User)
	case loggedOut:
		m.depart(x.c, x.user)
	case transferBegun:
		m.begun(x)
	case transferPaused:
		m.paused(x)
	case transferEnded:
		m.ended(x)
	case arrived:
		m.arrived(x)
	case unnoticed:
		m.keep(x)
	case noticeLost:
		m.renotify(x.n)
	case deskDone:
		m.deskDone(x)
	case noticesHanded:
		m.handed(x)
	case removed:
		m.removed(x.meta)
	case leftover:
		m.adopt(x.partials)
	case filesExpired:
		m.expired(x.metas)
	case filesDue:
		m.due()
	case filesDrain:
		m.drain()
	case quit:
		m.quit()
	}
}

func (m *fileManager) turn() {}

// recovered answers whom the lost message has cost an answer, and does again
// what may not be lost: nobody else would do it (S1).
func (m *fileManager) recovered(msg, value any, stack []byte) {
	m.sys.fault(m.name(), msg, value, stack)
	switch x := msg.(type) {
	case fileRequest:
		m.refuse(x, wire.CodeInternal, "internal error")
	case offerJudged:
		m.refuse(x.r, wire.CodeInternal, "internal error")
	default:
		m.receive(msg)
	}
}

// abandoned: the file manager does not go.
func (m *fileManager) abandoned() bool { return false }

func (m *fileManager) gone() { m.sys.actorStopped() }

// quit is the end of the system. What a forced shutdown has left running stops
// by itself.
func (m *fileManager) quit() {
	if m.timer != nil {
		m.timer.Stop()
	}
	for _, t := range m.transfers {
		t.tell(letGo{})
	}
	m.stop()
}

// requestOf returns the ID by which a message wants to be answered.
func requestOf(msg wire.Message) uint64 {
	switch x := msg.(type) {
	case *wire.Put:
		return x.Request
	case *wire.Get:
		return x.Request
	case *wire.Files:
		return x.Request
	case *wire.Remove:
		return x.Request
	default:
		return 0
	}
}

func (m *fileManager) refuse(r fileRequest, code wire.Code, text string) {
	if a, ok := r.msg.(*wire.Accept); ok {
		m.refuseAccept(r, a, code, text, "")
		return
	}
	r.c.tell(reply{credit: r.credit, msg: &wire.Error{Request: requestOf(r.msg), Code: code, Text: wire.Clip(text)}})
}

func (m *fileManager) refuseAccept(r fileRequest, a *wire.Accept, code wire.Code, text, by string) {
	r.c.tell(transferClose{
		number: a.Transfer, credit: r.credit,
		last: &wire.Abort{Transfer: a.Transfer, Code: code, Text: wire.Clip(text), By: by},
	})
}

// request admits what a client asks for.
func (m *fileManager) request(r fileRequest) {
	if m.draining {
		m.refuse(r, wire.CodeShuttingDown, "")
		return
	}
	switch msg := r.msg.(type) {
	case *wire.Put:
		m.judge(r, msg)
	case *wire.Get:
		m.get(r, msg)
	case *wire.Accept:
		m.accept(r, msg)
	case *wire.Files:
		m.list(r, msg)
	case *wire.Remove:
		m.remove(r, msg)
	}
}
