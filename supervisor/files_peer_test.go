package supervisor_test

import (
	"bytes"
	"fmt"
	"testing/synctest"

	"example.com/rollcall/wire"
)

// transferOf returns the transfer that a message is of, or zero.
func transferOf(m wire.Message) uint64 {
	switch m := m.(type) {
	case *wire.Chunk:
		return m.Transfer
	case *wire.Credit:
		return m.Transfer
	case *wire.Done:
		return m.Transfer
	case *wire.Abort:
		return m.Transfer
	default:
		return 0
	}
}

// fileAnswer waits for the answer to a request about files.
func (p *peer) fileAnswer(request uint64) wire.Message {
	p.t.Helper()
	m, err := p.find(func(m wire.Message) bool {
		switch m := m.(type) {
		case *wire.PutOK:
			return m.Request == request
		case *wire.GetOK:
			return m.Request == request
		case *wire.FileList:
			return m.Request == request
		default:
			return answers(m) == request
		}
	})
	if err != nil {
		p.t.Fatalf("%s: waiting for the answer to %d: %v", p.user, request, err)
	}
	return m
}

// about waits for the next message of a transfer.
func (p *peer) about(number uint64) wire.Message {
	p.t.Helper()
	m, err := p.find(func(m wire.Message) bool { return transferOf(m) == number })
	if err != nil {
		p.t.Fatalf("%s: waiting for transfer %d: %v", p.user, number, err)
	}
	return m
}

// code is how a request or a transfer has ended, for comparison.
func code(m wire.Message) wire.Code {
	switch m := m.(type) {
	case *wire.Error:
		return m.Code
	case *wire.Abort:
		return m.Code
	default:
		return wire.CodeNone
	}
}

// ask sends a request about files and returns its answer.
func (p *peer) ask(m wire.Message) wire.Message {
	p.t.Helper()
	r := p.next()
	switch m := m.(type) {
	case *wire.Put:
		m.Request = r
	case *wire.Get:
		m.Request = r
	case *wire.Files:
		m.Request = r
	case *wire.Remove:
		m.Request = r
	default:
		p.t.Fatalf("%T is no request about files", m)
	}
	p.send(m)
	return p.fileAnswer(r)
}

// refused wants a request to be refused with a code.
func (p *peer) refused(m wire.Message, want wire.Code) {
	p.t.Helper()
	if got := p.ask(m); code(got) != want {
		p.t.Errorf("%s: %T is answered by %T %s, want %s", p.user, m, got, code(got), want)
	}
}

// sending is a put or a relay, seen from the client that sends.
type sending struct {
	p      *peer
	put    *wire.Put
	ok     wire.PutOK
	data   []byte
	at     uint64
	limit  uint64
	fresh  bool // a relay that waits for its first credit
	credit *wire.Credit
	sent   int // bytes, by this connection
}

// offer begins a put, which must go well.
func (p *peer) offer(m *wire.Put, data []byte) *sending {
	p.t.Helper()
	again := *m
	ok, isOK := p.ask(&again).(*wire.PutOK)
	if !isOK {
		p.t.Fatalf("%s: the put of %s was refused", p.user, m.Name)
	}
	return &sending{p: p, put: &again, ok: *ok, data: data, at: ok.Offset, limit: ok.Limit, fresh: m.Relay}
}

// feed sends at most n bytes, as far as it may without waiting.
func (s *sending) feed(n int) {
	s.p.t.Helper()
	for n > 0 {
		k := min(uint64(n), s.ok.Chunk, s.limit-min(s.at, s.limit), uint64(len(s.data))-s.at)
		if k == 0 {
			return
		}
		s.p.send(&wire.Chunk{Transfer: s.ok.Transfer, Offset: s.at, Data: s.data[s.at : s.at+k]})
		s.at, s.sent, n = s.at+k, s.sent+int(k), n-int(k)
	}
}

// take takes one message of the transfer, and returns it if it is the end.
func (s *sending) take() wire.Message {
	s.p.t.Helper()
	switch m := s.p.about(s.ok.Transfer).(type) {
	case *wire.Credit:
		if s.fresh {
			s.fresh, s.at = false, m.Offset
		}
		if m.Offset > m.Limit || m.Limit < s.limit && !s.fresh {
			s.p.t.Errorf("%s: credit %+v after the limit %d", s.p.user, m, s.limit)
		}
		s.limit, s.credit = m.Limit, m
		return nil
	default:
		return m
	}
}

// finish sends what is left, and returns how the transfer ended.
func (s *sending) finish() wire.Message {
	s.p.t.Helper()
	for {
		s.feed(len(s.data))
		if end := s.take(); end != nil {
			return end
		}
	}
}

