package supervisor_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/rollcall/supervisor"
	"example.com/rollcall/wire"
)

func reasonCases() []reasonCase {
	return slices.Concat(clientCases(), transportCases(), timeCases(), serverCases())
}

// clientCases are the ends that a client causes by what it sends.
func clientCases() []reasonCase {
	return []reasonCase{
		{
			name: "bye", reason: wire.ReasonBye,
			end: func(_ *world, p *peer) { p.send(&wire.Bye{Reason: wire.ReasonBye, Text: "so long"}) },
			evidence: func(e *evidence) {
				e.want(e.Detail == "so long" && e.Error == "", "detail %q, error %q", e.Detail, e.Error)
			},
		},
		{ // PROTOCOL.md, "Bye": a client's bye is always taken for bye
			name: "bye with another reason", reason: wire.ReasonBye,
			end: func(_ *world, p *peer) { p.send(&wire.Bye{Reason: wire.ReasonKicked}) },
		},
		{
			name: "protocol error", reason: wire.ReasonProtocolError, told: true,
			end:      func(_ *world, p *peer) { p.send(&wire.Ack{ID: 1, Sessions: 1}) },
			evidence: func(e *evidence) { e.want(e.Detail != "", "no detail") },
		},
		{
			name: "protocol error before the hello", reason: wire.ReasonProtocolError, told: true, bare: true,
			end: func(_ *world, p *peer) { p.send(&wire.Login{Request: 1, User: "eve"}) },
		},
		{
			name: "frame too large", reason: wire.ReasonFrameTooLarge, told: true,
			end: func(_ *world, p *peer) { p.raw([]byte{0, 1, 0, 1}) }, // 65537
			evidence: func(e *evidence) {
				e.want(strings.Contains(e.Detail, "65537"), "detail %q", e.Detail)
				e.want(e.BytesIn > 4, "%d bytes in", e.BytesIn)
			},
		},
		{
			name: "frame too large before the hello", reason: wire.ReasonFrameTooLarge, told: true, bare: true,
			end: func(_ *world, p *peer) { p.raw([]byte{0, 0, 16, 1}) }, // 4097
		},
		{
			name: "no common version", reason: wire.ReasonVersionUnsupported, told: true, bare: true,
			end: func(_ *world, p *peer) {
				p.send(&wire.Hello{MinVersion: 2, MaxVersion: 9, Identifier: device})
			},
		},
		{
			name: "login refused", reason: wire.ReasonLoginRefused, told: true, loner: true,
			config: supervisor.Config{Authenticate: func(_ context.Context, l supervisor.LoginAttempt) error {
				if l.User == subject {
					return errors.New("not today")
				}
				return nil
			}},
			end: func(w *world, p *peer) {
				m, ok := p.tryLogin(subject, "secret", nil).(*wire.Error)
				if !ok || m.Code != wire.CodeLoginRefused || m.Text != "not today" {
					w.t.Errorf("the login was answered by %+v", m)
				}
			},
			evidence: func(e *evidence) { e.want(e.Detail == "not today", "detail %q", e.Detail) },
		},
	}
}

