package supervisor_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

// TestAnswersFindTheirRequests: concurrent requests of one kind are answered in
// any order, each with its own answer. Guards N15.
func TestAnswersFindTheirRequests(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		const n = 100
		if err := supervisor.HandleRequest(w.s, "double",
			func(_ context.Context, _ supervisor.Caller, x uint64) (uint64, error) {
				time.Sleep(time.Duration(n-x) * time.Millisecond) // the last is answered first
				return 2 * x, nil
			}); err != nil {
			t.Fatal(err)
		}
		p, q := w.dial().hello("p"), w.dial().hello("q")
		for i := range uint64(n) {
			body := []byte{0x18, byte(i)} // CBOR
			if i < 24 {
				body = []byte{byte(i)}
			}
			p.send(&wire.Request{Request: 1000 + i, Kind: "double", Body: body})
			q.send(&wire.Request{Request: 2000 - i, Kind: "double", Body: body})
		}
		w.after(time.Second)
		order := has[*wire.Response](p)
		if len(order) != n || order[0].Request != 1000+n-1 {
			t.Fatalf("%d answers, the first is to %d: the test proves nothing", len(order), order[0].Request)
		}
		for i := range uint64(n) {
			for _, m := range []wire.Message{p.answer(1000 + i), q.answer(2000 - i)} {
				var got uint64
				if r, ok := m.(*wire.Response); !ok || !decode(r.Body, &got) || got != 2*i {
					t.Fatalf("N15: request %d was answered by %+v", i, m)
				}
			}
		}
	})
}

// decode reads a small CBOR unsigned integer.
func decode(b []byte, into *uint64) bool {
	switch {
	case len(b) == 1 && b[0] < 24:
		*into = uint64(b[0])
	case len(b) == 2 && b[0] == 0x18:
		*into = uint64(b[1])
	default:
		return false
	}
	return true
}

