package actors

import (
	"bytes"
	"fmt"
	"time"

	"example.com/rollcall/wire"
)

// onInbound handles the client's frames in order of arrival (N16).
func (c *connection) onInbound(frames []paidFrame) {
	for i := 0; i < len(frames); i++ {
		f := frames[i]
		switch c.phase {
		case greeting:
			hello, ok := f.msg.(*wire.Hello)
			if !ok {
				c.violation("message %d before the hello", f.msg.Type())
				return
			}
			c.credits.give(f.credit)
			c.onHello(hello)
		case registering:
			c.wait(frames[i:]...)
			return
		case open:
			if c.settling && !heartbeatOrBye(f.msg) {
				c.wait(f)
				continue
			}
			if run := sendsTo(frames[i:]); run > 0 {
				c.onSends(frames[i : i+run])
				i += run - 1
				continue
			}
			c.onMessage(f)
		case closing:
			return
		}
	}
}

// heartbeatOrBye reports whether a message is handled while others wait for the
// outcome of a login (N21).
func heartbeatOrBye(m wire.Message) bool {
	switch m.(type) {
	case *wire.Ping, *wire.Pong, *wire.Bye:
		return true
	default:
		return false
	}
}

// settled goes on with what came while a login or a logout was under way.
func (c *connection) settled() {
	c.settling = false
	c.onInbound(c.waited())
}

// violation ends a client that breaks the protocol.
func (c *connection) violation(format string, args ...any) {
	c.end(wire.ReasonProtocolError, ending{detail: fmt.Sprintf(format, args...)})
}

// onMessage handles one message of a welcomed client. Whoever is done with the
// message gives its credit back: here, or where it is passed to.
func (c *connection) onMessage(f paidFrame) {
	users := c.sys.users
	switch m := f.msg.(type) {
	case *wire.Ping:
		c.answerPing(m)
	case *wire.Pong:
		c.pong(m)
	case *wire.Login:
		c.onLogin(m, f.credit)
		return
	case *wire.Watch:
		if c.whose() == "" {
			c.refuse(m.Request, wire.CodeNotLoggedIn, "")
			break
		}
		users.tell(watchUsers{c, m, f.credit})
		return
	case *wire.Unwatch:
		users.tell(unwatchUsers{c, m, f.credit})
		return
	case *wire.Logout:
		if c.whose() == "" {
			c.refuse(m.Request, wire.CodeNotLoggedIn, "")
			break
		}
		c.settling = true
		c.wakes(&users.guard, logoutUser{c, m.Request, f.credit})
		return
	case *wire.App:
		c.onApp(f)
		return
	case *wire.Request:
		c.onRequest(m, f.credit)
		return
	case *wire.Put, *wire.Get, *wire.Accept, *wire.Files, *wire.Remove:
		c.onFileRequest(f)
		return
	case *wire.Chunk:
		c.onTransferFrame(f, m.Transfer)
		return
	case *wire.Credit:
		c.onTransferFrame(f, m.Transfer)
		return
	case *wire.Done:
		c.onTransferFrame(f, m.Transfer)
		return
	case *wire.Abort:
		c.onTransferFrame(f, m.Transfer)
		return
	case *wire.Bye:
		c.end(wire.ReasonBye, ending{detail: m.Text})
		return
	default:
		c.violation("message %d is not for a server, or not now", f.msg.Type())
		return
	}
	c.credits.give(f.credit)
}

// echoed turns a pong's echo back into our clock; what we cannot have sent is
// for the heartbeat to ignore.
func echoed(us uint64) time.Duration {
	const most = uint64(1<<63-1) / uint64(time.Microsecond)
	if us > most {
		return -1
	}
	return time.Duration(us) * time.Microsecond //nolint:gosec // bounded
}

// sendsTo returns how many of the first frames are messages to one and the same user.
func sendsTo(frames []paidFrame) (n int) {
	var to string
	for ; n < len(frames); n++ {
		m, ok := frames[n].msg.(*wire.Send)
		if !ok || n > 0 && m.To != to {
			break
		}
		to = m.To
	}
	return n
}

const (
	// deliverHeads is how much longer a frame of a deliver is than what it carries.
	deliverHeads = wire.HeaderSize + 1 + 6*10
	// sharedFrames is how large a piece of memory is that several frames share: each of
	// them keeps all of it.
	sharedFrames = 4 << 10
	// smallPiece is how much more than twice its frames a parcel may hold.
	smallPiece = 256
)

// onSends passes messages for one user to the user manager, which knows the user's
// sessions. They came together, and tell the same time. One that does not fit a frame is
// refused behind those that came before it; when that ends the connection, the rest go nowhere.
func (c *connection) onSends(run []paidFrame) {
	user, at := c.whose(), c.sys.set.Wall().UnixMilli()
	for len(run) > 0 && c.phase == open {
		if user != "" {
			p := c.pack(run, user, at)
			if n := len(p.all); n > 0 {
				c.sys.count.messages.Add(uint64(n))
				c.wakes(&c.sys.users.guard, p)
				run = run[n:]
				continue
			}
		}
		id := run[0].msg.(*wire.Send).ID //nolint:forcetypeassert // see sendsTo
		if user == "" {
			c.refuse(id, wire.CodeNotLoggedIn, "")
		} else {
			c.refuse(id, wire.CodeTooLarge, "the message does not fit a frame with its sender")
		}
		c.credits.give(run[0].credit)
		run = run[1:]
	}
}

