package client

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/rollcall/wire"
)

// EventKind says what an event of a watch tells.
type EventKind uint8

// The kinds of events.
const (
	Snapshot EventKind = 1 // who is online; the first event of each watch, and only that
	Online   EventKind = 2 // a user came
	Offline  EventKind = 3 // a user went
)

// String returns "snapshot", "online" or "offline".
func (k EventKind) String() string {
	switch k {
	case Snapshot:
		return "snapshot"
	case Online:
		return "online"
	case Offline:
		return "offline"
	default:
		return "event_" + strconv.Itoa(int(k))
	}
}

// MarshalText writes the kind by name, for JSON and logs.
func (k EventKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Event is what a watch tells.
type Event struct {
	Kind EventKind
	// Epoch and Version are the server's. Within an epoch versions never fall.
	Epoch, Version uint64
	// Online are the watched users who are online, in order of name, for
	// Snapshot.
	Online []wire.Online
	// User is whom it is about, for Online and Offline.
	User string
	// Reason says why the user went, for Offline. It is ReasonNone, and At is
	// zero, when the change was found by comparing a later snapshot of the
	// server's with what was known: after a reconnect that the server could not
	// bridge, or when this client was too slow a reader.
	Reason wire.Reason
	At     time.Time // when the server decided it
}

// Watch tells of users' presence, from [Client.Watch].
type Watch struct {
	// Static after construction.
	c      *Client
	users  []string // sorted, each once; none = everyone
	set    map[string]struct{}
	events chan Event
	wake   chan struct{} // holds one token
	stop   chan struct{} // closed when the watch has ended
	done   chan struct{} // closed when its goroutine has ended
	agreed chan struct{} // closed when the server has agreed, or the watch has ended
	name   string        // for Options.GoOn

	// Guarded by the client's mu.
	listed  bool   // the snapshot was made
	first   *Event // the snapshot, until it is handed out
	backlog backlog
	settled bool // agreed is closed
	ended   bool
	err     error
}

// Watch watches the named users, or everyone when none is named. It needs a
// login, and returns when the server has agreed or refused; ctx bounds only
// that. [Watch.Stop] ends the watch.
//
// Its events start with one Snapshot, also when the connection breaks at once.
// Then come the changes, none missed or repeated: after a reconnect the watch
// resumes, and if the server cannot bridge the gap, or is another one by now,
// the difference between what it says and what was known is told. A user's
// events alternate between Online and Offline.
//
// A consumer may be slow: past 256 waiting changes, those of one user collapse
// to the newest, so that the memory is bounded by the number of users. It never
// holds up the connection or another watch.
func (c *Client) Watch(ctx context.Context, users ...string) (*Watch, error) {
	for _, u := range users {
		if err := wire.ValidUser(u); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w := newWatch(c, users)
	c.mu.Lock()
	if err := c.ending(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	c.tasks.Add(1) // run does not wait for the tasks yet: it sets err before
	go w.run()
	w.begin()
	c.mu.Unlock()
	select {
	case <-w.agreed:
	case <-ctx.Done():
		w.Stop()
		return nil, ctx.Err()
	}
	c.mu.Lock()
	err := w.err
	c.mu.Unlock()
	if err != nil {
		<-w.done
		return nil, err
	}
	return w, nil
}

func newWatch(c *Client, users []string) *Watch {
	users = slices.Compact(slices.Sorted(slices.Values(users)))
	w := &Watch{
		name:    "watch/" + strconv.FormatUint(c.number(), 10),
		c:       c,
		users:   users,
		set:     make(map[string]struct{}, len(users)),
		events:  make(chan Event),
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
		agreed:  make(chan struct{}),
		backlog: newBacklog(eventQueue),
	}
	for _, u := range users {
		w.set[u] = struct{}{}
	}
	return w
}

// begin adds the watch to the client's. The caller holds mu.
func (w *Watch) begin() {
	w.c.watches[w] = struct{}{}
	w.c.presence.watch(w.users)
	w.c.settle()
}

// Events returns the channel of events. It is closed when the watch has ended;
// what waited then is not handed out any more.
func (w *Watch) Events() <-chan Event { return w.events }

// Stop ends the watch. It may be called any number of times.
func (w *Watch) Stop() {
	w.c.mu.Lock()
	w.end(nil)
	w.c.settle()
	w.c.mu.Unlock()
	<-w.done
}

// Err returns why the watch ended: nil after Stop and while it lives, a
// [*RequestError] when the server refused to go on with it after a reconnect,
// ErrLoggedOut, or what ended the client.
func (w *Watch) Err() error {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	return w.err
}

// end ends the watch because of err. The caller holds mu, and calls settle.
func (w *Watch) end(err error) {
	if w.ended {
		return
	}
	w.ended = true
	w.err = err
	w.first = nil
	w.backlog = newBacklog(eventQueue)
	delete(w.c.watches, w)
	w.c.presence.unwatch(w.users)
	w.settle()
	close(w.stop)
}

// settle lets the call of Watch return. The caller holds mu.
func (w *Watch) settle() {
	if !w.settled {
		w.settled = true
		close(w.agreed)
	}
}

// run is the watch's goroutine: it hands out what waits, one by one.
func (w *Watch) run() {
	defer w.c.tasks.Done()
	defer close(w.done)
	defer close(w.events)
	for {
		e, ok := w.next()
		if !ok {
			select {
			case <-w.wake:
			case <-w.stop:
			}
			w.c.goesOn(w.name)
			if over(w.stop) {
				return
			}
			drain(w.wake)
			continue
		}
		if e.Kind == Snapshot {
			slices.SortFunc(e.Online, func(a, b wire.Online) int { return strings.Compare(a.User, b.User) })
		}
		select {
		case w.events <- e:
		case <-w.stop:
			return
		}
	}
}

func (w *Watch) next() (Event, bool) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	if w.first != nil {
		e := *w.first
		w.first = nil
		return e, true
	}
	return w.backlog.pop()
}

func (w *Watch) signal() { wake(w.wake) }

// names reports whether the watch names the user.
func (w *Watch) names(user string) bool {
	_, ok := w.set[user]
	return ok
}
