package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"example.com/rollcall/wire"
)

// guards N15: answers that come in another order find their requests.
func TestAnswersOutOfOrder(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		const n = 20
		c, p := s.connect(s.options())
		var asked []<-chan result[[]byte]
		for i := range n {
			asked = append(asked, later(func() ([]byte, error) {
				return c.Request(t.Context(), "echo", fmt.Appendf(nil, "%d", i))
			}))
		}
		var got []*wire.Request
		for range n {
			got = append(got, expect[*wire.Request](p))
		}
		for i := n - 1; i >= 0; i-- {
			p.send(&wire.Response{Request: got[i].Request, Body: append([]byte("re "), got[i].Body...)})
		}
		for i, a := range asked {
			if r := <-a; r.err != nil || string(r.v) != fmt.Sprintf("re %d", i) {
				t.Errorf("request %d got %q, %v", i, r.v, r.err)
			}
		}
		closeBoth(c, p)
	})
}

func TestSend(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		sent := later(func() (Receipt, error) { return c.SendKind(t.Context(), "bob", "chat", []byte("hi")) })
		m := expect[*wire.Send](p)
		if m.To != "bob" || m.Kind != "chat" || string(m.Body) != "hi" || m.NoAck || m.ID == 0 {
			t.Errorf("sent %+v", m)
		}
		p.send(&wire.Ack{ID: m.ID, Sessions: 2})
		if r := <-sent; r.err != nil || r.v != (Receipt{ID: m.ID, Sessions: 2}) {
			t.Errorf("receipt %+v", r)
		}
		sent = later(func() (Receipt, error) { return c.Send(t.Context(), "bob", nil) })
		m = expect[*wire.Send](p)
		p.send(&wire.Error{Request: m.ID, Code: wire.CodeUserOffline, Text: "gone"})
		r := <-sent
		wantErr(t, r.err, wire.CodeUserOffline)
		var refused *RequestError
		if !errors.As(r.err, &refused) || refused.Text != "gone" {
			t.Errorf("refused with %v", r.err)
		}
		if err := c.Post("bob", "k", []byte("x")); err != nil {
			t.Error(err)
		}
		if m := expect[*wire.Send](p); !m.NoAck || m.ID == 0 || m.Kind != "k" {
			t.Errorf("posted %+v", m)
		}
		// An error for it answers nobody.
		p.send(&wire.Error{Request: 3, Code: wire.CodeUserOffline})
		synctest.Wait()
		closeBoth(c, p)
	})
}

func TestTooLarge(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		body := make([]byte, wire.DefaultMaxFrame)
		_, err := c.Send(t.Context(), "bob", body)
		wantErr(t, err, wire.ErrFrameTooLarge)
		_, err = c.Request(t.Context(), "k", make([]byte, wire.MaxMaxFrame+1))
		wantErr(t, err, wire.ErrFrameTooLarge)
		wantErr(t, c.Post("bob", "", body), wire.ErrFrameTooLarge)
		wantErr(t, c.Tell(t.Context(), "k", body), wire.ErrFrameTooLarge)
		wantErr(t, c.Tell(t.Context(), "", nil), wire.ErrField)
		if len(c.conn.slots) != 0 || len(c.conn.calls) != 0 {
			t.Error("a call that failed is still held")
		}
		closeBoth(c, p)
	})
}

func TestAnswerOfWrongType(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		o := s.options()
		o.NoReconnect = true
		c, p := s.connect(o)
		asked := later(func() ([]byte, error) { return c.Request(t.Context(), "k", nil) })
		m := expect[*wire.Request](p)
		p.send(&wire.OK{Request: m.Request + 1}) // answers nobody
		p.send(&wire.OK{Request: m.Request})
		p.expectEnd()
		wantErr(t, (<-asked).err, ErrDisconnected)
		<-c.Done()
		wantEnd(t, c.Err(), wire.ReasonProtocolError)
	})
}

func TestCancelledRequestIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		ctx, cancel := context.WithCancel(t.Context())
		asked := later(func() ([]byte, error) { return c.Request(ctx, "k", nil) })
		m := expect[*wire.Request](p)
		cancel()
		wantErr(t, (<-asked).err, context.Canceled)
		if len(c.conn.slots) != 0 || len(c.conn.calls) != 0 {
			t.Error("the call is still held")
		}
		p.send(&wire.Response{Request: m.Request})
		synctest.Wait()
		closeBoth(c, p)
	})
}

// guards G6: neither calls in flight nor bytes in the queue grow without bound.
func TestBoundsOfWhatGoesOut(t *testing.T) {
	bubble(t, func(t *testing.T, s *script) {
		c, p := s.connect(s.options())
		body := make([]byte, 32<<10)
		n := 0
		for ; n < 100; n++ {
			if err := c.Post("bob", "", body); err != nil {
				wantErr(t, err, ErrQueueFull)
				break
			}
			synctest.Wait() // the writer may take the first
		}
		if held := n * len(body); held > maxQueued+2*len(body) {
			t.Errorf("%d bytes were taken", held)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waits := later(func() (any, error) { return nil, c.Tell(ctx, "k", body) })
		synctest.Wait()
		cancel()
		wantErr(t, (<-waits).err, context.Canceled)
		waits = later(func() (any, error) { return nil, c.Tell(t.Context(), "k", nil) })
		for range n {
			if m := expect[*wire.Send](p); !bytes.Equal(m.Body, body) {
				t.Fatal("another body")
			}
		}
		expect[*wire.App](p)
		if r := <-waits; r.err != nil {
			t.Error(r.err)
		}
		// Calls: the one past the bound waits for a slot.
		ctx, cancel = context.WithCancel(t.Context())
		var asked []<-chan result[[]byte]
		for range maxCalls + 1 {
			asked = append(asked, later(func() ([]byte, error) { return c.Request(ctx, "k", nil) }))
		}
		for range maxCalls {
			expect[*wire.Request](p)
		}
		synctest.Wait()
		if len(c.conn.calls) != maxCalls {
			t.Errorf("%d calls in flight", len(c.conn.calls))
		}
		cancel()
		for _, a := range asked {
			wantErr(t, (<-a).err, context.Canceled)
		}
		p.cut()
		p = s.accept().greet()
		synctest.Wait()
		closeBoth(c, p)
	})
}
