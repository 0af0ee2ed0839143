package client

import (
	"slices"

	"example.com/rollcall/wire"
)

// subscription is what this client wants to watch, and what the server has
// agreed to. A plain value: it says what to send next and is told what came of
// it. At most one message is outstanding, and after one that is answered by a
// snapshot the next waits for that snapshot: so it is always known which users
// a snapshot speaks of.
//
// Its bound is the number of names that the consumers watch.
type subscription struct {
	wantAll int            // consumers who watch everyone
	want    map[string]int // consumers by the users they name

	dirty bool // there may be something to send

	// Of the current connection.
	live    bool
	first   bool // no watch has been sent on it
	onAll   bool // the server watches everyone for us
	on      map[string]struct{}
	busy    wire.Message // outstanding, nil if none
	marked  bool         // busy said what we know, and may be answered by a delta
	waiting bool         // for the snapshot that follows the OK
	again   bool         // ask for the state again: something was missed
	void    bool         // busy was asked for by a session that is over
}

func newSubscription() subscription {
	return subscription{want: make(map[string]int), on: make(map[string]struct{})}
}

// add and drop count a consumer in and out; no users means everyone.
func (s *subscription) add(users []string) {
	s.dirty = true
	if len(users) == 0 {
		s.wantAll++
	}
	for _, u := range users {
		s.want[u]++
	}
}

func (s *subscription) drop(users []string) {
	s.dirty = true
	if len(users) == 0 {
		s.wantAll--
	}
	for _, u := range users {
		if s.want[u]--; s.want[u] <= 0 {
			delete(s.want, u)
		}
	}
}

// wants reports whether some consumer watches the user.
func (s *subscription) wants(user string) bool {
	if s.wantAll > 0 {
		return true
	}
	_, ok := s.want[user]
	return ok
}

// idle reports that nobody watches anybody.
func (s *subscription) idle() bool { return s.wantAll == 0 && len(s.want) == 0 }

// agreed reports whether the server watches all of users for us, everyone if
// there are none.
func (s *subscription) agreed(users []string) bool {
	if s.onAll {
		return true
	}
	for _, u := range users {
		if _, ok := s.on[u]; !ok {
			return false
		}
	}
	return len(users) > 0
}

// connected starts a new connection, which watches nothing yet.
func (s *subscription) connected() {
	*s = subscription{
		wantAll: s.wantAll, want: s.want, dirty: true,
		live: true, first: true, on: make(map[string]struct{}),
	}
}

// disconnected ends the connection.
func (s *subscription) disconnected() {
	s.connected()
	s.live = false
}

// loggedOut: the session is over, and with it all that the server watched for it;
// the connection goes on. What is outstanding was asked before that, so that its
// grant is worth nothing any more.
func (s *subscription) loggedOut() {
	busy, live := s.busy, s.live
	s.connected()
	s.busy, s.void, s.live = busy, busy != nil, live
}

// pending reports whether the state is on its way, so that what is missing now
// need not be asked for.
func (s *subscription) pending() bool {
	_, watch := s.busy.(*wire.Watch)
	return watch || s.waiting || s.again
}

// next returns the message to send now, without its request ID, or nil. Its
// names take at most budget bytes. know is the state that can be resumed; it is
// sent only when the message leaves no wanted user out and the server may
// bridge to it: with the first watch of a connection, and when asking again.
func (s *subscription) next(budget int, know mark) wire.Message {
	if !s.live || s.busy != nil || s.waiting {
		return nil
	}
	m := s.choose(budget, know)
	if m == nil {
		s.dirty = false
		return nil
	}
	s.busy = m
	if w, ok := m.(*wire.Watch); ok {
		s.marked = w.Epoch != 0 || w.Version != 0
		s.first = false
		s.again = false
	}
	return m
}

// settled reports that the server watches for us what is wanted, and that no
// answer of its is awaited.
func (s *subscription) settled() bool {
	return s.live && s.busy == nil && !s.waiting && !s.idle()
}

func (s *subscription) choose(budget int, know mark) wire.Message {
	// A watch that names nobody asks for the state again.
	again := &wire.Watch{Epoch: know.epoch, Version: know.version}
	switch {
	case s.idle():
		s.again = false
		if s.onAll || len(s.on) > 0 {
			return &wire.Unwatch{}
		}
		return nil
	case s.wantAll > 0 && s.onAll:
		if s.again {
			return again
		}
		return nil
	case s.wantAll > 0:
		m := &wire.Watch{Everyone: true}
		if s.first {
			m.Epoch, m.Version = know.epoch, know.version
		}
		return m
	case s.onAll:
		return &wire.Unwatch{} // the names follow
	}
	missing, all := names(s.want, func(u string) bool { _, on := s.on[u]; return on }, budget)
	if len(missing) > 0 {
		m := &wire.Watch{Users: missing}
		if s.first && all {
			m.Epoch, m.Version = know.epoch, know.version
		}
		return m
	}
	if s.again {
		return again
	}
	if extra, _ := names(s.on, func(u string) bool { return s.want[u] > 0 }, budget); len(extra) > 0 {
		return &wire.Unwatch{Users: extra}
	}
	return nil
}

// names returns, in order, as many keys of set that are not to be skipped as
// one message holds, and whether these are all.
func names[V any](set map[string]V, skip func(string) bool, budget int) ([]string, bool) {
	var all []string
	for u := range set {
		if !skip(u) {
			all = append(all, u)
		}
	}
	slices.Sort(all)
	n, size := 0, 0
	for n < len(all) && n < wire.MaxWatchNames {
		if size += len(all[n]) + 3; size > budget { // a CBOR text's head has at most 3 bytes here
			break
		}
		n++
	}
	return all[:n], n == len(all)
}

// granted tells that the outstanding message was carried out.
func (s *subscription) granted() {
	s.dirty = true
	if s.void {
		s.busy, s.void = nil, false
		return
	}
	switch m := s.busy.(type) {
	case *wire.Watch:
		s.onAll = s.onAll || m.Everyone
		for _, u := range m.Users {
			s.on[u] = struct{}{}
		}
		s.waiting = !s.marked
	case *wire.Unwatch:
		for _, u := range m.Users {
			delete(s.on, u)
		}
		if len(m.Users) == 0 {
			s.onAll = false
			clear(s.on)
		}
	}
	s.busy = nil
}

// refused tells that the outstanding message was not carried out, and returns
// it: whoever needs a refused watch has to be dropped.
func (s *subscription) refused() wire.Message {
	m := s.busy
	if _, ok := m.(*wire.Unwatch); ok {
		s.granted() // nothing better is known, and nobody wants it any more
		return m
	}
	s.busy, s.void, s.dirty = nil, false, true
	return m
}

// arrived tells that a snapshot came, and with it whatever was missing.
func (s *subscription) arrived() {
	s.waiting = false
	s.again = false
	s.dirty = true
}