// TestOrder: the messages of a connection are handled in the order of arrival,
// however the stream was cut. Guards N16.
func TestOrder(t *testing.T) {
	inBubble(t, supervisor.Config{QueueBytes: 16 << 20}, func(w *world) {
		const n = 1000
		var handled []uint64 // of one connection: never side by side
		if err := supervisor.Handle(w.s, "count", func(_ context.Context, _ supervisor.Caller, b []byte) error {
			handled = append(handled, binary.BigEndian.Uint64(b))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		from, to := w.join("from"), w.join("to")
		var stream []byte
		for i := range uint64(n) {
			number := binary.BigEndian.AppendUint64(nil, i)
			// Small and large ones, that whatever sorts by size shows itself.
			body := append(number, make([]byte, (i%7)*600)...)
			for _, m := range []wire.Message{
				&wire.Send{ID: i + 1, To: "to", Body: body, NoAck: true},
				&wire.App{Kind: "count", Body: body},
			} {
				var err error
				if stream, err = wire.Append(stream, m); err != nil {
					t.Fatal(err)
				}
			}
		}
		random := rand.New(rand.NewPCG(1, 2))
		for len(stream) > 0 {
			k := min(1+random.IntN(9000), len(stream))
			from.raw(stream[:k])
			stream = stream[k:]
		}
		w.settle()
		got := has[*wire.Deliver](to)
		if len(got) != n || len(handled) != n {
			t.Fatalf("%d messages were delivered, %d handled", len(got), len(handled))
		}
		for i := range uint64(n) {
			if got[i].ID != i+1 || binary.BigEndian.Uint64(got[i].Body) != i || handled[i] != i {
				t.Fatalf("N16: in place %d are %d and %d", i, got[i].ID, handled[i])
			}
			if got[i].From != "from" || got[i].Connection != from.id {
				t.Fatalf("the message is from %s, connection %d", got[i].From, got[i].Connection)
			}
		}
	})
}

// TestThrowingHandlers: a panic in the program's code stays in it: it is
// counted, its client is told at most 'internal', and everybody else, later
// messages included, is served. Guards N10.
func TestThrowingHandlers(t *testing.T) {
	cfg := supervisor.Config{Authenticate: func(_ context.Context, l supervisor.LoginAttempt) error {
		if l.User == "bomb" {
			panic("a secret")
		}
		return nil
	}}
	inBubble(t, cfg, func(w *world) {
		var apps int
		for _, err := range []error{
			supervisor.HandleRequest(w.s, "panic", func(context.Context, supervisor.Caller, []byte) ([]byte, error) { panic("a secret") }),
			supervisor.HandleRequest(w.s, "error", func(context.Context, supervisor.Caller, []byte) ([]byte, error) { return nil, errors.New("no more") }),
			supervisor.HandleRequest(w.s, "refuse", func(context.Context, supervisor.Caller, []byte) ([]byte, error) {
				return nil, &supervisor.Refusal{Code: wire.CodeTooMany, Text: "later"}
			}),
			supervisor.HandleRequest(w.s, "huge", func(context.Context, supervisor.Caller, []byte) ([]byte, error) { return make([]byte, 1<<20), nil }),
			supervisor.HandleRequest(w.s, "number", func(_ context.Context, _ supervisor.Caller, n int) (int, error) { return n, nil }),
			supervisor.HandleRequest(w.s, "unencodable", func(context.Context, supervisor.Caller, []byte) (chan int, error) { return make(chan int), nil }),
			supervisor.Handle(w.s, "app", func(_ context.Context, _ supervisor.Caller, b []byte) error {
				if apps++; string(b) == "panic" {
					panic("a secret")
				}
				return errors.New("counted")
			}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		p, other := w.join("p"), w.join("other")
		for _, c := range []struct {
			kind, body string
			code       wire.Code
			text       string
		}{
			{"panic", "", wire.CodeInternal, "internal error"},
			{"error", "", wire.CodeHandlerFailed, "no more"},
			{"refuse", "", wire.CodeTooMany, "later"},
			{"huge", "", wire.CodeTooLarge, "the answer does not fit a frame"},
			{"nobody's", "", wire.CodeUnknownKind, "nobody's"},
			{"number", "\xff", wire.CodeBadRequest, ""},
			{"unencodable", "", wire.CodeInternal, "the answer does not encode"},
		} {
			r := p.next()
			p.send(&wire.Request{Request: r, Kind: c.kind, Body: []byte(c.body)})
			m, ok := p.answer(r).(*wire.Error)
			if !ok || m.Code != c.code || c.text != "" && m.Text != c.text {
				t.Errorf("%s was answered by %+v", c.kind, m)
			}
		}
		for _, body := range []string{"x", "panic", "x", "panic", "x"} {
			p.send(&wire.App{Kind: "app", Body: []byte(body)})
		}
		p.send(&wire.App{Kind: "nobody's"})
		w.settle()
		if apps != 5 {
			t.Errorf("N10: %d of 5 messages were handled", apps)
		}
		bomb := w.dial().hello("bomb")
		if m, ok := bomb.tryLogin("bomb", "", nil).(*wire.Error); !ok || m.Text != "internal error" {
			t.Errorf("the login was answered by %+v", m)
		}
		w.ended(bomb, wire.ReasonPanic) // not refused: it may come back
		w.alive(p, other)
		if n := w.s.Counters(); n.HandlerPanics != 4 || n.RequestsFailed != 12 {
			t.Errorf("%d panics of handlers, %d failed requests", n.HandlerPanics, n.RequestsFailed)
		}
	})
}

// TestSend: to whom, to how many, and what is told when there is none.
func TestSend(t *testing.T) {
	inBubble(t, supervisor.Config{}, func(w *world) {
		phone, laptop, bob := w.join("alice"), w.join("alice"), w.join("bob")
		nobody := w.dial().hello("nobody")
		for _, c := range []struct {
			from     *peer
			to       string
			body     int
			code     wire.Code
			sessions uint64
		}{
			{bob, "alice", 10, 0, 2},
			{bob, "bob", 10, 0, 1},
			{phone, "alice", 10, 0, 2},
			{bob, "carol", 10, wire.CodeUserOffline, 0},
			{nobody, "alice", 10, wire.CodeNotLoggedIn, 0},
			{bob, "alice", wire.DefaultMaxFrame - wire.MaxOverhead, 0, 2},
			{bob, "alice", wire.DefaultMaxFrame - 20, wire.CodeTooLarge, 0}, // fits the send, not the deliver
		} {
			r := c.from.next()
			c.from.send(&wire.Send{ID: r, To: c.to, Body: make([]byte, c.body)})
			switch m := c.from.answer(r).(type) {
			case *wire.Ack:
				if c.code != 0 || m.Sessions != c.sessions {
					t.Errorf("%+v was answered by %+v", c, m)
				}
			case *wire.Error:
				if m.Code != c.code {
					t.Errorf("%+v was answered by %+v", c, m)
				}
			}
		}
		w.settle()
		if a, b := len(has[*wire.Deliver](phone)), len(has[*wire.Deliver](laptop)); a != 3 || b != 3 {
			t.Errorf("%d and %d messages came", a, b)
		}
		// The order of a connection's messages holds among its refusals, too.
		first := phone.ids + 1
		for i := range 20 {
			phone.send(&wire.Send{ID: phone.next(), To: []string{"bob", "nobody"}[i%2]})
		}
		w.settle()
		var order []uint64
		phone.mu.Lock()
		for _, m := range phone.got {
			if r := answers(m); r >= first {
				order = append(order, r)
			}
		}
		phone.mu.Unlock()
		if slices.Sort(order); len(slices.Compact(order)) != 20 {
			t.Errorf("20 requests have the answers %v", order)
		}
	})
}
