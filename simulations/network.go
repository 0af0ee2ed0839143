package simulations

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// link is one connection between a client and the server, with a pipe for each
// direction. It is guarded by the world's lock.
type link struct {
	w        *World
	id       int
	life     *life
	client   *host
	remote   *net.TCPAddr // the client's address, as the server sees it
	up       *pipe        // from the client to the server
	down     *pipe        // from the server to the client
	srv      *conn        // nil before the server has accepted
	cli      *conn        // a real client's end; nil for a peer's
	cut      bool         // where the client is, nothing comes or goes
	dead     bool         // the client has vanished: nothing comes or goes, for ever
	corrupts bool         // bytes are changed on the way
	refused  bool         // a reset has answered what came to a closed end
	facts    facts
	notes    notebook       // what its session was told of files
	chats    map[uint64]int // messages for its session that were acknowledged, by the sender's connection

	over     bool          // the server has announced its end
	mischief bool          // the client has broken the protocol
	fresh    bool          // not yet looked up in both maps
	cause    string        // the fault that is to end it; empty: none
	causeAt  time.Duration // when it was injected
	// causeEnds is when a fault that passes is over; 0: it does not pass.
	causeEnds time.Duration
	held      time.Duration // when the server last had not read what had come
}

// network is the wire between all clients and the server's lives.
type network struct {
	w     *World
	links []*link // in order of their beginning; those that are over go now and then
	kept  int     // how many were left the last time
	next  int
}

// done reports whether neither side holds the link any more.
func (k *link) done() bool {
	return k.down.closed && (!k.facts.isAccepted || k.over && k.srv.closed)
}

// listener is the server's net.Listener.
type listener struct {
	w  *World
	of *life
	t  *ticket

	// guarded by the world's lock
	backlog []*link // backlogBound at most: what comes then gets no answer
	accepts uint64
	waits   bool
	closed  bool
	fail    error // what Accept fails with while there is somebody to accept; nil: it does not
}

// backlogBound is how many connects wait to be accepted.
const backlogBound = 1024

var serverAddr = &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 7465}

func newListener(of *life) *listener {
	return &listener{w: of.w, of: of, t: newTicket(&of.host, of.name+"/accept")}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		l.w.lock()
		l.t.what = "accept"
		if l.closed || len(l.backlog) > 0 {
			l.w.gate.submit(l.t)
		} else {
			l.waits = true
		}
		l.w.unlock()
		<-l.t.pass
		l.w.lock()
		c, err := l.acceptNow()
		l.w.unlock()
		if c != nil || err != nil {
			if err != nil {
				return nil, err
			}
			return c, nil
		}
	}
}

func (l *listener) acceptNow() (*conn, error) {
	switch {
	case l.closed, l.of.dead.Load():
		return nil, opError("accept", net.ErrClosed)
	case len(l.backlog) == 0:
		return nil, nil
	case l.fail != nil:
		l.w.effect("accept failed")
		return nil, opError("accept", l.fail)
	}
	k := l.backlog[0]
	l.backlog = slices.Delete(l.backlog, 0, 1)
	k.srv = newConn(k, &l.of.host, "server", k.up, k.down, serverAddr, k.remote)
	k.srv.tap = newTap(k)
	l.accepts++
	k.facts.accepted, k.facts.isAccepted, k.facts.number = l.w.now(), true, l.accepts
	l.w.model.accepted(k)
	return k.srv, nil
}

func (l *listener) ready() {
	if l.waits {
		l.waits = false
		l.w.gate.submit(l.t)
	}
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.w.lock()
	defer l.w.unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.shut()
	return nil
}

func (l *listener) shut() {
	l.closed = true
	for _, k := range l.backlog {
		k.down.abort()
	}
	l.backlog = nil
	l.ready()
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return serverAddr }

// place is where a client is: its address, and what its link is like.
type place struct {
	addr     *net.TCPAddr
	up, down Conditions
	cut      bool // nothing comes or goes: a partition
}

// manyLinks is from how many of a client's links on those that are over go.
const manyLinks = 8

