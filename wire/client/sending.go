package client

import (
	"sync"

	"example.com/rollcall/wire"
)

// sending is a put, or the sending side of a relay, on one connection: what the
// reader and the call of Put share.
type sending struct {
	// Static after construction.
	cn    *conn
	size  uint64
	relay bool
	keep  bool // a call that has gone leaves the transfer as it is
	wake  chan struct{}
	lane  *lane // guarded by the outbox's mu

	// Guarded by mu, which is never held while anything blocks.
	mu     sync.Mutex
	number uint64 // zero until the server has agreed
	chunks uint64 // the most data of one chunk
	flow   outflow
	news   bool // flow.held has moved
	stored *wire.Done
	end    error // why it is over without done
	gone   bool  // the call has returned
}

func newSending(cn *conn, size uint64, relay, keep bool) *sending {
	token := make(chan struct{}, 1)
	return &sending{cn: cn, size: size, relay: relay, keep: keep, wake: token, lane: newLane(token)}
}

// begin takes the server's agreement, in the reader's goroutine.
func (s *sending) begin(m *wire.PutOK) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		if !s.keep {
			s.cn.abort(m.Transfer, wire.CodeCancelled, "")
		}
		return
	}
	s.number = m.Transfer
	s.chunks = min(m.Chunk, maxChunk, max(s.cn.welcome.MaxFrame, wire.MinMaxFrame)-wire.MaxChunkOverhead)
	s.flow, s.end = newOutflow(s.size, m.Offset, m.Limit, s.relay)
	if !s.cn.attach(m.Transfer, s) {
		s.cn.fail(broken("transfer %d is there already", m.Transfer))
	}
}

func (s *sending) chunk(wire.Chunk) { s.cut(broken("a chunk for a transfer that sends")) }

func (s *sending) credit(m *wire.Credit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.flow.credit(m.Offset, m.Limit); err != nil && s.end == nil {
		s.end = err
	}
	s.news = true
	wake(s.wake)
}

func (s *sending) done(m *wire.Done) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		s.stored = m
	}
	wake(s.wake)
}

func (s *sending) cut(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil && s.stored == nil {
		s.end = err
	}
	wake(s.wake)
}

// status is what the call of Put sees at one moment.
type status struct {
	stored *wire.Done
	end    error
	offset uint64 // from where on to send
	n      uint64 // how much
	held   uint64 // how far the other side has come
	news   bool   // held has moved since the last look
	all    bool   // everything has been sent
}

func (s *sending) look() status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := status{stored: s.stored, end: s.end, held: s.flow.held, news: s.news, all: s.flow.all()}
	st.offset, st.n = s.flow.next(s.chunks)
	s.news = false
	return st
}

func (s *sending) took(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flow.took(n)
}

// leave ends the call's part. It returns the transfer's number, zero if the
// server has not agreed yet: should it still do so, begin sees to it.
func (s *sending) leave() (number uint64, sent int64) {
	s.mu.Lock()
	s.gone = true
	number = s.number
	s.mu.Unlock()
	if number != 0 {
		s.cn.detach(number, s)
	}
	return number, s.cn.out.retire(s.lane)
}