// transportCases are the ends that show themselves in a read or a write.
func transportCases() []reasonCase {
	return []reasonCase{
		{
			name: "eof", reason: wire.ReasonEOF,
			end: func(_ *world, p *peer) { p.cut() },
			evidence: func(e *evidence) {
				e.want(!e.MidFrame && e.Error == "EOF", "mid-frame %t, error %q", e.MidFrame, e.Error)
			},
		},
		{
			name: "eof before the hello", reason: wire.ReasonEOF, bare: true,
			end: func(_ *world, p *peer) { p.cut() },
			evidence: func(e *evidence) {
				e.want(e.BytesIn == 0 && e.BytesOut == 0, "%d bytes in, %d out", e.BytesIn, e.BytesOut)
			},
		},
		{ // guards N1
			name: "eof in the middle of a frame", reason: wire.ReasonEOF,
			end: func(_ *world, p *peer) {
				p.raw([]byte{0, 0, 1, 0, byte(wire.TypeSend), 0xa1}) // six bytes of 260
				p.cut()
			},
			evidence: func(e *evidence) { e.want(e.MidFrame, "not mid-frame") },
		},
		{ // guards N1
			name: "eof in the middle of a header", reason: wire.ReasonEOF, bare: true,
			end: func(_ *world, p *peer) {
				p.raw([]byte{0, 0})
				p.cut()
			},
			evidence: func(e *evidence) { e.want(e.MidFrame && e.BytesIn == 2, "%t, %d bytes", e.MidFrame, e.BytesIn) },
		},
		{
			name: "reset", reason: wire.ReasonReset,
			end: func(_ *world, p *peer) { p.link.reset() },
			evidence: func(e *evidence) {
				e.want(e.Error == syscall.ECONNRESET.Error(), "error %q", e.Error)
			},
		},
		{
			name: "reset seen by a write", reason: wire.ReasonReset,
			end: func(w *world, p *peer) {
				p.link.server.out.change(func(q *pipe) { q.writeErr = syscall.EPIPE })
				if _, err := w.s.Push(ctx, subject, "news", nil); err != nil {
					w.t.Error(err)
				}
			},
			evidence: func(e *evidence) { e.want(e.Error == syscall.EPIPE.Error(), "error %q", e.Error) },
		},
		{
			name: "write failed", reason: wire.ReasonWriteFailed,
			end: func(w *world, p *peer) {
				p.link.server.out.change(func(q *pipe) { q.writeErr = syscall.EHOSTUNREACH })
				if _, err := w.s.Push(ctx, subject, "news", nil); err != nil {
					w.t.Error(err)
				}
			},
			evidence: func(e *evidence) { e.want(e.Error == syscall.EHOSTUNREACH.Error(), "error %q", e.Error) },
		},
		{ // past the queue's bound; the client reads on in time for its goodbye
			name: "slow consumer at the bound of the queue", reason: wire.ReasonSlowConsumer, told: true,
			config: supervisor.Config{QueueFrames: 16, QueueBytes: 1 << 20},
			end: func(w *world, p *peer) {
				friend := w.join("friend")
				p.freeze()
				refused := 0
				for i := range 40 {
					if i == 20 {
						w.after(5 * time.Second) // till now it could have been a burst
					} // more than the transport and the queue hold
					r := friend.next()
					friend.send(&wire.Send{ID: r, To: subject, Body: make([]byte, 8<<10)})
					if e, ok := friend.answer(r).(*wire.Error); ok && (e.Code == wire.CodeUserOffline || e.Code == wire.CodeTooMany) {
						refused++
					}
				}
				if refused == 0 {
					w.t.Error("every message was taken for a client that does not read")
				}
				w.ended(p, wire.ReasonSlowConsumer)
				p.thaw()
			},
			evidence: func(e *evidence) {
				e.want(e.QueueFrames == 16, "%d frames were queued", e.QueueFrames)
				e.want(e.QueueBytes > 16*8<<10 && e.QueueBytes < 1<<20, "%d bytes were queued", e.QueueBytes)
			},
		},
		{ // a write that makes no progress; nothing more can be told
			name: "slow consumer at the write timeout", reason: wire.ReasonSlowConsumer,
			config: supervisor.Config{WriteTimeout: 4 * time.Second},
			end: func(w *world, p *peer) {
				p.freeze()
				for range 3 {
					if _, err := w.s.Push(ctx, subject, "bulk", make([]byte, 60<<10)); err != nil {
						w.t.Error(err)
					}
				}
				w.after(4*time.Second - 1)
				w.alive(p)
				w.after(1)
				p.cut()
			},
			evidence: func(e *evidence) {
				e.want(e.Lived == 4*time.Second+10*time.Millisecond, "it lived for %v", e.Lived)
				e.want(e.Error != "" && e.QueueFrames > 0, "error %q, %d frames queued", e.Error, e.QueueFrames)
			},
		},
	}
}

