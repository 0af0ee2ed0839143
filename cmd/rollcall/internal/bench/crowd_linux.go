package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"example.com/rollcall/wire"
)

// visit is what a load's connection asks for.
type visit struct {
	user     string
	interval time.Duration
	timeout  time.Duration
	watch    *wire.Watch // asked for with the login; nil: nothing
}

// greeting is a visitor's first bytes: hello, login and watch, in one write.
func (v visit) greeting() []byte {
	b := must(&wire.Hello{
		MinVersion: 1, MaxVersion: wire.Version, Identifier: "bench/" + v.user,
		Interval: uint64(v.interval / time.Millisecond), Timeout: uint64(v.timeout / time.Millisecond), //nolint:gosec // positive
	})
	b = append(b, must(&wire.Login{Request: 1, User: v.user})...)
	if v.watch != nil {
		b = append(b, must(v.watch)...)
	}
	return b
}

// patience is how long an answer of the server may take.
const patience = 60 * time.Second

var errSilent = errors.New("bench: the server did not answer in time")

// errLost is a connection that the server has ended.
var errLost = errors.New("bench: the server has closed a connection of the load")

// visitors keeps what the load knows of its connections.
type visitors struct {
	loop   *loop
	to     *unix.SockaddrInet4
	logged int
	seen   int    // watchers that have their answer
	epoch  uint64 // of the server, from the first snapshot
	lost   int
	frame  func(c *conn, t wire.Type, body []byte) // what is left after heartbeats and logins
	told   func(c *conn, version uint64)           // a watcher was told up to a version

	presence func(c *conn, t wire.Type, body []byte) // a snapshot or a delta came
}

func newVisitors(server string) (*visitors, error) {
	to, err := address(server)
	if err != nil {
		return nil, err
	}
	l, err := newLoop()
	if err != nil {
		return nil, err
	}
	v := &visitors{
		loop: l, to: to,
		frame: func(*conn, wire.Type, []byte) {}, told: func(*conn, uint64) {},
		presence: func(*conn, wire.Type, []byte) {},
	}
	l.frame = v.take
	l.closed = func(*conn) { v.lost++ }
	return v, nil
}

func (v *visitors) take(c *conn, t wire.Type, body []byte) {
	switch t {
	case wire.TypePing:
		v.loop.send(c, appendPong(nil, numbers(body)[1]))
	case wire.TypeLoginOK:
		c.logged = true
		v.logged++
		v.frame(c, t, body)
	case wire.TypeSnapshot:
		n := numbers(body)
		v.epoch, c.version = n[1], max(c.version, n[2])
		v.presence(c, t, body)
	case wire.TypeOK:
		if numbers(body)[1] == watchRequest {
			c.watches = true
			v.seen++
		}
		v.frame(c, t, body)
	case wire.TypeDelta:
		to := numbers(body)[3]
		c.version = max(c.version, to)
		v.told(c, to)
		v.presence(c, t, body)
		v.frame(c, t, body)
	case wire.TypeError, wire.TypeBye:
		v.loop.drop(c)
	default:
		v.frame(c, t, body)
	}
}

// until steps until done.
func (v *visitors) until(ctx context.Context, done func() bool) error {
	for deadline := time.Now().Add(patience); !done(); {
		if err := v.loop.step(50 * time.Millisecond); err != nil {
			return err
		}
		switch {
		case v.lost > 0:
			return errLost
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(deadline):
			return errSilent
		}
	}
	return nil
}

// atOnce is how many logins are under way at one time.
const atOnce = 128

// enter logs n visitors in, and waits until the last is in.
func (v *visitors) enter(ctx context.Context, n int, who func(i int) visit) ([]*conn, error) {
	all := make([]*conn, 0, n)
	before := v.logged
	for len(all) < n {
		for len(all) < n && len(all)-(v.logged-before) < atOnce {
			c, err := v.loop.dial(v.to)
			if err != nil {
				return nil, err
			}
			ask := who(len(all))
			c.id, c.user = len(all), ask.user
			v.loop.send(c, ask.greeting())
			all = append(all, c)
			v.loop.flush()
		}
		if err := v.until(ctx, func() bool { return len(all)-(v.logged-before) < atOnce }); err != nil {
			return nil, err
		}
	}
	return all, v.until(ctx, func() bool { return v.logged-before == n })
}

// watchRequest is the number of the load's request to watch.
const watchRequest = 2