// pack makes a parcel of the first messages, up to one that does not fit a frame.
func (c *connection) pack(run []paidFrame, user string, at int64) *parcel {
	p := &parcel{from: c}
	p.all = p.one[:0]
	room := 0
	for _, f := range run {
		room += deliverRoom(user, f)
	}
	if len(run) > 1 {
		p.all = make([]delivery, 0, len(run))
	}
	var piece []byte
	for _, f := range run {
		m := f.msg.(*wire.Send) //nolint:forcetypeassert // see sendsTo
		need := deliverRoom(user, f)
		held := 0
		if cap(piece)-len(piece) < need {
			held = max(need, min(room, sharedFrames))
			piece = make([]byte, 0, held)
		}
		room -= need
		begin := len(piece)
		all, err := wire.AppendDeliver(piece, wire.Deliver{
			ID: m.ID, From: user, Body: m.Body, Kind: m.Kind, Connection: c.id, At: at,
		})
		frame := all[begin:len(all):len(all)]
		if err != nil || len(frame)-4 > c.sys.set.MaxFrame {
			break
		}
		piece, p.to = all, m.To
		p.size, p.held = p.size+len(frame), p.held+held
		p.all = append(p.all, delivery{id: m.ID, frame: frame, credit: int32(f.credit), noAck: m.NoAck}) //nolint:gosec // bounded by the credits
	}
	return p
}

func deliverRoom(user string, f paidFrame) int {
	m := f.msg.(*wire.Send) //nolint:forcetypeassert // see sendsTo
	return deliverHeads + len(user) + len(m.Body) + len(m.Kind)
}

// onArrival takes messages for this connection's user. Where there is no room for all of
// them, or they have more memory than they need, the queue gets copies: or it would keep
// what it does not count (G6).
func (c *connection) onArrival(a *arrival) {
	shared := a.held <= 2*a.size+smallPiece && c.phase == open && c.lanes().Fits(len(a.all), a.size)
	for a.next < len(a.all) && c.phase == open {
		frame := a.all[a.next].frame
		if !shared && c.lanes().Fits(1, len(frame)) {
			frame = bytes.Clone(frame)
		}
		switch {
		case c.lanes().Data(frame) == nil:
			a.settle(true)
		case c.stuck():
			c.tooSlow()
			a.settle(false)
		default:
			// Who reads is not ended for what others send: they are told to slow down.
			a.settleBusy()
		}
	}
	a.refuse()
}

// onDelivered tells the client how its message fared.
func (c *connection) onDelivered(d delivered) {
	c.credits.give(d.credit)
	switch {
	case d.sessions == 0 && d.busy:
		c.sys.count.undelivered.Add(1)
		c.refuse(d.id, wire.CodeTooMany, "too much waits for the recipient already")
	case d.sessions == 0:
		c.sys.count.undelivered.Add(1)
		c.refuse(d.id, wire.CodeUserOffline, "")
	case !d.noAck:
		c.queue(&wire.Ack{ID: d.id, Sessions: uint64(d.sessions)}) //nolint:gosec // positive
	}
}

func (c *connection) onReply(m reply) {
	c.credits.give(m.credit)
	c.queue(m.msg)
	if m.logout {
		if _, ok := m.msg.(*wire.OK); ok {
			c.filesLogout()
			c.setUser("")
		}
		c.settled()
	}
}

// refuse tells the client that a request of its was not carried out.
func (c *connection) refuse(request uint64, code wire.Code, text string) {
	c.queue(&wire.Error{Request: request, Code: code, Text: wire.Clip(text)})
}

// queue puts a message into the data lane.
func (c *connection) queue(m wire.Message) {
	frame, err := wire.Append(nil, m)
	if err != nil {
		panic(fmt.Errorf("actors: a message of our own making: %w", err))
	}
	c.enqueue(frame)
}

// enqueue puts an encoded frame into the data lane.
func (c *connection) enqueue(frame []byte) {
	if c.lanes().Data(frame) != nil && (c.stuck() || c.lanes().Force(frame) != nil) {
		c.tooSlow()
	}
}

// stuckAfter is how long a write may be under way before the client counts as
// one that does not read, should its queue be full as well: a quarter of the
// write timeout.
func (s *System) stuckAfter() time.Duration { return s.set.WriteTimeout / 4 }

// stuck reports whether the client has not read for a while: not just since
// this turn began, which may have brought more than a write takes away.
func (c *connection) stuck() bool {
	return c.unsent != nil && c.sys.now()-c.unsent.began >= c.sys.stuckAfter()
}

// answerPing answers a ping. Its pong takes no memory, unless another one waits.
func (c *connection) answerPing(m *wire.Ping) {
	pong := wire.Pong{Echo: m.Time, Time: uint64(c.sys.now() / time.Microsecond)} //nolint:gosec // positive
	c.control(wire.AppendPong(c.lanes().Pad(), pong))
}

// control puts a heartbeat ahead of everything else (N21).
func (c *connection) control(frame []byte) {
	if c.lanes().Control(frame) == nil {
		return
	}
	if c.stuck() {
		c.tooSlow()
	} else {
		c.lanes().Renew(frame)
	}
}

// tooSlow ends a client at whose outbound bound we are (P7).
func (c *connection) tooSlow() {
	frames, bytes := c.lanes().Queued()
	c.end(wire.ReasonSlowConsumer, ending{
		detail: fmt.Sprintf("%d frames, %d bytes were not read", frames, bytes),
	})
}
