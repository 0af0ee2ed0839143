package client

import (
	"sync"
	"time"

	"example.com/rollcall/wire"
)

// Message is a message of another user, or of one's own other sessions.
type Message struct {
	From string // the sender's user
	Kind string // may be empty
	Body []byte
	// Connection and ID are the sender's; together they are the message's ID,
	// unique within the server's epoch.
	Connection, ID uint64
	At             time.Time // when the server took it
	// Lost is how many messages, application messages, offers and notices of
	// files too, were dropped between
	// the one handled before and this one, because the queue was full.
	Lost uint64
}

// maxInbox bounds the bytes of bodies that wait for the handlers.
const maxInbox = 8 << 20

// item is one message that waits: a Deliver, an App, a FileNotice or an offer.
type item struct {
	m     wire.Message
	offer *offer
	size  int
	lost  uint64
}

// inbox is the queue between the reader, who never waits, and the handlers. It
// holds at most limit messages and maxInbox bytes; what comes then is dropped
// and counted.
type inbox struct {
	limit int
	wake  chan struct{} // holds one token

	mu     sync.Mutex
	items  []item
	bytes  int
	lost   uint64 // dropped since the last that was queued
	closed bool
}

func newInbox(limit int) *inbox {
	return &inbox{limit: limit, wake: make(chan struct{}, 1)}
}

func (q *inbox) signal() { wake(q.wake) }

// put queues a message and reports false when it had to drop it.
func (q *inbox) put(m wire.Message, size int) bool { return q.add(item{m: m, size: size}) }

// add is put for what is no plain message.
func (q *inbox) add(it item) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) >= q.limit || (len(q.items) > 0 && q.bytes+it.size > maxInbox) {
		q.lost++
		return false
	}
	it.lost, q.lost = q.lost, 0
	q.items = append(q.items, it)
	q.bytes += it.size
	q.signal()
	return true
}

// take returns the next message; ended tells that none will ever follow.
func (q *inbox) take() (it item, ok, ended bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return item{}, false, q.closed
	}
	it = q.items[0]
	q.items[0] = item{}
	q.items = q.items[1:]
	q.bytes -= it.size
	return it, true, false
}

// close ends the queue behind what waits in it.
func (q *inbox) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

func (c *Client) deliver(m *wire.Deliver) {
	if c.o.OnDeliver != nil && !c.inbox.put(m, len(m.Body)) {
		c.dropped.Add(1)
	}
}

func (c *Client) app(m *wire.App) {
	if c.o.OnApp != nil && !c.inbox.put(m, len(m.Body)) {
		c.dropped.Add(1)
	}
}

// Dropped returns how many messages and application messages were dropped so
// far because their handlers were too slow, see [Options.DeliverQueue].
func (c *Client) Dropped() uint64 { return c.dropped.Load() }

// dispatch is the handlers' goroutine. When the client has ended by itself, what
// has arrived is still handled; when it was closed or cancelled, it is not.
func (c *Client) dispatch() {
	var lost uint64 // not yet told: App has no place for it
	for {
		it, ok, ended := c.inbox.take()
		switch {
		case ended:
			return
		case !ok:
			<-c.inbox.wake // run closes the inbox in the end
			continue
		case c.stopped():
			continue
		}
		lost += it.lost
		if it.offer != nil {
			c.o.OnOffer(Offer{File: it.offer.file, o: it.offer})
			continue
		}
		switch m := it.m.(type) {
		case *wire.FileNotice:
			c.o.OnFileNotice(*m)
		case *wire.App:
			c.o.OnApp(m.Kind, m.Body)
		case *wire.Deliver:
			c.o.OnDeliver(Message{
				From: m.From, Kind: m.Kind, Body: m.Body,
				Connection: m.Connection, ID: m.ID, At: time.UnixMilli(m.At), Lost: lost,
			})
			lost = 0
		}
	}
}