// upload sends a file that must be stored, and returns its ID.
func (p *peer) upload(m *wire.Put, data []byte) wire.FileID {
	p.t.Helper()
	end := p.offer(m, data).finish()
	done, ok := end.(*wire.Done)
	if !ok {
		p.t.Fatalf("%s: the put of %s ended with %+v", p.user, m.Name, end)
	}
	return done.File
}

// wantEnd wants a transfer to end with a code, caused by a user, and returns the
// last message.
func (s *sending) wantEnd(want wire.Code, by string) {
	s.p.t.Helper()
	end := s.take()
	for end == nil {
		end = s.take()
	}
	wantAbort(s.p, end, want, by)
}

func wantAbort(p *peer, end wire.Message, want wire.Code, by string) {
	p.t.Helper()
	a, ok := end.(*wire.Abort)
	if !ok || a.Code != want || a.By != by {
		p.t.Errorf("%s: the end is %T %+v, want %s by %q", p.user, end, end, want, by)
	}
}

// receipt is a get or a relay, seen from the client that receives.
type receipt struct {
	p      *peer
	number uint64
	file   wire.File
	got    []byte
	limit  uint64
	window uint64
}

const clientWindow = 256 << 10

// fetch begins a get, which must go well.
func (p *peer) fetch(id wire.FileID, have []byte) *receipt {
	p.t.Helper()
	at := uint64(len(have))
	ok, isOK := p.ask(&wire.Get{File: id, Offset: at, Limit: at + clientWindow}).(*wire.GetOK)
	if !isOK {
		p.t.Fatalf("%s: the get was refused", p.user)
	}
	return &receipt{p: p, number: ok.Transfer, file: ok.File, got: bytes.Clone(have), limit: at + clientWindow, window: clientWindow}
}

// accept accepts an offer, of which the client holds a part.
func (p *peer) accept(o *wire.Offer, have []byte) *receipt {
	p.t.Helper()
	at := uint64(len(have))
	p.send(&wire.Accept{Transfer: o.Transfer, Offset: at, Limit: at + clientWindow})
	return &receipt{p: p, number: o.Transfer, file: o.File, got: bytes.Clone(have), limit: at + clientWindow, window: clientWindow}
}

// take takes one message of the transfer, and returns it if it is the end.
func (r *receipt) take() wire.Message {
	r.p.t.Helper()
	c, ok := r.p.about(r.number).(*wire.Chunk)
	if !ok {
		return nil
	}
	r.chunk(c)
	return c
}

func (r *receipt) chunk(c *wire.Chunk) {
	r.p.t.Helper()
	end := c.Offset + uint64(len(c.Data))
	if c.Offset != uint64(len(r.got)) || end > r.limit || end > r.file.Size || len(c.Data) == 0 {
		r.p.t.Fatalf("%s: a chunk of %d at %d, has %d of %d, limit %d",
			r.p.user, len(c.Data), c.Offset, len(r.got), r.file.Size, r.limit)
	}
	r.got = append(r.got, c.Data...)
}

// grant tells the server how far the client is, and lets it send more.
func (r *receipt) grant() {
	r.p.t.Helper()
	r.limit = max(r.limit, uint64(len(r.got))+r.window)
	r.p.send(&wire.Credit{Transfer: r.number, Offset: uint64(len(r.got)), Limit: r.limit})
}

// receive takes n bytes more, granting as it goes. It returns the abort that
// came instead, if one did.
func (r *receipt) receive(n int) wire.Message {
	r.p.t.Helper()
	for want := min(len(r.got)+n, int(r.file.Size)); len(r.got) < want; {
		m := r.p.about(r.number)
		c, ok := m.(*wire.Chunk)
		if !ok {
			return m
		}
		r.chunk(c)
		if r.limit-uint64(len(r.got)) <= r.window/2 {
			r.grant()
		}
	}
	return nil
}

// whole takes the rest, and says done. The content must be right.
func (r *receipt) whole(want []byte) {
	r.p.t.Helper()
	if end := r.receive(len(want)); end != nil {
		r.p.t.Fatalf("%s: the end is %+v at %d of %d", r.p.user, end, len(r.got), len(want))
	}
	if !bytes.Equal(r.got, want) {
		r.p.t.Errorf("%s: the content of %s is wrong", r.p.user, r.file.Name)
	}
	r.p.send(&wire.Done{Transfer: r.number})
	synctest.Wait()
}

// quietAbout wants that nothing more came for a transfer.
func (p *peer) quietAbout(number uint64) {
	p.t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		if transferOf(m) == number {
			p.t.Errorf("%s: %T came for transfer %d", p.user, m, number)
		}
	}
}

// numbered gives names to files.
func numbered(i int) string { return fmt.Sprintf("file %d", i) }
