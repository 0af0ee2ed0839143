package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"example.com/rollcall/wire"
)

// putting is one call of Put, over as many connections as it takes. It is owned
// by the goroutine that called.
type putting struct {
	c     *Client
	src   source
	put   wire.Put
	o     PutOptions
	meter meter
	res   PutResult

	call     uint64 // its number, see Options.GoOn
	begun    bool   // it is known from where on this call sends
	cutOff   bool   // an attempt has ended with its connection
	complete bool   // everything had been sent when a connection broke, and the file may be stored
	absent   time.Duration
}

func (p *putting) run(ctx context.Context) error {
	var again retry
	for {
		cn, err := p.c.ready(ctx, p.call)
		if err != nil {
			return err
		}
		before := p.res.Sent
		if err = p.attempt(ctx, cn); err == nil {
			return nil
		}
		if p.res.Sent > before {
			again.moved()
			p.absent = 0
		}
		p.cutOff = p.cutOff || errors.Is(err, ErrDisconnected) || errors.Is(err, wire.CodeShuttingDown)
		if p.waitsForRecipient(err) {
			err = wire.CodeInterrupted
		}
		if err := p.c.goOn(ctx, cn, p.call, &again, err); err != nil {
			return err
		}
	}
}

// waitsForRecipient reports whether err says that the recipient of a relay that
// was under way is not back yet, after a restart of the server, and may still
// come.
func (p *putting) waitsForRecipient(err error) bool {
	if !p.put.Relay || !p.begun && !p.cutOff || !errors.Is(err, wire.CodeUserOffline) {
		return false
	}
	now := p.c.now()
	if p.absent == 0 {
		p.absent = now
	}
	return now-p.absent < p.c.o.ResumeWait
}

// attempt is the put on one connection.
func (p *putting) attempt(ctx context.Context, cn *conn) error {
	s := newSending(cn, p.put.Size, p.put.Relay, p.o.KeepOnCancel)
	_, _, _, err := p.c.askOn(ctx, cn, p.call, wire.TypePutOK,
		func(id uint64) wire.Message { p.put.Request = id; return &p.put },
		func(a answer) {
			if m, ok := a.m.(*wire.PutOK); ok {
				s.begin(m)
			}
		})
	var code wire.Code
	if err == nil {
		code, err = p.send(ctx, s)
	} else if !p.o.KeepOnCancel {
		code = wire.CodeCancelled // in case that the answer and the context's end came at once
	}
	number, sent := s.leave()
	p.res.Sent += sent
	if code != wire.CodeNone && number != 0 {
		cn.abort(number, code, "")
	}
	return err
}

// send sends what the server lets it, until the end. The code, if any, is to be
// told to the server.
func (p *putting) send(ctx context.Context, s *sending) (wire.Code, error) {
	if file, ok := p.stored(ctx, s); ok {
		p.finish(file)
		return wire.CodeCancelled, nil
	}
	for broken := false; ; broken = over(s.cn.done) {
		st := s.look()
		switch {
		case st.stored != nil:
			p.finish(st.stored.File)
			return wire.CodeNone, nil
		case st.end != nil:
			return p.cut(st.end)
		case broken:
			p.complete = p.complete || st.all
			return wire.CodeNone, ErrDisconnected
		case ctx.Err() != nil:
			return p.cancelled(ctx)
		}
		if !p.begun && (st.n > 0 || st.all) {
			p.begun = true
			p.res.Resumed = int64(st.offset) //nolint:gosec // at most the size
			st.news = true
		}
		if st.news {
			p.progress(int64(st.held)) //nolint:gosec // at most the size
		}
		if st.n > 0 {
			queued, code, err := p.chunk(s, st.offset, st.n)
			if err != nil {
				return code, err
			}
			if queued {
				continue
			}
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
		case <-s.cn.done:
		}
		p.c.callGoesOn(p.call)
		drain(s.wake)
	}
}

// chunk reads n bytes and queues them. It reports false when all the transfer's
// buffers are in use.
func (p *putting) chunk(s *sending, offset, n uint64) (bool, wire.Code, error) {
	const head = wire.HeaderSize - 1 + wire.MaxChunkOverhead
	buf := s.cn.out.buffer(s.lane, head+int(min(s.chunks, s.size))) //nolint:gosec // at most maxChunk
	if buf == nil {
		return false, wire.CodeNone, nil
	}
	if offset+n == s.size {
		if code, err := p.src.verify(); err != nil {
			return false, code, err
		}
	}
	frame, err := wire.AppendChunkHead(buf, s.number, offset, int(n)) //nolint:gosec // at most maxChunk
	if err != nil {
		return false, wire.CodeInternal, err // unreachable: the numbers come from wire
	}
	at := len(frame)
	frame = frame[:at+int(n)]                                           //nolint:gosec // as above
	if code, err := p.src.read(frame[at:], int64(offset)); err != nil { //nolint:gosec // below the size
		return false, code, err
	}
	s.took(n)
	s.cn.out.chunk(s.lane, parcel{frame: frame, data: int(n)}) //nolint:gosec // as above
	return true, wire.CodeNone, nil
}

// cut is the end of an attempt for another reason than the connection's end.
func (p *putting) cut(err error) (wire.Code, error) {
	var refused *RequestError
	switch {
	case errors.As(err, &refused):
		if refused.Code == wire.CodeChecksumMismatch {
			if _, changed := p.src.verify(); changed != nil {
				return wire.CodeNone, fmt.Errorf("%w: %w", changed, err)
			}
		}
		return wire.CodeNone, err
	case errors.Is(err, ErrLoggedOut):
		return wire.CodeNone, err // the session's end has ended the transfer
	default:
		return wire.CodeBadRequest, fmt.Errorf("%w: %w", errProtocol, err)
	}
}

func (p *putting) cancelled(ctx context.Context) (wire.Code, error) {
	if p.o.KeepOnCancel {
		return wire.CodeNone, ctx.Err()
	}
	return wire.CodeCancelled, ctx.Err()
}

func (p *putting) finish(file wire.FileID) {
	p.res.File = file
	p.progress(p.src.size)
}

func (p *putting) progress(offset int64) {
	if p.o.Progress == nil {
		return
	}
	if now, ok := p.meter.at(p.c.now(), offset); ok {
		p.o.Progress(now)
	}
}

// stored looks for the file in the server's store when it may be there already:
// everything had been sent when the connection broke, and now the server holds
// nothing of it. Then it has either lost all or, more likely, stored it, and it
// was its word of this that was lost. Sending it again would store it twice.
func (p *putting) stored(ctx context.Context, s *sending) (wire.FileID, bool) {
	if !p.complete || p.put.Relay {
		return nil, false
	}
	if s.look().offset > 0 {
		p.complete = false
		return nil, false
	}
	session, _ := p.c.Session()
	var found wire.File
	for f, err := range p.c.AllFiles(ctx) {
		if err != nil {
			return nil, false // the connection broke again, or else it is sent once more
		}
		if f.Stored >= found.Stored && f.Owner == session.User && p.same(&f) {
			found = f
		}
	}
	p.complete = found.ID != nil
	return found.ID, p.complete
}

// same reports whether a stored file is what this call puts. The server may
// name fewer recipients than there are.
func (p *putting) same(f *wire.File) bool {
	if f.Name != p.put.Name || f.Size != p.put.Size || string(f.SHA256) != string(p.put.SHA256) ||
		f.Media != p.put.Media || f.Everyone != p.put.Everyone {
		return false
	}
	for _, u := range f.To {
		if !slices.Contains(p.put.To, u) {
			return false
		}
	}
	return true
}
