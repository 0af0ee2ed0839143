package client

import "example.com/rollcall/wire"

// stream is one transfer on one connection, as the reader sees it. Nothing that
// it does waits. After the connection's end it is told nothing: whoever waits
// for it watches conn.done.
type stream interface {
	chunk(wire.Chunk) // its data is the reader's, and gone after the call
	credit(*wire.Credit)
	done(*wire.Done)
	// cut tells that the transfer is over, and why: a [*RequestError] for an
	// abort of the server's.
	cut(err error)
}

// lateStreams is how many ended transfers a connection remembers, so that chunks
// that were on their way are not taken for a mistake.
const lateStreams = 32

// streams are the transfers of one connection, guarded by its mu. They are as
// many as there are calls of Put, Get and Accept in flight.
type streams struct {
	open    map[uint64]stream
	late    [lateStreams]uint64
	lates   int
	intakes int // of the open ones, those that receive
}

// attach makes s the transfer of this number: what comes for it goes there. It
// reports false when the number is taken, or the connection has ended.
func (cn *conn) attach(number uint64, s stream) bool {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.end != nil || cn.streams.open[number] != nil {
		return false
	}
	if cn.streams.open == nil {
		cn.streams.open = make(map[uint64]stream)
	}
	cn.streams.open[number] = s
	if _, ok := s.(*receiving); ok {
		cn.streams.intakes++
	}
	return true
}

// detach forgets a transfer. By then its number may be another's: some servers
// number by the file.
func (cn *conn) detach(number uint64, s stream) {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	if cn.streams.open[number] != s {
		return
	}
	delete(cn.streams.open, number)
	if _, ok := s.(*receiving); ok {
		cn.streams.intakes--
	}
	cn.streams.remember(number)
}

func (s *streams) remember(number uint64) {
	s.late[s.lates%lateStreams] = number
	s.lates++
}

// stream returns the transfer of this number, nil if there is none.
func (cn *conn) stream(number uint64) stream {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	return cn.streams.open[number]
}

// receives reports whether files come in on this connection.
func (cn *conn) receives() bool {
	cn.mu.Lock()
	defer cn.mu.Unlock()
	return cn.streams.intakes > 0
}

// chunk hands a chunk to its transfer. One of a transfer that never was is
// answered once.
func (cn *conn) chunk(m wire.Chunk) {
	cn.mu.Lock()
	s := cn.streams.open[m.Transfer]
	stray := s == nil
	for _, late := range cn.streams.late {
		stray = stray && late != m.Transfer
	}
	if stray {
		cn.streams.remember(m.Transfer)
	}
	cn.mu.Unlock()
	switch {
	case s != nil:
		s.chunk(m)
	case stray:
		cn.out.stray(cn.abortFrame(m.Transfer, wire.CodeNotFound, "no such transfer on this connection"))
	}
}

// aborted ends a transfer, or takes an offer back, at the server's word.
func (c *Client) aborted(cn *conn, m *wire.Abort) {
	err := &RequestError{Code: m.Code, Text: m.Text, By: m.By}
	if s := cn.stream(m.Transfer); s != nil {
		cn.detach(m.Transfer, s)
		s.cut(err)
		return
	}
	if m.Code == wire.CodeInterrupted {
		c.crossed(cn, m.Transfer)
	}
	cn.withdraw(m.Transfer, err)
}

// cutAll ends every transfer and takes every offer back, on a connection that
// lives on.
func (cn *conn) cutAll(err error) {
	cn.mu.Lock()
	var all []stream
	for _, s := range cn.streams.open {
		all = append(all, s)
	}
	cn.mu.Unlock()
	for _, s := range all {
		s.cut(err)
	}
	cn.withdrawAll(err)
}

// abort tells the server that a transfer is over.
func (cn *conn) abort(number uint64, code wire.Code, text string) {
	cn.out.steer(flow{frame: cn.abortFrame(number, code, text)})
}

func (cn *conn) abortFrame(number uint64, code wire.Code, text string) []byte {
	return frameOf(&wire.Abort{Transfer: number, Code: code, Text: wire.Clip(text)})
}

// frameOf encodes a message of our own making, which breaks no limit.
func frameOf(m wire.Message) []byte {
	frame, err := wire.Append(nil, m)
	if err != nil {
		panic(err) // unreachable: every field was checked before
	}
	return frame
}