// timeCases are the ends that time alone causes.
func timeCases() []reasonCase {
	return []reasonCase{
		{ // guards N2, G4: exact to the nanosecond
			name: "heartbeat timeout", reason: wire.ReasonHeartbeatTimeout, told: true,
			end: func(w *world, p *peer) {
				p.silence()
				w.after(30*time.Second - 10*time.Millisecond - 1)
				w.alive(p)
				w.after(1)
			},
			evidence: func(e *evidence) {
				e.want(e.Silent == 30*time.Second, "silent for %v", e.Silent)
				e.want(e.PingsSent >= 1 && e.PingsMissed == e.PingsSent, "%d pings, %d missed", e.PingsSent, e.PingsMissed)
				e.want(e.PingsSent == e.p.pinged(), "%d pings sent, %d came", e.PingsSent, e.p.pinged())
			},
		},
		{
			name: "heartbeat timeout after answers", reason: wire.ReasonHeartbeatTimeout, told: true,
			end: func(w *world, p *peer) {
				w.after(time.Hour) // it answers
				w.alive(p)
				p.silence()
				w.after(31 * time.Second)
			},
			evidence: func(e *evidence) {
				e.want(e.Silent == 30*time.Second, "silent for %v", e.Silent)
				e.want(e.Lived > time.Hour && e.PingsSent > 230, "lived %v, %d pings", e.Lived, e.PingsSent)
				e.want(e.PingsMissed >= 1 && e.PingsMissed <= 3, "%d pings missed", e.PingsMissed)
				e.want(e.RTT < time.Microsecond, "round trip %v, where no time passes", e.RTT)
			},
		},
		{
			name: "handshake timeout", reason: wire.ReasonHandshakeTimeout, told: true, bare: true,
			end: func(w *world, p *peer) {
				w.after(10*time.Second - 10*time.Millisecond - 1)
				if n := w.counts().Handshaking; n != 1 {
					w.t.Errorf("%d handshakes wait", n)
				}
				w.after(1)
			},
			evidence: func(e *evidence) { e.want(e.Lived == 10*time.Second, "it lived for %v", e.Lived) },
		},
		{ // one byte a second does not stretch it
			name: "handshake timeout byte by byte", reason: wire.ReasonHandshakeTimeout, told: true, bare: true,
			end: func(w *world, p *peer) {
				hello, err := wire.Append(nil, &wire.Hello{MinVersion: 1, MaxVersion: 1, Identifier: device})
				if err != nil {
					w.t.Fatal(err)
				}
				for i := range 10 {
					p.raw(hello[i : i+1])
					w.after(time.Second)
				}
			},
			evidence: func(e *evidence) { e.want(e.Lived == 10*time.Second, "it lived for %v", e.Lived) },
		},
		{
			name: "a frame that is never complete", reason: wire.ReasonProtocolError, told: true,
			config: supervisor.Config{FrameTimeout: 40 * time.Second},
			end: func(w *world, p *peer) {
				p.raw([]byte{0, 0, 4, 0, byte(wire.TypeSend)})
				for range 45 {
					_ = p.putRaw([]byte{0})
					w.after(time.Second)
				}
			},
			evidence: func(e *evidence) { e.want(e.Lived < 42*time.Second, "it lived for %v", e.Lived) },
		},
	}
}

// serverCases are the ends that the server or its program decides on.
func serverCases() []reasonCase {
	var bomb atomic.Value // the ID of the actor that is to panic
	bomb.Store("")
	return []reasonCase{
		{
			name: "kicked", reason: wire.ReasonKicked, told: true,
			end: func(w *world, p *peer) {
				if err := w.s.Kick(ctx, p.id, "off with you"); err != nil {
					w.t.Error(err)
				}
			},
			evidence: func(e *evidence) {
				e.want(e.Detail == "off with you", "detail %q", e.Detail)
				bye, _ := e.p.bye()
				e.want(bye != nil && bye.Text == "off with you", "the client read %+v", bye)
			},
		},
		{
			name: "kicked by name", reason: wire.ReasonKicked, told: true,
			end: func(w *world, _ *peer) {
				if n, err := w.s.KickUser(ctx, subject, ""); n != 1 || err != nil {
					w.t.Error(n, err)
				}
			},
		},
		{
			name: "panic", reason: wire.ReasonPanic, told: true, faults: 1,
			config: supervisor.Config{Hooks: &supervisor.Hooks{BeforeReceive: func(actorID string, msg any) {
				if actorID == bomb.Load() && fmt.Sprintf("%T", msg) == "actors.inbound" {
					panic("boom")
				}
			}}},
			end: func(w *world, p *peer) {
				bomb.Store(fmt.Sprintf("rollcall/connection/%d", p.id))
				p.send(&wire.Ping{Time: 1})
				w.settle()
				bomb.Store("")
			},
			evidence: func(e *evidence) {
				faults := events[supervisor.Fault](e.w.rec)
				e.want(len(faults) == 1 && faults[0].Value == "boom" && faults[0].Stack != "" &&
					strings.HasSuffix(faults[0].Actor, fmt.Sprintf("connection/%d", e.p.id)), "faults %+v", faults)
				e.want(!strings.Contains(e.Detail, "boom"), "the client is told of our insides: %q", e.Detail)
				e.want(strings.Contains(e.Error, "boom"), "error %q", e.Error)
			},
		},
		{ // the kernel gives an address pair away only when it is free: the old one is dead
			name: "replaced at the same endpoint", reason: wire.ReasonReplaced,
			end: func(w *world, p *peer) {
				newer := w.dialFrom(p.nc.LocalAddr(), nil).hello("another client")
				w.alive(newer)
			},
		},
	}
}
