package supervisor_test

import (
	"errors"
	"io"
	"reflect"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestEveryReason really causes every reason of the table, and checks it with
// its evidence at everyone who is told of it: the program's events, a watcher,
// the list of recent terminations, the counters, the client itself; and that
// nobody else is touched. Guards G1, G2, G3, P6, N13.
func TestEveryReason(t *testing.T) {
	for _, c := range reasonCases() {
		t.Run(c.name, func(t *testing.T) { inBubble(t, c.config, func(w *world) { c.run(w) }) })
	}
}

// TestReasonTableIsWhole: a reason of the table without a scenario fails here.
func TestReasonTableIsWhole(t *testing.T) {
	shown := map[wire.Reason]bool{
		wire.ReasonNodeLost:       true, // told by the next life of a server
		wire.ReasonTooMany:        true, // TestTooManyConnections: there is no connection to end
		wire.ReasonLogout:         true, // TestLogout: the connection goes on
		wire.ReasonServerShutdown: true, // TestShutdownTellsEveryone: it ends the observers as well
	}
	for _, c := range reasonCases() {
		shown[c.reason] = true
	}
	for _, r := range wire.Reasons() {
		if !shown[r] {
			t.Errorf("no scenario causes %s", r)
		}
	}
}

// reasonCase is one way for a connection to end.
type reasonCase struct {
	name   string
	reason wire.Reason
	config supervisor.Config
	bare   bool // the subject has not said hello
	loner  bool // the subject has not logged in
	// end ends the subject, and returns when it must have ended.
	end func(w *world, p *peer)

	told     bool // the client reads a bye
	faults   int
	evidence func(e *evidence)
}

// evidence is what a case checks beyond what all have in common.
type evidence struct {
	w *world
	t *testing.T
	p *peer
	supervisor.Termination
}

func (e *evidence) want(ok bool, format string, args ...any) {
	e.t.Helper()
	if !ok {
		e.t.Errorf(format, args...)
	}
}

const (
	subject = "subject"
	device  = "subject's device"
)

func (c reasonCase) run(w *world) {
	t := w.t
	// Those who must not be touched: a watcher, and another device of the
	// subject's with the same identifier.
	watcher := w.watcher("watcher")
	before := w.s.Counters()
	p := w.dial()
	switch {
	case c.bare:
	case c.loner:
		p.hello(device)
	default:
		p.hello(device).login(subject)
	}
	w.settle()
	begun := time.Now()
	c.end(w, p)
	w.faults += c.faults
	w.settle()

	var found []supervisor.Termination
	for _, e := range events[supervisor.Terminated](w.rec) {
		if e.Remote == p.nc.LocalAddr().String() {
			found = append(found, e.Termination)
		}
	}
	if len(found) != 1 {
		t.Fatalf("G2: %d terminations", len(found))
	}
	last := found[0]
	p.id = last.Connection
	if last.Reason != c.reason {
		t.Fatalf("it ended with %s (%s %s)", last.Reason, last.Detail, last.Error)
	}
	c.checkTold(w, p)
	c.checkPlaces(w, p, last)
	c.checkEvidence(w, p, last, begun)
	after := w.s.Counters()
	if n := after.Terminations[c.reason.String()] - before.Terminations[c.reason.String()]; n != 1 {
		t.Errorf("the counter of %s rose by %d", c.reason, n)
	}
	loggedIn := !c.bare && !c.loner
	switch told := watcher.told(subject); {
	case loggedIn && !reflect.DeepEqual(told, []string{"+", c.reason.String()}):
		t.Errorf("the watcher was told %q", told)
	case !loggedIn && len(told) > 0:
		t.Errorf("the watcher was told %q of somebody who never logged in", told)
	}
	w.alive(watcher)
}

// checkTold: the client reads its goodbye, or none, and then the end.
func (c reasonCase) checkTold(w *world, p *peer) {
	t := w.t
	w.after(5 * time.Second) // the linger
	if !p.link.server.closed() {
		t.Error("N13: the server has not closed the transport")
	}
	bye, err := p.bye()
	switch {
	case c.told && (bye == nil || bye.Reason != c.reason || !errors.Is(err, io.EOF)):
		t.Errorf("the client read %+v, then %v", bye, err)
	case !c.told && bye != nil:
		t.Errorf("the client read %+v", bye)
	}
}

// checkPlaces: it is in no map, and in the list of terminations.
func (c reasonCase) checkPlaces(w *world, p *peer, last supervisor.Termination) {
	t := w.t
	if w.listed(p, device) {
		t.Error("G1: the connection is still in the maps")
	}
	if _, err := w.s.User(ctx, subject); !errors.Is(err, supervisor.ErrNotFound) {
		t.Errorf("G3: the user is still there: %v", err)
	}
	page, err := w.s.Terminations(ctx, 0, 0, func(t *supervisor.Termination) bool { return t.Connection == p.id })
	if err != nil || len(page.Terminations) != 1 || !reflect.DeepEqual(page.Terminations[0], last) {
		t.Errorf("P6: the list has %+v (%v), the event %+v", page.Terminations, err, last)
	}
}

// checkEvidence checks what a termination tells (P6).
func (c reasonCase) checkEvidence(w *world, p *peer, last supervisor.Termination, begun time.Time) {
	e := &evidence{w: w, t: w.t, p: p, Termination: last}
	identifier, user := device, subject
	if c.bare {
		identifier, user = "", ""
	} else if c.loner {
		user = ""
	}
	e.want(last.Identifier == identifier || c.bare, "identifier %q", last.Identifier)
	e.want(last.User == user, "user %q", last.User)
	e.want(last.Local == serverAddr.String(), "local address %q", last.Local)
	e.want(last.Handshaken == !c.bare, "handshaken: %t", last.Handshaken)
	e.want(!last.Ended.Before(begun), "it ended at %v, before %v", last.Ended, begun)
	e.want(last.Ended.Sub(last.Accepted) == last.Lived, "lived %v, from %v to %v", last.Lived, last.Accepted, last.Ended)
	e.want(last.Silent >= 0 && last.Silent <= last.Lived, "silent for %v of %v", last.Silent, last.Lived)
	if !c.bare {
		e.want(last.Interval == 15*time.Second && last.Timeout == 30*time.Second,
			"heartbeat of %v, %v", last.Interval, last.Timeout)
		e.want(last.BytesIn > 0 && last.FramesIn >= 1, "%d bytes, %d frames in", last.BytesIn, last.FramesIn)
		e.want(last.BytesOut > 0 && last.FramesOut >= 1, "%d bytes, %d frames out", last.BytesOut, last.FramesOut)
	}
	if c.evidence != nil {
		c.evidence(e)
	}
}
