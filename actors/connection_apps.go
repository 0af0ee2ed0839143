package actors

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"example.com/rollcall/wire"
)

// onApp queues a one-way message for its handler. The messages of a connection
// are handled one after another, in order (N16), on a goroutine that lives while
// there are some.
func (c *connection) onApp(f paidFrame) {
	x := c.todo()
	x.apps = append(x.apps, f)
	c.runApps()
}

func (c *connection) runApps() {
	x := c.todo()
	if x.appsBusy || len(x.apps) == 0 {
		return
	}
	batch := x.apps
	x.apps, x.appsBusy = nil, true
	ctx, from := c.handlerContext(), c.caller()
	c.sys.hold()
	go func() {
		defer c.sys.release()
		c.resumes("apps")
		credit := 0
		for _, f := range batch {
			m, ok := f.msg.(*wire.App)
			if ok && ctx.Err() == nil {
				_, _ = c.sys.runHandler(ctx, from, m.Kind, m.Body)
			}
			credit += f.credit
		}
		c.resumes("apps")
		c.tell(appsDone{credit})
	}()
}

func (c *connection) onAppsDone(m appsDone) {
	c.todo().appsBusy = false
	c.credits.give(m.credit)
	if c.phase == open {
		c.runApps()
	}
}

func (c *connection) caller() Caller {
	return Caller{Connection: c.id, Identifier: c.identifier, User: c.whose()}
}

// onRequest runs a request's handler. The requests of a connection run side by
// side, as many as it has credits; answers are matched by their ID (N15).
func (c *connection) onRequest(m *wire.Request, credit int) {
	ctx, from := c.handlerContext(), c.caller()
	c.todo().asked++
	n := c.chores.asked
	c.sys.hold()
	go func() {
		defer c.sys.release()
		c.goOnRequest(n)
		body, refused := c.sys.runHandler(ctx, from, m.Kind, m.Body)
		c.goOnRequest(n)
		a := answered{credit: credit, msg: &wire.Response{Request: m.Request, Body: body}}
		switch {
		case refused != nil:
			a.msg = &wire.Error{Request: m.Request, Code: refused.Code, Text: wire.Clip(refused.Text)}
		case len(body) > c.sys.set.MaxFrame-responseRoom:
			a.msg = &wire.Error{Request: m.Request, Code: wire.CodeTooLarge, Text: "the answer does not fit a frame"}
		}
		c.tell(a)
	}()
}

// goOnRequest calls the hook for the goroutine of the n-th request.
func (c *connection) goOnRequest(n uint64) {
	if c.of.hooks != nil {
		c.resumes("request/" + strconv.FormatUint(n, 10))
	}
}

// responseRoom is what a response takes beside its body, at most.
const responseRoom = 32

// onAnswered queues an answer. What does not fit waits with its credit, so that
// a client that asks for more than it can read is read more slowly itself.
func (c *connection) onAnswered(m answered) {
	if c.phase != open {
		return
	}
	x := c.todo()
	x.parked = append(x.parked, m)
	c.unpark()
}

// unpark queues the answers that fit by now.
func (c *connection) unpark() {
	x := c.chores
	if x == nil {
		return
	}
	for len(x.parked) > 0 && c.phase == open {
		m := x.parked[0]
		frame, err := wire.Append(nil, m.msg)
		if err != nil {
			panic(fmt.Errorf("actors: an answer of our own making: %w", err))
		}
		if c.lanes().Data(frame) != nil {
			return
		}
		x.parked[0] = answered{}
		x.parked = x.parked[1:]
		c.credits.give(m.credit)
	}
	if len(x.parked) == 0 {
		x.parked = nil
	}
}

// Refusal is an error that a handler returns to choose the code that the client
// is told. Other errors are told as handler_failed, with their text.
type Refusal struct {
	Code wire.Code
	Text string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Code.Error() + ": " + r.Text }

// runHandler runs the handler of a kind on the calling goroutine.
func (s *System) runHandler(ctx context.Context, from Caller, kind string, body []byte) ([]byte, *Refusal) {
	s.count.requests.Add(1)
	h, ok := s.set.Handle(kind)
	if !ok {
		s.count.requestsFailed.Add(1)
		return nil, &Refusal{Code: wire.CodeUnknownKind, Text: kind}
	}
	var answer []byte
	var refused *Refusal
	err := guarded(func() error {
		a, err := h(ctx, from, body)
		answer, refused = a, refusal(err)
		return nil
	})
	if err != nil {
		s.blame("handler of "+kind, err)
		refused = &Refusal{Code: wire.CodeInternal, Text: errHandlerPanic.Error()}
	}
	if refused != nil {
		s.count.requestsFailed.Add(1)
		return nil, refused
	}
	return answer, nil
}

// refusal turns a handler's error into what the client is told. It may panic:
// an error's methods are the embedding program's code as well.
func refusal(err error) *Refusal {
	if err == nil {
		return nil
	}
	var chosen *Refusal
	if !errors.As(err, &chosen) || chosen == nil {
		return &Refusal{Code: wire.CodeHandlerFailed, Text: err.Error()}
	}
	if chosen.Code == wire.CodeNone {
		return &Refusal{Code: wire.CodeHandlerFailed, Text: chosen.Text} // none is never sent
	}
	return chosen
}
