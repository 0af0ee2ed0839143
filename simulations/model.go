package simulations

import (
	"time"

	"example.com/rollcall/actors/filestore"
	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// model says what is allowed. It is small and sequential, and knows only what
// crosses the network, what the server tells its program, and the clock; it
// shares no code with the server's own rooms. Truth is told for each link: what a
// client did on another one excuses nothing.
type model struct {
	w    *World
	life *life // whose facts these are

	waiting []*link            // accepted, not yet established and not terminated
	live    map[uint64]*link   // established, not terminated, by the server's number
	clients map[*host][]*link  // the same, by client
	users   map[string][]*link // those of them with a session, by user
	ended   map[uint64]bool    // every connection that was ever terminated, of this life
	recent  []*link            // terminated since the maps were looked at
	highest uint64             // the highest connection number so far

	online  map[string]bool // what the server has announced
	version uint64
	changes map[uint64]change     // by version, the latest keptChanges
	newest  map[string]uint64     // by user, the version of the latest change
	files   []storedFile          // that are in the store, over all lives
	looked  map[filestore.ID]bool // were looked through in this life
	doubts  []doubt
	kicks   int
	panics  int // injected into this life
	faults  int // that the server reported

	left     map[string]time.Duration // when users went offline, in this life
	before   *census                  // of the life that has crashed; nil: none has
	restored map[string]bool          // held from the life before, not back yet
	back     map[string]bool          // had a session in this life
	checked  bool                     // this was compared with the census
	bornAt   time.Duration

	claims map[string]uint64        // by user: the newest connection that tried to log in
	places map[string]uint64        // by endpoint: the newest connection
	holds  map[string]time.Duration // by user: when the grace after the last session is over

	notices notices           // of files
	acks    []ack             // of messages, not yet looked at
	heard   map[uint64]uint64 // by connection: the latest numbered message that was handled
	resumes resumption
	since   map[string]int64 // when users came online, as it was told, Unix ms
	ends    []uint64         // of connections, the latest last
	endsNew bool             // there are some since they were compared

	stallBegan time.Duration // of the latest stall of the server
	stallEnded time.Duration
	nextLate   time.Duration // when the next deadline is to be looked at

	jumps []jump // of the wall clock, over all lives
}

type change struct {
	user   string
	online bool
	reason wire.Reason
	at     time.Duration // when the server has told its program
	told   time.Duration // when it was made, by its time stamp
	stamp  int64         // which watchers are told, Unix ms
}

// keptChanges is how many changes are remembered for watchers that lag behind.
const keptChanges = 1 << 16

func newModel(w *World) *model { return &model{w: w, notices: newNotices()} }

// born begins with a new life of the server: nobody is there.
func (m *model) born(l *life) {
	m.life = l
	m.waiting, m.recent = nil, nil
	m.live = make(map[uint64]*link)
	m.clients, m.users = make(map[*host][]*link), make(map[string][]*link)
	m.ended = make(map[uint64]bool)
	m.highest = 0
	m.online = make(map[string]bool)
	m.left = make(map[string]time.Duration)
	m.restored, m.checked = nil, false
	m.back = make(map[string]bool)
	m.claims, m.places = make(map[string]uint64), make(map[string]uint64)
	m.holds = make(map[string]time.Duration)
	m.bornAt = m.w.now()
	m.version = 0
	m.changes, m.newest = make(map[uint64]change), make(map[string]uint64)
	m.doubts = nil
	m.looked = make(map[filestore.ID]bool)
	m.acks, m.heard = nil, make(map[uint64]uint64)
	m.panics, m.faults = 0, 0
	m.resumes = newResumption()
	m.since = make(map[string]int64)
	m.ends, m.endsNew = nil, false
	m.stallBegan, m.stallEnded, m.nextLate = 0, 0, 0
}

func (m *model) accepted(k *link) {
	if k.life != m.life {
		return
	}
	m.waiting = append(m.waiting, k)
	m.nextLate = min(m.nextLate, m.w.now()+time.Second)
}

// read is told what the server has read from a link.
func (m *model) read(k *link, msg wire.Message) {
	if k.life != m.life {
		return
	}
	f := &k.facts
	switch x := msg.(type) {
	case *wire.Hello:
		if f.hello == "" {
			f.hello = x.Identifier
		}
	case *wire.Login:
		if f.logins == nil {
			f.logins = make(map[uint64]string)
		}
		f.logins[x.Request] = x.User
		m.back[x.User] = true // its end, should the login come about, is this life's matter
		m.claim(k, x.User)
		m.tries(k, x)
	case *wire.Logout:
		if f.logouts == nil {
			f.logouts = make(map[uint64]bool)
		}
		f.logouts[x.Request] = true
	case *wire.Watch:
		k.watches(x.Request, x)
	case *wire.Unwatch:
		k.watches(x.Request, x)
	case *wire.Request:
		if x.Kind == "late" { // while its credit is held, what follows may wait in the server's reader
			k.held = max(k.held, m.w.now()) + lateTime(x.Body)
		}
	case *wire.Bye:
		f.saidBye = true
	}
}

// wrote is told what the server has written to a link.
func (m *model) wrote(k *link, msg wire.Message) {
	if k.life != m.life || m.life.dead.Load() {
		return
	}
	f := &k.facts
	switch x := msg.(type) {
	case *wire.Welcome:
		f.welcomed = m.w.now()
		f.interval = time.Duration(x.Interval) * time.Millisecond //nolint:gosec // bounded
		f.timeout = time.Duration(x.Timeout) * time.Millisecond   //nolint:gosec // bounded
		if m.live[x.Connection] != k && !m.ended[x.Connection] {
			m.w.fail("G1", "a welcome comes after the connection is in both maps", "link %d was welcomed as connection %d", k.id, x.Connection)
		}
	case *wire.LoginOK:
		if f.logins[x.Request] != x.User && !k.corrupts {
			m.w.fail("G3", "a login_ok that answers its login", "link %d: user %q", k.id, x.User)
		}
		delete(f.logins, x.Request)
		m.granted(k, x)
		m.loggedIn(k, x.User)
		f.session, f.since = x.Session, m.w.now()
		m.back[x.User] = true
	case *wire.OK:
		k.watchAnswered(x.Request, true)
		if f.logouts[x.Request] {
			delete(f.logouts, x.Request)
			m.sessionOver(f.user)
			m.loggedOut(k)
		}
	case *wire.Error:
		k.watchAnswered(x.Request, false)
		delete(f.logins, x.Request)
		delete(f.attempts, x.Request)
		delete(f.logouts, x.Request)
	case *wire.Ping:
		f.pinged = m.w.now()
	case *wire.Bye:
		f.byed = x.Reason
	case *wire.FileNotice:
		m.tidings(k, x)
	}
}

// event is told what the server has told its program.
func (m *model) event(l *life, e supervisor.Event) {
	if l != m.life {
		return
	}
	w := m.w
	m.stamps(e)
	switch x := e.(type) {
	case supervisor.Established:
		m.established(x)
	case supervisor.Terminated:
		m.terminated(x)
	case supervisor.UserOnline:
		w.trace.tell(w.now(), l.name, x.User+" is online")
		w.session(x.User, x.User, true)
		m.watchers(x.User, x.Watchers)
		m.since[x.User] = x.At.UnixMilli()
		m.changed(x.Version, x.Epoch, m.changeOf(x.User, true, x.At))
	case supervisor.UserOffline:
		w.trace.tell(w.now(), l.name, x.User+" is offline: "+x.Reason.String())
		w.session(x.User, x.Reason.String(), false)
		m.allOver(x.User)
		m.watchers(x.User, x.Watchers)
		m.changed(x.Version, x.Epoch, m.wentOffline(x))
	case supervisor.SessionEnded:
		m.sessionLeft(x)
		m.heldUntil(x)
		m.unwatched(x.Connection)
		m.sessionEnded(x)
	case supervisor.Restored:
		m.onRestored(x)
	case supervisor.FileCommitted:
		if !x.Relay {
			m.fileOver(&x.Meta, wire.FileCompleted)
		}
	case supervisor.FileAborted:
		if !x.Relay {
			m.fileOver(&x.Meta, wire.FileAborted)
		}
	case supervisor.Fault:
		m.faults++
		w.effect("fault caught")
		if m.panics == 0 {
			w.fail("H1", "no panic that was not injected", "%s, handling %s: %s\n%s", x.Actor, x.Message, x.Value, x.Stack)
		}
	case supervisor.Stall:
		w.effect("stall noticed")
		if m.stallEnded == 0 {
			w.fail("G4", "no stall noticed where there was none", "%v", x.Length)
		}
	case supervisor.EventsLost:
		w.fail("G6", "no event lost by a program that reads them", "%d", x.Count)
	}
}
