package client

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/rollcall/wire"
)

// guards N16: messages of both kinds come in the order of their arrival.
func TestDeliverInOrder(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		var got []string
		o := s.options()
		o.OnDeliver = func(m Message) {
			got = append(got, fmt.Sprintf("%s %s %s %d %d %d %d",
				m.From, m.Kind, m.Body, m.Connection, m.ID, m.At.UnixMilli(), m.Lost))
		}
		o.OnApp = func(kind string, body []byte) { got = append(got, kind+" "+string(body)) }
		c, p := s.connect(o)
		p.send(
			&wire.Deliver{ID: 4, From: "bob", Body: []byte("hi"), Kind: "chat", Connection: 6, At: 99},
			&wire.App{Kind: "news", Body: []byte("x")},
			&wire.Deliver{ID: 5, From: "bob", Body: []byte("ho"), Connection: 6, At: 100})
		synctest.Wait()
		if !slices.Equal(got, []string{"bob chat hi 6 4 99 0", "news x", "bob  ho 6 5 100 0"}) {
			t.Errorf("%q", got)
		}
		closeBoth(c, p)
	})
}

// guards N21: a handler that is busy, or itself waits for the server, holds up
// neither pings nor answers nor the presence behind its messages; what does not
// fit the queue is dropped, and the handler is told.
func TestSlowHandler(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		release := make(chan struct{})
		var got []Message
		o := s.options()
		o.DeliverQueue = 4
		o.OnDeliver = func(m Message) {
			<-release
			got = append(got, m)
		}
		c, p := s.connect(o)
		for i := range uint64(10) {
			p.send(&wire.Deliver{ID: i + 1, From: "bob", Connection: 1})
			synctest.Wait()
		}
		p.send(&wire.Ping{Time: 8})
		if m := expect[*wire.Pong](p); m.Echo != 8 {
			t.Errorf("pong %+v", m)
		}
		asked := later(func() ([]byte, error) { return c.Request(t.Context(), "k", nil) })
		m := expect[*wire.Request](p)
		p.send(&wire.Response{Request: m.Request})
		if r := <-asked; r.err != nil {
			t.Error(r.err)
		}
		if d := c.Dropped(); d != 5 { // one is in the handler, four wait
			t.Errorf("dropped %d", d)
		}
		close(release)
		synctest.Wait()
		p.send(&wire.Deliver{ID: 11, From: "bob", Connection: 1})
		synctest.Wait()
		if len(got) != 6 || got[4].ID != 5 || got[4].Lost != 0 || got[5].ID != 11 || got[5].Lost != 5 {
			t.Errorf("got %+v", got)
		}
		closeBoth(c, p)
	})
}

// A handler may call the server although more messages wait than its queue holds.
func TestHandlerAsks(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.DeliverQueue = 1
		var c *Client
		answered := 0
		ready := make(chan struct{})
		o.OnDeliver = func(Message) {
			<-ready
			if _, err := c.Request(context.Background(), "k", nil); err != nil {
				t.Error(err)
			}
			answered++
		}
		var p *peer
		c, p = s.connect(o)
		close(ready)
		// The first is in its handler before the others come: one of them finds room.
		p.send(&wire.Deliver{ID: 1, From: "bob", Connection: 1})
		m := expect[*wire.Request](p)
		for range 4 {
			p.send(&wire.Deliver{ID: 1, From: "bob", Connection: 1})
		}
		p.send(&wire.Response{Request: m.Request})
		m = expect[*wire.Request](p)
		p.send(&wire.Response{Request: m.Request})
		synctest.Wait()
		if answered != 2 {
			t.Errorf("%d answered", answered)
		}
		closeBoth(c, p)
	})
}

func TestInboxBytes(t *testing.T) {
	q := newInbox(1000)
	n := 0
	for q.put(&wire.App{}, 1<<20) {
		n++
	}
	if n != maxInbox>>20 {
		t.Errorf("%d MiB wait", n)
	}
	if _, ok, _ := q.take(); !ok {
		t.Error("nothing to take")
	}
	if !q.put(&wire.App{}, 1<<20) {
		t.Error("no room although one was taken")
	}
}

// What arrived before the server ended the client is still handled; what waits
// when the client closes is not.
func TestHandlersAtTheEnd(t *testing.T) {
	for _, kicked := range []bool{true, false} {
		bubble(t, func(t *testing.T, s *script) {
			handled := 0
			o := s.options()
			o.OnApp = func(string, []byte) { time.Sleep(time.Minute); handled++ }
			o.Interval, o.Timeout = time.Hour, 3*time.Hour
			c, p := s.connect(o)
			for range 3 {
				p.send(&wire.App{Kind: "k"})
			}
			want := 1
			if kicked {
				want = 3
				p.send(&wire.Bye{Reason: wire.ReasonKicked})
				<-c.Done()
			} else {
				synctest.Wait()
				closeBoth(c, p)
			}
			if handled != want {
				t.Errorf("kicked %v: %d handled, want %d", kicked, handled, want)
			}
		})
	}
}