// connect makes a link from a place. done is called when the server's machine
// has answered, or with the error; never while the place is cut off. It returns
// the link at once.
func (n *network) connect(of *host, from *place, done func(*link, error)) *link {
	n.next++
	k := &link{w: n.w, id: n.next, client: of, remote: from.addr, fresh: true}
	name := strconv.Itoa(k.id)
	k.up = &pipe{w: n.w, link: k, name: "link/" + name + "/up", rng: stream(n.w.seed, "up/"+name), cond: from.up}
	k.down = &pipe{w: n.w, link: k, name: "link/" + name + "/down", rng: stream(n.w.seed, "down/"+name), cond: from.down}
	k.up.back, k.down.back = k.down, k.up
	if n.links = append(n.links, k); len(n.links) >= 2*n.kept+256 {
		n.links = slices.DeleteFunc(n.links, (*link).done)
		n.kept = len(n.links)
	}
	if of.links = append(of.links, k); len(of.links) >= manyLinks {
		of.links = slices.DeleteFunc(of.links, (*link).done)
	}
	if from.cut {
		k.cut, k.up.silent, k.down.silent = true, true, true
	}
	n.w.trace.tell(n.w.now(), of.name, fmt.Sprintf("connects from %v: link %d", from.addr, k.id))
	n.w.at(n.w.now()+from.up.Latency, "", func() { n.syn(k, done) })
	return k
}

// syn arrives at the server's machine.
func (n *network) syn(k *link, done func(*link, error)) {
	if k.up.silent || k.down.silent {
		if !k.up.closed && !k.down.closed {
			n.w.at(n.w.now()+3*time.Second, "", func() { n.syn(k, done) }) // it is sent again
		}
		return
	}
	if k.down.closed {
		return // the client has given up
	}
	s := n.w.life
	answer := n.w.now() + k.down.cond.Latency
	if s == nil || s.dead.Load() || s.listener.closed {
		n.w.at(answer, "", func() { done(nil, opError("connect", syscall.ECONNREFUSED)) })
		return
	}
	// One kernel has no two connections from one address: while the first waits to be
	// accepted, another one is sent again.
	same := func(o *link) bool { return o.remote.String() == k.remote.String() }
	if len(s.listener.backlog) >= backlogBound || slices.ContainsFunc(s.listener.backlog, same) {
		n.w.at(n.w.now()+time.Second, "", func() { n.syn(k, done) })
		return
	}
	k.life = s
	s.listener.backlog = append(s.listener.backlog, k)
	s.listener.ready()
	n.w.at(answer, "", func() { done(k, nil) })
}

// dial connects for a real client, on its own goroutine.
func (n *network) dial(ctx context.Context, of *host, from func() *place, t *ticket) (net.Conn, error) {
	t.what = "dial"
	n.w.gate.enter(t)
	if of.dead.Load() {
		return nil, net.ErrClosed
	}
	var c *conn
	var failed error
	ended := false
	n.w.lock()
	k := n.connect(of, from(), func(k *link, err error) {
		failed = err
		if err == nil && !ended {
			c = newConn(k, of, "client", k.down, k.up, k.remote, serverAddr)
			k.cli = c
		}
		if !ended {
			ended = true
			n.w.gate.submit(t)
		}
	})
	n.w.unlock()
	t.what = "connected"
	stop := context.AfterFunc(ctx, func() {
		leaves := n.w.tickets.get(of, t.key+"/over", "gives it up")
		n.w.gate.enter(leaves)
		n.w.tickets.put(leaves)
		n.w.lock()
		defer n.w.unlock()
		if !ended {
			ended = true
			failed = ctx.Err()
			k.down.closed, k.up.ended = true, true
			if k.srv != nil {
				k.up.launch(segment{rst: true})
			}
			n.w.gate.submit(t)
		}
	})
	<-t.pass
	stop()
	n.w.lock()
	defer n.w.unlock()
	if failed != nil {
		return nil, failed
	}
	if c == nil {
		return nil, net.ErrClosed
	}
	return c, nil
}
