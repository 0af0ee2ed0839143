package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"example.com/rollcall/wire"
)

// Floor serves one of the floors at an address until ctx ends: "epoll" or "go".
// It prints one line when it is ready, like a server.
func Floor(ctx context.Context, kind, listen string, out io.Writer) error {
	if kind == "go" {
		return floorGo(ctx, listen, out)
	}
	at, err := address(listen)
	if err != nil {
		return err
	}
	l, err := newLoop()
	if err != nil {
		return err
	}
	defer l.close()
	port, err := l.serve(at)
	if err != nil {
		return err
	}
	f := &epollFloor{loop: l, users: make(map[string]*conn), watchers: make(map[*conn]struct{})}
	l.frame, l.closed = f.frame, f.leave
	if _, err := fmt.Fprintf(out, "listening on 127.0.0.1:%d\n", port); err != nil {
		return err
	}
	for ctx.Err() == nil {
		if err := l.step(200 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// epollFloor is the least that does the job: one thread, one map of users, one
// set of watchers.
type epollFloor struct {
	loop     *loop
	users    map[string]*conn
	watchers map[*conn]struct{}
	version  uint64
	buf      []byte
}

var welcome = must(&wire.Welcome{
	Version: wire.Version, Node: "floor", Connection: 1, Epoch: 1,
	Interval: 600_000, Timeout: 1_200_000, MaxFrame: wire.DefaultMaxFrame,
})

func (f *epollFloor) frame(c *conn, t wire.Type, body []byte) {
	switch t {
	case wire.TypeHello:
		f.loop.send(c, welcome)
	case wire.TypeLogin:
		request, user := login(body)
		c.user = user
		f.users[user] = c
		f.loop.send(c, must(&wire.LoginOK{Request: request, User: user, Session: 1}))
		f.change(user, true)
	case wire.TypeLogout:
		f.loop.send(c, must(&wire.OK{Request: numbers(body)[1]}))
		f.out(c)
	case wire.TypeWatch:
		f.watchers[c] = struct{}{}
		f.loop.send(c, must(&wire.OK{Request: numbers(body)[1]}))
		f.loop.send(c, must(&wire.Snapshot{Epoch: 1, Version: f.version}))
	case wire.TypePing:
		f.buf = appendPong(f.buf[:0], numbers(body)[1])
		f.loop.send(c, f.buf)
	case wire.TypeSend:
		id, to, text := message(body)
		if d := f.users[string(to)]; d != nil {
			f.buf = appendDeliver(f.buf[:0], id, c.user, text, uint64(c.fd)) //nolint:gosec // a descriptor
			f.loop.send(d, f.buf)
		}
	case wire.TypeBye:
		f.loop.drop(c)
	}
}

func (f *epollFloor) leave(c *conn) {
	delete(f.watchers, c)
	f.out(c)
}

func (f *epollFloor) out(c *conn) {
	if c.user != "" && f.users[c.user] == c {
		delete(f.users, c.user)
		f.change(c.user, false)
	}
	c.user = ""
}

// change tells the watchers, once encoded.
func (f *epollFloor) change(user string, online bool) {
	f.version++
	if len(f.watchers) == 0 {
		return
	}
	b := delta(f.version, user, online)
	for w := range f.watchers {
		f.loop.send(w, b)
	}
}

// delta encodes one change.
func delta(version uint64, user string, online bool) []byte {
	c := wire.Change{Version: version, User: user, Online: online, At: time.Now().UnixMilli()}
	if !online {
		c.Reason = wire.ReasonEOF
	}
	return must(&wire.Delta{Epoch: 1, From: version - 1, To: version, Changes: []wire.Change{c}})
}

func login(body []byte) (request uint64, user string) {
	fields(body, func(f field) bool {
		switch f.key {
		case 1:
			request = f.value
		case 2:
			user = string(f.data)
		}
		return f.key < 2
	})
	return request, user
}

func message(body []byte) (id uint64, to, text []byte) {
	fields(body, func(f field) bool {
		switch f.key {
		case 1:
			id = f.value
		case 2:
			to = f.data
		case 3:
			text = f.data
		}
		return f.key < 3
	})
	return id, to, text
}
