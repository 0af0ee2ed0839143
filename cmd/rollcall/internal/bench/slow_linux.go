package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"example.com/rollcall/wire"
)

// What the slow watcher takes: 4 KiB every 50 ms, out of a small buffer.
const (
	sipBytes = 4 << 10
	sipPause = 50 * time.Millisecond
)

// slowWatcher measures what a watcher of everyone is told that reads slowly while
// Changes changes of different users come, beside one that reads at once. It begins
// when the server has come to the version from, and nobody is left.
func (s *Setup) slowWatcher(ctx context.Context, t *target, from uint64) ([]Value, error) {
	const name = "slow watcher"
	v, err := newVisitors(t.addr)
	if err != nil {
		return nil, err
	}
	defer v.loop.close()
	subjects, err := v.enter(ctx, 64, func(i int) visit { return visit{user: "subject-" + strconv.Itoa(i)} })
	if err != nil {
		return nil, err
	}
	watchers, err := v.enter(ctx, 2, func(i int) visit {
		return visit{user: "watcher-" + strconv.Itoa(i), watch: &wire.Watch{Request: watchRequest, Everyone: true}}
	})
	if err != nil {
		return nil, err
	}
	from += uint64(len(subjects) + len(watchers))
	if err := v.until(ctx, func() bool { return v.seen == len(watchers) && reached(watchers, from) }); err != nil {
		return nil, fmt.Errorf("%s, the beginning: %w", name, err)
	}
	version, err := v.latest(ctx, watchers)
	if err != nil {
		return nil, err
	}
	brisk, slow := watchers[0], watchers[1]
	if err := unix.SetsockoptInt(slow.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, sipBytes); err != nil {
		return nil, fmt.Errorf("a small buffer: %w", err)
	}
	if err := v.loop.heed(slow, false); err != nil {
		return nil, err
	}

	told := make(map[*conn]*received)
	for _, w := range watchers {
		told[w] = new(received)
	}
	v.presence = func(c *conn, tp wire.Type, body []byte) { told[c].take(tp, body) }
	logout := must(&wire.Logout{Request: 3})
	asked := 0
	next := func(c *conn) {
		if asked == s.Changes {
			return
		}
		asked++
		if c.logged {
			v.loop.send(c, logout)
		} else {
			v.loop.send(c, must(&wire.Login{Request: 4, User: "passer-" + strconv.Itoa(asked)}))
		}
	}
	v.frame = func(c *conn, tp wire.Type, _ []byte) {
		if (tp == wire.TypeLoginOK || tp == wire.TypeOK) && !c.watches {
			c.logged = tp == wire.TypeLoginOK
			next(c)
		}
	}
	g := t.gauge(ctx)
	for _, c := range subjects {
		next(c)
	}
	version += uint64(s.Changes) //nolint:gosec // not negative
	sips, buf := time.Now(), make([]byte, sipBytes)
	err = v.until(ctx, func() bool {
		if time.Since(sips) >= sipPause && slow.fd >= 0 {
			sips = time.Now()
			v.loop.sip(slow, buf)
		}
		return brisk.version >= version
	})
	if err != nil {
		return nil, fmt.Errorf("%s, while it is slow: %w", name, err)
	}
	values := []Value{
		{name + ": changes, until the other one knows", "ms", told[brisk].last.Sub(g.begun).Seconds() * 1000},
		{name + ": changes it was not told meanwhile", "", float64(version - slow.version)},
	}
	if err := v.loop.heed(slow, true); err != nil {
		return nil, err
	}
	again := time.Now()
	if err := v.until(ctx, func() bool { return slow.version >= version }); err != nil {
		return nil, fmt.Errorf("%s, when it reads again: %w", name, err)
	}
	values = append(values,
		Value{name + ": until it knows, once it reads", "ms", told[slow].last.Sub(again).Seconds() * 1000},
		Value{name + ": changes the other one was told", "", float64(told[brisk].changes)},
		Value{name + ": changes it was told", "", float64(told[slow].changes)},
		Value{name + ": snapshots it was told", "", float64(told[slow].snapshots)},
		Value{name + ": bytes to the other one", "KB", float64(told[brisk].deltaBytes+told[brisk].snapshotBytes) / 1e3},
		Value{name + ": bytes to it", "KB", float64(told[slow].deltaBytes+told[slow].snapshotBytes) / 1e3})
	if t.pid != 0 {
		values = append(values, Value{name + ": server's peak resident memory", "MB", processFigure(t.pid, "status", "VmHWM") / 1e3})
	}
	return values, nil
}
