package client

import (
	"bytes"
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"example.com/rollcall/wire"
)

// simServer is a model of a server's files, by the rules of PROTOCOL.md alone,
// for any number of clients. Its connections break where the plan says, in the
// middle of frames too, and it keeps of a put what the plan says.
type simServer struct {
	plan simPlan

	mu     sync.Mutex
	conns  map[*simConn]bool
	cuts   int // connections that had a budget
	fault  string
	wired  int64 // bytes of chunks of puts that came
	unread int64 // bytes that came, but in no whole frame before a break

	stored []byte // what it holds of the put
	lost   int64  // what it has lost of it
	whole  bool   // it has a whole file, and stored is that
	twice  int    // puts of what it has already
	file   []byte // what it has to give

	relay     *wire.Put
	offered   *simConn // has the offer, or receives
	accepted  bool
	relayFrom *simConn // the sender
}

type simPlan struct {
	window, chunk int
	budgets       []int         // bytes that go over each connection before it breaks
	keep          []int         // percent of the bytes that survive each break
	slow          time.Duration // how long a receiving client takes for each write
}

func (p simPlan) wait() { time.Sleep(p.slow) }

// simConn is one connection.
type simConn struct {
	s    *simServer
	nc   net.Conn
	user string
	left int // bytes until it breaks; negative: never

	queue chan wire.Message
	done  chan struct{}

	// Of the one transfer in each direction, guarded by the server's mu.
	number     uint64
	came       int // of a put
	limit      int // allowed to the client
	getting    bool
	sent, most int // of a get: sent, and allowed by the client
	receiving  uint64
	granted    int // of a relay, by the receiver
}

func (s *simServer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	c := &simConn{s: s, nc: ours, left: -1, queue: make(chan wire.Message, 1<<16), done: make(chan struct{})}
	s.mu.Lock()
	if s.cuts < len(s.plan.budgets) {
		c.left = s.plan.budgets[s.cuts]
		s.cuts++
	}
	s.conns[c] = true
	s.mu.Unlock()
	go c.read()
	go c.write()
	return theirs, nil
}

// spend counts bytes, and reports how many of n still go through.
func (c *simConn) spend(n int) int {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.left < 0 {
		return n
	}
	n = min(n, c.left)
	c.left -= n
	return n
}

func (c *simConn) read() {
	defer c.end()
	split := wire.NewSplitter(wire.MaxMaxFrame, 64)
	dropped := 0 // read, but not handled
	defer func() {
		c.s.mu.Lock()
		defer c.s.mu.Unlock()
		c.s.unread += int64(dropped + split.Buffered())
	}()
	for {
		n, err := c.nc.Read(split.Space())
		if err != nil {
			return
		}
		through := c.spend(n)
		dropped += n - through
		split.Filled(through)
		for {
			f, ok, err := split.Next()
			if err != nil {
				c.s.failed("the client's stream: " + err.Error())
				return
			}
			if !ok {
				break
			}
			m, err := wire.Decode(f.Type, f.Body)
			if err != nil {
				c.s.failed("the client sent " + err.Error())
				return
			}
			if !c.s.handle(c, m) {
				return
			}
		}
		if through < n {
			return
		}
	}
}

func (c *simConn) write() {
	defer func() { _ = c.nc.Close() }()
	for {
		select {
		case m := <-c.queue:
			b := frameOf(m)
			n := c.spend(len(b))
			if _, err := c.nc.Write(b[:n]); err != nil || n < len(b) {
				return
			}
		case <-c.done:
			return
		}
	}
}

func (s *simServer) failed(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == "" {
		s.fault = why
	}
}

// end is the end of a connection.
func (c *simConn) end() {
	_ = c.nc.Close()
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	close(c.done)
	delete(s.conns, c)
	if c.number != 0 && s.relay == nil && !s.whole && c.came > 0 {
		s.lose()
	}
	switch {
	case s.relay == nil:
	case s.relayFrom == c:
		s.relayFrom = nil
		if s.offered != nil && s.accepted {
			s.offered.say(&wire.Abort{Transfer: s.offered.receiving, Code: wire.CodeInterrupted})
			s.offered = nil
		}
	case s.offered == c:
		s.offered = nil
		if s.relayFrom != nil && s.accepted {
			s.relayFrom.say(&wire.Abort{Transfer: s.relayFrom.number, Code: wire.CodeInterrupted})
			s.relayFrom = nil
		}
	}
	s.accepted = s.accepted && s.offered != nil
}

// lose is what a break, or a crash of the server, does to a partial file.
func (s *simServer) lose() {
	keep := 100
	if len(s.plan.keep) > 0 {
		keep, s.plan.keep = s.plan.keep[0], s.plan.keep[1:]
	}
	left := len(s.stored) * keep / 100
	s.lost += int64(len(s.stored) - left)
	s.stored = s.stored[:left]
}

func (c *simConn) say(m wire.Message) { c.queue <- m }

