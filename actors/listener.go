package actors

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"example.com/rollcall/wire"
)

// Accept takes a transport over: a connection actor will own and close it. It
// is refused, and closed (N13), while the server is shutting down or holds as
// many connections as it may: the error is ErrShutdown or ErrFull. A refusal
// takes no longer than it takes to tell, 50 ms at most.
func (s *System) Accept(t net.Conn) error {
	err := s.admit(t)
	if err != nil {
		s.turnAway(t, err)
	}
	return err
}

// admit makes a connection of a transport, or tells why it must not.
func (s *System) admit(t net.Conn) error {
	s.hold() // first: a shutdown that is not seen here waits for it
	defer s.release()
	if s.draining.Load() {
		return ErrShutdown
	}
	if s.conns.Add(1) > int64(s.set.MaxConnections) {
		s.conns.Add(-1)
		return ErrFull
	}
	s.spawnConnection(t)
	return nil
}

// ErrFull is returned for a transport past MaxConnections.
var ErrFull = errors.New("rollcall: as many connections as allowed")

// turnAwayPatience bounds the goodbye to a transport that gets no actor. Its
// few bytes fit a socket's empty buffer; the bound is for pipes, and for TLS,
// whose first write waits for the client's word.
const turnAwayPatience = 50 * time.Millisecond

func (s *System) turnAway(t net.Conn, why error) {
	s.count.refused.Add(1)
	bye := &wire.Bye{Reason: wire.ReasonTooMany, Text: "the server is full"}
	if errors.Is(why, ErrShutdown) {
		bye = &wire.Bye{Reason: wire.ReasonServerShutdown, Text: "the server is shutting down"}
	}
	_ = guarded(func() error { // the transport may be the embedding program's
		defer func() { _ = t.Close() }()
		b, err := wire.Append(nil, bye)
		if err != nil {
			return err // unreachable: the goodbye is ours
		}
		if err := t.SetDeadline(time.Now().Add(turnAwayPatience)); err != nil {
			return err
		}
		s.recordRefusal(t, bye)
		_, err = t.Write(b)
		return err
	})
}

// Bounds of the wait after an accept that failed for want of something.
const (
	shortestAcceptWait = 5 * time.Millisecond
	longestAcceptWait  = time.Second
)

// Listen accepts connections from l until ctx ends, the server shuts down or l
// fails for good, and closes l. It returns nil in the first two cases. Handshakes
// wait in their own actors, never here (N14). When the process runs out of file
// descriptors or memory, it waits and tries again.
func (s *System) Listen(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	drained := context.AfterFunc(s.accepting, cancel)
	defer drained()
	defer func() { _ = l.Close() }()
	wait := shortestAcceptWait
	for {
		t, err := l.Accept()
		switch {
		case err == nil:
			wait = shortestAcceptWait
			if err := s.admit(t); err != nil {
				s.hold()
				go func() { // not here: the next one does not wait for it (N14)
					defer s.release()
					s.turnAway(t, err)
				}()
			}
		case ctx.Err() != nil, s.draining.Load():
			return nil
		case passing(err):
			s.count.acceptErrors.Add(1)
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return nil
			}
			wait = min(2*wait, longestAcceptWait)
		default:
			return err
		}
	}
}

// passing reports whether an accept may succeed later on.
func passing(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
		syscall.ECONNABORTED, syscall.EINTR, syscall.EAGAIN, syscall.EPROTO,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