// watch makes visitors watch everyone. The first is given the whole state; the
// others say that they know it, or the snapshots would be most of the work.
func (v *visitors) watch(ctx context.Context, all []*conn) error {
	seen := v.seen
	v.loop.send(all[0], must(&wire.Watch{Request: watchRequest, Everyone: true}))
	if err := v.until(ctx, func() bool { return v.seen > seen }); err != nil {
		return err
	}
	version, err := v.latest(ctx, all[:1])
	if err != nil {
		return err
	}
	b := must(&wire.Watch{Request: watchRequest, Everyone: true, Epoch: v.epoch, Version: version})
	for i, c := range all[1:] {
		c.version = version
		v.loop.send(c, b)
		if err := v.until(ctx, func() bool { return i+2-(v.seen-seen) < atOnce }); err != nil {
			return err
		}
	}
	return v.until(ctx, func() bool { return v.seen-seen == len(all) })
}

// latest is the highest version that the watchers have been told, after a while
// in which nothing more came.
func (v *visitors) latest(ctx context.Context, watchers []*conn) (uint64, error) {
	for last, same := uint64(0), 0; ; {
		if err := v.loop.step(20 * time.Millisecond); err != nil {
			return 0, err
		}
		high, low := uint64(0), ^uint64(0)
		for _, w := range watchers {
			high, low = max(high, w.version), min(low, w.version)
		}
		if high != last || low != high {
			last, same = high, 0
		} else if same++; same > 5 {
			return high, nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

// Load is what a load process is asked for.
type Load struct {
	Server       string
	First, Count int
	Ping         time.Duration // each client pings this often; 0: never
}

// entered is what a load process tells when all are in.
type entered struct {
	Took time.Duration `json:"took"`
}

// Hold is a load process: it logs a crowd in, tells how long that took, and
// holds it until in ends or it is killed.
func (l Load) Hold(ctx context.Context, in io.Reader, out io.Writer) error {
	v, err := newVisitors(l.Server)
	if err != nil {
		return err
	}
	defer v.loop.close()
	begun := time.Now()
	crowd, err := v.enter(ctx, l.Count, func(i int) visit {
		return visit{user: "crowd-" + strconv.Itoa(l.First+i)}
	})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(entered{time.Since(begun)}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	ping := must(&wire.Ping{Time: 1})
	begun, sent := time.Now(), 0
	for ctx.Err() == nil {
		wait := 100 * time.Millisecond
		if l.Ping > 0 {
			wait = time.Millisecond
			due := int(float64(l.Count) * float64(time.Since(begun)) / float64(l.Ping))
			for ; sent < due; sent++ {
				v.loop.send(crowd[sent%len(crowd)], ping)
			}
		}
		if err := v.loop.step(wait); err != nil {
			return err
		}
		if v.lost > 0 {
			return errLost
		}
	}
	return nil
}

// crowd is held by load processes beside this one.
type crowd struct {
	t    *target
	of   []*process
	took time.Duration // until the last was in
}

// perProcess is how many connections one load process holds, at most: what its
// file descriptors allow.
func perProcess() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 1000
	}
	return int(min(limit.Cur, 1<<20)) - 64 //nolint:gosec // bounded
}

// crowd logs n idle users in, from as many processes as are needed.
func (s *Setup) crowd(ctx context.Context, t *target, n int, ping time.Duration) (*crowd, error) {
	c := &crowd{t: t}
	for first := 0; first < n; first += perProcess() {
		p, err := s.child(ctx, []string{
			"bench", "load", "--server", t.addr, "--first", strconv.Itoa(first),
			"--count", strconv.Itoa(min(perProcess(), n-first)), "--ping", ping.String(),
		})
		if err != nil {
			c.kill()
			return nil, err
		}
		c.of = append(c.of, p)
		t.kids = append(t.kids, p.cmd.Process.Pid)
	}
	for _, p := range c.of {
		line, err := p.out.ReadBytes('\n')
		var e entered
		if err == nil {
			err = json.Unmarshal(line, &e)
		}
		if err != nil {
			c.kill()
			return nil, fmt.Errorf("a load process failed: %w", err)
		}
		c.took = max(c.took, e.Took)
	}
	return c, nil
}

// kill ends the crowd at once, as a crash of its machine would.
func (c *crowd) kill() {
	for _, p := range c.of {
		_ = p.cmd.Process.Kill()
	}
	for _, p := range c.of {
		_ = p.cmd.Wait()
	}
	c.of, c.t.kids = nil, nil
}
