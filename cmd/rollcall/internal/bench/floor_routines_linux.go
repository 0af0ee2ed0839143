package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"example.com/rollcall/wire"
)

// goFloor is the least that does the job in plain Go: one goroutine a
// connection, which reads, and writes to others itself.
type goFloor struct {
	mu       sync.RWMutex
	users    map[string]*goConn
	watchers map[*goConn]struct{}
	version  uint64
}

type goConn struct {
	nc   net.Conn
	user string // owned by its goroutine

	mu sync.Mutex // one write at a time
}

func (c *goConn) write(b []byte) {
	c.mu.Lock()
	_, _ = c.nc.Write(b)
	c.mu.Unlock()
}

func floorGo(ctx context.Context, listen string, out io.Writer) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	f := &goFloor{users: make(map[string]*goConn), watchers: make(map[*goConn]struct{})}
	if _, err := fmt.Fprintf(out, "listening on %s\n", l.Addr()); err != nil {
		return err
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		go f.serve(&goConn{nc: nc})
	}
}

func (f *goFloor) serve(c *goConn) {
	defer func() {
		_ = c.nc.Close()
		f.mu.Lock()
		delete(f.watchers, c)
		f.mu.Unlock()
		f.out(c)
	}()
	buf, have := make([]byte, 512), 0
	var answer []byte
	for {
		if have == len(buf) {
			buf = append(buf, make([]byte, len(buf))...)
		}
		n, err := c.nc.Read(buf[have:])
		if err != nil {
			return
		}
		have += n
		b := buf[:have]
		for {
			t, body, size, err := cut(b)
			if err != nil {
				return
			}
			if size == 0 {
				break
			}
			answer = f.frame(c, t, body, answer)
			b = b[size:]
		}
		have = copy(buf, b)
		if len(answer) > 0 {
			c.write(answer)
			answer = answer[:0]
		}
		if have == 0 && len(answer) == 0 {
			answer = nil // an idle connection holds no more than its read buffer
		}
	}
}

// frame handles one frame; answers are gathered in answer.
func (f *goFloor) frame(c *goConn, t wire.Type, body, answer []byte) []byte {
	switch t {
	case wire.TypeHello:
		return append(answer, welcome...)
	case wire.TypeLogin:
		request, user := login(body)
		c.user = user
		f.mu.Lock()
		f.users[user] = c
		f.mu.Unlock()
		c.write(append(answer, must(&wire.LoginOK{Request: request, User: user, Session: 1})...))
		f.change(user, true)
		return answer[:0]
	case wire.TypeLogout:
		c.write(append(answer, must(&wire.OK{Request: numbers(body)[1]})...))
		f.out(c)
		return answer[:0]
	case wire.TypeWatch:
		f.mu.Lock()
		f.watchers[c] = struct{}{}
		version := f.version
		f.mu.Unlock()
		answer = append(answer, must(&wire.OK{Request: numbers(body)[1]})...)
		return append(answer, must(&wire.Snapshot{Epoch: 1, Version: version})...)
	case wire.TypePing:
		return appendPong(answer, numbers(body)[1])
	case wire.TypeSend:
		id, to, text := message(body)
		f.mu.RLock()
		d := f.users[string(to)]
		f.mu.RUnlock()
		if d != nil {
			d.write(appendDeliver(nil, id, c.user, text, 1))
		}
	case wire.TypeBye:
		_ = c.nc.Close()
	}
	return answer
}

func (f *goFloor) out(c *goConn) {
	if c.user == "" {
		return
	}
	f.mu.Lock()
	mine := f.users[c.user] == c
	if mine {
		delete(f.users, c.user)
	}
	f.mu.Unlock()
	if mine {
		f.change(c.user, false)
	}
	c.user = ""
}

// change tells the watchers, one after the other, in the order of versions.
func (f *goFloor) change(user string, online bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.version++
	if len(f.watchers) == 0 {
		return
	}
	b := delta(f.version, user, online)
	for w := range f.watchers {
		w.write(b)
	}
}
