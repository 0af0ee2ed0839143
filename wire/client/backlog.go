package client

import "container/list"

// eventQueue is how many events wait for a slow consumer of a watch before they
// collapse.
const eventQueue = 256

// backlog is what one consumer of a watch has not been told yet. A plain value.
//
// Up to eventQueue changes wait in full. Past that, a user's waiting changes
// collapse to the newest as soon as another comes (P7), and to nothing if the
// newest is what the consumer believes anyway. So at most eventQueue plus one
// for each user wait. Either way a user's events alternate between Online and
// Offline.
type backlog struct {
	limit  int                        // static; eventQueue, less in tests
	events *list.List                 // of Event, the oldest first
	byUser map[string][]*list.Element // the oldest first
}

func newBacklog(limit int) backlog {
	return backlog{limit: limit, events: list.New(), byUser: make(map[string][]*list.Element)}
}

// push adds a change.
func (b *backlog) push(e Event) {
	waiting := b.byUser[e.User]
	if b.events.Len() >= b.limit && len(waiting) > 0 {
		oldest := waiting[0].Value.(Event).Kind //nolint:forcetypeassert // only events are in it
		for _, w := range waiting {
			b.events.Remove(w)
		}
		if e.Kind != oldest { // the consumer believes the opposite of the oldest
			delete(b.byUser, e.User)
			return
		}
		waiting = nil
	}
	b.byUser[e.User] = append(waiting, b.events.PushBack(e))
}

// pop takes the oldest change.
func (b *backlog) pop() (Event, bool) {
	front := b.events.Front()
	if front == nil {
		return Event{}, false
	}
	e := b.events.Remove(front).(Event) //nolint:forcetypeassert // only events are in it
	if rest := b.byUser[e.User][1:]; len(rest) > 0 {
		b.byUser[e.User] = rest
	} else {
		delete(b.byUser, e.User)
	}
	return e, true
}