// handle does what a message asks for; the caller ends the connection if it
// reports false.
func (s *simServer) handle(c *simConn, m wire.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	bad := func(why string) bool {
		if s.fault == "" {
			s.fault = why
		}
		return false
	}
	switch m := m.(type) {
	case *wire.Hello:
		w := testWelcome
		c.say(&w)
	case *wire.Login:
		c.user = m.User
		c.say(&wire.LoginOK{Request: m.Request, User: m.User, Session: 1})
		s.offer()
	case *wire.Ping:
		c.say(&wire.Pong{Echo: m.Time})
	case *wire.Put:
		c.number++
		ok := &wire.PutOK{Request: m.Request, Transfer: c.number, Chunk: uint64(s.plan.chunk)} //nolint:gosec // small
		if m.Relay {
			s.relay, s.relayFrom, s.whole = m, c, false
			c.say(ok)
			s.offer()
			return true
		}
		c.came = len(s.stored)
		if s.whole { // the same put once more: another transfer, which gets nowhere
			s.twice++
			c.say(ok)
			if m.Size == 0 {
				c.say(&wire.Done{Transfer: c.number, File: testFileID})
			}
			return true
		}
		c.limit = c.came + s.plan.window
		ok.Offset, ok.Limit = uint64(c.came), uint64(c.limit) //nolint:gosec // small
		c.say(ok)
		s.finish(c)
	case *wire.Chunk:
		if c.number != m.Transfer {
			return bad("a chunk of no transfer")
		}
		if s.relay != nil {
			return s.forward(c, m, bad)
		}
		s.wired += int64(len(m.Data))
		if int(m.Offset) != c.came || c.came+len(m.Data) > c.limit || len(m.Data) > s.plan.chunk { //nolint:gosec // small
			return bad("a chunk that is out of order or past the limit")
		}
		s.stored = append(s.stored, m.Data...)
		c.came += len(m.Data)
		if c.limit-c.came < s.plan.window/2+1 {
			c.limit = c.came + s.plan.window
			c.say(&wire.Credit{Transfer: c.number, Offset: uint64(c.came), Limit: uint64(c.limit)}) //nolint:gosec // small
		}
		s.finish(c)
	case *wire.Get:
		c.number++
		c.getting, c.sent, c.most = true, int(m.Offset), int(m.Limit) //nolint:gosec // small
		c.say(&wire.GetOK{Request: m.Request, Transfer: c.number, File: described(s.file)})
		s.give(c)
	case *wire.Credit:
		switch {
		case c.getting && m.Transfer == c.number:
			if int(m.Limit) < c.most && int(m.Limit) < len(s.file) || int(m.Offset) > c.sent { //nolint:gosec // small
				return bad("a credit that makes no sense")
			}
			c.most = int(m.Limit) //nolint:gosec // small
			s.give(c)
		case s.offered == c && s.relayFrom != nil:
			c.granted = int(m.Limit) //nolint:gosec // small
			s.relayFrom.say(&wire.Credit{Transfer: s.relayFrom.number, Offset: m.Offset, Limit: m.Limit})
		}
	case *wire.Accept:
		if s.offered != c || s.relayFrom == nil || m.Transfer != c.receiving {
			c.say(&wire.Abort{Transfer: m.Transfer, Code: wire.CodeInterrupted})
			if s.offered == c && m.Transfer == c.receiving {
				s.offered = nil
				s.offer()
			}
			return true
		}
		s.accepted = true
		c.came, c.granted = int(m.Offset), int(m.Limit) //nolint:gosec // small
		s.relayFrom.say(&wire.Credit{Transfer: s.relayFrom.number, Offset: m.Offset, Limit: m.Limit})
	case *wire.Done:
		if s.offered == c && s.relayFrom != nil && m.Transfer == c.receiving {
			s.relayFrom.say(&wire.Done{Transfer: s.relayFrom.number})
			s.relay, s.relayFrom, s.offered, s.accepted, s.whole = nil, nil, nil, false, true
		}
	case *wire.Abort:
		if !s.whole {
			return bad("an abort with " + m.Code.String())
		}
	case *wire.Files:
		list := &wire.FileList{Request: m.Request}
		if s.whole {
			f := described(s.stored)
			f.Owner, f.Name, f.Everyone, f.To = "alice", "a", false, []string{"bob"}
			list.Files = []wire.File{f}
		}
		c.say(list)
	case *wire.Bye:
		return false
	}
	return true
}

// finish verifies a put that has come in whole.
func (s *simServer) finish(c *simConn) {
	if !s.whole && bytes.Equal(s.stored, s.file) {
		s.whole = true
		c.say(&wire.Done{Transfer: c.number, File: testFileID})
	}
}

// give sends what a get's client allows.
func (s *simServer) give(c *simConn) {
	for end := min(c.most, len(s.file)); c.sent < end; {
		n := min(s.plan.chunk, end-c.sent)
		c.say(&wire.Chunk{Transfer: c.number, Offset: uint64(c.sent), Data: slices.Clone(s.file[c.sent : c.sent+n])}) //nolint:gosec // small
		c.sent += n
	}
}

// offer offers the relay to its recipient when both are there.
func (s *simServer) offer() {
	if s.relay == nil || s.relayFrom == nil || s.offered != nil {
		return
	}
	for c := range s.conns {
		if c.user == s.relay.To[0] {
			c.receiving = c.receiving + 100
			f := relayed(s.file)
			f.Owner, f.Name = "alice", s.relay.Name
			c.say(&wire.Offer{Transfer: c.receiving, File: f})
			s.offered = c
			return
		}
	}
}

func (s *simServer) forward(c *simConn, m *wire.Chunk, bad func(string) bool) bool {
	s.wired += int64(len(m.Data))
	to := s.offered
	if to == nil || !s.accepted || s.relayFrom != c {
		return true // its abort is on the way
	}
	if int(m.Offset) != to.came || to.came+len(m.Data) > to.granted { //nolint:gosec // small
		return bad("a chunk of a relay that is out of order or past the limit")
	}
	to.came += len(m.Data)
	to.say(&wire.Chunk{Transfer: to.receiving, Offset: m.Offset, Data: m.Data})
	return true
}
